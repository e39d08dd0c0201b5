#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/base/strings.h"
#include "catalog/compiler/markdown.h"
#include "catalog/compiler/uses.h"

namespace basewatch::catalog {
namespace {

using Users = UseIndex::Users;

// docs/metrics/<subject>.md: what may be read in a query, a table for every section. Each name can
// be linked to: docs/metrics/node.md#node_load1.
class ReferencePage {
 public:
  ReferencePage(const Program& program, const UseIndex& uses, const Subject& subject)
      : program_(program), uses_(uses), subject_(subject) {
    note_usual_version();
    for (const auto& metric : subject.metrics) rows_[metric.section].push_back(row(metric));
    for (const auto& family : subject.families) rows_[family.section].push_back(row(family));
    for (auto& [section, rows] : rows_) {
      std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.where; });
    }
  }

  std::string render() {
    out_ = markdown_head(fmt::format("Metrics of `{}`", subject_.name));
    write_identity();
    write_contents();
    write_section(0);
    for (std::size_t i = 1; i <= subject_.sections.size(); ++i) write_section(i);
    write_passthroughs();
    write_rules();
    return std::move(out_);
  }

 private:
  struct Row {
    std::string text;
    Location where;
  };

  // What nearly all have need not be said of each.
  void note_usual_version() {
    std::map<std::string_view, std::size_t> counts;
    for (const auto& metric : subject_.metrics) ++counts[metric.since];
    for (const auto& family : subject_.families) ++counts[family.since];
    std::size_t most = 0;
    for (const auto& [version, count] : counts) {
      if (count > most) usual_version_ = version;
      most = std::max(most, count);
    }
  }

  void write_identity() {
    const auto* jobs = jobs_of(program_.site(), subject_.exporter);
    if (subject_.foreign) {
      out_ +=
          "\nThe agent emits none of these: Prometheus scrapes the programs that do, and the "
          "target's `job`, `instance` and `node` stand in its configuration (deploy/prometheus.yml). "
          "Only what rules and boards use is listed.\n";
      return;
    }
    if (!jobs) {
      out_ +=
          "\nEvery series also carries `job`, `instance` and `node` of the instance that passes it "
          "on.\n";
      return;
    }
    std::vector<std::string> names;
    for (const auto& job : *jobs) names.push_back(markdown_code(job));
    out_ += fmt::format(
        "\nEvery series also carries `job`, `instance` and `node`. Here `job` is {} and `instance` "
        "is "
        "{}.\n",
        join(names, " or "),
        subject_.host_wide ? "the node's name" : "`<node>/<name of the instance>`");
    if (!usual_version_.empty()) {
      out_ += fmt::format("Unless a row says otherwise, all are there since basewatch {}.\n",
                          usual_version_);
    }
  }

  void write_contents() {
    if (subject_.sections.empty()) return;
    std::vector<std::string> entries;
    for (std::size_t i = 1; i <= subject_.sections.size(); ++i) {
      const auto found = rows_.find(i);
      if (found == rows_.end()) continue;
      const auto& name = subject_.sections[i - 1].name;
      entries.push_back(fmt::format("[{}](#{}) {}", name, anchor(name), found->second.size()));
    }
    if (!subject_.rules.empty()) {
      entries.push_back(fmt::format("[recorded](#recorded) {}", subject_.rules.size()));
    }
    out_ += fmt::format("\n{}\n", join(entries, " · "));
  }

  // As GitHub makes it of a heading.
  static std::string anchor(std::string_view heading) {
    std::string out;
    for (const char c : heading) {
      const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      if (kept) out += c;
      if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
      if (c == ' ') out += '-';
    }
    return out;
  }

  void write_section(std::size_t number) {
    const auto found = rows_.find(number);
    if (found == rows_.end()) return;
    if (number > 0) {
      const auto& section = subject_.sections[number - 1];
      out_ += fmt::format("\n## {}\n", section.name);
      if (!section.help.empty()) out_ += fmt::format("\n{}\n", section.help);
    }
    out_ += "\n| metric | type | labels | what it says | used by |\n|---|---|---|---|---|\n";
    for (const auto& row : found->second) out_ += row.text;
  }

  Row row(const MetricEntry& metric) const {
    const auto& spec = metric.spec;
    std::string more;
    if (!metric.from_query.empty()) {
      more = fmt::format(" Collector `{}`.", metric.from_query);
    }
    if (!metric.from_source.empty()) {
      more = fmt::format(" Your own, let in by `{}`.", metric.from_source);
    }
    return make_row(spec.name, spec, metric.since, more, uses_.of_metric(spec.name, spec.type),
                    metric.where);
  }

