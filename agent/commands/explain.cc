#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "agent/base/strings.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
#include "agent/commands/prometheus_api.h"
#include "catalog/compiler/alert_rules.h"
#include "catalog/compiler/board_alert.h"
#include "catalog/compiler/inline_rules.h"
#include "catalog/compiler/program.h"
#include "catalog/compiler/render.h"

namespace basewatch::commands {
namespace {

constexpr std::size_t kMostSeries = 20;

std::string shown_labels(const Prometheus::Labels& labels) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : labels) {
    if (name == "__name__" || name == "alertname" || name == "severity" || name == "priority" ||
        name == "class") {
      continue;
    }
    parts.push_back(fmt::format("{}=\"{}\"", name, printable(value)));
  }
  return fmt::format("{{{}}}", join(parts, ", "));
}

// A template as a reader without an alert reads it: {{ $labels.node }} is <node>.
std::string without_templates(std::string text) {
  for (std::size_t begin; (begin = text.find("{{")) != std::string::npos;) {
    const auto end = text.find("}}", begin);
    if (end == std::string::npos) break;
    const auto inside = text.substr(begin, end - begin);
    const auto label = inside.find("$labels.");
    std::string word = "value";
    if (label != std::string::npos) {
      word = inside.substr(label + 8, inside.find_first_of(" |}", label) - label - 8);
    }
    text.replace(begin, end + 2 - begin, "<" + word + ">");
  }
  return text;
}

std::string indented(std::string_view text) {
  const std::string whole(trim(text));
  std::string out;
  for (const auto line : split(whole, '\n')) {
    out += line.empty() ? "\n" : fmt::format("  {}\n", line);
  }
  return out;
}

std::string_view severity_word(catalog::AlertSeverity severity) {
  constexpr std::string_view kWords[] = {"critical", "warning", "info"};
  return kWords[static_cast<std::size_t>(severity)];
}

// What it is: the words and numbers of the catalog and the site.
std::string head(const catalog::Program& program, const catalog::AlertEntry& alert) {
  auto out = fmt::format("{}  {}, {}\n{}\n\n", alert.name.value, alert.priority,
                         severity_word(alert.severity),
                         without_templates(catalog::annotation(program, alert.summary)));
  out +=
      fmt::format("Fires when this has a result for {}:\n{}",
                  alert.hold == Duration::zero() ? "one evaluation" : format_duration(alert.hold),
                  indented(program.of(alert).text().value));
  for (const auto& name : program.of(alert).expansion.thresholds) {
    const auto& threshold = program.site().thresholds.at(name);
    out += fmt::format(
        "  limit {} = {:g}{}: {}\n    another one: `thresholds: {{{}: NUMBER}}` in "
        "site.yml\n",
        name, threshold.value, threshold.moved ? " (set by the site)" : "", threshold.help, name);
    if (const auto elsewhere = catalog::other_limits(program, alert, name); !elsewhere.empty()) {
      out += fmt::format("    and by the site of {}\n", elsewhere);
    }
  }
  if (!catalog::is_wanted(program, alert)) {
    out += "  The site leaves it out (`without`): no rule of it is generated.\n";
  }
  return out;
}

std::string state_lines(const Prometheus& prometheus, const std::string& name) {
  std::string out;
  std::size_t count = 0;
  for (const auto& alert : prometheus.alerts()) {
    const auto found = alert.labels.find("alertname");
    if (found == alert.labels.end() || found->second != name) continue;
    if (++count > kMostSeries) continue;
    out += fmt::format("  {} since {} with {}: {}\n", alert.state,
                       printable(alert.active_at.substr(0, alert.active_at.find('.'))),
                       printable(alert.value), shown_labels(alert.labels));
  }
  if (count == 0) return "  neither pending nor firing\n";
  if (count > kMostSeries) out += fmt::format("  and {} more\n", count - kMostSeries);
  return out;
}

// The limit of the place that a series is of.
std::optional<catalog::Limit> limit_there(const catalog::Program& program,
                                          const catalog::AlertEntry& alert,
                                          std::optional<catalog::Limit> limit,
                                          const Prometheus::Labels& labels) {
  for (const auto& name : program.of(alert).expansion.thresholds) {
    if (!limit || program.site().thresholds.at(name).value != limit->value) continue;
    limit->value = catalog::limit_for(program, alert, name, labels);
    break;
  }
  return limit;
}

