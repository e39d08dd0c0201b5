#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "tests/accept.h"
#include "tests/unit/catalog/world.h"

namespace basewatch::catalog {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> rendered(const World& world) {
  std::map<std::string, std::string> out;
  for (const auto& artefact : render(world.catalog, world.site)) {
    CHECK(out.emplace(artefact.path.string(), artefact.text).second);
  }
  return out;
}

World small_world() {
  return World(read_fixture("small-catalog"), fixture("small-site/site.yml").string());
}

// Runs a shell command; its output belongs to the failure's message.
std::pair<int, std::string> run(const std::string& command) {
  std::string output;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return {-1, "cannot be started"};
  char buffer[4096];
  while (const auto size = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, size);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

}  // namespace

TEST_CASE("what the small catalog and site become") {
  const auto world = small_world();
  REQUIRE(world.diagnostics.text() == "");
  const bool accept = accepting();
  const auto golden = fs::path(SOURCE_DIR) / "tests/golden/catalog";
  const auto differing = write_artefacts(render(world.catalog, world.site), golden, !accept);
  for (const auto& path : differing) CHECK_MESSAGE(accept, "differs: ", path.string());
}

TEST_CASE("without a base there is no runbook_url") {
  auto files = read_fixture("small-catalog");
  auto& site = files.at("default-site.yml");
  const auto line = site.find("runbook_url");
  site.erase(line, site.find('\n', line) - line);
  for (const auto& [path, text] : rendered(World(files))) {
    CHECK(text.find("runbook_url") == std::string::npos);
  }
}

TEST_CASE("a built-in alert whose threshold the site moves goes untested, the site's own do not") {
  const auto files = read_fixture("small-catalog");
  const auto moved = rendered(small_world());
  const auto plain = rendered(World(files));
  for (const auto& [path, text] : plain) {
    CHECK_MESSAGE(text.find("whose thresholds this site moves") == std::string::npos, path);
  }
  std::size_t told = 0;
  for (const auto& [path, text] : moved) {
    told += text.find("# Without the tests of alerts whose thresholds this site moves: ") !=
            std::string::npos;
  }
  CHECK(told == 1);
  CHECK(moved.at("rules/tests/site_test.yml").find("OrdersMissing fires") != std::string::npos);
}

TEST_CASE("rendering depends on nothing but the catalog") {
  const auto once = rendered(small_world());
  CHECK(once == rendered(small_world()));
  // The order in which rules stand in their file does not matter either.
  auto files = read_fixture("small-catalog");
  auto& rules = files.at("node/rules.yml");
  const auto first = rules.find("  - record"), second = rules.find("  - record", first + 1);
  rules = rules.substr(0, first) + rules.substr(second) + rules.substr(first, second - first);
  const World turned(files, fixture("small-site/site.yml").string());
  CHECK(turned.diagnostics.text() == "");
  CHECK(rendered(turned).at("rules/recording/node.yml") == once.at("rules/recording/node.yml"));
}

// Renders into a folder of its own, lints the rules and runs their tests.
void hold_against_promtool(const World& world) {
  REQUIRE_MESSAGE(run("command -v promtool").first == 0,
                  "promtool is not installed: run ./dev setup (Debian's package prometheus)");
  REQUIRE(world.diagnostics.text() == "");
  TemporaryFolder folder;
  write_artefacts(render(world.catalog, world.site), folder.path(), false);
  const auto in = [&](const char* where) {
    return "cd " + (folder.path() / where).string() + " && ";
  };
  const auto checked = run(
      in("rules") + "promtool check rules --lint=all --lint-fatal recording/*.yml alerts/*.yml");
  CHECK_MESSAGE(checked.first == 0, checked.second);
  const auto tested = run(in("rules/tests") + "promtool test rules *.yml");
  CHECK_MESSAGE(tested.first == 0, tested.second);
}

TEST_CASE("promtool accepts the rules and their tests pass") {
  hold_against_promtool(small_world());
}

TEST_CASE("a rendered test can fail") {
  auto files = read_fixture("small-catalog");
  auto& alerts = files.at("node/alerts.yml");
  const auto value = alerts.find("MemAvailable_bytes: 5x30");
  alerts.replace(value, 24, "MemAvailable_bytes: 6x30");
  const World world(files);
  REQUIRE(world.diagnostics.text() == "");
  TemporaryFolder folder;
  write_artefacts(render(world.catalog, world.site), folder.path(), false);
  const auto tested =
      run("cd " + (folder.path() / "rules/tests").string() + " && promtool test rules *.yml");
  CHECK(tested.first == 1);
  CHECK(tested.second.find("Only 6% of the memory") != std::string::npos);
}

}  // namespace basewatch::catalog
