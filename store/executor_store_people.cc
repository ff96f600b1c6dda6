// What the executor keeps for people: messages, post-mortem records, and their own words to it.
#include <array>
#include <utility>

#include "store/database.h"
#include "store/executor_store.h"

namespace revertd {
namespace {

using Kind = ExecutorCommand::Kind;
constexpr std::array<std::pair<Kind, std::string_view>, 4> kCommandKinds = {{{Kind::kIncidentAnswer, "incident_answer"},
                                                                             {Kind::kIncidentClose, "incident_close"},
                                                                             {Kind::kReleaseApprove, "release_approve"},
                                                                             {Kind::kReleaseAbort, "release_abort"}}};

constexpr std::string_view kDeliveryColumns =
    "SELECT id, channel, key, event, notice, created_ns, tries, next_ns, ended_ns, outcome FROM deliveries ";
constexpr std::string_view kIncidentColumns =
    "SELECT trigger_id, service, owner, opened_ns, due_ns, closed_ns, record FROM incidents ";

Delivery TakeDelivery(SqlRow& row) {
  Delivery delivery;
  delivery.id = row.Integer();
  delivery.channel = row.Text();
  delivery.key = row.Text();
  delivery.event = row.Text();
  delivery.notice = row.Text();
  delivery.created_ns = row.Integer();
  delivery.tries = row.Integer();
  delivery.next_ns = row.Integer();
  delivery.ended_ns = row.Integer();
  delivery.outcome = row.Text();
  return delivery;
}

StatusOr<std::vector<Delivery>> ReadDeliveriesWhere(Database& database, std::string_view where,
                                                    const std::vector<SqlValue>& values) {
  std::vector<Delivery> deliveries;
  REVERTD_RETURN_IF_ERROR(
      database.Read("reading messages", std::string(kDeliveryColumns) + std::string(where), values, [&](SqlRow& row) {
        deliveries.push_back(TakeDelivery(row));
        return OkStatus();
      }));
  return deliveries;
}

StatusOr<std::vector<Incident>> ReadIncidentsWhere(Database& database, std::string_view where,
                                                   const std::vector<SqlValue>& values) {
  constexpr std::string_view kDoing = "reading post-mortem records";
  std::vector<Incident> incidents;
  REVERTD_RETURN_IF_ERROR(
      database.Read(kDoing, std::string(kIncidentColumns) + std::string(where), values, [&](SqlRow& row) {
        Incident incident;
        incident.trigger_id = row.Text();
        incident.service = row.Text();
        incident.owner = row.Text();
        incident.opened_ns = row.Integer();
        incident.due_ns = row.Integer();
        incident.closed_ns = row.Integer();
        incident.record = row.Text();
        incidents.push_back(std::move(incident));
        return OkStatus();
      }));
  for (Incident& incident : incidents) {
    REVERTD_RETURN_IF_ERROR(
        database.Read(kDoing, "SELECT question, answer FROM incident_answers WHERE trigger_id = ? ORDER BY question",
                      {std::string_view(incident.trigger_id)}, [&](SqlRow& row) {
                        std::string question = row.Text();
                        incident.answers.emplace_back(std::move(question), row.Text());
                        return OkStatus();
                      }));
  }
  return incidents;
}

StatusOr<std::optional<Incident>> FirstIncident(StatusOr<std::vector<Incident>> incidents) {
  if (!incidents.ok()) return incidents.status();
  if (incidents->empty()) return std::optional<Incident>();
  return std::optional<Incident>(std::move(incidents->front()));
}

}  // namespace

Status ExecutorStore::QueueDelivery(const Delivery& delivery) {
  return database_
      ->Write("queueing a message",
              "INSERT INTO deliveries (channel, key, event, notice, created_ns, tries, next_ns, ended_ns, outcome)"
              " VALUES (?, ?, ?, ?, ?, 0, ?, 0, '') ON CONFLICT DO NOTHING",
              {std::string_view(delivery.channel), std::string_view(delivery.key), std::string_view(delivery.event),
               std::string_view(delivery.notice), delivery.created_ns, delivery.next_ns})
      .status();
}

StatusOr<std::vector<Delivery>> ExecutorStore::ReadDueDeliveries(TimeNs now_ns, int limit) const {
  return ReadDeliveriesWhere(*database_, "WHERE ended_ns = 0 AND next_ns <= ? ORDER BY id LIMIT ?",
                             {now_ns, int64_t{limit}});
}

StatusOr<std::vector<Delivery>> ExecutorStore::ReadDeliveries(std::string_view key) const {
  return ReadDeliveriesWhere(*database_, "WHERE key = ? ORDER BY id", {key});
}

StatusOr<ChannelState> ExecutorStore::ReadChannel(std::string_view channel) const {
  constexpr std::string_view kDoing = "reading how a channel does";
  ChannelState state;
  REVERTD_RETURN_IF_ERROR(database_->Read(kDoing,
                                          "SELECT outcome FROM deliveries WHERE ended_ns > 0 AND channel = ?"
                                          " ORDER BY ended_ns DESC, id DESC LIMIT 1",
                                          {channel}, [&](SqlRow& row) {
                                            state.outcome = row.Text();
                                            state.failing = state.outcome != "delivered";
                                            return OkStatus();
                                          }));
  REVERTD_RETURN_IF_ERROR(database_->Read(
      kDoing, "SELECT id, tries, outcome FROM deliveries WHERE ended_ns = 0 AND channel = ? ORDER BY id", {channel},
      [&](SqlRow& row) {
        const int64_t id = row.Integer();
        const bool was_tried = row.Integer() != 0;
        state.has_waiting = true;
        if (was_tried) {
          state.failing = true;
          state.outcome = row.Text();
        } else if (state.untried == 0) {
          state.untried = id;
        }
        return OkStatus();
      }));
  REVERTD_RETURN_IF_ERROR(
      database_->Read(kDoing, "SELECT why FROM unreached_channels WHERE channel = ?", {channel}, [&](SqlRow& row) {
        state.unreached = row.Text();
        return OkStatus();
      }));
  return state;
}

Status ExecutorStore::RetryDelivery(int64_t id, TimeNs next_ns, std::string_view outcome, bool asked_to_wait) {
  return database_
      ->Write("writing how a message went",
              "UPDATE deliveries SET tries = tries + 1, next_ns = ?, outcome = ?, asked_to_wait = ? WHERE id = ?",
              {next_ns, outcome, int64_t{asked_to_wait}, id})
      .status();
}

Status ExecutorStore::HurryDeliveries(std::string_view channel, TimeNs now_ns) {
  return database_
      ->Write("hurrying messages",
              "UPDATE deliveries SET next_ns = ? WHERE channel = ? AND ended_ns = 0 AND tries > 0"
              " AND asked_to_wait = 0 AND next_ns > ?",
              {now_ns, channel, now_ns})
      .status();
}

Status ExecutorStore::EndDelivery(int64_t id, TimeNs at_ns, std::string_view outcome) {
  return database_
      ->Write("writing how a message went",
              "UPDATE deliveries SET tries = tries + 1, ended_ns = ?, outcome = ? WHERE id = ?", {at_ns, outcome, id})
      .status();
}

Status ExecutorStore::WriteUnreached(std::string_view channel, std::string_view why) {
  constexpr std::string_view kDoing = "writing whether a channel is reached";
  if (why.empty()) {
    return database_->Write(kDoing, "DELETE FROM unreached_channels WHERE channel = ?", {channel}).status();
  }
  return database_
      ->Write(kDoing,
              "INSERT INTO unreached_channels (channel, why) VALUES (?, ?)"
              " ON CONFLICT DO UPDATE SET why = excluded.why",
              {channel, why})
      .status();
}

StatusOr<std::vector<std::pair<std::string, std::string>>> ExecutorStore::ReadUnreached() const {
  std::vector<std::pair<std::string, std::string>> unreached;
  REVERTD_RETURN_IF_ERROR(database_->Read("reading which channels are reached",
                                          "SELECT channel, why FROM unreached_channels ORDER BY channel", {},
                                          [&](SqlRow& row) {
                                            std::string channel = row.Text();
                                            unreached.emplace_back(std::move(channel), row.Text());
                                            return OkStatus();
                                          }));
  return unreached;
}

Status ExecutorStore::OpenIncident(const Incident& incident) {
  return database_
      ->Write(
          "opening a post-mortem record",
          "INSERT INTO incidents (trigger_id, service, owner, opened_ns, due_ns, closed_ns, record)"
          " VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING",
          {std::string_view(incident.trigger_id), std::string_view(incident.service), std::string_view(incident.owner),
           incident.opened_ns, incident.due_ns, std::string_view(incident.record)})
      .status();
}

Status ExecutorStore::WriteIncidentRecord(std::string_view trigger_id, std::string_view markdown) {
  return database_
      ->Write("writing a post-mortem record", "UPDATE incidents SET record = ? WHERE trigger_id = ?",
              {markdown, trigger_id})
      .status();
}

Status ExecutorStore::AnswerIncident(std::string_view trigger_id, std::string_view question, std::string_view answer,
                                     TimeNs at_ns) {
  return database_
      ->Write("writing an answer of a post-mortem",
              "INSERT INTO incident_answers (trigger_id, question, answer, at_ns) VALUES (?, ?, ?, ?)"
              " ON CONFLICT DO UPDATE SET answer = excluded.answer, at_ns = excluded.at_ns",
              {trigger_id, question, answer, at_ns})
      .status();
}

Status ExecutorStore::CloseIncident(std::string_view trigger_id, TimeNs at_ns) {
  return database_
      ->Write("closing a post-mortem record",
              "UPDATE incidents SET closed_ns = ? WHERE trigger_id = ? AND closed_ns = 0", {at_ns, trigger_id})
      .status();
}

StatusOr<std::vector<Incident>> ExecutorStore::ReadIncidents() const {
  return ReadIncidentsWhere(*database_, "ORDER BY opened_ns, trigger_id", {});
}

StatusOr<std::vector<Incident>> ExecutorStore::ReadOpenIncidents() const {
  return ReadIncidentsWhere(*database_, "WHERE closed_ns = 0 ORDER BY opened_ns, trigger_id", {});
}

StatusOr<std::optional<Incident>> ExecutorStore::ReadIncident(std::string_view trigger_id) const {
  return FirstIncident(ReadIncidentsWhere(*database_, "WHERE trigger_id = ?", {trigger_id}));
}

StatusOr<std::optional<Incident>> ExecutorStore::FindOverdueIncident(std::string_view service, TimeNs now_ns) const {
  return FirstIncident(ReadIncidentsWhere(
      *database_, "WHERE service = ? AND closed_ns = 0 AND due_ns < ? ORDER BY due_ns LIMIT 1", {service, now_ns}));
}

Status ExecutorStore::Post(const ExecutorCommand& command) {
  std::string_view kind;
  for (const auto& [known, name] : kCommandKinds) {
    if (known == command.kind) kind = name;
  }
  return database_
      ->Write("writing to the executor's commands",
              "INSERT INTO commands (kind, subject, name, text, author) VALUES (?, ?, ?, ?, ?)",
              {kind, std::string_view(command.subject), std::string_view(command.name), std::string_view(command.text),
               std::string_view(command.author)})
      .status();
}

StatusOr<std::vector<ExecutorCommand>> ExecutorStore::Peek(int limit) const {
  std::vector<ExecutorCommand> commands;
  REVERTD_RETURN_IF_ERROR(
      database_->Read("reading the executor's commands",
                      "SELECT id, kind, subject, name, text, author FROM commands ORDER BY id LIMIT ?",
                      {int64_t{limit}}, [&](SqlRow& row) {
                        ExecutorCommand command;
                        command.id = row.Integer();
                        const std::string kind = row.Text();
                        for (const auto& [known, name] : kCommandKinds) {
                          if (name == kind) command.kind = known;
                        }
                        command.subject = row.Text();
                        command.name = row.Text();
                        command.text = row.Text();
                        command.author = row.Text();
                        commands.push_back(std::move(command));
                        return OkStatus();
                      }));
  return commands;
}

Status ExecutorStore::Done(int64_t command_id) {
  return database_->Write("finishing a command", "DELETE FROM commands WHERE id = ?", {command_id}).status();
}

StatusOr<int64_t> ExecutorStore::ReadCursor(std::string_view name) const {
  int64_t value = 0;
  REVERTD_RETURN_IF_ERROR(
      database_->Read("reading a cursor", "SELECT value FROM cursors WHERE name = ?", {name}, [&](SqlRow& row) {
        value = row.Integer();
        return OkStatus();
      }));
  return value;
}

Status ExecutorStore::WriteCursor(std::string_view name, int64_t value) {
  return database_
      ->Write("writing a cursor",
              "INSERT INTO cursors (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
              {name, value})
      .status();
}

}  // namespace revertd
