#include <doctest/doctest.h>

#include <fstream>

#include "tests/unit/catalog/world.h"

// The checks of what a catalog promises as a whole: each from both sides of its line, on the
// catalog that is shipped. How the messages read stands in tests/fixtures/broken-catalogs.
namespace basewatch::catalog {
namespace {

Files shipped() {
  Diagnostics diagnostics;
  auto files = read_folder(SOURCE_DIR "/catalog", diagnostics);
  REQUIRE(diagnostics.text() == "");
  return files;
}

// The codes in [] at the end of what is said, without repetition, in order.
std::string codes(const Diagnostics& diagnostics) {
  std::string out;
  for (const auto& one : diagnostics.sorted()) {
    const auto open = one.message.rfind('[');
    const auto code = open == std::string::npos ? one.text() : one.message.substr(open);
    if (out.find(code) == std::string::npos) out += code;
  }
  return out;
}

std::string codes_with_site(const std::string& site) {
  TemporaryFolder folder;
  const auto path = (folder.path() / "site.yml").string();
  std::ofstream(path) << "version: 1\n" << site;
  return codes(World(shipped(), path).diagnostics);
}

std::string codes_after(const std::string& file, std::string_view from, std::string_view to) {
  auto files = shipped();
  auto& text = files.at(file);
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  return codes(World(files).diagnostics);
}

// The entry of a list that begins with `head`, up to the next one.
std::string codes_without(const std::string& file, const std::string& head) {
  auto files = shipped();
  auto& text = files.at(file);
  const auto at = text.find(head);
  REQUIRE(at != std::string::npos);
  auto end = text.find("\n  - ", at);
  if (end != std::string::npos) ++end;
  text.erase(at, end == std::string::npos ? end : end - at);
  return codes(World(files).diagnostics);
}

}  // namespace

TEST_CASE("the shipped catalog passes every check") {
  CHECK(World(shipped()).diagnostics.text() == "");
}

TEST_CASE("instant alerts fit into their minute to the second") {
  // 10 scrape + 5 timeout + 10 evaluation + 15 for, rounded up to 20 + 10 wait + 5 delivery.
  CHECK(codes_with_site("intervals: {scrape: 10s, timeout: 5s, evaluation: 10s}\n") == "");
  CHECK(codes_with_site("intervals: {scrape: 11s, timeout: 5s, evaluation: 10s}\n") ==
        "[instant-budget]");
  CHECK(codes_with_site("intervals: {scrape: 10s, timeout: 6s, evaluation: 10s}\n") ==
        "[instant-budget]");
  CHECK(codes_with_site("intervals: {scrape: 15s, timeout: 10s, evaluation: 15s}\n") ==
        "[instant-budget]");
  CHECK(codes_with_site("intervals: {scrape: 15s, timeout: 10s, evaluation: 15s}\n"
                        "instant_within: 90s\n") == "");
  // 15 s stay 15 s on a grid of 5 s; FilesystemFull's 10 s become 16 s on one of 8 s.
  CHECK(codes_with_site("intervals: {scrape: 20s, timeout: 5s, evaluation: 5s}\n") == "");
  CHECK(codes_with_site("intervals: {scrape: 8s, timeout: 5s, evaluation: 8s}\n") == "");
  CHECK(codes_with_site("intervals: {scrape: 9s, timeout: 5s, evaluation: 8s}\n") ==
        "[instant-budget]");
}

TEST_CASE("a recorded series costs an instant alert one more evaluation") {
  const auto slower = [](std::string_view hold) {
    auto files = shipped();
    auto& text = files.at("node/alerts.yml");
    const auto at = text.find("for: 10s", text.find("alert: FilesystemFull"));
    REQUIRE(at != std::string::npos);
    text.replace(at, 8, hold);
    return codes(World(files).diagnostics);
  };
  CHECK(slower("for: 10s") == "");
  CHECK(slower("for: 11s") == "[instant-budget]");
}

TEST_CASE("a slower route costs an instant alert its minute") {
  CHECK(codes_after("routing.yml", "instant: {group_wait: 5s, group_interval: 10s}",
                    "instant: {group_wait: 11s, group_interval: 10s}") == "");  // chat is quicker
  auto files = shipped();
  auto& text = files.at("routing.yml");
  for (auto at = text.find("group_interval: 10s"); at != text.npos;
       at = text.find("group_interval: 10s")) {
    text.replace(at, 19, "group_interval: 11s");
  }
  CHECK(codes(World(files).diagnostics) == "[instant-budget]");
}

TEST_CASE("inhibitions have what they compare") {
  CHECK(codes_after("routing.yml", "equal: [node, device, mountpoint]", "equal: [node, device]") ==
        "");
  CHECK(codes_after("routing.yml", "equal: [node, device, mountpoint]", "equal: [node, disk]") ==
        "[inhibition-label]");
  CHECK(codes_after("routing.yml", "source: [FilesystemFull]", "source: [FilesystemFul]") ==
        "[unknown-alert]");
  CHECK(codes_after("routing.yml", "target: [CollectorFailing]",
                    "target: [CollectorFailing, InstanceDown]") == "[inhibition-self]");
}

TEST_CASE("somebody notices when series are absent") {
  // A board shows them, so that somebody misses them, too.
  CHECK(codes_without("agent/alerts.yml", "  - alert: TargetMissing") ==
        "[absence][unknown-alert]");
  CHECK(codes_without("agent/alerts.yml", "  - alert: TargetDown") == "[absence][unknown-alert]");
  // One that sees only another job does not count, one that leaves out only another job does.
  CHECK(codes_after("agent/alerts.yml", "expr: up == 0 unless",
                    "expr: up{job=\"{{job.agent}}\"} == 0 unless")
            .find("[absence]") != std::string::npos);
  CHECK(codes_after("agent/alerts.yml", "expr: up == 0 unless",
                    "expr: up{job!=\"{{job.agent}}\"} == 0 unless") == "");
}

TEST_CASE("of foreign programs no agent could offer the targets") {
  // So without an alert on missing targets only what the agent offers is told to be unwatched.
  auto files = shipped();
  auto& text = files.at("agent/alerts.yml");
  const auto at = text.find("  - alert: TargetMissing");
  REQUIRE(at != std::string::npos);
  text.erase(at, text.find("\n  - ", at) + 1 - at);
  const auto told = World(files).diagnostics.text();
  CHECK(told.find("node/alerts.yml") != std::string::npos);
  CHECK(told.find("monitoring/alerts.yml") == std::string::npos);
}

TEST_CASE("budgets of labels multiply to at most what the site allows") {
  const auto budget = [](std::string_view labels) {
    return codes_after("node/metrics.yml", "labels: [cpu, mode]", labels);
  };
  CHECK(budget("labels: {cpu: 1000, mode: 10}") == "");
  CHECK(budget("labels: {cpu: 1001, mode: 10}") == "[cardinality]");
}

}  // namespace basewatch::catalog
