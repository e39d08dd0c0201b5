#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/diagnostics.h"
#include "agent/base/strings.h"
#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {
namespace {

// What apply() says, as "exporter/name option: message".
std::string refusal(World& world, std::vector<InstancePlan> plans) {
  try {
    world.engine.apply(std::move(plans));
  } catch (const PlanErrors& errors) {
    std::vector<std::string> lines;
    for (const auto& error : errors.all) {
      lines.push_back(
          fmt::format("{}/{} {}: {}", error.exporter, error.name, error.option(), error.what()));
    }
    return join(lines, "; ");
  }
  return "";
}

std::vector<std::string> names(const World& world) {
  std::vector<std::string> out;
  for (const auto& target : world.engine.targets())
    out.push_back(target.exporter + "/" + target.name);
  return out;
}

using Names = std::vector<std::string>;

// Stands for "the options in the file have changed".
InstancePlan changed(InstancePlan plan) {
  plan.settings.set_fingerprint("changed");
  return plan;
}

}  // namespace

TEST_CASE("an instance whose plan did not change keeps its exporter and its state") {
  World world;
  TestExporter::Hooks hooks;
  Count entered, stopped;
  Event release;
  hooks.stop = [stopped]() mutable { stopped.add(); };
  const auto one = plan({collector("slow", blocks(entered, release))}, "main", hooks);
  world.engine.apply({one});
  auto scrape = world.scrape_later();
  entered.await(1);
  world.clock.await_waiters(1);
  world.clock.advance(8s);
  CHECK(scrape.get().collectors[0].state == RunState::stuck);

  auto relabelled = one;
  relabelled.job = "other";
  relabelled.labels = {{"tier", "prod"}};
  world.engine.apply({plan({}, "new"), relabelled}, "db-2");
  CHECK(names(world) == Names{"test/new", "test/main", "agent/main"});
  CHECK(stopped.value() == 0);
  CHECK(hooks.destroyed.value() == 0);
  const auto result = world.scrape(8s, "").at(1);
  CHECK(result.collectors[0].state == RunState::stuck);
  CHECK(result.target->block() == R"(job="other",instance="db-2/main",node="db-2",tier="prod")");
  release.happen();
}

TEST_CASE("a changed or removed instance is stopped and destroyed") {
  World world;
  std::vector<std::string> events;
  TestExporter::Hooks hooks;
  hooks.start = [&](Host&) { events.push_back("start"); };
  hooks.stop = [&] { events.push_back("stop"); };
  const auto one = plan({collector("a", yields())}, "main", hooks);
  world.engine.apply({one});
  world.engine.apply({one});
  CHECK(events == Names{"start"});
  world.engine.apply({changed(one)});
  CHECK(events == Names{"start", "stop", "start"});
  CHECK(hooks.destroyed.value() == 1);
  world.engine.apply({});
  CHECK(hooks.destroyed.value() == 2);
  CHECK(names(world) == Names{"agent/main"});
  CHECK_THROWS_AS(world.scrape_one(), NoSuchInstance);
}

TEST_CASE("when one plan cannot be run, nothing changes") {
  World world;
  TestExporter::Hooks hooks, unborn;
  Count stopped, started;
  hooks.stop = [stopped]() mutable { stopped.add(); };
  unborn.start = [started](Host&) mutable { started.add(); };
  const auto good = plan({collector("a", yields())}, "good", hooks);
  world.engine.apply({good});

  auto bad = plan({}, "bad");
  bad.create = [](const Settings&) -> std::unique_ptr<Exporter> {
    throw SettingError("dsn", "the dsn has no host");
  };
  CHECK(refusal(world, {plan({}, "new", unborn), changed(good), bad}) ==
        "test/bad dsn: the dsn has no host");
  bad.create = [](const Settings&) -> std::unique_ptr<Exporter> { throw InputError("broken"); };
  CHECK_THROWS_AS(world.engine.apply({plan({}, "new", unborn), bad}), InputError);

  CHECK(names(world) == Names{"test/good", "agent/main"});
  CHECK(stopped.value() == 0);
  CHECK(started.value() == 0);
  CHECK(unborn.destroyed.value() == 2);
  CHECK(world.scrape_one().collectors[0].state == RunState::done);
}

