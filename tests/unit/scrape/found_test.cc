#include <doctest/doctest.h>

#include "agent/base/strings.h"
#include "agent/scrape/found.h"
#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {
namespace {

constexpr Option kOptions[] = {{"url", OptionType::text, "here", "Where."}};
constexpr Plugin kFinderPlugin = {.name = "finder",
                                  .summary = "For tests.",
                                  .default_job = "finder",
                                  .host_wide = false,
                                  .single = false,
                                  .options = kOptions,
                                  .create = nullptr,
                                  .finds_instances = true};

class Finder final : public Exporter {
 public:
  Finder(const Settings& settings, std::function<void(Host&)> start)
      : url_(settings.text("url")), start_(std::move(start)) {
    collectors_.push_back(collector("c", yields()));
  }
  std::span<const Collector> collectors() override { return collectors_; }
  std::string identity() const override { return url_; }
  void start(Host& host) override {
    if (start_) start_(host);
  }

 private:
  const std::string url_;
  const std::function<void(Host&)> start_;
  std::vector<Collector> collectors_;
};

FoundInstance found(const std::string& name) {
  return {name, name + ":1", {{"url", name + ":1"}}};
}

// One configured instance whose host the test speaks through.
struct Finding {
  World world;
  Host* host = nullptr;

  InstancePlan finder() {
    InstancePlan plan;
    plan.plugin = &kFinderPlugin;
    plan.name = "main";
    plan.settings = Settings::make(kOptions, {{"url", std::string("a:1")}});
    plan.create = [this](const Settings& settings) -> std::unique_ptr<Exporter> {
      const bool is_main = settings.instance() == "main";
      return std::make_unique<Finder>(settings, [this, is_main](Host& one) {
        if (is_main) host = &one;
      });
    };
    return plan;
  }
  std::string names() {
    std::vector<std::string> out;
    for (const auto& target : world.engine.targets())
      out.push_back(target.exporter + "/" + target.name);
    return join(out, " ");
  }
  // The finder's thread tells nobody when it is done.
  void await(const std::string& wanted) {
    for (int i = 0; i < 5000 && names() != wanted; ++i) std::this_thread::sleep_for(1ms);
    CHECK(names() == wanted);
  }
};

}  // namespace

TEST_CASE("what an exporter finds becomes an instance, and goes when it is gone for long") {
  Finding f;
  f.world.engine.apply({f.finder()});
  f.host->instances({found("b"), found("C.d")});
  f.await("finder/main finder/main-b finder/main-c-d agent/main");
  const auto result = f.world.engine.scrape({.exporter = "finder",
                                             .name = "main-b",
                                             .collect = {},
                                             .exclude = {},
                                             .deadline = Deadline::in(f.world.clock, 8s)});
  CHECK(result.at(0).collectors.at(0).state == RunState::done);
  CHECK(result.at(0).target->block() == R"(job="finder",instance="db-1/main-b",node="db-1")");

  f.host->instances({found("b")});
  f.world.clock.advance(4min);
  CHECK(f.names() == "finder/main finder/main-b finder/main-c-d agent/main");
  f.world.clock.advance(2min);
  f.await("finder/main finder/main-b agent/main");

  // A reload keeps it; without its finder it goes at once.
  f.world.engine.apply({f.finder()});
  CHECK(f.names() == "finder/main finder/main-b agent/main");
  f.world.engine.apply({});
  CHECK(f.names() == "agent/main");
}

TEST_CASE("what is configured is not watched twice, and what is found is bounded") {
  Finding f;
  f.world.engine.apply({f.finder()});
  f.host->instances({found("a"), found("b")});  // a:1 is the finder itself
  f.await("finder/main finder/main-b agent/main");

  std::vector<FoundInstance> many;
  for (int i = 0; i < 100; ++i) many.push_back(found("n" + std::to_string(i)));
  f.host->instances(many);
  for (int i = 0; i < 5000 && f.world.engine.targets().size() < 60; ++i) {
    std::this_thread::sleep_for(1ms);
  }
  CHECK(f.world.engine.targets().size() <= Found::kMost + 2);
  CHECK(f.world.engine.snapshot().at(0).notes.at("found").find("more were found than the 64") !=
        std::string::npos);
}

TEST_CASE("of several instances that answer one path the first that knows the target answers") {
  World world;
  TestExporter::Hooks first, second;
  first.start = [](Host& host) {
    host.endpoint("/probe", [](const HttpRequest&) { return HttpReply{404, "", "not mine"}; });
  };
  second.start = [](Host& host) {
    host.endpoint("/probe", [](const HttpRequest& request) {
      return request.param("target") == "b" ? HttpReply{200, "", "b"} : HttpReply{404, "", "nor mine"};
    });
  };
  world.engine.apply({plan({}, "one", first), plan({}, "two", second)});
  const auto handler = world.engine.endpoint("/probe");
  const std::vector<std::pair<std::string, std::string>> b{{"target", "b"}}, c{{"target", "c"}};
  CHECK(handler({"/probe", b}).body == "b");
  CHECK(handler({"/probe", c}).body == "nor mine");
}

}  // namespace basewatch::scrape
