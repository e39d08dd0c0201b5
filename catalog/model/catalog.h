#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/diagnostics.h"
#include "catalog/model/board.h"
#include "catalog/model/metric.h"
#include "catalog/model/query.h"
#include "catalog/model/routing.h"
#include "catalog/model/text.h"

// The catalog as plain structs: what catalog/load fills from YAML and catalog/compiler checks and
// renders. Nothing in here knows YAML, and nothing decides anything.
namespace basewatch::catalog {

// labels: {cpu: 256}: how many values a label may take at most. Empty where nobody said.
using Budget = std::map<std::string, std::int64_t>;

struct MetricEntry {
  MetricSpec spec;
  Location where;
  std::string since;       // version of basewatch that first had it
  std::string from_table;  // from: {stat: ctxt} -> table "stat", field "ctxt"
  std::string from_field;
  std::string from_source;  // from: textfile -> emitted by the user, let in by that passthrough
  std::string from_query;   // a column of this query
  Budget budget;
  std::size_t section = 0;  // in the subject's sections, from 1; 0: before the first
};

struct FamilyEntry {
  FamilySpec spec;
  std::vector<std::string> except;  // fields that are metrics of their own, and no members
  Location where;
  std::string since;
  Budget budget;  // of one member
  std::size_t section = 0;
};

// `- section: cpu` among the metrics: a heading over those that follow, in the reference.
struct SectionEntry {
  std::string name, help;
  Location where;
};

// A query with the metrics of its columns, which stand in the subject's lists, too.
struct QueryEntry {
  QuerySpec spec;  // all but its lists, which are below; take spec_of()
  std::vector<std::string_view> labels, privileges, relations, instances;
  std::vector<SettingNeed> settings;
  std::vector<SqlVariant> sql;
  std::vector<QueryColumn> columns;
  Location where;
  std::vector<Text> sql_texts;              // as written, for messages
  std::vector<Location> column_places;      // as `columns`
  std::vector<Location> label_places;       // as `labels`

  // Complete; points into this entry.
  QuerySpec spec_of() const {
    auto out = spec;
    out.labels = labels;
    out.sql = sql;
    out.columns = columns;
    out.needs.settings = settings;
    out.needs.privileges = privileges;
    out.needs.relations = relations;
    out.instances = instances;
    return out;
  }
};

struct PassthroughEntry {
  PassthroughSpec spec;
  Location where;
};

// What an alert is tested with; rendered into a promtool test.
struct TestCase {
  Location where;
  // "node_load1{...}" -> "5x20". Labels job, instance and node are filled in where not written.
  std::vector<std::pair<Text, Text>> series;
  Duration at{};                              // when the alert is looked at
  std::optional<Duration> since;              // when its condition begins to hold, if that is known
  std::map<std::string, std::string> expect;  // labels of the firing alert beyond the static ones
  std::string summary, description;           // as a person reads them; needed where templated
};

// What a rule is tested with: what it has to have recorded by then, and nothing else.
struct RuleTest {
  Location where;
  std::vector<std::pair<Text, Text>> series;  // as in TestCase
  Duration at{};
  struct Sample {
    Text labels;  // `{mountpoint="/"}`, beyond those that the compiler knows; empty: none beyond
    Text value;
  };
  std::vector<Sample> expect;
};

struct RuleEntry {
  Text record;
  Text expr;
  std::string help;
  Location where;
  std::string documented_use;  // used_by: why it exists although nothing in the catalog reads it
  std::vector<RuleTest> tests;
};

enum class AlertSeverity { critical, warning, info };
enum class AlertClass { normal, instant };  // instant: pages within a minute, small `for`
enum class AlertScope { node, fleet };      // fleet: the result need not carry `node`

// What notices that the series an alert reads are gone: an alert on something absent is silent.
enum class Absence {
  agent,  // the agent's own alerts, for every target it offers
  none,   // nothing, for `absence_reason`
};

struct Runbook {
  std::string meaning, impact, diagnosis, mitigation;
  bool complete() const {
    return !meaning.empty() && !impact.empty() && !diagnosis.empty() && !mitigation.empty();
  }
};

struct AlertEntry {
  Text name;
  Text expr;
  Duration hold{};  // `for`
  Duration keep_firing{};
  AlertClass alert_class = AlertClass::normal;
  AlertSeverity severity = AlertSeverity::warning;
  std::string priority;  // P1 ... P5, as the site's tier leaves it
  bool lowered = false;  // by the tier: nobody is paged within a minute any more
  AlertScope scope = AlertScope::node;
  std::map<std::string, std::string> labels;
  Text summary, description;
  std::string threshold;  // name in the site's thresholds, the first {{threshold.NAME}} in expr
  Absence absence = Absence::agent;
  std::string absence_reason;
  Runbook runbook;
  std::vector<TestCase> fires, quiet;
  Location where;
};

struct Subject {
  std::string name;        // folder of the catalog: "node"
  std::string exporter;    // who emits its metrics; its job is {{job.<exporter>}}
  std::string job;         // under which its instances are scraped unless the site says otherwise
  std::string prefix;      // dropped from metric names to make C++ names: "node_"
  bool host_wide = false;  // one target per host: instance=<node> instead of <node>/<name>
  bool foreign = false;    // emitted by programs that Prometheus scrapes itself: no agent offers them
  std::vector<SectionEntry> sections;
  std::vector<MetricEntry> metrics;
  std::vector<FamilyEntry> families;
  std::vector<PassthroughEntry> passthroughs;
  std::vector<QueryEntry> queries;
  std::vector<RuleEntry> rules;
  std::vector<AlertEntry> alerts;
  std::vector<BoardEntry> boards;
};

// How large a machine is: some limits are amounts, and an amount is much for one and little for another.
enum class MachineSize { small, medium, large };

struct Threshold {
  double value = 0;  // as it holds for the site
  std::string help;
  Location where;
  std::map<MachineSize, double> by_size = {};  // all three, or none where the size does not matter
  bool written = false;  // by the user's site, as a number: no size moves it any more
  bool moved = false;  // by the user's site: the built-in tests' numbers no longer lie around it
};

// How much a service matters, which is what its alerts may cost: who is woken, and when.
enum class ServiceTier {
  critical,     // as the catalog says: P1 wakes somebody
  important,    // nobody is woken: P1 becomes P2
  best_effort,  // nobody is disturbed: P1 and P2 become P3
};

// An instance that Prometheus has to have a target for, whatever the agent says: from --config.
struct NamedTarget {
  std::string exporter, name;
  std::string job, instance, node;  // as on its series
  bool is_agent = false;            // its own target is written by hand, the others come from it
};

// One node or one instance of which the site says something else than of the others.
struct Place {
  struct Limit {
    double value = 0;
    Location where;
  };
  enum class Kind { node, instance };
  Kind kind = Kind::node;
  std::string name;                       // the value of its label `node` or `instance`
  std::optional<MachineSize> size;        // of a node
  std::map<std::string, Limit> limits;    // thresholds of its own
  std::map<std::string, Location> without;  // alerts that do not look at it
  Location where;