TEST_CASE("all that is wrong is told at once") {
  World world;
  auto one = plan({collector("cpu", yields())}, "one"), two = plan({}, "two");
  one.switches = {{"cpus", true}, {"zzz", false}};
  one.intervals = {{"cpu", 1ms}};
  two.create = [](const Settings&) -> std::unique_ptr<Exporter> {
    throw SettingError("dsn", "the dsn has no host");
  };
  CHECK(refusal(world, {one, two, plan({}, "three"), plan({}, "three")}) ==
        "test/one collectors.cpus: the exporter test has no collector \"cpus\"; did you mean "
        "\"cpu\"?; test/one collectors.zzz: the exporter test has no collector \"zzz\"; it has: "
        "cpu; test/one collectors.cpu.every: the collector \"cpu\" cannot run every 1ms; write 1s "
        "or more; test/two dsn: the dsn has no host; test/three name: there are two instances "
        "test/three; give each its own name");
  CHECK(names(world) == Names{"agent/main"});
}

#ifdef __SANITIZE_THREAD__  // its runtime has a thread itself, and does not outlive a fork beside others
constexpr bool kMayFork = false;
#else
constexpr bool kMayFork = true;
#endif

// In a process of its own that may start no threads; root may always, so it becomes nobody.
TEST_CASE("without a thread for the background the plans are refused and nothing changes" *
          doctest::skip(!kMayFork)) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    World world;
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(2);
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(3);
    try {
      world.engine.apply({plan({collector("a", yields(), {}, every(10s))})});
    } catch (const std::runtime_error& error) {
      const bool said = std::string_view(error.what()).find("no thread") != std::string_view::npos;
      ::_exit(said && names(world) == Names{"agent/main"} ? 0 : 4);
    }
    ::_exit(5);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("plans that make no sense are refused in a sentence") {
  World world;
  const auto good = plan({collector("netdev", yields()), collector("cpu", yields())});
  auto near = good, far = good, interval = good, short_interval = good, own = good, none = good;
  near.switches["netdef"] = true;
  far.switches["zzz"] = false;
  interval.intervals["cpus"] = 10s;
  short_interval.intervals["cpu"] = 10ms;
  const Plugin agent = {.name = "agent",
                        .summary = {},
                        .default_job = {},
                        .host_wide = true,
                        .single = true,
                        .options = {},
                        .create = nullptr};
  own.plugin = &agent;
  none.plugin = nullptr;
  CHECK(
      refusal(world, {near}) ==
      R"(test/main collectors.netdef: the exporter test has no collector "netdef"; did you mean "netdev"?)");
  CHECK(
      refusal(world, {far}) ==
      R"(test/main collectors.zzz: the exporter test has no collector "zzz"; it has: netdev, cpu)");
  CHECK(
      refusal(world, {interval}) ==
      R"(test/main collectors.cpus: the exporter test has no collector "cpus"; did you mean "cpu"?)");
  CHECK(
      refusal(world, {short_interval}) ==
      R"(test/main collectors.cpu.every: the collector "cpu" cannot run every 10ms; write 1s or more)");
  CHECK(refusal(world, {good, good}) ==
        "test/main name: there are two instances test/main; give each its own name");
  CHECK(refusal(world, {own}) ==
        R"(agent/main : the agent watches itself; "agent" needs no configuration)");
  CHECK(refusal(world, {none}) == "/main : a plan without an exporter cannot be run");
  CHECK(names(world) == Names{"agent/main"});
}

TEST_CASE("switches decide which collectors there are") {
  World world;
  auto one = plan({collector("a", yields()), collector("b", yields()),
                   collector("c", yields(), {}, on_scrape, false),
                   collector("d", yields(), {}, on_scrape, false)});
  one.switches = {{"b", false}, {"c", true}};
  world.engine.apply({one});
  const auto result = world.scrape_one();
  REQUIRE(result.collectors.size() == 2);
  CHECK(result.collectors[0].collector == "a");
  CHECK(result.collectors[1].collector == "c");
}

