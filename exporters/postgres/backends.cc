#include "exporters/postgres/backends.h"

#include <fmt/format.h>

#include "agent/base/strings.h"

namespace basewatch::postgres {

void Backends::opened() {
  std::lock_guard guard(mutex_);
  ++open_;
}

void Backends::closed(int pid, bool left_behind) {
  std::lock_guard guard(mutex_);
  --open_;
  if (left_behind) left_.insert(pid);
}

std::size_t Backends::open() const {
  std::lock_guard guard(mutex_);
  return open_;
}

std::size_t Backends::left() const {
  std::lock_guard guard(mutex_);
  return left_.size();
}

std::string Backends::left_pids() const {
  std::lock_guard guard(mutex_);
  std::string out;
  for (const int pid : left_) out += (out.empty() ? "" : ",") + std::to_string(pid);
  return out;
}

void Backends::recount(Link& link, const Deadline& deadline) {
  const auto pids = left_pids();
  if (pids.empty() || link.server().is_console) return;
  const auto sql = fmt::format(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'basewatch' AND pid IN ({})",
      pids);
  const auto table = link.run({.sql = sql, .span = std::chrono::seconds(1)}, deadline);
  std::set<int> still;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    still.insert(static_cast<int>(parse_int(table.cell(row, 0).value_or("")).value_or(0)));
  }
  std::lock_guard guard(mutex_);
  left_ = still;
}

void Backends::expect_room(Link& link, const Deadline& deadline) {
  recount(link, deadline);
  std::lock_guard guard(mutex_);
  if (left_.size() + open_ <= most_ || left_.empty()) return;
  std::string pids;
  for (const int pid : left_) pids += (pids.empty() ? "" : ",") + std::to_string(pid);
  throw clients::PgError(fmt::format(
      "{} processes of the server that worked for us hang (pid {}): no more are started before "
      "they end",
      left_.size(), pids));
}

}  // namespace basewatch::postgres
