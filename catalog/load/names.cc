#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "catalog/load/cpp_name.h"
#include "catalog/load/entries.h"

namespace basewatch::catalog {
namespace {

using Owners = std::map<std::string, Location, std::less<>>;

// Two names may not mean the same thing; the later one in the order of the files is told.
class NameCheck {
 public:
  explicit NameCheck(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void add(const Subject& subject) {
    for (const auto& metric : subject.metrics) {
      const std::string name(metric.spec.name);
      claim(metrics_, name, metric.where, "metric");
      const auto type = metric.spec.type;
      if (type == MetricType::histogram) claim(metrics_, name + "_bucket", metric.where, "metric");
      if (type == MetricType::histogram || type == MetricType::summary) {
        claim(metrics_, name + "_sum", metric.where, "metric");
        claim(metrics_, name + "_count", metric.where, "metric");
      }
    }
    for (const auto& family : subject.families) {
      claim(patterns_, family.spec.name("{}"), family.where, "family");
      for (const auto field : family.spec.known) {
        claim(known_, family.spec.name(field), family.where, "known member");
      }
      families_.push_back(&family);
    }
    for (const auto& passthrough : subject.passthroughs) {
      claim(sources_, std::string(passthrough.spec.source), passthrough.where, "passthrough");
    }
    for (const auto& query : subject.queries) {
      claim(queries_, std::string(query.spec.name), query.where, "query");
    }
    for (const auto& rule : subject.rules) {
      claim(records_, rule.record.value, rule.record.where, "recorded name");
    }
    for (const auto& alert : subject.alerts) {
      claim(alerts_, alert.name.value, alert.name.where, "alert");
    }
    if (subject.name != "site") check_cpp_names(subject);  // a site has no header
  }

  void finish(const std::vector<const Subject*>& subjects) {
    for (const auto* subject : subjects) {
      for (const auto& metric : subject->metrics) check_member(metric);
      for (const auto& metric : subject->metrics) check_source(metric);
    }
    for (const auto* family : families_) check_exceptions(*family);
  }

 private:
  void claim(Owners& owners, const std::string& name, const Location& where, const char* what) {
    const auto [owner, is_new] = owners.emplace(name, where);
    if (is_new || owner->second == where) return;
    diagnostics_.error(where, fmt::format("the {} {} is declared twice: it already stands at {}",
                                          what, name, owner->second.text()));
  }

  // A name of its own inside a family's pattern would be on the page twice.
  void check_member(const MetricEntry& metric) {
    for (const auto* family : families_) {
      const auto field = family->spec.match(metric.spec.name);
      if (field.empty() || std::ranges::find(family->except, field) != family->except.end()) {
        continue;
      }
      diagnostics_.error(
          metric.where, fmt::format("the metric {} is already a member of the family {} at {}: add "
                                    "'{}' to its 'known' instead",
                                    metric.spec.name, family->spec.pattern, family->where.text(),
                                    field));
      return;
    }
  }

  void check_exceptions(const FamilyEntry& family) {
    for (const auto& field : family.except) {
      if (metrics_.contains(family.spec.name(field))) continue;
      diagnostics_.error(family.where,
                         fmt::format("'{}' is excepted from the family {}, but there is no metric "
                                     "{}: declare it, or take it out of 'except'",
                                     field, family.spec.pattern,
                                     family.spec.name(field)));
    }
  }

  void check_source(const MetricEntry& metric) {
    if (metric.from_source.empty() || sources_.contains(metric.from_source)) return;
    std::string known;
    for (const auto& [name, where] : sources_) known += (known.empty() ? "" : ", ") + name;
    diagnostics_.error(
        metric.where,
        fmt::format("there is no passthrough '{}' that could let {} in; there is {}",
                    metric.from_source, metric.spec.name, known.empty() ? "none" : known));
  }

  void check_cpp_names(const Subject& subject) {
    Owners names;
    const auto check = [&](std::string_view name, const Location& where) {
      const auto constant = cpp_name(name, subject.prefix);
      if (constant.empty()) {
        diagnostics_.error(where, fmt::format("nothing is left of {} for its C++ name without the "
                                              "prefix '{}': choose a shorter prefix",
                                              name, subject.prefix));
      } else if (const auto [owner, is_new] = names.emplace(constant, where); !is_new) {
        diagnostics_.error(where,
                           fmt::format("{} becomes the C++ name '{}', and so does the one at "
                                       "{}: rename one, or choose another prefix",
                                       name, constant, owner->second.text()));
      }
    };
    std::map<std::string_view, Location> seen;  // told already as declared twice
    for (const auto& metric : subject.metrics) {
      if (metric.from_source.empty() && metric.from_query.empty() && seen.emplace(metric.spec.name, metric.where).second) {
        check(metric.spec.name, metric.where);
      }
    }
    for (const auto& family : subject.families) {
      if (seen.emplace(family.spec.pattern, family.where).second) {
        check(family.spec.pattern, family.where);
      }
    }
    Owners fields;
    for (const auto& metric : subject.metrics) {
      if (metric.from_table.empty()) continue;
      const auto field = fmt::format("{{{}: {}}}", metric.from_table, metric.from_field);
      claim(fields, field, metric.where, "field");
    }
  }

  Diagnostics& diagnostics_;
  Owners metrics_, known_, patterns_, sources_, records_, alerts_, queries_;
  std::vector<const FamilyEntry*> families_;
};

}  // namespace

void check_names(const std::vector<const Subject*>& subjects, Diagnostics& diagnostics) {
  NameCheck check(diagnostics);
  for (const auto* subject : subjects) check.add(*subject);
  check.finish(subjects);
}

}  // namespace basewatch::catalog
