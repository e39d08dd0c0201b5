#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "exporters/postgres/backends.h"
#include "exporters/postgres/facts.h"
#include "exporters/postgres/link.h"

namespace basewatch::postgres {

// What the sessions of one instance share, and what outlives each of them. Any thread.
struct SessionShared {
  Dial dial;
  std::vector<const QuerySpec*> queries;  // whose needs have to be known
  std::string exposed_schemas;            // for {exposed_schemas} of their SQL
  std::shared_ptr<Backends> backends;
  std::function<void(bool reached, const std::string& reason)> told;  // each try at the
                                                                      // configured database
};

// A link to one database that is made anew when it is lost. The first run after that pays for it,
// once: what fails for a scrape fails for the rest of that scrape at once, and is tried again by
// the next. (The runs of one scrape have one deadline: that is how they are known.)
//
// A link that was idle may have died meanwhile without anybody's fault, so a query that loses it is
// asked once more over a new one. One thread at a time.
class Session {
 public:
  Session(std::shared_ptr<const SessionShared> shared, std::string database)
      : shared_(std::move(shared)), database_(std::move(database)) {}
  ~Session() { close(); }
  Session(const Session&) = delete;

  // Connects if need be, and answers what the server has. Throws clients::PgError.
  const Facts& facts(const Deadline& deadline);
  // Throws clients::PgError.
  clients::Table run(const clients::Statement& statement, const Deadline& deadline);

  void forget_facts() { facts_at_.reset(); }
  void close();
  bool open() const { return link_ != nullptr; }
  std::optional<Link::Server> server() const;

 private:
  Link& link(const Deadline& deadline);
  void connect(const Deadline& deadline);
  void tell(bool reached, const std::string& reason) const;
  void read_facts(Link& link, const Deadline& deadline);

  const std::shared_ptr<const SessionShared> shared_;
  const std::string database_;
  std::unique_ptr<Link> link_;
  bool used_ = false;  // by an earlier run: it may be stale
  Facts facts_;
  std::optional<MonoTime> facts_at_;
  std::optional<MonoTime> failed_for_;  // the deadline of the runs that need not try again
  std::string failure_, failure_state_;
};

}  // namespace basewatch::postgres
