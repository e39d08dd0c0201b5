#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "agent/base/fake_clock.h"
#include "exporters/postgres/link.h"
#include "exporters/postgres/session.h"

namespace basewatch::postgres {

// A server as sessions see it: what it answers to a text in the SQL, how it fails, who is
// connected.
struct FakeServer {
  using Rows = std::vector<std::vector<std::optional<std::string>>>;
  struct Answer {
    std::string contains;
    std::vector<std::string> columns;
    Rows rows;
  };

  FakeClock clock;
  std::vector<Answer> answers;
  std::string refuses;                         // why no connection is made; empty: it is
  std::map<std::string, std::string> refused;  // the same for single databases
  int version = 150018;
  int tries = 0, opened = 0, alive = 0;
  std::vector<std::string> asked;       // "database: SQL"
  std::deque<clients::PgError> errors;  // thrown by the next queries
  bool errors_lose_link = false, errors_leave_behind = false;
  std::set<int> dead;  // backends whose connection is gone
  std::string slow;    // a text in the SQL of what takes too long; empty: nothing does
  bool console = false;

  void answer(std::string contains, std::vector<std::string> columns, Rows rows) {
    answers.push_back({std::move(contains), std::move(columns), std::move(rows)});
  }

  class FakeLink final : public Link {
   public:
    FakeLink(FakeServer& server, std::string database, int pid)
        : server_(server), database_(std::move(database)), pid_(pid) {
      ++server_.alive;
    }
    ~FakeLink() override { --server_.alive; }

    clients::Table run(const clients::Statement& statement, const Deadline&) override {
      server_.asked.push_back(database_ + ": " + std::string(statement.sql));
      if (server_.dead.contains(pid_)) {
        usable_ = false;
        throw clients::PgError("server closed the connection unexpectedly");
      }
      if (!server_.errors.empty()) {
        const auto error = server_.errors.front();
        server_.errors.pop_front();
        if (server_.errors_lose_link) usable_ = false;
        left_ = server_.errors_leave_behind;
        throw error;
      }
      if (!server_.slow.empty() && statement.sql.find(server_.slow) != std::string_view::npos) {
        throw clients::PgError("canceling statement due to statement timeout", "57014");
      }
      clients::Table table;
      for (const auto& answer : server_.answers) {
        if (statement.sql.find(answer.contains) == std::string_view::npos) continue;
        table.columns = answer.columns;
        for (const auto& row : answer.rows) {
          for (const auto& cell : row) table.add(cell);
        }
        break;
      }
      return table;
    }
    Server server() const override {
      return {server_.version, server_.console, false, false, pid_, database_};
    }
    bool usable() const override { return usable_; }
    bool left_behind() const override { return left_; }

   private:
    FakeServer& server_;
    const std::string database_;
    const int pid_;
    bool usable_ = true, left_ = false;
  };

  std::shared_ptr<SessionShared> shared(std::size_t most = 3) {
    auto out = std::make_shared<SessionShared>();
    out->backends = std::make_shared<Backends>(most);
    out->dial = [this](const std::string& database, const Deadline&) {
      ++tries;
      const auto found = refused.find(database);
      const auto& reason = found == refused.end() ? refuses : found->second;
      if (!reason.empty()) throw clients::PgError(reason);
      return std::make_unique<FakeLink>(*this, database.empty() ? "postgres" : database, ++opened);
    };
    out->told = [this](bool reached, const std::string& reason) {
      told.push_back(reached ? "reached" : reason);
    };
    return out;
  }
  Deadline scrape(Duration span = std::chrono::seconds(10)) { return Deadline::in(clock, span); }

  std::vector<std::string> told;
};

}  // namespace basewatch::postgres