  std::string_view label() const { return kind == Kind::node ? "node" : "instance"; }
};

// What a user adds to, or overrides in, the built-in catalog.
struct Site {
  Duration scrape_interval = std::chrono::seconds(10);
  Duration scrape_timeout = std::chrono::seconds(5);
  Duration evaluation_interval = std::chrono::seconds(10);
  std::map<std::string, Threshold> thresholds;
  std::map<std::string, std::vector<std::string>>
      jobs;                 // exporter -> its jobs; default its own name
  std::string runbook_url;  // base; the alert's name is appended
  std::string grafana_url;  // base; the panel's address is appended
  ServiceTier tier = ServiceTier::critical;
  MachineSize size = MachineSize::medium;   // of the nodes of which nothing else is said
  std::vector<Place> places;                // each once
  std::map<std::string, Location> without;  // alerts that nobody here wants
  std::vector<NamedTarget> targets;         // none without --config
  std::int64_t series_per_metric = 10'000;  // what the budgets of a metric's labels may multiply to
  Routing routing;                          // routing.yml with the site's own in it
  std::optional<Subject> own;               // metrics, rules, alerts and boards of the user
};

// Owns every string that its specs point to; copies share them.
struct Catalog {
  std::vector<Subject> subjects;  // in order of name
  std::map<std::string, Threshold> objectives;  // of the SLOs: thresholds that the site may move
  std::string shown_as;           // stands before the paths of its files in messages
  std::shared_ptr<std::deque<std::string>> strings = std::make_shared<std::deque<std::string>>();
  std::shared_ptr<std::deque<std::vector<std::string_view>>> lists =
      std::make_shared<std::deque<std::vector<std::string_view>>>();

  std::string_view keep(std::string_view text) { return strings->emplace_back(text); }
  std::span<const std::string_view> keep(const std::vector<std::string>& texts) {
    auto& list = lists->emplace_back();
    for (const auto& text : texts) list.push_back(keep(text));
    return list;
  }
};

}  // namespace basewatch::catalog
