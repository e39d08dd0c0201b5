#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/alert_rules.h"
#include "catalog/compiler/render.h"
#include "catalog/compiler/test_plan.h"
#include "catalog/compiler/yaml_writer.h"

namespace basewatch::catalog {
namespace {

// `write` writes the rules of the one group of the file.
template <typename Write>
std::string rules_file(const Program& program, const std::string& group, Write write) {
  YamlWriter yaml;
  yaml.key("groups");
  yaml.item();
  yaml.value("name", group);
  yaml.plain("interval", format_duration(program.site().evaluation_interval));
  yaml.key("rules");
  write(yaml);
  return std::string(kGenerated) + yaml.text();
}

std::string expr_of(const Expression& expression) {
  return std::string(trim(expression.text().value));
}

void write_alert(const Program& program, const AlertEntry& alert, const AlertRule& rule,
                 YamlWriter& yaml) {
  yaml.item();
  yaml.value("alert", alert.name.value);
  yaml.value("expr", trim(rule.expr.value));
  yaml.plain("for", format_duration(alert.hold));
  if (alert.keep_firing > Duration::zero()) {
    yaml.plain("keep_firing_for", format_duration(alert.keep_firing));
  }
  yaml.key("labels");
  for (const auto& [name, value] : static_labels(alert)) yaml.value(name, value);
  yaml.close();
  yaml.key("annotations");
  yaml.value("summary", rule.summary);
  yaml.value("description", rule.description);
  if (const auto url = runbook_url(program, alert); !url.empty()) yaml.value("runbook_url", url);
  if (const auto url = dashboard_url(program, alert); !url.empty()) {
    yaml.value("dashboard_url", url);
  }
  yaml.close();
  yaml.close();
}

}  // namespace

std::string annotation(const Program& program, const Text& text) {
  Diagnostics told_already;
  return std::string(trim(expand_annotation(text, program.site(), told_already).text.value));
}

std::optional<Artefact> render_recording(const Program& program, const Subject& subject) {
  if (subject.rules.empty()) return std::nullopt;
  auto text =
      rules_file(program, fmt::format("basewatch-{}-recording", subject.name), [&](auto& yaml) {
        for (const auto* rule : program.in_order(subject)) {
          yaml.comment(rule->help);
          yaml.item();
          yaml.value("record", rule->record.value);
          yaml.value("expr", expr_of(program.of(*rule)));
          yaml.close();
        }
      });
  return Artefact{fmt::format("rules/recording/{}.yml", subject.name), std::move(text)};
}

std::optional<Artefact> render_alerts(const Program& program, const Subject& subject) {
  const bool any = std::ranges::any_of(subject.alerts, [&](const AlertEntry& alert) {
    return is_wanted(program, alert);
  });
  if (!any) return std::nullopt;
  auto text =
      rules_file(program, fmt::format("basewatch-{}-alerts", subject.name), [&](auto& yaml) {
        for (const auto& alert : subject.alerts) {
          const auto rule = rule_of(program, alert);
          if (rule) write_alert(program, alert, *rule, yaml);
        }
      });
  return Artefact{fmt::format("rules/alerts/{}.yml", subject.name), std::move(text)};
}

}  // namespace basewatch::catalog
