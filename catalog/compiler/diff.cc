#include "catalog/compiler/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/base/strings.h"
#include "catalog/compiler/board_plan.h"
#include "catalog/compiler/public_names.h"
#include "catalog/compiler/test_plan.h"

namespace basewatch::catalog {
namespace {

// A metric or a family by the same words: what its readers depend on.
struct Declared {
  std::string kind;  // "metric" or "family"
  MetricType type;
  std::vector<std::string> labels;  // sorted: their order is C++'s business only
  std::string unit, help, subject, exporter;
  std::vector<std::string> known;
};

template <typename Spec>
Declared declared(std::string kind, const Spec& spec, const Subject& subject) {
  Declared out;
  out.kind = std::move(kind);
  out.type = spec.type;
  for (const auto label : spec.labels) out.labels.emplace_back(label);
  std::ranges::sort(out.labels);
  out.unit = spec.unit;
  out.help = spec.help;
  out.subject = subject.name;
  out.exporter = subject.exporter;
  return out;
}

using DeclaredByName = std::map<std::string, Declared>;

DeclaredByName declared_in(const Catalog& catalog) {
  DeclaredByName all;
  for (const auto& subject : catalog.subjects) {
    for (const auto& metric : subject.metrics) {
      all.emplace(metric.spec.name, declared("metric", metric.spec, subject));
    }
    for (const auto& family : subject.families) {
      auto entry = declared("family", family.spec, subject);
      for (const auto field : family.spec.known) entry.known.emplace_back(field);
      all.emplace(family.spec.pattern, std::move(entry));
    }
  }
  return all;
}

template <typename Entry>
using ByName = std::map<std::string, const Entry*>;

template <typename Entry, typename Name>
ByName<Entry> all_of(const Catalog& catalog, std::vector<Entry> Subject::*list, Name name) {
  ByName<Entry> all;
  for (const auto& subject : catalog.subjects) {
    for (const auto& entry : subject.*list) all.emplace(name(entry), &entry);
  }
  return all;
}

template <typename Entry>
ByName<Entry> by_name(const std::vector<Entry>& list) {
  ByName<Entry> all;
  for (const auto& entry : list) all.emplace(entry.name, &entry);
  return all;
}

std::string listed(const std::vector<std::string>& list) {
  return list.empty() ? "none" : join(list, ", ");
}

std::string sizes_of(const Threshold& threshold) {
  if (threshold.by_size.empty()) return "as medium";
  return fmt::format("{} and {}", format_double(threshold.by_size.at(MachineSize::small)),
                     format_double(threshold.by_size.at(MachineSize::large)));
}

class Differ {
 public:
  Differ(const Release& before, const Release& after)
      : before_(before),
        after_(after),
        program_before_(before.catalog, before.site, told_already_),
        program_after_(after.catalog, after.site, told_already_) {}

  std::vector<Change> run() {
    compare_subjects();
    compare_metrics();
    compare_rules();
    compare_alerts();
    compare_thresholds();
    compare_boards();
    const auto nothing = [](const auto&, const auto&, const auto&) {};
    const auto source = [](const PassthroughEntry& entry) {
      return std::string(entry.spec.source);
    };
    compare("passthrough", all_of(before_.catalog, &Subject::passthroughs, source),
            all_of(after_.catalog, &Subject::passthroughs, source),
            "metrics of sites that come from it are refused", nothing);
    compare("receiver", by_name(before_.site.routing.receivers),
            by_name(after_.site.routing.receivers), "site files that configure it are refused",
            nothing);
    compare("time interval", by_name(before_.site.routing.time_intervals),
            by_name(after_.site.routing.time_intervals), "site files that set it are refused",
            nothing);
    std::ranges::stable_sort(
        changes_, [](const Change& a, const Change& b) { return a.breaking > b.breaking; });
    return std::move(changes_);
  }

 private:
  void breaking(const std::string& name, std::string text) {
    changes_.push_back({true, name, std::move(text)});
  }
  void note(const std::string& name, std::string text) {
    changes_.push_back({false, name, std::move(text)});
  }

