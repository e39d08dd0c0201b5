#include "catalog/compiler/board_words.h"

#include <fmt/format.h>

#include "agent/base/strings.h"
#include "catalog/compiler/alert_rules.h"
#include "catalog/compiler/board_unit.h"
#include "catalog/compiler/render.h"

namespace basewatch::catalog {
namespace {

constexpr std::size_t kMostExplained = 4;  // names; more is a book, not a help

std::string_view severity_word(AlertSeverity severity) {
  constexpr std::string_view kWords[] = {"critical", "warning", "info"};
  return kWords[static_cast<std::size_t>(severity)];
}

std::string_view op_word(std::string_view op) {
  if (op == ">") return "above";
  if (op == ">=") return "from";
  if (op == "<") return "below";
  if (op == "<=") return "up to";
  return op == "==" ? "at" : "at anything but";
}

std::string condition_of(const AlertEntry& alert, const Program& program) {
  const auto& expression = program.of(alert);
  if (expression.tree) {
    const auto parts = split_alert(*expression.tree);
    if (parts.front().limit) {
      return fmt::format("fires {} {}", op_word(parts.front().limit->op),
                         format_double(parts.front().limit->value));
    }
    if (parts.size() == 2) return "fires where one passes the other";
  }
  return "fires for whatever is shown";
}

std::string line_of(const AlertEntry& alert, const Program& program) {
  std::string line =
      fmt::format("**{}** ({}, {}) {}", alert.name.value, severity_word(alert.severity),
                  alert.priority, condition_of(alert, program));
  for (const auto& threshold : program.of(alert).expansion.thresholds) {
    const auto elsewhere = other_limits(program, alert, threshold);
    if (!elsewhere.empty()) line += fmt::format(" ({})", elsewhere);
  }
  if (alert.hold > Duration::zero()) line += " for " + format_duration(alert.hold);
  return line + ". " + alert.runbook.meaning;
}

std::string_view help_of(const std::string& name, const Program& program) {
  if (const auto* recorded = program.recorded(name)) return recorded->rule->help;
  const auto metric = find_metric(program.subjects(), name);
  return metric ? metric->help : std::string_view();
}

}  // namespace

std::string title_of(std::string_view help) {
  if (help.ends_with('.')) help.remove_suffix(1);
  return std::string(help);
}

std::string describe_panel(std::string_view help, const std::vector<const AlertEntry*>& alerts,
                           const std::vector<std::string>& names, const Program& program) {
  std::vector<std::string> paragraphs;
  if (!help.empty()) paragraphs.emplace_back(help);
  for (const auto* alert : alerts) paragraphs.push_back(line_of(*alert, program));
  std::vector<std::string> lines;
  for (const auto& name : names) {
    const auto text = help_of(name, program);
    if (text.empty() || text == help || lines.size() == kMostExplained) continue;
    lines.push_back(fmt::format("- `{}`: {}", name, text));
  }
  if (!lines.empty()) paragraphs.push_back(join(lines, "\n"));
  return join(paragraphs, "\n\n");
}

std::vector<PanelLink> alert_links(const AlertEntry& alert, const Program& program) {
  std::vector<PanelLink> links;
  const auto& name = alert.name.value;
  if (auto url = runbook_url(program, alert); !url.empty()) {
    links.push_back({"Runbook: " + name, std::move(url)});
  }
  links.push_back({"Alert: " + name, "/alerting/list?search=rule:" + name});
  return links;
}

}  // namespace basewatch::catalog