// The value that the alert compares, of every series, and its limit.
std::string value_lines(const Prometheus& prometheus, const catalog::Program& program,
                        const catalog::AlertEntry& alert) {
  const auto& expression = program.of(alert);
  std::string out;
  for (const auto& part : catalog::split_alert(*expression.tree)) {
    const auto& text = expression.text().value;
    const auto drawn = text.substr(part.drawn->begin, part.drawn->end - part.drawn->begin);
    auto samples = prometheus.query(drawn);
    out += fmt::format(
        "  {}{}\n", trim(drawn),
        part.limit ? fmt::format("   fires when {} {:g}", part.limit->op, part.limit->value) : "");
    if (samples.empty())
      out += "    has no value here: nothing emits it, or its rules are not loaded\n";
    // The worst first.
    const bool low = part.limit && part.limit->op.front() == '<';
    std::ranges::stable_sort(samples, [&](const auto& a, const auto& b) {
      return low ? a.value < b.value : a.value > b.value;
    });
    for (std::size_t i = 0; i < std::min(samples.size(), kMostSeries); ++i) {
      const auto limit = limit_there(program, alert, part.limit, samples[i].labels);
      const bool over = limit && limit->holds(samples[i].value);
      out += fmt::format("    {:>14.6g}{} {}\n", samples[i].value, over ? " !" : "  ",
                         shown_labels(samples[i].labels));
    }
    if (samples.size() > kMostSeries) {
      out += fmt::format("    and {} more\n", samples.size() - kMostSeries);
    }
  }
  return out;
}

std::string runbook(const catalog::Runbook& runbook) {
  const auto part = [](std::string_view title, const std::string& text) {
    return text.empty() ? "" : fmt::format("\n{}\n{}", title, indented(text));
  };
  return part("Meaning", runbook.meaning) + part("Impact", runbook.impact) +
         part("Diagnosis", runbook.diagnosis) + part("Mitigation", runbook.mitigation);
}

const catalog::AlertEntry* find_alert(const catalog::Program& program, const std::string& name) {
  for (const auto* subject : program.subjects()) {
    for (const auto& alert : subject->alerts) {
      if (alert.name.value == name) return &alert;
    }
  }
  return nullptr;
}

int unknown(const catalog::Program& program, const std::string& name) {
  std::vector<std::string_view> known;
  for (const auto* subject : program.subjects()) {
    for (const auto& alert : subject->alerts) known.push_back(alert.name.value);
  }
  const auto guess = nearest(name, known);
  fmt::print(stderr, "basewatch: there is no alert '{}'{}; docs/runbooks/README.md lists them\n",
             printable(name), guess.empty() ? "" : fmt::format("; did you mean '{}'?", guess));
  return kUsage;
}

}  // namespace

int explain(const ExplainOptions& options) {
  Diagnostics diagnostics;
  const auto release = load_release(options.release, diagnostics);
  fmt::print(stderr, "{}", diagnostics.text());
  if (!diagnostics.ok()) return kUsage;
  Diagnostics told_already;
  const catalog::Program program(release.catalog, release.site, told_already);
  const auto* alert = find_alert(program, options.alert);
  if (!alert) return unknown(program, options.alert);
  auto out = head(program, *alert);
  int status = kFine;
  if (!options.offline) {
    try {
      const Prometheus prometheus(options.prometheus);
      const auto now = fmt::format("\nNow, says {}\n{}\n", prometheus.shown(),
                                   state_lines(prometheus, alert->name.value));
      out += now + value_lines(prometheus, program, *alert);
    } catch (const PrometheusError& error) {
      out += fmt::format(
          "\nNow: unknown. {}\n  Name your Prometheus with --prometheus URL, or ask none "
          "with --offline.\n",
          error.what());
      status = kPartly;
    }
  }
  out += runbook(alert->runbook);
  return print_out(out) ? status : kFailed;
}

}  // namespace basewatch::commands