  // Walks two maps of names: gone ones are breaking, new ones are notes, `both` looks at the rest.
  template <typename Map, typename Both>
  void compare(std::string_view kind, const Map& before, const Map& after,
               std::string_view consequence, Both both) {
    for (const auto& [name, old] : before) {
      if (const auto now = after.find(name); now != after.end()) {
        both(name, old, now->second);
      } else {
        breaking(name, fmt::format("{} {} was removed: {}", kind, name, consequence));
      }
    }
    for (const auto& [name, now] : after) {
      if (!before.contains(name)) note(name, fmt::format("{} {} is new", kind, name));
    }
  }

  void changed(std::string_view kind, const std::string& name, std::string_view what,
               const std::string& old, const std::string& now, bool is_breaking = true) {
    if (old == now) return;
    auto text = fmt::format("{} {} changed its {} from {} to {}", kind, name, what,
                            old.empty() ? "none" : old, now.empty() ? "none" : now);
    is_breaking ? breaking(name, std::move(text)) : note(name, std::move(text));
  }

  void compare_subjects() {
    const auto names = [](const Catalog& catalog) {
      std::map<std::string, const Subject*> all;
      for (const auto& subject : catalog.subjects) all.emplace(subject.name, &subject);
      return all;
    };
    compare("subject", names(before_.catalog), names(after_.catalog),
            "its files under rules/ and docs/metrics/ are gone",
            [this](const std::string& name, const Subject* old, const Subject* now) {
              changed("subject", name, "exporter", old->exporter, now->exporter);
              changed("subject", name, "default job", old->job, now->job);
              changed("subject", name, "instance", instance_of(*old), instance_of(*now));
            });
  }

  static std::string instance_of(const Subject& subject) {
    return subject.host_wide ? "<node>" : "<node>/<name>";
  }

  void compare_metrics() {
    const auto before = declared_in(before_.catalog), after = declared_in(after_.catalog);
    for (const auto& [name, old] : before) {
      if (const auto now = after.find(name); now != after.end()) {
        compare_metric(name, old, now->second);
        continue;
      }
      const auto renamed = successor(name, old, before, after);
      breaking(name, renamed.empty() ? fmt::format("{} {} was removed", old.kind, name)
                                     : fmt::format("{} {} was removed; {} looks like its new name",
                                                   old.kind, name, renamed));
    }
    for (const auto& [name, now] : after) {
      if (!before.contains(name)) note(name, fmt::format("{} {} is new", now.kind, name));
    }
  }

  void compare_metric(const std::string& name, const Declared& old, const Declared& now) {
    const auto& kind = now.kind;
    changed(kind, name, "type", std::string(type_name(old.type)), std::string(type_name(now.type)));
    changed(kind, name, "labels", listed(old.labels), listed(now.labels));
    changed(kind, name, "unit", old.unit, now.unit, !old.unit.empty());
    if (old.subject != now.subject) {  // of a whole subject it is told once
      changed(kind, name, "exporter", old.exporter, now.exporter);
    }
    for (const auto& field : old.known) {
      if (std::ranges::find(now.known, field) == now.known.end()) {
        breaking(name,
                 fmt::format("family {} no longer knows the field {}: rules of sites that use "
                             "it are refused",
                             name, field));
      }
    }
  }

  // The one new metric that says the same about itself.
  static std::string successor(const std::string& name, const Declared& old,
                               const DeclaredByName& before, const DeclaredByName& after) {
    std::string found;
    for (const auto& [candidate, now] : after) {
      if (before.contains(candidate) || candidate == name || now.type != old.type ||
          now.labels != old.labels || now.help != old.help) {
        continue;
      }
      if (!found.empty()) return "";
      found = candidate;
    }
    return found;
  }

  void compare_rules() {
    const auto name = [](const RuleEntry& rule) { return rule.record.value; };
    compare("recorded series", all_of(before_.catalog, &Subject::rules, name),
            all_of(after_.catalog, &Subject::rules, name), "boards and rules that read it go blank",
            [this](const std::string& record, const RuleEntry* old, const RuleEntry* now) {
              changed("recorded series", record, "labels",
                      listed(recorded_labels(program_before_, *old)),
                      listed(recorded_labels(program_after_, *now)));
              if (trim(old->expr.value) == trim(now->expr.value)) return;
              note(record, fmt::format("recorded series {} has another expression", record));
            });
  }

