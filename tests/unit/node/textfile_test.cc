#include "exporters/node/read/textfile.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/node/support.h"

namespace basewatch::node {
namespace {

struct Fixture {
  Tree tree;
  ListeningHost host;
  std::unique_ptr<Exporter> exporter;

  explicit Fixture(std::shared_ptr<const Declarations> declarations = nullptr) {
    auto settings = tree.settings({{"collectors.textfile.directory", tree.path("files")}});
    if (declarations) settings.set_declarations(std::move(declarations));
    std::filesystem::create_directory(tree.path("files"));
    exporter = plugin.create(settings);
    exporter->start(host);
  }
  void write(const std::string& name, std::string_view text) { tree.write("files/" + name, text); }
  std::string file(const std::string& name) { return tree.path("files/" + name); }

  // The page without the times of the files.
  std::string page() {
    std::string out;
    const auto all = run(*exporter, "textfile");
    std::string_view rest = all, line;
    while (next_line(rest, line)) {
      if (!line.starts_with("node_textfile_mtime")) out.append(line) += '\n';
    }
    return out;
  }
  bool has_time(const std::string& name) {
    return run(*exporter, "textfile").find("file=\"" + file(name) + "\"") != std::string::npos;
  }
};

const std::string kFine = "node_textfile_scrape_error 0\n";
const std::string kWrong = "node_textfile_scrape_error 1\n";

}  // namespace

TEST_CASE("files that end in .prom are read, in order of name") {
  Fixture f;
  CHECK(f.page() == kFine);
  f.write("b.prom", "b 2\n");
  f.write("a.prom", "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 1\n");
  f.write("c.prom.tmp", "c 3\n");
  f.write(".hidden.prom", "hidden 4\n");
  CHECK(f.page() == "a_total{x=\"1\"} 1\nb 2\nhidden 4\n" + kFine);
  CHECK(f.has_time("a.prom"));
  CHECK(!f.has_time("c.prom.tmp"));
  CHECK(f.host.lines.empty());
}

TEST_CASE("the time of a file is that of its last change, in whole seconds") {
  Fixture f;
  f.write("a.prom", "");
  const timespec times[2] = {{1'700'000'000, 999'999'999}, {1'700'000'000, 999'999'999}};
  REQUIRE(utimensat(AT_FDCWD, f.file("a.prom").c_str(), times, 0) == 0);
  CHECK(run(*f.exporter, "textfile") ==
        "node_textfile_mtime_seconds{file=\"" + f.file("a.prom") + "\"} 1700000000\n" + kFine);
}

TEST_CASE("a broken file costs only itself, and is told once") {
  Fixture f;
  f.write("good.prom", "good 1\n");
  f.write("broken.prom", "fine 1\nbroken{ 2\n");
  CHECK(f.page() == "good 1\n" + kWrong);
  CHECK(f.page() == "good 1\n" + kWrong);
  CHECK(!f.has_time("broken.prom"));
  REQUIRE(f.host.lines.size() == 1);
  CHECK(f.host.lines[0].starts_with("textfile: " + f.file("broken.prom") + ":2: "));
  CHECK(f.host.notes["textfile"].starts_with(f.file("broken.prom") + ":2: "));
  f.write("broken.prom", "broken 2\n");
  CHECK(f.page() == "broken 2\ngood 1\n" + kFine);
  REQUIRE(f.host.lines.size() == 2);
  CHECK(f.host.lines[1] == "textfile: " + f.file("broken.prom") + " is fine again");
  CHECK(f.host.notes["textfile"].empty());
}

TEST_CASE("what is no text of samples is refused") {
  Fixture f;
  for (const auto* bad : {"x 1 1441205977284\n", "x\n", "x{a=\"1\" 2\n", "x{a=\"1\",a=\"2\"} 1\n",
                          "# TYPE x nonsense\nx 1\n", "1x 1\n", "x y\n",
                          "\x7f"
                          "ELF"}) {
    f.write("a.prom", bad);
    CHECK_MESSAGE(f.page() == kWrong, bad);
  }
  f.write("a.prom", "x 1 1441205977284\n");
  f.page();
  CHECK(f.host.notes["textfile"] ==
        f.file("a.prom") + ": 'x' has a timestamp; write the value alone");
}

TEST_CASE("pipes, folders, dangling links and large files do not hold or hurt") {
  Fixture f;
  f.write("good.prom", "good 1\n");
  REQUIRE(mkfifo(f.file("pipe.prom").c_str(), 0600) == 0);
  std::filesystem::create_directory(f.file("folder.prom"));
  std::filesystem::create_symlink("/nowhere/at/all", f.file("dangling.prom"));
  std::filesystem::create_symlink(f.file("good.prom"), f.tree.path("target"));
  f.write("huge.prom", "");
  std::filesystem::resize_file(f.file("huge.prom"), (16u << 20) + 1);
  CHECK(f.page() == "good 1\n" + kWrong);
  CHECK(f.host.lines.size() == 4);
  for (const auto* name : {"pipe.prom", "folder.prom", "dangling.prom", "huge.prom"}) {
    std::filesystem::remove(f.file(name));
  }
  std::filesystem::create_symlink(f.file("good.prom"), f.file("link.prom"));
  CHECK(f.page() == "good 1\n" + kFine);  // the same series twice: the first stays
}

TEST_CASE("a file that vanished between listing and reading is no error") {
  std::string text;
  std::time_t modified = 0;
  bool is_gone = false;
  const Tree tree;
  CHECK(read_regular_file(tree.path("a"), 100, text, modified, is_gone) ==
        "cannot be opened: no such file or directory");
  CHECK(is_gone);
  tree.write("a", std::string(101, 'x'));
  CHECK(read_regular_file(tree.path("a"), 100, text, modified, is_gone) ==
        "is larger than 100 bytes");
  CHECK(!is_gone);
  CHECK(read_regular_file(tree.path("a"), 101, text, modified, is_gone).empty());
  CHECK(text.size() == 101);
  CHECK(read_regular_file("/proc/version", 4096, text, modified, is_gone).empty());  // says size 0
  CHECK(text.starts_with("Linux"));
}

TEST_CASE("several files make one family, if they agree") {
  Fixture f;
  f.write("a.prom", "# HELP t The first.\n# TYPE t counter\nt{f=\"a\"} 1\n");
  f.write("b.prom", "# HELP t The first.\n# TYPE t counter\nt{f=\"b\"} 2\n");
  f.write("c.prom", "# TYPE t counter\nt{f=\"c\"} 3\n");
  CHECK(f.page() == kFine + "t{f=\"a\"} 1\nt{f=\"b\"} 2\nt{f=\"c\"} 3\n");
  f.write("b.prom", "# HELP t Another.\n# TYPE t counter\nt{f=\"b\"} 2\nother 5\n");
  CHECK(f.page() == kWrong + "other 5\nt{f=\"a\"} 1\nt{f=\"c\"} 3\n");
  CHECK(f.has_time("b.prom"));
  CHECK(f.host.notes["textfile"] == f.file("b.prom") + ": the help of 't' is not that of " +
                                        f.file("a.prom") + "; the metric is left out");
  f.write("b.prom", "# TYPE t gauge\nt{f=\"b\"} 2\n");
  CHECK(f.page() == kWrong + "t{f=\"a\"} 1\nt{f=\"c\"} 3\n");
  CHECK(f.host.notes["textfile"].find("the type of 't'") != std::string::npos);
}

TEST_CASE("histograms and summaries pass through whole") {
  Fixture f;
  f.write(
      "a.prom",
      "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count 3\n"
      "# TYPE s summary\ns{quantile=\"0.5\"} 7\ns_sum 8\ns_count 9\n");
  CHECK(f.page() == "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4.5\nh_count 3\n" +
                        kFine + "s{quantile=\"0.5\"} 7\ns_sum 8\ns_count 9\n");
}

namespace {

class SiteDeclarations final : public Declarations {
 public:
  const MetricSpec* find(std::string_view name) const override {
    return name == spec_.name ? &spec_ : nullptr;
  }

