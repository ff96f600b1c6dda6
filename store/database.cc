#include "store/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

// SQLite copies bound text only if told to; ours outlives the step. The macro SQLITE_STATIC is an old-style cast.
constexpr sqlite3_destructor_type kBoundTextOutlivesStep = nullptr;

Status MakeFolderOf(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) return OkStatus();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return OkStatus();
  return Unavailable("cannot make the folder " + folder.string() + " for " + path + ": " + error.message());
}

// Why the system refused, 0 if unknown. A failed commit leaves no errno at the connection, only at the file that it
// could not write, which is the log as a rule.
int SystemErrorOf(sqlite3* connection) {
  if (connection == nullptr) return 0;
  if (const int error = sqlite3_system_errno(connection); error != 0) return error;
  int error = 0;
  sqlite3_file* log = nullptr;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (log != nullptr && log->pMethods != nullptr) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
  if (error == 0) sqlite3_file_control(connection, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
  return error;
}

// SQLite would make it 0644 less the umask, which no umask opens to the group that two processes of two users share.
// Its -wal and -shm take the file's permissions.
void MakeForTheGroup(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664);
  if (file >= 0) close(file);  // what is wrong, SQLite says better
}

}  // namespace

int64_t SqlRow::Integer() { return sqlite3_column_int64(statement_, column_++); }

double SqlRow::Real() {
  const int column = column_++;
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(statement_, column);
}

std::string SqlRow::Text() {
  const int column = column_++;
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return "";
  return std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

std::string_view SqlRow::Blob() {
  const int column = column_++;
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

void Database::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Database::Database(std::string path, int busy_timeout_ms, std::unique_ptr<FileLock> lock)
    : path_(std::move(path)), busy_timeout_ms_(busy_timeout_ms), lock_(std::move(lock)) {}

Database::~Database() {
  statements_.clear();
  // An owner leaves an empty log, so that the file alone is the whole state; a reader in the way is not waited for.
  if (lock_ != nullptr && connection_ != nullptr) {
    sqlite3_busy_timeout(connection_, 0);
    sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  }
  sqlite3_close(connection_);
}

StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path, Access access, int busy_timeout_ms) {
  std::unique_ptr<FileLock> lock;
  if (access == Access::kOwner) {
    REVERTD_RETURN_IF_ERROR(MakeFolderOf(path));
    StatusOr<std::unique_ptr<FileLock>> taken = FileLock::Take(path + ".lock", path);
    if (!taken.ok()) return taken.status();
    lock = *std::move(taken);
  } else {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      // Unsure is not "missing": a folder that may not be entered is another matter than no file.
      if (error) return Unavailable("cannot open " + path + ": " + error.message());
      return NotFound("there is no " + path);
    }
  }
  std::unique_ptr<Database> database(new Database(path, busy_timeout_ms, std::move(lock)));
  REVERTD_RETURN_IF_ERROR(database->Connect(access));
  return database;
}

Status Database::Connect(Access access) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (access == Access::kReadOnly) {
    flags |= SQLITE_OPEN_READONLY;
  } else {
    flags |= SQLITE_OPEN_READWRITE | (access == Access::kOwner ? SQLITE_OPEN_CREATE : 0);
  }
  if (access == Access::kOwner) MakeForTheGroup(path_);
  const int code = sqlite3_open_v2(path_.c_str(), &connection_, flags, nullptr);
  if (code != SQLITE_OK) return StatusOf(code, "opening it");
  // Where the file may not be written SQLite opens it for reading and says nothing.
  if (access != Access::kReadOnly && sqlite3_db_readonly(connection_, "main") == 1) {
    return StatusOf(SQLITE_READONLY, "opening it");
  }
  sqlite3_busy_timeout(connection_, busy_timeout_ms_);
  return Configure(access);
}

Status Database::Configure(Access access) {
  // What another process wrote is read as data: it may not smuggle in functions or rewrite the schema.
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  REVERTD_RETURN_IF_ERROR(RunScript("opening it",
                                    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON;"
                                    "PRAGMA synchronous=FULL;"));
  if (access != Access::kOwner)
    return Read("opening it", "PRAGMA user_version", {}, [](SqlRow&) { return OkStatus(); });

  // The log and its index stay when the owner ends, so that a user who may read the files but not write the folder
  // can still open them.
  int keep_log = 1;
  sqlite3_file_control(connection_, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_log);
  std::string journal_mode;
  REVERTD_RETURN_IF_ERROR(Read("opening it", "PRAGMA journal_mode=WAL", {}, [&](SqlRow& row) {
    journal_mode = row.Text();
    return OkStatus();
  }));
  if (journal_mode != "wal") {
    return FailedPrecondition(path_ + " cannot keep a write-ahead log on this file system (it uses \"" + journal_mode +
                              "\")");
  }
  return CheckIntegrity();
}