  void compare_alerts() {
    const auto name = [](const AlertEntry& alert) { return alert.name.value; };
    compare("alert", all_of(before_.catalog, &Subject::alerts, name),
            all_of(after_.catalog, &Subject::alerts, name),
            "routes, silences and links to its runbook page lead nowhere",
            [this](const std::string& alert, const AlertEntry* old, const AlertEntry* now) {
              compare_alert(alert, *old, *now);
            });
  }

  void compare_alert(const std::string& name, const AlertEntry& old, const AlertEntry& now) {
    auto labels = static_labels(old), now_labels = static_labels(now);
    for (const auto& [label, value] : labels) {
      const auto found = now_labels.find(label);
      if (found == now_labels.end()) {
        breaking(name, fmt::format("alert {} lost its label {}=\"{}\"", name, label, value));
      } else {
        changed("alert", name, label, value, found->second);
      }
    }
    for (const auto& [label, value] : now_labels) {
      if (!labels.contains(label)) {
        note(name, fmt::format("alert {} has a new label {}=\"{}\"", name, label, value));
      }
    }
    const auto scope = [](const AlertEntry& alert) {
      return std::string(alert.scope == AlertScope::node ? "node" : "fleet");
    };
    changed("alert", name, "scope", scope(old), scope(now));
    changed("alert", name, "for", format_duration(old.hold), format_duration(now.hold), false);
    if (trim(old.expr.value) != trim(now.expr.value)) {
      note(name, fmt::format("alert {} has another expression", name));
    }
    if (old.runbook.complete() && !now.runbook.complete()) {
      breaking(name, fmt::format("alert {} has no complete runbook any more", name));
    }
  }

  // Links lead to a panel by its id, and set variables by their names.
  void compare_boards() {
    const auto planned = [this](Program& program) {
      std::map<std::string, PlannedBoard> all;
      for (auto& board : plan_boards(program, told_already_)) {
        const auto name = board.entry->name.value;
        all.emplace(name, std::move(board));
      }
      return all;
    };
    compare("board", planned(program_before_), planned(program_after_),
            "links to its uid lead nowhere",
            [this](const std::string& name, const PlannedBoard& old, const PlannedBoard& now) {
              compare_board(name, old, now);
            });
  }

  void compare_board(const std::string& name, const PlannedBoard& old, const PlannedBoard& now) {
    const auto panels = panels_of(now);
    const auto variables = variables_of(now);
    for (const auto& [id, title] : panels_of(old)) {
      if (panels.contains(id)) continue;
      breaking(name,
               fmt::format("board {} lost its panel '{}' (id {}): links to it lead nowhere; a "
                           "renamed one keeps its id with 'key'",
                           name, title, id));
    }
    for (const auto& [variable, title] : variables_of(old)) {
      if (variables.contains(variable)) continue;
      breaking(name,
               fmt::format("board {} lost its variable ${}: links that set it show everything",
                           name, variable));
    }
  }

  static std::map<int, std::string> panels_of(const PlannedBoard& board) {
    std::map<int, std::string> all;
    for (const auto& row : board.rows) {
      for (const auto& panel : row.panels) all.emplace(panel.id, panel.title);
    }
    return all;
  }

  static std::map<std::string, std::string> variables_of(const PlannedBoard& board) {
    std::map<std::string, std::string> all;
    for (const auto& variable : board.variables) all.emplace(variable.name, variable.title);
    return all;
  }

  void compare_thresholds() {
    compare("threshold", before_.site.thresholds, after_.site.thresholds,
            "site files that set it are refused",
            [this](const std::string& name, const Threshold& old, const Threshold& now) {
              changed("threshold", name, "value", format_double(old.value),
                      format_double(now.value), false);
              changed("threshold", name, "small and large", sizes_of(old), sizes_of(now), false);
            });
  }

  const Release& before_;
  const Release& after_;
  Diagnostics told_already_;
  Program program_before_, program_after_;
  std::vector<Change> changes_;
};

}  // namespace

std::vector<Change> differences(const Release& before, const Release& after) {
  return Differ(before, after).run();
}

}  // namespace basewatch::catalog
