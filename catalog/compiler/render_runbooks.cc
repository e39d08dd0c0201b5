#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/base/strings.h"
#include "catalog/compiler/alert_rules.h"
#include "catalog/compiler/markdown.h"
#include "catalog/compiler/routes.h"
#include "catalog/compiler/test_plan.h"

namespace basewatch::catalog {
namespace {

// A text of Prometheus' template language for a reader who has no alert before him: each {{...}}
// becomes the label's name, or "value", in angle brackets.
std::string without_templates(std::string_view text) {
  std::string out;
  while (true) {
    const auto open = text.find("{{"), close = text.find("}}", open);
    out.append(text.substr(0, open));
    if (open == text.npos || close == text.npos) return out;
    const auto inside = text.substr(open + 2, close - open - 2);
    const auto label = inside.find("$labels.");
    if (label == inside.npos) {
      out += "‹value›";
    } else {
      const auto name = inside.substr(label + std::string_view("$labels.").size());
      out += fmt::format("‹{}›", name.substr(0, name.find_first_of(" |)")));
    }
    text.remove_prefix(close + 2);
  }
}

std::string page_link(const std::string& alert) {
  return fmt::format("[{0}]({0}.md)", alert);
}

class RunbookPage {
 public:
  RunbookPage(const Program& program, const Subject& subject, const AlertEntry& alert)
      : program_(program),
        routing_(program.site().routing),
        subject_(subject),
        alert_(alert),
        expression_(program.of(alert)) {}

  std::string render() {
    out_ = markdown_head(alert_.name.value);
    out_ += fmt::format("\n{}\n\n", without_templates(annotation(program_, alert_.description)));
    const auto labels = static_labels(alert_);
    out_ += fmt::format(
        "Severity **{}**, priority **{}**{}", labels.at("severity"), alert_.priority,
        alert_.alert_class == AlertClass::instant && !alert_.lowered ? ", pages within a minute"
                                                                     : "");
    if (has_reference(subject_)) {
      out_ += fmt::format(", metrics: [{0}](../metrics/{0}.md)", subject_.name);
    }
    out_ += ".\n";
    write_panel();
    section("Meaning", alert_.runbook.meaning);
    section("Impact", alert_.runbook.impact);
    section("Diagnosis", alert_.runbook.diagnosis);
    section("Mitigation", alert_.runbook.mitigation);
    write_condition();
    write_routing();
    write_examples();
    return std::move(out_);
  }

 private:
  void write_panel() {
    const auto* panel = program_.panel_of(alert_);
    if (!panel) return;
    const auto url = panel_url(program_, alert_);
    const auto title = fmt::format("{}, panel {}", panel->board, panel->panel);
    out_ += fmt::format("\nWhat it looks at is drawn on the board {}.\n",
                        url.empty() ? title : fmt::format("[{}]({})", title, url));
  }

  void section(std::string_view title, std::string_view text) {
    out_ += fmt::format("\n## {}\n\n{}\n", title, trim(text));
  }

  void write_condition() {
    section("When it fires", "");
    out_.pop_back();
    if (!is_wanted(program_, alert_)) {
      out_ += "Never: this site leaves it out (`without`). It would with this:\n\n";
    }
    out_ += markdown_block(expression_.text().value, "promql");
    out_ += alert_.hold > Duration::zero()
                ? fmt::format("\nThis has to hold for {}.", format_duration(alert_.hold))
                : "\nOne evaluation is enough.";
    if (alert_.keep_firing > Duration::zero()) {
      out_ += fmt::format(" It goes on firing until it has not held for {}.",
                          format_duration(alert_.keep_firing));
    }
    out_ += '\n';
    auto names = expression_.expansion.thresholds;
    const auto below = program_.rules_below(expression_);
    for (const auto& rule : below) {
      const auto& more = program_.of(*rule.rule).expansion.thresholds;
      names.insert(more.begin(), more.end());
    }
    if (!names.empty()) out_ += "\n| threshold of the site | value | |\n|---|---|---|\n";
    for (const auto& name : names) {
      const auto& threshold = program_.site().thresholds.at(name);
      const auto elsewhere = other_limits(program_, alert_, name);
      out_ += fmt::format("| `{}` | {}{} | {} |\n", name, format_double(threshold.value),
                          elsewhere.empty() ? "" : markdown_cell(fmt::format("; {}", elsewhere)),
                          markdown_cell(threshold.help));
    }
    if (!below.empty()) out_ += "\nIt stands on these recorded series:\n\n";
    for (const auto& rule : below) {
      out_ += fmt::format("- `{}`: {}\n", rule.rule->record.value, rule.rule->help);
    }
  }