 private:
  MetricSpec spec_{MetricType::counter, "orders_total", "Orders placed.", {}, {}};
};

}  // namespace

TEST_CASE("bounds are written as node_exporter writes them, whatever the file does") {
  Fixture f;
  f.write("h.prom",
          "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"1e6\"} 2\n"
          "h_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n"
          "# TYPE g gauge\ng{le=\"1.0\"} 4\n");
  const auto page = f.page();
  for (const auto* line : {"h_bucket{le=\"1\"} 1\n", "h_bucket{le=\"1e+06\"} 2\n",
                           "h_bucket{le=\"+Inf\"} 2\n", "g{le=\"1.0\"} 4\n"}) {
    CHECK_MESSAGE(page.find(line) != std::string::npos, page);
  }
}

TEST_CASE("a metric that the site declares has its type and help from there") {
  Fixture f(std::make_shared<SiteDeclarations>());
  f.write("a.prom", "orders_total 5\nother 6\n");
  Page page;
  for (const auto& collector : f.exporter->collectors()) {
    if (collector.name == "textfile") collector.run(page, soon());
  }
  const auto* orders = page.find("orders_total");
  REQUIRE(orders);
  CHECK(orders->type == MetricType::counter);
  CHECK(page.help(*orders) == "Orders placed.");
  const auto* other = page.find("other");
  REQUIRE(other);
  CHECK(other->type == MetricType::untyped);
  CHECK(page.help(*other) == "Read from " + f.file("a.prom") + ".");
}

TEST_CASE("folders come from patterns; one that is missing is an error") {
  const Tree tree;
  tree.write("a/x.prom", "x 1\n");
  tree.write("b/y.prom", "y 2\n");
  const auto page = [&](std::vector<std::string> folders) {
    const auto all =
        run(tree.settings({{"collectors.textfile.directory", std::move(folders)}}), "textfile");
    return std::pair(all.find("x 1\n") != all.npos, all.find("y 2\n") != all.npos) ==
               std::pair(true, true) &&
           all.find(kFine) != all.npos;
  };
  CHECK(page({tree.path("*")}));
  CHECK(page({tree.path("[ab]")}));
  CHECK(page({tree.path("a"), tree.path("b/")}));
  CHECK(!page({tree.path("a"), tree.path("b"), tree.path("missing")}));
  CHECK(!page({tree.path("c*")}));
  CHECK(run(tree.settings(), "textfile") == kFine);
  CHECK(folders_of("/no/such/*") == std::vector<std::string>{"/no/such/*"});
}

TEST_CASE("a stopped exporter speaks to nobody") {
  Fixture f;
  f.write("broken.prom", "x\n");
  f.exporter->stop();
  CHECK(f.page() == kWrong);
  CHECK(f.host.lines.empty());
}

}  // namespace basewatch::node
