#include "agent/expose/text.h"

#include <doctest/doctest.h>

#include <limits>

#include "agent/base/strings.h"

namespace basewatch::expose {
namespace {

namespace m {
using namespace metrics;
constexpr auto up = metric(gauge, "up", "Whether it is up.", labels("tier"));
constexpr auto bare = metric(counter, "bare_total", "");
constexpr auto other_up = metric(counter, "up", "Another.", labels("tier"));
constexpr auto wait = metric(histogram, "wait", "Waits.");
}  // namespace m

std::string text(std::span<const Part> parts, Written* written = nullptr) {
  std::string out;
  const auto result = write_text(parts, out);
  if (written) *written = result;
  return out;
}

TargetLabels target(std::string node, std::vector<std::pair<std::string, std::string>> more = {}) {
  std::vector<std::pair<std::string, std::string>> labels{{"job", "j"}, {"node", std::move(node)}};
  labels.insert(labels.end(), more.begin(), more.end());
  return TargetLabels(std::move(labels));
}

}  // namespace

TEST_CASE("a page is written family by family in order of name") {
  Page page;
  page.add(m::up, 1, "a\"b");
  page.add(m::bare, 12.5);
  const double bounds[] = {0.1};
  const double cumulative[] = {1, 2};
  page.add(m::wait, HistogramValue{bounds, cumulative, 0.25});
  page.seal();
  const Part part{&page};
  Written written;
  CHECK(text({&part, 1}, &written) ==
        "# TYPE bare_total counter\n"
        "bare_total 12.5\n"
        "# HELP up Whether it is up.\n"
        "# TYPE up gauge\n"
        "up{tier=\"a\\\"b\"} 1\n"
        "# HELP wait Waits.\n"
        "# TYPE wait histogram\n"
        "wait_bucket{le=\"0.1\"} 1\n"
        "wait_bucket{le=\"+Inf\"} 2\n"
        "wait_sum 0.25\n"
        "wait_count 2\n");
  CHECK(written.series == 6);
  CHECK(written.dropped == 0);
}

TEST_CASE("the target's labels stand in front, and the text is appended") {
  Page page;
  page.add(m::up, 1, "a");
  page.add(m::bare, 2);
  page.seal();
  const auto labels = target("db\n1");
  CHECK(labels.block() == "job=\"j\",node=\"db\\n1\"");
  const Part part{&page, &labels};
  std::string out = "before\n";
  write_text({&part, 1}, out);
  CHECK(out ==
        "before\n"
        "# TYPE bare_total counter\n"
        "bare_total{job=\"j\",node=\"db\\n1\"} 2\n"
        "# HELP up Whether it is up.\n"
        "# TYPE up gauge\n"
        "up{job=\"j\",node=\"db\\n1\",tier=\"a\"} 1\n");
}

TEST_CASE("parts are merged under one HELP and TYPE") {
  Page one, two;
  one.add(m::up, 1, "a");
  two.add(m::up, 2, "a");
  two.add(m::bare, 3);
  for (auto* page : {&one, &two}) page->seal();
  const auto first = target("n1"), second = target("n2");
  const Part parts[] = {{&one, &first}, {&two, &second}};
  Written written;
  CHECK(text(parts, &written) ==
        "# TYPE bare_total counter\n"
        "bare_total{job=\"j\",node=\"n2\"} 3\n"
        "# HELP up Whether it is up.\n"
        "# TYPE up gauge\n"
        "up{job=\"j\",node=\"n1\",tier=\"a\"} 1\n"
        "up{job=\"j\",node=\"n2\",tier=\"a\"} 2\n");
  CHECK(written.dropped == 0);
  CHECK(written.series == 3);
}

TEST_CASE("a series that an earlier part of the same target has is dropped and counted") {
  Page one, two, three;
  one.add(m::up, 1, "a");
  two.add(m::up, 2, "b");
  two.add(m::up, 3, "a");
  three.add(m::up, 4, "a");
  for (auto* page : {&one, &two, &three}) page->seal();
  const auto own = target("n1"), same_text = target("n1"), other = target("n2");
  const Part parts[] = {{&one, &own}, {&two, &same_text}, {&three, &other}};
  Written written;
  CHECK(text(parts, &written) ==
        "# HELP up Whether it is up.\n"
        "# TYPE up gauge\n"
        "up{job=\"j\",node=\"n1\",tier=\"a\"} 1\n"
        "up{job=\"j\",node=\"n1\",tier=\"b\"} 2\n"
        "up{job=\"j\",node=\"n2\",tier=\"a\"} 4\n");
  CHECK(written.series == 3);
  CHECK(written.dropped == 1);
  CHECK(written.first_dropped == "up{job=\"j\",node=\"n1\",tier=\"a\"}");
}

TEST_CASE("unlabelled parts are of one target, and the later type of a family loses") {
  Page one, two;
  one.add(m::up, 1, "a");
  two.add(m::other_up, 2, "b");
  two.add(m::other_up, 3, "c");
  for (auto* page : {&one, &two}) page->seal();
  const Part parts[] = {{&one}, {&two}};
  Written written;
  CHECK(text(parts, &written) ==
        "# HELP up Whether it is up.\n# TYPE up gauge\nup{tier=\"a\"} 1\n");
  CHECK(written.dropped == 2);
  CHECK(written.first_dropped == "up{tier=\"b\"}");
}

TEST_CASE("the first help that says something is written") {
  Page one, two;
  const Page::Label label{"tier", "x"};
  one.add_foreign(MetricType::gauge, "up", "", SampleKind::value, {&label, 1}, 1);
  two.add(m::up, 2, "y");
  for (auto* page : {&one, &two}) page->seal();
  const Part parts[] = {{&one}, {&two}};
  CHECK(text(parts).starts_with("# HELP up Whether it is up.\n# TYPE up gauge\n"));
}

TEST_CASE("own labels that the target has, too, are exported") {
  Page page;
  page.add(m::up, 1, "own\\\"\n");
  page.add(m::bare, 2);
  const Page::Label both[] = {{"tier", "a"}, {"exported_tier", "b"}};
  page.add_foreign(MetricType::gauge, "x", "Back\\slash.", SampleKind::value, both, 3);
  const Page::Label text_only[] = {{"q", "z,tier="}};
  page.add_foreign(MetricType::gauge, "y", "", SampleKind::value, text_only, 4);
  page.seal();
  const auto labels = target("n", {{"tier", "prod"}});
  const Part part{&page, &labels};
  Written written;
  CHECK(text({&part, 1}, &written) ==
        "# TYPE bare_total counter\n"
        "bare_total{job=\"j\",node=\"n\",tier=\"prod\"} 2\n"
        "# HELP up Whether it is up.\n"
        "# TYPE up gauge\n"
        "up{job=\"j\",node=\"n\",tier=\"prod\",exported_tier=\"own\\\\\\\"\\n\"} 1\n"
        "# HELP x Back\\\\slash.\n"
        "# TYPE x gauge\n"
        "x{job=\"j\",node=\"n\",tier=\"prod\",exported_exported_tier=\"a\",exported_tier=\"b\"} 3\n"
        "# TYPE y gauge\n"
        "y{job=\"j\",node=\"n\",tier=\"prod\",q=\"z,tier=\"} 4\n");
  CHECK(written.series == 4);
}

TEST_CASE("a peer's own label node stays on its page, and gives way to the target's") {
  constexpr auto blocks = metrics::metric(MetricType::gauge, "blocks", "", metrics::labels("node"));
  constexpr auto other = metrics::metric(MetricType::gauge, "o", "", metrics::labels("subnode"));
  Page page;
  page.add(blocks, 1, "0");
  page.add(other, 2, "node=\"x");
  page.seal();
  const Part alone{&page};
  CHECK(text({&alone, 1}).find("blocks{node=\"0\"} 1\n") != std::string::npos);
  const auto labels = target("n", {});
  const Part part{&page, &labels};
  const auto labelled = text({&part, 1});
  CHECK(labelled.find("blocks{job=\"j\",node=\"n\",exported_node=\"0\"} 1\n") != std::string::npos);
  CHECK(labelled.find("o{job=\"j\",node=\"n\",subnode=\"node=\\\"x\"} 2\n") != std::string::npos);
}

TEST_CASE("series that become equal by exporting a label are written once") {
  Page page;
  const Page::Label one{"tier", "a"}, two{"exported_tier", "a"};
  page.add_foreign(MetricType::gauge, "x", "", SampleKind::value, {&one, 1}, 1);
  page.add_foreign(MetricType::gauge, "x", "", SampleKind::value, {&two, 1}, 2);
  page.seal();
  const auto labels = target("n", {{"tier", "prod"}});
  const Part part{&page, &labels};
  Written written;
  CHECK(text({&part, 1}, &written).ends_with("exported_tier=\"a\"} 1\n"));
  CHECK(written.series == 1);
  CHECK(written.dropped == 1);
}

TEST_CASE("a page that is still being filled is not written") {
  Page page;
  page.add(m::up, 1, "a");
  const Part part{&page};
  CHECK_THROWS_AS(text({&part, 1}), std::logic_error);
}

TEST_CASE("nothing is written of nothing") {
  Page empty;
  empty.seal();
  const Part part{&empty};
  CHECK(text({}).empty());
  CHECK(text({&part, 1}).empty());
}

TEST_CASE("values larger than the writer's block arrive whole") {
  Page page;
  const std::string large(100'000, 'x');
  for (const auto* end : {"1", "2"}) page.add(m::up, 1, large + end);
  page.add(m::up, 3, "small");
  page.seal();
  const Part part{&page};
  CHECK(text({&part, 1}) == "# HELP up Whether it is up.\n# TYPE up gauge\nup{tier=\"" + large +
                                "1\"} 1\nup{tier=\"" + large + "2\"} 1\nup{tier=\"small\"} 3\n");
}

TEST_CASE("every length of line crosses the block's end unharmed") {
  std::string expected = "# HELP up Whether it is up.\n# TYPE up gauge\n";
  Page page;
  for (int i = 0; i < 2000; ++i) {
    const std::string value(static_cast<std::size_t>(i % 211), 'y');
    const std::string label = std::to_string(i) + value;
    page.add(m::up, i + 0.5, label);
    expected += "up{tier=\"" + label + "\"} " + std::to_string(i) + ".5\n";
  }
  page.seal();
  const Part part{&page};
  CHECK(text({&part, 1}) == expected);
}

}  // namespace basewatch::expose
