#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "agent/status/chart.h"
#include "agent/status/page.h"
#include "agent/status/remedy.h"
#include "agent/status/words.h"
#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::status {
namespace {

using scrape::collector;
using scrape::plan;
using scrape::yields;

scrape::Run fails(std::string reason) {
  return [=](Page&, const Deadline&) -> Outcome { throw std::runtime_error(reason); };
}

Facts facts_of(scrape::World& world) {
  Facts facts;
  facts.now = world.clock.wall_now();
  facts.started = facts.now - 1min;
  facts.node = "db-1";
  facts.listen = "127.0.0.1:9777";
  facts.config.path = "/etc/basewatch/basewatch.yml";
  facts.config.taken = facts.config.tried = facts.started;
  facts.instances = world.engine.snapshot();
  return facts;
}

std::string html_of(const Facts& facts) {
  return page(facts, judge(facts));
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("is it fine?") {
  scrape::World world;
  world.engine.apply({plan({collector("a", yields(3)), collector("b", yields(1, "other"))})});
  auto report = judge(facts_of(world));
  CHECK(report.health == Health::waiting);
  CHECK(report.headline == "Not known yet: no scrape has come so far");
  world.scrape(8s, "");
  report = judge(facts_of(world));
  CHECK(report.health == Health::fine);
  CHECK(report.headline == "Everything works");
  CHECK(report.problems.empty());
  CHECK(report.instances[0].series == 4);
}

TEST_CASE("a part that fails, an instance that yields nothing, and the worse one first") {
  scrape::World world;
  world.engine.apply(
      {plan({collector("good", yields()),
             collector("bad", fails("cannot read /x: permission denied")),
             collector("none", [](Page&, const Deadline&) { return absent("no battery"); })},
            "part"),
       plan({collector("a", fails("connection refused")),
             collector("b", fails("connection refused")),
             collector("c", fails("connection refused")),
             collector("d", fails("connection refused")),
             collector("e", fails("connection refused"))},
            "down")});
  world.scrape(8s, "");
  world.clock.advance(3min);
  const auto facts = facts_of(world);
  const auto report = judge(facts);
  CHECK(report.health == Health::broken);
  CHECK(report.headline == "test/down is broken");
  REQUIRE(report.problems.size() == 2);
  CHECK(report.problems[0].what == "test/down: 5 collectors, and none works");
  CHECK(report.problems[0].reason == "connection refused");
  CHECK(has(report.problems[0].remedy, "start the service"));
  CHECK(report.problems[0].since == facts.now - 3min);
  CHECK(report.problems[1].what == "test/part: bad");
  CHECK(has(report.problems[1].remedy, "CAP_DAC_READ_SEARCH"));
  const auto html = page(facts, report);
  CHECK(has(html, "<h1><span aria-hidden=\"true\">\u2715</span> test/down is broken</h1>"));
  CHECK(has(html, "no battery"));
  CHECK(has(html, "has not worked since the agent was started"));
}

TEST_CASE("a hanging run is reported at once, with the way out") {
  scrape::World world;
  scrape::Count entered;
  scrape::Event release;
  world.engine.apply({plan({collector("slow", scrape::blocks(entered, release))})});
  auto scrape = world.scrape_later();
  entered.await(1);
  world.clock.await_waiters(1);
  world.clock.advance(8s);
  scrape.get();
  const auto report = judge(facts_of(world));
  CHECK(report.health == Health::broken);
  CHECK(has(report.problems.at(0).reason, "still running since"));
  CHECK(has(report.problems.at(0).remedy, "umount -l"));
  release.happen();
}

TEST_CASE("a refused configuration and an agent that nobody scrapes are problems, too") {
  scrape::World world;
  auto facts = facts_of(world);
  facts.config.errors = {"b.yml:4:5: error: unknown key 'x'"};
  auto report = judge(facts);
  CHECK(report.health == Health::degraded);
  CHECK(report.headline == "The last reload of the configuration was refused");
  CHECK(has(report.problems[0].remedy, "basewatch check --config /etc/basewatch/basewatch.yml"));
  facts.config.errors.clear();
  facts.started = facts.now - 6min;
  report = judge(facts);
  CHECK(report.headline == "Nobody scrapes this agent");
  CHECK(has(report.problems.at(0).reason, "since the agent was started"));
  world.scrape(8s, "");
  facts.instances = world.engine.snapshot();
  CHECK(judge(facts).problems.empty());
}

TEST_CASE("nothing that comes from outside becomes markup") {
  constexpr auto kEvil = "<script>alert(1)</script>\"'&\x01\xff";
  scrape::World world;
  scrape::TestExporter::Hooks hooks;
  hooks.start = [&](Host& host) { host.note(kEvil, kEvil); };
  world.engine.apply({plan({collector("a", fails(kEvil))}, "main", hooks)});
  world.scrape(8s, "");
  auto facts = facts_of(world);
  facts.node = facts.listen = facts.config.path = kEvil;
  facts.config.errors = facts.config.warnings = {kEvil};
  facts.seen = {{kEvil, kEvil, kEvil, kEvil, kEvil, kEvil}};
  facts.looked = facts.now;
  const auto html = html_of(facts);
  CHECK(!has(html, "<script"));
  CHECK(has(html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;?\xEF\xBF\xBD"));
  CHECK(!has(html, "style="));  // the policy forbids it
  CHECK(!has(html, "http://"));
  const auto text = json(facts, judge(facts));
  CHECK(has(text, R"("node": "<script>alert(1)</script>\"'&\u0001)"));
  CHECK(std::ranges::none_of(text, [](char c) { return c == '\x01' || c == '\xff'; }));
}

TEST_CASE("secrets do not get as far as the page") {
  CHECK(without_secrets("redis://user:hunter2@host:6379/0 refused") ==
        "redis://user:***@host:6379/0 refused");
  CHECK(without_secrets("redis://:hunter2@host") == "redis://:***@host");
  CHECK(without_secrets("a http://host:80/x and http://u:p@w@host/") ==
        "a http://host:80/x and http://u:***@host/");
  CHECK(without_secrets("host=x password=hunter2 user=y Password='a b' z") ==
        "host=x password=*** user=y Password=*** z");
  CHECK(without_secrets("password=") == "password=***");
  CHECK(without_secrets("password='open") == "password=***");
  CHECK(without_secrets("no secret: 12:30, a@b") == "no secret: 12:30, a@b");
  scrape::World world;
  world.engine.apply({plan({collector("a", fails("cannot reach redis://u:hunter2@h"))})});
  world.scrape(8s, "");
  const auto facts = facts_of(world);
  CHECK(!has(html_of(facts), "hunter2"));
  CHECK(!has(json(facts, judge(facts)), "hunter2"));
}

TEST_CASE("every failure has a remedy, and its own where it is known") {
  const auto of = [](std::string_view reason) {
    return remedy("postgres", "stat_database", RunState::failed, reason);
  };
  CHECK(has(of("FATAL:  password authentication failed for user \"x\""), "password_file"));
  CHECK(has(of("ERROR: permission denied for view pg_stat_x"), "GRANT pg_monitor"));
  CHECK(has(of("cannot read /proc/7/fd: Permission denied"), "CAP_SYS_PTRACE"));
  CHECK(has(of("netlink: operation not permitted"), "CAP_NET_ADMIN"));
  CHECK(
      has(of("took 9s, longer than the 8s it had"), "`collectors: {stat_database: {every: 60s}}`"));
  CHECK(
      has(of("the last result is older than 3 intervals of 1m"), "{stat_database: {every: ...}}"));
  CHECK(has(of("left out: above the cap of 10 series of the instance"), "max_series"));
  CHECK(has(of("the moon is full"), "collectors: {stat_database: false}"));
  CHECK(has(of(""), "basewatch check"));
  CHECK(remedy_for_note("postgres", "version", "15.4").empty());
  CHECK(has(remedy_for_note("node", "textfile", "a.prom:2: no"), "rename"));
}

TEST_CASE("words") {
  CHECK(span_words(59s) == "59 s");
  CHECK(span_words(-5s) == "0 s");
  CHECK(span_words(61min) == "1 h 1 min");
  CHECK(span_words(2h) == "2 h");
  CHECK(span_words(25h) == "1 day 1 h");
  CHECK(span_words(24h * 12 + 1h) == "12 days");
  CHECK(duration_words(41us) == "41 \u00b5s");
  CHECK(duration_words(1400us) == "1.4 ms");
  CHECK(duration_words(1250ms) == "1.25 s");
  CHECK(duration_words(3min) == "3 min");
  CHECK(bytes_words(512) == "512 B");
  CHECK(bytes_words(12.5 * 1024 * 1024) == "12.5 MiB");
  CHECK(html_with_code("a `b<c` d `e") == "a <code>b&lt;c</code> d `e");
}

TEST_CASE("charts mark what failed by form, and sum what collectors yield") {
  std::vector<scrape::Minute> one(60), two(60);
  one[10] = {2, 0, 4ms, 100};
  one[11] = {1, 1, 8ms, std::nullopt};
  two[9] = {1, 0, 1ms, 5};
  const std::vector<std::vector<scrape::Minute>> hours = {one, two};
  const auto hour = merged(hours);
  CHECK(hour[8].series == std::nullopt);
  CHECK(hour[9].series == 5);
  CHECK(hour[10].series == 105);
  CHECK(hour[11].series == 5);  // what failed yields nothing
  CHECK(longest_of(hour) == 8ms);
  CHECK(failing_minutes(hour) == 1);
  const auto svg = duration_chart(hour, false);
  CHECK(
      has(svg, "aria-label=\"Durations of the last hour: 8.0 ms at most; failures in 1 minute\""));
  CHECK(has(svg, "class=\"bad\" d=\"M44 34v-32h3v32zM44 36v4h3v-4z\""));
  CHECK(has(series_chart(hour), "105 at most, 5 now"));
  const std::vector<scrape::Minute> empty(60);
  CHECK(!has(duration_chart(empty, true), "class=\"bar\""));
  CHECK(has(series_chart(empty), "0 at most"));
}

}  // namespace basewatch::status
