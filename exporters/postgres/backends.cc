#include "exporters/postgres/backends.h"

#include <fmt/format.h>

#include "agent/base/strings.h"

namespace basewatch::postgres {
namespace {

std::string listed(const std::set<int>& pids) {
  return fmt::format("{}", fmt::join(pids, ","));
}

}  // namespace

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

void Backends::recount(Link& link, const Deadline& deadline) {
  std::string pids;
  {
    std::lock_guard guard(mutex_);
    pids = listed(left_);
  }
  if (pids.empty()) return;
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
  if (left_.empty() || left_.size() + open_ <= most_) return;
  throw clients::PgError(fmt::format(
      "{} processes of the server that worked for us hang (pid {}): no more are started before "
      "they end",
      left_.size(), listed(left_)));
}

}  // namespace basewatch::postgres
