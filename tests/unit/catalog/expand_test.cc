#include "catalog/compiler/expand.h"

#include <doctest/doctest.h>

namespace basewatch::catalog {
namespace {

Site site() {
  Site site;
  site.thresholds["load"] = {0.25, "Load.", {}};
  site.thresholds["many"] = {1e6, "Many.", {}};
  site.jobs["node"] = {"node"};
  site.jobs["postgres"] = {"postgres", "pg.replica", "a\"b"};
  return site;
}

Text text(const std::string& value) {
  return {value, {"f.yml", 10, 5}, {}};
}

std::string expression(const std::string& value) {
  Diagnostics diagnostics;
  const auto out = expand_expression(text(value), site(), diagnostics);
  return diagnostics.ok() ? out.text.value : diagnostics.text();
}

}  // namespace

TEST_CASE("thresholds and jobs are put in") {
  CHECK(expression("x > {{threshold.load}}") == "x > 0.25");
  CHECK(expression("x > {{ threshold.many }} + {{threshold.load}}") == "x > 1e+06 + 0.25");
  CHECK(expression(R"(up{job="{{job.node}}"} == 0)") == R"(up{job="node"} == 0)");
  CHECK(expression(R"(up{a="b", job = '{{ job.node }}', c!=""})") ==
        R"(up{a="b", job ="node", c!=""})");
  CHECK(expression(R"(up{job!="{{job.node}}"})") == R"(up{job!="node"})");
  CHECK(expression(R"(up{job="{{job.postgres}}"})") == R"(up{job=~"postgres|pg\\.replica|a\"b"})");
  CHECK(expression(R"(up{job!="{{job.postgres}}"})") == R"(up{job!~"postgres|pg\\.replica|a\"b"})");
}

TEST_CASE("what cannot be put in is told, with its place") {
  CHECK(expression("x > {{threshold.laod}}") ==
        "f.yml:10:9: error: the site has no threshold 'laod': did you mean 'load'? "
        "[unknown-threshold]\n");
  CHECK(
      expression("x > {{threshold.load") ==
      "f.yml:10:9: error: {{}} is unknown here: write {{threshold.NAME}} for a number of the site, "
      "or job=\"{{job.EXPORTER}}\" [unknown-template]\n");
  CHECK(expression(R"(up{job="{{job.redis}}"})") ==
        "f.yml:10:13: error: there is no exporter 'redis' whose jobs could be matched: there are "
        "node, postgres [unknown-job]\n");
  for (const auto* bad :
       {R"(up{job="x{{job.node}}"})", R"(up{job="{{job.node}}x"})", R"(up{myjob="{{job.node}}"})",
        R"(up{job="{{job.node}}')", "{{job.node}}", R"("{{job.node}}")"}) {
    CHECK_MESSAGE(expression(bad).find("[literal-job]") != std::string::npos, bad);
  }
}

TEST_CASE("places lead back through the replacements") {
  Diagnostics diagnostics;
  Text source = text("a > {{threshold.load}} and\nup{job=\"{{job.postgres}}\"} > b");
  source.anchors = {{0, 10, 5}, {27, 11, 5}};
  const auto out = expand_expression(source, site(), diagnostics).text;
  const auto place = [&](std::string_view word) { return out.at(out.value.find(word)).text(); };
  CHECK(place("a >") == "f.yml:10:5");
  CHECK(place("0.25") == "f.yml:10:9");
  CHECK(place("25 and") == "f.yml:10:9");
  CHECK(place("and") == "f.yml:10:28");
  CHECK(place("up") == "f.yml:11:5");
  CHECK(place("replica") == "f.yml:11:11");
  CHECK(out.at(out.value.size() - 1).text() == "f.yml:11:34");
}

TEST_CASE("in texts only thresholds are ours") {
  Diagnostics diagnostics;
  const auto out = expand_annotation(text("{{ $value }} of {{threshold.load}} {{ job.node }} {{"),
                                     site(), diagnostics);
  CHECK(out.text.value == "{{ $value }} of 0.25 {{ job.node }} {{");
  CHECK(diagnostics.ok());
}

TEST_CASE("a series has one job, the first") {
  Diagnostics diagnostics;
  CHECK(expand_series(text(R"(up{job="{{job.postgres}}"})"), site(), diagnostics).text.value ==
        R"(up{job="postgres"})");
}

}  // namespace basewatch::catalog