TEST_CASE("a stuck run of a removed instance is abandoned and counted; it ends in peace") {
  World world;
  TestExporter::Hooks hooks;
  Count entered;
  Event release;
  const auto one = plan({collector("slow", blocks(entered, release))}, "main", hooks);
  const auto own = [&] { return world.scrape(8s, "agent").at(0); };
  world.engine.apply({one});
  auto scrape = world.scrape_later();
  entered.await(1);
  world.clock.await_waiters(1);
  world.clock.advance(8s);
  scrape.get();
  CHECK(value_of(own(), "basewatch_stuck_runs") == 1);
  CHECK(value_of(own(), "basewatch_abandoned_runs_total") == 0);
  world.engine.apply({});
  CHECK(value_of(own(), "basewatch_stuck_runs") == 1);
  CHECK(value_of(own(), "basewatch_abandoned_runs_total") == 1);
  CHECK(hooks.destroyed.value() == 0);
  release.happen();
  hooks.destroyed.await(1);
  CHECK(value_of(own(), "basewatch_stuck_runs") == 0);
}

TEST_CASE("reloads do not pile up stuck runs") {
  World world;
  Count entered;
  Event release;
  for (int i = 0; i < 10; ++i) {
    auto one = plan({collector("slow", blocks(entered, release))});
    one.settings.set_fingerprint(std::to_string(i));
    world.engine.apply({one});
    auto scrape = world.scrape_later();
    if (i < 2) {
      entered.await(i + 1);
      world.clock.await_waiters(1);
      world.clock.advance(8s);
      CHECK(scrape.get().collectors[0].state == RunState::stuck);
    } else {
      CHECK(scrape.get().collectors[0].reason == "2 runs from before the last reloads still hang");
    }
  }
  CHECK(entered.value() == 2);
  release.happen();
}

TEST_CASE("a scrape that waits for a removed instance gets its answer") {
  World world;
  Count entered;
  Event release;
  world.engine.apply(
      {plan({collector("a", blocks(entered, release), "line"), collector("b", yields(), "line")})});
  auto scrape = world.scrape_later();
  entered.await(1);
  world.clock.await_waiters(1);
  world.engine.apply({});
  release.happen();
  const auto result = scrape.get();
  CHECK(result.collectors[0].state == RunState::done);
  CHECK(result.collectors[1].reason == "the instance was removed by a reload");
  CHECK(value_of(world.scrape(8s, "agent").at(0), "basewatch_abandoned_runs_total") == 0);
}

TEST_CASE("an exporter that cannot start, or hangs when stopped, harms nobody else") {
  World world;
  TestExporter::Hooks hooks;
  Event release;
  hooks.start = [](Host&) { throw std::runtime_error("address in use"); };
  hooks.stop = [release] { release.await(); };
  world.engine.apply({plan({collector("a", yields())}, "main", hooks), plan({}, "other")});
  CHECK(world.scrape(8s, "").at(0).collectors[0].state == RunState::done);
  CHECK(world.log_text().find("cannot start: address in use") != std::string::npos);
  CHECK(world.engine.snapshot().at(0).notes.at("start") == "cannot start: address in use");
  world.engine.apply({});  // gives up waiting after two seconds
  CHECK(hooks.destroyed.value() == 0);
  release.happen();
  hooks.destroyed.await(1);
}

TEST_CASE("the host keeps notes, endpoints and the log for an instance while it is there") {
  World world;
  TestExporter::Hooks hooks;
  Host* host = nullptr;
  hooks.start = [&](Host& given) {
    host = &given;
    given.endpoint("/probe", [](const HttpRequest& request) {
      return HttpReply{.status = 200, .content_type = {}, .body = std::string(request.param("x").value_or(""))};
    });
    given.note("tls", "certificate ends soon");
    given.note("gone", "x");
    given.note("gone", "");
    given.log(LogLevel::info, "listening");
  };
  world.engine.apply({plan({collector("a", yields())}, "main", hooks)});
  CHECK(&host->clock() == &world.clock);
  const auto status = world.engine.snapshot().at(0);
  CHECK(status.notes == std::map<std::string, std::string>{{"tls", "certificate ends soon"}});
  CHECK(status.collectors.at(0).state == RunState::pending);
  CHECK(world.log_text().find("topic=\"test/main\" msg=\"listening\"") != std::string::npos);
  const auto handler = world.engine.endpoint("/probe");
  REQUIRE(handler);
  CHECK(!world.engine.endpoint("/other"));
  world.engine.apply({});
  CHECK(!world.engine.endpoint("/probe"));
  const std::vector<std::pair<std::string, std::string>> params{{"x", "1"}};
  CHECK(handler({.path = "/probe", .params = params}).body == "1");  // a request under way
}

}  // namespace basewatch::scrape
