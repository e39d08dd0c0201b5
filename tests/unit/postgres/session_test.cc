#include <doctest/doctest.h>

#include "tests/unit/postgres/fake_server.h"

namespace basewatch::postgres {
namespace {

using namespace std::chrono_literals;
using clients::PgError;

constexpr clients::Statement kAsk{.sql = "SELECT 1"};

TEST_CASE("one try a scrape: its other runs hear why at once, the next scrape tries again") {
  FakeServer server;
  server.refuses = "connection refused";
  Session session(server.shared(), "");
  const auto first = server.scrape();
  for (int run = 0; run < 3; ++run) {
    CHECK_THROWS_WITH_AS(session.run(kAsk, first), "connection refused", PgError);
  }
  CHECK(server.tries == 1);
  server.clock.advance(1ms);  // however soon
  const auto second = server.scrape();
  CHECK_THROWS_AS(session.run(kAsk, second), PgError);
  CHECK(server.tries == 2);
  server.refuses = "";
  server.clock.advance(1ms);
  session.run(kAsk, server.scrape());
  CHECK(server.told ==
        std::vector<std::string>{"connection refused", "connection refused", "reached"});
}

TEST_CASE("a connection that died while it was idle is nobody's fault") {
  FakeServer server;
  Session session(server.shared(), "");
  session.run(kAsk, server.scrape());
  server.dead = {1};
  session.run(kAsk, server.scrape());
  CHECK(server.opened == 2);
  CHECK(server.alive == 1);
}

TEST_CASE("a new connection that is lost at once is a failure, not a loop") {
  FakeServer server;
  server.dead = {1, 2, 3};
  Session session(server.shared(), "");
  CHECK_THROWS_AS(session.run(kAsk, server.scrape()), PgError);
  CHECK(server.opened == 1);
  CHECK(server.alive == 0);
}

TEST_CASE("an error of the server's keeps the connection") {
  FakeServer server;
  Session session(server.shared(), "");
  session.run(kAsk, server.scrape());
  server.errors.emplace_back("no such column", "42703");
  CHECK_THROWS_WITH_AS(session.run(kAsk, server.scrape()), "no such column", PgError);
  session.run(kAsk, server.scrape());
  CHECK(server.opened == 1);
}

TEST_CASE("processes that hang in the server are counted, and no more are started than may be") {
  FakeServer server;
  const auto shared = server.shared(3);
  Session session(shared, "");
  server.errors_lose_link = server.errors_leave_behind = true;
  const auto hang = [&] {
    server.errors.emplace_back("the server has not answered in time", "57014");
    CHECK_THROWS_AS(session.run(kAsk, server.scrape()), PgError);
  };
  hang();
  CHECK(shared->backends->left() == 1);
  // The server says that the first is still there: two of three are taken.
  server.answer("pg_stat_activity", {"pid"}, {{"1"}});
  server.errors.clear();
  session.run(kAsk, server.scrape());
  session.close();
  server.answers.clear();
  server.answer("pg_stat_activity", {"pid"}, {{"1"}, {"7"}, {"8"}});
  server.clock.advance(1s);
  CHECK_THROWS_WITH_AS(
      session.run(kAsk, server.scrape()),
      "3 processes of the server that worked for us hang (pid 1,7,8): no more are started "
      "before they end",
      PgError);
  CHECK(server.alive == 0);
  server.answers.clear();  // they have ended
  server.clock.advance(1s);
  session.run(kAsk, server.scrape());
  CHECK(shared->backends->left() == 0);
}

TEST_CASE("those left behind are looked for while all is well again, too") {
  FakeServer server;
  const auto shared = server.shared(3);
  Session session(shared, ""), other(shared, "other");
  other.facts(server.scrape());
  server.errors_lose_link = server.errors_leave_behind = true;
  server.errors.emplace_back("the server has not answered in time", "57014");
  CHECK_THROWS_AS(session.run(kAsk, server.scrape()), PgError);
  CHECK(shared->backends->left() == 1);
  const auto asked = server.asked.size();
  other.facts(server.scrape());
  CHECK(server.asked.size() == asked);
  server.clock.advance(61s);  // with the facts, which do not depend on it
  server.slow = "pg_stat_activity WHERE";
  other.facts(server.scrape());
  CHECK(server.asked.size() == asked + 2);
  CHECK(shared->backends->left() == 1);
  server.clock.advance(61s);
  server.slow = "";
  other.facts(server.scrape());
  CHECK(shared->backends->left() == 0);
  CHECK(server.opened == 2);
}

TEST_CASE("a console has no processes that could be left behind") {
  FakeServer server;
  server.console = true;
  const auto shared = server.shared(1);
  Session session(shared, "");
  server.errors_lose_link = server.errors_leave_behind = true;
  for (int hang = 0; hang < 3; ++hang) {
    server.clock.advance(1s);
    server.errors.emplace_back("the server has not answered in time", "57014");
    CHECK_THROWS_WITH_AS(session.run(kAsk, server.scrape()), "the server has not answered in time",
                         PgError);
  }
  CHECK(shared->backends->left() == 0);
  session.run(kAsk, server.scrape());
}

TEST_CASE("a database that refuses says nothing of the server") {
  FakeServer server;
  server.refused["closed"] = "permission denied";
  Session session(server.shared(), "closed");
  CHECK_THROWS_AS(session.run(kAsk, server.scrape()), PgError);
  CHECK(server.told.empty());
}

TEST_CASE("facts are asked once a minute") {
  FakeServer server;
  server.answer("'self'", {"kind", "name", "value"}, {{"self", "me", "postgres"}});
  Session session(server.shared(), "");
  CHECK(session.facts(server.scrape()).user == "me");
  CHECK(session.facts(server.scrape()).version == 150018);
  CHECK(server.asked.size() == 1);
  server.clock.advance(61s);
  session.facts(server.scrape());
  CHECK(server.asked.size() == 2);
  session.forget_facts();
  session.facts(server.scrape());
  CHECK(server.asked.size() == 3);
}

}  // namespace
}  // namespace basewatch::postgres
