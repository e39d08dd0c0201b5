#include <doctest/doctest.h>

#include "catalog/compiler/diff.h"
#include "tests/unit/catalog/world.h"

namespace basewatch::catalog {
namespace {

const Files kBefore{
    {"default-site.yml", R"(version: 1
thresholds:
  low: {value: 1, help: Low.}
  high: {value: 2, help: High.}
)"},
    {"db/metrics.yml", R"(version: 1
metrics:
  - {metric: db_up, type: gauge, help: Up.}
  - {metric: db_calls_total, type: counter, help: Calls., labels: [cmd, user]}
  - {family: "db_{field}_bytes", type: gauge, help: "Size of {field}.", known: [heap, index]}
)"},
    {"db/rules.yml", R"(version: 1
rules:
  - record: instance:db_calls:rate5m
    expr: rate(db_calls_total[5m])
    help: Rate.
)"},
    {"db/alerts.yml", R"(version: 1
alerts:
  - alert: DbDown
    expr: db_up < {{threshold.low}}
    for: 5m
    severity: warning
    priority: P2
    labels: {team: db}
    summary: Down
    description: Down.
    runbook: {meaning: a, impact: b, diagnosis: c, mitigation: d}
)"},
    {"db/board.yml", R"(version: 1
boards:
  - board: db
    title: Database
    help: The database.
    rows:
      - row: Calls
        panels: [{panel: Calls, expr: 'rate(db_calls_total[5m])', unit: none}]
)"},
    {"routing.yml", R"(version: 1
receivers: {page: {help: Pages.}, chat: {help: Chats.}}
fallback: chat
time_intervals: {night: {help: Night., spans: []}}
routes:
  - {route: all, help: All., priority: [P1, P2, P3, P4, P5], receiver: chat, group_by: [node],
     group_wait: 30s, group_interval: 5m, repeat: 1h}
)"},
};

Release release(const Files& files) {
  Diagnostics diagnostics;
  Release out;
  out.catalog = load(files, "", diagnostics);
  out.site = load_site(files, out.catalog, "", diagnostics);
  CHECK(diagnostics.text() == "");
  return out;
}

// What is told when `from` in one file becomes `to`.
std::string after_change(const std::string& file, std::string_view from, std::string_view to) {
  auto files = kBefore;
  auto& text = files.at(file);
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  std::string told;
  for (const auto& change : differences(release(kBefore), release(files))) {
    told += (change.breaking ? "breaking: " : "note: ") + change.text + "\n";
  }
  return told;
}

}  // namespace

TEST_CASE("nothing changed") {
  CHECK(differences(release(kBefore), release(kBefore)).empty());
}

TEST_CASE("what changes for users") {
  struct Case {
    std::string file, from, to, told;
  };
  const Case cases[] = {
      {"db/metrics.yml", "  - {metric: db_up, type: gauge, help: Up.}\n", "",
       "breaking: metric db_up was removed\n"},
      {"db/metrics.yml", "metric: db_up", "metric: db_alive",
       "breaking: metric db_up was removed; db_alive looks like its new name\n"
       "note: metric db_alive is new\n"},
      {"db/metrics.yml", "db_up, type: gauge", "db_up, type: untyped",
       "breaking: metric db_up changed its type from gauge to untyped\n"},
      {"db/metrics.yml", "[cmd, user]", "[cmd]",
       "breaking: metric db_calls_total changed its labels from cmd, user to cmd\n"
       "breaking: recorded series instance:db_calls:rate5m changed its labels from cmd, instance, "
       "job, node, user to cmd, instance, job, node\n"},
      {"db/metrics.yml", "[cmd, user]", "[user, cmd]", ""},
      {"db/metrics.yml", "[cmd, user]", "{cmd: 10, user: 10}", ""},
      {"db/metrics.yml", "help: Up.", "help: Whether it is up., unit: flag",
       "note: metric db_up changed its unit from none to flag\n"},
      {"db/metrics.yml", "[heap, index]", "[index, toast]",
       "breaking: family db_{field}_bytes no longer knows the field heap: rules of sites that use "
       "it are refused\n"},
      {"db/metrics.yml", "version: 1\n", "version: 1\nhost_wide: true\n",
       "breaking: subject db changed its instance from <node>/<name> to <node>\n"
       "breaking: board db lost its variable $instance: links that set it show everything\n"},
      {"db/metrics.yml", "version: 1\n", "version: 1\njob: database\n",
       "breaking: subject db changed its default job from db to database\n"},
      {"db/metrics.yml", "metrics:\n", "metrics:\n  - {metric: db_x, type: gauge, help: X.}\n",
       "note: metric db_x is new\n"},
      {"db/rules.yml", "db_calls:rate5m", "db_called:rate5m",
       "breaking: recorded series instance:db_calls:rate5m was removed: boards and rules that read "
       "it go blank\n"
       "note: recorded series instance:db_called:rate5m is new\n"},
      {"db/rules.yml", "[5m]", "[10m]",
       "note: recorded series instance:db_calls:rate5m has another expression\n"},
      {"db/alerts.yml", "DbDown", "DatabaseDown",
       "breaking: alert DbDown was removed: routes, silences and links to its runbook page lead "
       "nowhere\n"
       "note: alert DatabaseDown is new\n"},
      {"db/alerts.yml", "warning", "critical",
       "breaking: alert DbDown changed its severity from warning to critical\n"},
      {"db/alerts.yml", "P2", "P3", "breaking: alert DbDown changed its priority from P2 to P3\n"},
      {"db/alerts.yml", "for: 5m", "for: 6m", "note: alert DbDown changed its for from 5m to 6m\n"},
      {"db/alerts.yml", "{team: db}", "{squad: db}",
       "breaking: alert DbDown lost its label team=\"db\"\n"
       "note: alert DbDown has a new label squad=\"db\"\n"},
      {"db/alerts.yml", "    for: 5m", "    scope: fleet\n    for: 5m",
       "breaking: alert DbDown changed its scope from node to fleet\n"},
      {"db/alerts.yml", "for: 5m", "for: 30s\n    class: instant",
       "note: alert DbDown has a new label class=\"instant\"\n"
       "note: alert DbDown changed its for from 5m to 30s\n"},
      {"default-site.yml", "  high: {value: 2, help: High.}\n", "",
       "breaking: threshold high was removed: site files that set it are refused\n"},
      {"default-site.yml", "value: 2", "value: 2.5",
       "note: threshold high changed its value from 2 to 2.5\n"},
      {"db/rules.yml", "rate(db_calls_total[5m])", "sum without (user) (rate(db_calls_total[5m]))",
       "breaking: recorded series instance:db_calls:rate5m changed its labels from cmd, instance, "
       "job, node, user to cmd, instance, job, node\n"
       "note: recorded series instance:db_calls:rate5m has another expression\n"},
      {"db/metrics.yml", "metrics:\n", "metrics:\n  - {passthrough: files, help: Files.}\n",
       "note: passthrough files is new\n"},
      {"db/board.yml", "panel: Calls", "panel: Callers",
       "breaking: board db lost its panel 'Calls' (id 190040881): links to it lead nowhere; a "
       "renamed one "
       "keeps its id with 'key'\n"},
      {"db/board.yml", "panel: Calls", "panel: Callers, key: Calls", ""},
      {"db/board.yml", "help: The database.", "help: The database.\n    by_instance: false",
       "breaking: board db lost its variable $instance: links that set it show everything\n"},
      {"db/board.yml", "board: db", "board: database",
       "breaking: board db was removed: links to its uid lead nowhere\n"
       "note: board database is new\n"},
      {"routing.yml", "page: {help: Pages.}, ", "",
       "breaking: receiver page was removed: site files that configure it are refused\n"},
      {"routing.yml", "night:", "weekend:",
       "breaking: time interval night was removed: site files that set it are refused\n"
       "note: time interval weekend is new\n"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.from);
    CHECK(after_change(c.file, c.from, c.to) == c.told);
  }
}

TEST_CASE("a subject that goes takes everything with it") {
  auto files = kBefore;
  for (const auto* file : {"metrics.yml", "rules.yml", "alerts.yml", "board.yml"}) {
    files.erase(std::string("db/") + file);
  }
  std::vector<std::string> names;
  for (const auto& change : differences(release(kBefore), release(files))) {
    CHECK(change.breaking);
    names.push_back(change.name);
  }
  CHECK(names == std::vector<std::string>{"db", "db_calls_total", "db_up", "db_{field}_bytes",
                                          "instance:db_calls:rate5m", "DbDown", "db"});
}

}  // namespace basewatch::catalog