// Once, when the owner starts: a damaged page found now is a clear line, found later it is a lost decision.
Status Database::CheckIntegrity() {
  return Read("checking it", "PRAGMA quick_check(1)", {}, [this](SqlRow& row) {
    const std::string answer = row.Text();
    if (answer == "ok") return OkStatus();
    return Internal(path_ + " is damaged (" + std::string(Split(answer, '\n').back()) +
                    "); move it away and start again");
  });
}

StatusOr<sqlite3_stmt*> Database::Prepare(std::string_view doing, std::string_view sql) {
  if (const auto known = statements_.find(sql); known != statements_.end()) return known->second.get();
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return StatusOf(code, doing);
  statements_.emplace(std::string(sql), Statement(statement));
  return statement;
}

Status Database::Bind(std::string_view doing, sqlite3_stmt* statement, const std::vector<SqlValue>& values) {
  REVERTD_CHECK(sqlite3_bind_parameter_count(statement) == static_cast<int>(values.size()));
  int index = 0;
  for (const SqlValue& value : values) {
    ++index;
    int code = SQLITE_OK;
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, index, *integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      code = sqlite3_bind_double(statement, index, *real);
    } else if (const auto* blob = std::get_if<SqlBlob>(&value)) {
      code = sqlite3_bind_blob64(statement, index, blob->bytes.empty() ? "" : blob->bytes.data(), blob->bytes.size(),
                                 kBoundTextOutlivesStep);
    } else {
      const std::string_view text = std::get<std::string_view>(value);
      // A null pointer would bind NULL, and an empty view may hold one.
      const char* bytes = text.data() == nullptr ? "" : text.data();
      code = sqlite3_bind_text64(statement, index, bytes, text.size(), kBoundTextOutlivesStep, SQLITE_UTF8);
    }
    if (code != SQLITE_OK) return StatusOf(code, doing);
  }
  return OkStatus();
}

Status Database::Read(std::string_view doing, std::string_view sql, const std::vector<SqlValue>& values,
                      const std::function<Status(SqlRow&)>& accept) {
  const StatusOr<sqlite3_stmt*> prepared = Prepare(doing, sql);
  if (!prepared.ok()) return prepared.status();
  sqlite3_stmt* statement = *prepared;
  REVERTD_CHECK(sqlite3_stmt_busy(statement) == 0);
  Status status = Bind(doing, statement, values);
  while (status.ok()) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) {
      status = StatusOf(code, doing);
      break;
    }
    SqlRow row(statement);
    status = accept(row);
  }
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return status;
}

StatusOr<int64_t> Database::Write(std::string_view doing, std::string_view sql, const std::vector<SqlValue>& values) {
  const int64_t before = sqlite3_total_changes64(connection_);
  REVERTD_RETURN_IF_ERROR(Read(doing, sql, values, [](SqlRow&) { return OkStatus(); }));
  return sqlite3_total_changes64(connection_) - before;
}

Status Database::RunScript(std::string_view doing, const std::string& sql) {
  const int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? OkStatus() : StatusOf(code, doing);
}

Status Database::Transact(std::string_view doing, const std::function<Status()>& body) {
  if (sqlite3_get_autocommit(connection_) == 0) return body();
  REVERTD_RETURN_IF_ERROR(RunScript(doing, "BEGIN IMMEDIATE"));
  Status status = body();
  if (status.ok()) status = RunScript(doing, "COMMIT");
  // A full disk makes SQLite roll back by itself; what is still open we close, and the first error is the one to tell.
  if (!status.ok() && sqlite3_get_autocommit(connection_) == 0) RunScript(doing, "ROLLBACK").IgnoreError();
  return status;
}

int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(connection_); }

Status Database::StatusOf(int code, std::string_view doing) const {
  const std::string when = " while " + std::string(doing);
  const int system_error = SystemErrorOf(connection_);
  const std::string said = connection_ == nullptr ? "out of memory" : sqlite3_errmsg(connection_);
  const std::string reason = system_error == 0 ? said : std::generic_category().message(system_error);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable(path_ + " is locked by another process (waited " + FormatNumber(busy_timeout_ms_ / 1000.0) +
                         " s)" + when);
    case SQLITE_FULL: return Unavailable("the disk that holds " + path_ + " is full" + when);
    case SQLITE_READONLY: return FailedPrecondition(path_ + " is read-only here" + when);
    case SQLITE_CANTOPEN: return Unavailable("cannot open " + path_ + when + ": " + reason);
    case SQLITE_PERM:
    case SQLITE_AUTH: return Unavailable("access to " + path_ + " is denied" + when + ": " + reason);
    case SQLITE_IOERR: return Unavailable("cannot read or write " + path_ + when + ": " + reason);
    case SQLITE_NOTADB: return FailedPrecondition(path_ + " is not a database of revertd (found" + when + ")");
    case SQLITE_CORRUPT:
      return Internal(path_ + " is damaged (" + said + ")" + when + "; move it away and start again");
    default: return Internal(path_ + ": " + said + when);
  }
}

}  // namespace revertd
