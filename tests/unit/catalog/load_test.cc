#include "catalog/load/load.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <fstream>

#include "tests/unit/catalog/world.h"

using namespace std::chrono_literals;

namespace basewatch::catalog {
namespace {

namespace fs = std::filesystem;

using Sources = std::vector<std::pair<std::string, std::string>>;

// Writes site files into a folder and loads the first of them over the small catalog.
struct Loaded {
  TemporaryFolder folder;
  Diagnostics diagnostics;
  Catalog catalog;
  Site site;

  explicit Loaded(const Sources& files) {
    for (const auto& [name, text] : files) {
      fs::create_directories((folder.path() / name).parent_path());
      std::ofstream(folder.path() / name) << text;
    }
    const auto built_in = read_fixture("small-catalog");
    catalog = load(built_in, "", diagnostics);
    site =
        load_site(built_in, catalog, (folder.path() / files.front().first).string(), diagnostics);
  }

  std::string told() const {
    auto text = diagnostics.text();
    const auto prefix = folder.path().string() + "/";
    for (auto at = text.find(prefix); at != text.npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }
};

}  // namespace

TEST_CASE("a subject as a whole") {
  Diagnostics diagnostics;
  const auto catalog = load(read_fixture("small-catalog"), "catalog/", diagnostics);
  REQUIRE(diagnostics.text() == "");
  REQUIRE(catalog.subjects.size() == 3);
  const auto& node = catalog.subjects[2];
  CHECK(node.name == "node");
  CHECK(node.exporter == "node");
  CHECK(node.job == "node");
  CHECK(node.host_wide);
  CHECK(node.metrics[1].spec.labels.size() == 2);
  CHECK(node.metrics[1].spec.labels[1] == "mode");
  CHECK(node.metrics[0].where.text() == "catalog/node/metrics.yml:6:13");
  CHECK(node.families[0].spec.known[1] == "MemTotal");
  CHECK(node.rules[0].record.value == "node:node_cpu_busy:ratio");
  const auto& alert = node.alerts[1];
  CHECK(alert.hold == 5min);
  CHECK(alert.keep_firing == 1min);
  CHECK(alert.severity == AlertSeverity::info);
  CHECK(alert.threshold == "node_cpu_busy_ratio");
  CHECK(alert.runbook.complete());
  CHECK(alert.fires.size() == 1);
  CHECK(catalog.subjects[0].job == "basewatch");
}

TEST_CASE("a site overrides single values, includes first") {
  const Loaded loaded({
      {"site.yml",
       "version: 1\ninclude: [more/a.yml]\nthresholds: {node_cpu_busy_ratio: 0.5}\n"
       "intervals: {evaluation: 15s}\njobs: {node: hosts}\nrunbook_url: http://x/y\n"},
      {"more/a.yml",
       "version: 1\ninclude: b.yml\nthresholds: {node_cpu_busy_ratio: 0.6, "
       "filesystem_free_ratio: 0.1}\nintervals: {scrape: 20s}\n"},
      {"more/b.yml", "version: 1\nthresholds: {filesystem_free_ratio: 0.2}\n"},
  });
  CHECK(loaded.told() == "");
  const auto& site = loaded.site;
  CHECK(site.thresholds.at("node_cpu_busy_ratio").value == 0.5);
  CHECK(site.thresholds.at("node_cpu_busy_ratio").help == "Above this share of busy time.");
  CHECK(site.thresholds.at("filesystem_free_ratio").value == 0.1);
  CHECK(site.thresholds.at("node_memory_available_ratio").value == 0.1);
  CHECK(site.scrape_interval == 20s);
  CHECK(site.scrape_timeout == 5s);
  CHECK(site.evaluation_interval == 15s);
  CHECK(site.jobs.at("node") == std::vector<std::string>{"hosts"});
  CHECK(site.jobs.at("postgres") == std::vector<std::string>{"postgres", "pg.replica"});
  CHECK(site.jobs.at("agent") == std::vector<std::string>{"basewatch"});
  CHECK(site.runbook_url == "http://x/y/");
  CHECK(!site.own);
}

TEST_CASE("includes that go round or nowhere are refused") {
  CHECK(Loaded(Sources{{"site.yml", "version: 1\ninclude: [a.yml]\n"},
                       {"a.yml", "version: 1\ninclude: [sub/../b.yml]\n"},
                       {"b.yml", "version: 1\ninclude: [site.yml]\n"}})
            .told() ==
        "b.yml:2:11: error: site.yml includes itself, by way of this line: remove it\n");
  CHECK(Loaded(Sources{{"site.yml", "version: 1\ninclude: [a.yml, a.yml]\n"},
                       {"a.yml", "version: 1\n"}})
            .told() == "");
  CHECK(
      Loaded(Sources{{"site.yml", "version: 1\ninclude: [.]\n"}}).told() ==
      "site.yml:2:11: error: there is no file .; a path is taken from the folder of the file that "
      "includes it\n");
  CHECK(Loaded(Sources{{"site.yml", "version: 1\ninclude: {a: b}\n"}}).told() ==
        "site.yml:2:10: error: include must be a list of files\n");
  std::string many = "version: 1\ninclude: [";
  for (int i = 0; i < 300; ++i) many += "a.yml, ";
  CHECK(Loaded(Sources{{"site.yml", many + "]\n"}, {"a.yml", "version: 1\n"}})
            .told()
            .ends_with("error: more than 100 files are included\n"));
}

TEST_CASE("many includes of many are bounded") {
  Sources files;
  for (int i = 0; i < 30; ++i) {  // each includes the next twice: 2^30 files if nobody counted
    files.emplace_back(
        fmt::format("{}.yml", i),
        i < 29 ? fmt::format("version: 1\ninclude: [{0}.yml, {0}.yml]\n", i + 1) : "version: 1\n");
  }
  CHECK(Loaded(files).told().find("more than 100 files are included") != std::string::npos);
}

TEST_CASE("a site that cannot be read says so, once") {
  Diagnostics diagnostics;
  const auto files = read_fixture("small-catalog");
  auto catalog = load(files, "", diagnostics);
  load_site(files, catalog, "/nonexistent/site.yml", diagnostics);
  CHECK(diagnostics.text() ==
        "/nonexistent/site.yml: error: cannot be read: No such file or directory\n");
}

TEST_CASE("folders that hold no catalog") {
  Diagnostics diagnostics;
  CHECK(read_folder("/nonexistent", diagnostics).empty());
  CHECK(diagnostics.text() ==
        "/nonexistent: error: cannot be read as a folder: No such file or directory\n");
  TemporaryFolder empty;
  Diagnostics more;
  CHECK(read_folder(empty.path().string(), more).empty());
  CHECK(more.text().find("holds no catalog") != std::string::npos);
  fs::create_directories(empty.path() / "node/metrics.yml");  // a folder where a file should be
  Diagnostics most;
  CHECK(read_folder(empty.path().string(), most).empty());
  CHECK(most.text().find("node/metrics.yml: error: cannot be read") != std::string::npos);
}

TEST_CASE("a file without end is refused") {
  Diagnostics diagnostics;
  load({{"node/metrics.yml", std::string((4u << 20) + 1, ' ')}}, "", diagnostics);
  CHECK(diagnostics.text() == "node/metrics.yml: error: the file is larger than 4194304 bytes\n");
}

TEST_CASE("a user's own subject stands apart") {
  Diagnostics diagnostics;
  const auto files = read_fixture("small-catalog");
  auto catalog = load(files, "", diagnostics);
  const auto site = load_site(files, catalog, fixture("small-site/site.yml").string(), diagnostics);
  REQUIRE(diagnostics.text() == "");
  REQUIRE(site.own);
  CHECK(site.own->name == "site");
  CHECK(site.own->metrics[0].from_source == "textfile");
  CHECK(site.own->metrics[0].spec.name == "shop_orders_total");
  CHECK(site.own->alerts[0].name.value == "OrdersMissing");
  const Catalog copy = catalog;  // shares the strings that the specs point into
  catalog = Catalog();
  CHECK(site.own->metrics[0].spec.help == "Orders placed.");
  CHECK(copy.subjects[2].metrics[0].spec.name == "node_load1");
}

}  // namespace basewatch::catalog