  Row row(const FamilyEntry& family) const {
    const auto& spec = family.spec;
    Users users;
    std::vector<std::string> known;
    for (const auto field : spec.known) {
      known.push_back(markdown_code(field));
      auto more = uses_.of_metric(spec.name(field), spec.type);
      users.rules.merge(more.rules);
      users.alerts.merge(more.alerts);
      users.boards.merge(more.boards);
    }
    const auto more = known.empty() ? std::string()
                                    : fmt::format(" Rules may use `{}` as {}.", spec.placeholder(),
                                                  join(known, ", "));
    return make_row(spec.pattern, spec, family.since, more, users, family.where);
  }

  template <typename Spec>
  Row make_row(std::string_view name, const Spec& spec, const std::string& since,
               const std::string& more, const Users& users, const Location& where) const {
    auto type = std::string(type_name(spec.type));
    if (!spec.unit.empty()) type += fmt::format(", {}", spec.unit);
    std::vector<std::string> labels;
    for (const auto label : spec.labels) labels.push_back(markdown_code(label));
    auto help = markdown_cell(std::string(spec.help) + more);
    if (!since.empty() && since != usual_version_) help += fmt::format(" Since {}.", since);
    return {fmt::format("| <a id=\"{0}\"></a>`{0}` | {1} | {2} | {3} | {4} |\n", name, type,
                        join(labels, " "), help, listed(users)),
            where};
  }

  static std::string listed(const Users& users) {
    std::vector<std::string> names;
    for (const auto& alert : users.alerts) {
      names.push_back(fmt::format("[{0}](../runbooks/{0}.md)", alert));
    }
    for (const auto& rule : users.rules) names.push_back(markdown_code(rule));
    for (const auto& board : users.boards) names.push_back(fmt::format("board {}", board));
    return join(names, ", ");
  }

  void write_passthroughs() {
    for (const auto& passthrough : subject_.passthroughs) {
      out_ += fmt::format("\n## Passed on from `{}`\n\n{}\n", passthrough.spec.source,
                          passthrough.spec.help);
    }
  }

  void write_rules() {
    if (subject_.rules.empty()) return;
    out_ += "\n## Recorded\n";
    for (const auto* rule : program_.in_order(subject_)) {
      const auto& expression = program_.of(*rule);
      out_ += fmt::format("\n### {}\n\n{}\n\n{}", rule->record.value, rule->help,
                          markdown_block(expression.text().value, "promql"));
      const auto& labels = expression.analysis.labels.names;
      std::vector<std::string> names;
      for (const auto& label : labels) names.push_back(markdown_code(label));
      out_ += fmt::format("\nLabels: {}.", names.empty() ? "none" : join(names, ", "));
      const auto users = listed(uses_.of(rule->record.value));
      out_ += users.empty() ? "\n" : fmt::format(" Used by {}.\n", users);
    }
  }

  const Program& program_;
  const UseIndex& uses_;
  const Subject& subject_;
  std::map<std::size_t, std::vector<Row>> rows_;  // by section
  std::string_view usual_version_;
  std::string out_;
};

}  // namespace

bool has_reference(const Subject& subject) {
  return !subject.metrics.empty() || !subject.families.empty() || !subject.passthroughs.empty() ||
         !subject.rules.empty();
}

std::vector<Artefact> render_reference(const Program& program) {
  const UseIndex uses(program);
  std::vector<Artefact> pages;
  auto index = markdown_head("Metrics");
  index +=
      "\nWhat the agent emits and what Prometheus records of it, by subject.\n\n"
      "| subject | metrics | recorded |\n|---|---|---|\n";
  for (const auto* subject : program.subjects()) {
    if (!has_reference(*subject)) continue;
    pages.push_back({fmt::format("docs/metrics/{}.md", subject->name),
                     ReferencePage(program, uses, *subject).render()});
    index += fmt::format("| [{0}]({0}.md) | {1} | {2} |\n", subject->name,
                         subject->metrics.size() + subject->families.size(), subject->rules.size());
  }
  if (!pages.empty()) pages.push_back({"docs/metrics/README.md", std::move(index)});
  return pages;
}

}  // namespace basewatch::catalog
