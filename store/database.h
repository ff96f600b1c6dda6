// Database: one connection to one SQLite file, the only face that SQLite shows to the rest of the program. Write-ahead
// log, synchronous=FULL (a commit is on the disk before it returns), values bound and never pasted, and every error a
// Status that names the file and what we were doing.
//
// Thread contract: one object, one thread; other threads and processes open their own.
// Invariants: 1. no statement stays open between calls, so no call holds a read snapshot or a lock longer than itself;
// 2. an owner holds "FILE.lock" for as long as it lives; 3. a failed transaction is rolled back before it returns.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "store/file_lock.h"

struct sqlite3;
struct sqlite3_stmt;

namespace revertd {

// How long a call waits for another process's transaction. Ours last milliseconds; five seconds is a stuck disk or a
// person's open shell, and then waiting longer would only hide it.
inline constexpr int kBusyTimeoutMs = 5000;

// Bytes that are no text.
struct SqlBlob {
  std::string_view bytes;
};
using SqlValue = std::variant<int64_t, double, std::string_view, SqlBlob>;

// One row of a running query. Each call takes the next column, so a reader and its column list go in the same order.
class SqlRow {
 public:
  explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t Integer();
  double Real();  // NaN where the column is NULL: SQLite keeps a NaN as NULL
  std::string Text();
  std::string_view Blob();  // until the next row

 private:
  sqlite3_stmt* statement_;
  int column_ = 0;
};

class Database {
 public:
  enum class Access { kReadOnly, kReadWrite, kOwner };
  // kOwner makes the folder and the file where missing and takes the lock; the others fail with NotFound where there
  // is no file. A file that is no database, or a damaged one, is refused here.
  static StatusOr<std::unique_ptr<Database>> Open(const std::string& path, Access access,
                                                  int busy_timeout_ms = kBusyTimeoutMs);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // `doing` completes "... while DOING": "writing a trigger". Answers the number of rows changed.
  StatusOr<int64_t> Write(std::string_view doing, std::string_view sql, const std::vector<SqlValue>& values);
  // `accept` must not call this Database again. A Status other than ok ends the reading.
  Status Read(std::string_view doing, std::string_view sql, const std::vector<SqlValue>& values,
              const std::function<Status(SqlRow&)>& accept);
  // Statements without values, separated by semicolons.
  Status RunScript(std::string_view doing, const std::string& sql);
  // All that `body` writes, or nothing. Takes the write lock at once: a transaction that only later turns into a
  // writer can fail without having waited. Within another's body it is a part of that one, which must fail with it.
  Status Transact(std::string_view doing, const std::function<Status()>& body);

  int64_t last_row_id() const;
  const std::string& path() const { return path_; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  Database(std::string path, int busy_timeout_ms, std::unique_ptr<FileLock> lock);
  Status Connect(Access access);
  Status Configure(Access access);
  Status CheckIntegrity();
  StatusOr<sqlite3_stmt*> Prepare(std::string_view doing, std::string_view sql);
  Status Bind(std::string_view doing, sqlite3_stmt* statement, const std::vector<SqlValue>& values);
  Status StatusOf(int code, std::string_view doing) const;

  const std::string path_;
  const int busy_timeout_ms_;
  std::unique_ptr<FileLock> lock_;
  sqlite3* connection_ = nullptr;
  std::map<std::string, Statement, std::less<>> statements_;  // by their SQL; as many as our sources hold
};

}  // namespace revertd