  void write_routing() {
    if (routing_.receivers.empty()) return;
    section("Who is told", "");
    out_.pop_back();
    const auto routes = routes_of(routing_, alert_);
    for (const auto* route : routes) {
      out_ += fmt::format("- {}\n", in_words(routing_, *route, alert_));
    }
    if (alert_.absence == Absence::none) {
      out_ += fmt::format("- nobody when its series are absent: {}\n", alert_.absence_reason);
    }
    if (routes.empty()) out_ += fmt::format("- `{}`\n", routing_.fallback);
    for (const auto& inhibition : routing_.inhibitions) {
      for (const auto& source : inhibition.sources) {
        if (!inhibits(inhibition, source.value, alert_.name.value)) continue;
        if (inhibition.targets.empty() && !carries(inhibition.equal)) continue;
        out_ += fmt::format("- nobody while {} fires with the same {}. {}\n",
                            page_link(source.value), listed(inhibition.equal), inhibition.help);
      }
    }
  }

  bool carries(const std::vector<Text>& labels) const {
    return std::ranges::all_of(labels, [&](const Text& label) {
      return expression_.analysis.labels.names.contains(label.value);
    });
  }

  static std::string listed(const std::vector<Text>& labels) {
    std::vector<std::string> names;
    for (const auto& label : labels) names.push_back(markdown_code(label.value));
    return join(names, ", ");
  }

  // The catalog's own tests, which promtool runs: real numbers on both sides of the threshold.
  void write_examples() {
    section("Example",
            "Values are one a minute, as in the tests of the rule (`a+bxN`: N steps of b).");
    for (const auto& test : alert_.fires) write_example(test, true);
    for (const auto& test : alert_.quiet) write_example(test, false);
  }

  void write_example(const TestCase& test, bool fires) {
    Diagnostics told_already;
    const auto plan = plan_test(program_, alert_, test, fires, told_already);
    out_ += fmt::format("\nAfter {} it {}{}\n", format_duration(test.at),
                        fires ? "fires" : "stays quiet", plan.series.empty() ? "." : " with:");
    if (!plan.series.empty()) {
      std::string block;
      for (const auto& [name, values] : plan.series) block += name + "  " + values + "\n";
      out_ += "\n" + markdown_block(block);
    }
    if (fires) out_ += fmt::format("\n> {}\n>\n> {}\n", plan.summary, quoted(plan.description));
  }

  static std::string quoted(std::string_view text) {
    std::string out;
    for (const char c : trim(text)) {
      out += c;
      if (c == '\n') out += "> ";
    }
    return out;
  }

  const Program& program_;
  const Routing& routing_;
  const Subject& subject_;
  const AlertEntry& alert_;
  const Expression& expression_;
  std::string out_;
};

}  // namespace

std::vector<Artefact> render_runbooks(const Program& program) {
  std::vector<Artefact> pages;
  auto index = markdown_head("Runbooks");
  index += "\nWhat to do when an alert arrives, the most urgent first.\n";
  std::map<std::string, std::map<std::string, const AlertEntry*>> by_priority;
  for (const auto* subject : program.subjects()) {
    for (const auto& alert : subject->alerts) {
      pages.push_back({fmt::format("docs/runbooks/{}.md", alert.name.value),
                       RunbookPage(program, *subject, alert).render()});
      by_priority[alert.priority][alert.name.value] = &alert;
    }
  }
  for (const auto& [priority, alerts] : by_priority) {
    index += fmt::format("\n## {}\n\n| alert | severity | says |\n|---|---|---|\n", priority);
    for (const auto& [name, alert] : alerts) {
      index +=
          fmt::format("| {} | {} | {} |\n", page_link(name), static_labels(*alert).at("severity"),
                      markdown_cell(without_templates(annotation(program, alert->summary))));
    }
  }
  if (!pages.empty()) pages.push_back({"docs/runbooks/README.md", std::move(index)});
  return pages;
}

}  // namespace basewatch::catalog
