#include <fmt/format.h>

#include "agent/base/strings.h"
#include "catalog/compiler/markdown.h"
#include "catalog/compiler/uses.h"

namespace basewatch::catalog {
namespace {

// docs/metrics/<subject>.md: what may be read in a query, a section a metric, so that each can be
// linked to.
class ReferencePage {
 public:
  ReferencePage(const Program& program, const UseIndex& uses, const Subject& subject)
      : program_(program), uses_(uses), subject_(subject) {}

  std::string render() {
    out_ = markdown_head(fmt::format("Metrics of `{}`", subject_.name));
    write_identity();
    for (const auto& metric : subject_.metrics) write(metric);
    for (const auto& family : subject_.families) write(family);
    write_passthroughs();
    write_rules();
    return std::move(out_);
  }

 private:
  void write_identity() {
    const auto* jobs = jobs_of(program_.site(), subject_.exporter);
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
  }

  void write(const MetricEntry& metric) {
    const auto& spec = metric.spec;
    write_section(spec.name, spec.help, spec.type, spec.unit, spec.labels, metric.since);
    if (!metric.from_query.empty()) {
      out_ += fmt::format("- collector: `{}`\n", metric.from_query);
    }
    if (!metric.from_source.empty()) {
      out_ += fmt::format("- from: your own, let in by `{}`\n", metric.from_source);
    }
    write_users(uses_.of_metric(spec.name, spec.type));
  }

  void write(const FamilyEntry& family) {
    const auto& spec = family.spec;
    write_section(spec.pattern, spec.help, spec.type, spec.unit, spec.labels, family.since);
    UseIndex::Users users;
    std::vector<std::string> known;
    for (const auto field : spec.known) {
      known.push_back(markdown_code(field));
      auto more = uses_.of_metric(spec.name(field), spec.type);
      users.rules.merge(more.rules);
      users.alerts.merge(more.alerts);
      users.boards.merge(more.boards);
    }
    if (!known.empty()) {
      out_ +=
          fmt::format("- `{}` may be used in rules as {}\n", spec.placeholder(), join(known, ", "));
    }
    write_users(users);
  }

  void write_section(std::string_view name, std::string_view help, MetricType type,
                     std::string_view unit, std::span<const std::string_view> labels,
                     const std::string& since) {
    out_ += fmt::format("\n## {}\n\n{}\n\n- type: {}\n", name, help, type_name(type));
    if (!unit.empty()) out_ += fmt::format("- unit: {}\n", unit);
    if (!labels.empty()) {
      std::vector<std::string> names;
      for (const auto label : labels) names.push_back(markdown_code(label));
      out_ += fmt::format("- labels: {}\n", join(names, ", "));
    }
    if (!since.empty()) out_ += fmt::format("- since: {}\n", since);
  }

  void write_users(const UseIndex::Users& users) {
    std::vector<std::string> names;
    for (const auto& rule : users.rules) names.push_back(markdown_code(rule));
    if (!names.empty()) out_ += fmt::format("- recorded in: {}\n", join(names, ", "));
    names.clear();
    for (const auto& alert : users.alerts) {
      names.push_back(fmt::format("[{0}](../runbooks/{0}.md)", alert));
    }
    if (!names.empty()) out_ += fmt::format("- alerts: {}\n", join(names, ", "));
    names.clear();
    for (const auto& board : users.boards) names.push_back(markdown_code(board));
    if (!names.empty()) out_ += fmt::format("- boards: {}\n", join(names, ", "));
  }

  void write_passthroughs() {
    for (const auto& passthrough : subject_.passthroughs) {
      out_ += fmt::format("\n## Passed on from `{}`\n\n{}\n", passthrough.spec.source,
                          passthrough.spec.help);
    }
  }

  void write_rules() {
    if (subject_.rules.empty()) return;
    out_ += "\n# Recorded\n";
    for (const auto* rule : program_.in_order(subject_)) {
      const auto& expression = program_.of(*rule);
      out_ += fmt::format("\n## {}\n\n{}\n\n{}", rule->record.value, rule->help,
                          markdown_block(expression.text().value, "promql"));
      const auto& labels = expression.analysis.labels.names;
      std::vector<std::string> names;
      for (const auto& label : labels) names.push_back(markdown_code(label));
      out_ += fmt::format("\n- labels: {}\n", names.empty() ? "none" : join(names, ", "));
      write_users(uses_.of(rule->record.value));
    }
  }

  const Program& program_;
  const UseIndex& uses_;
  const Subject& subject_;
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
