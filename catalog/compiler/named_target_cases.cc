#include "catalog/compiler/named_target_cases.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/render.h"
#include "catalog/compiler/test_series.h"

namespace basewatch::catalog {
namespace {

constexpr std::size_t kMostMissing = 10;  // targets that are tried one by one

using Labels = std::map<std::string, std::string>;

Labels labels_of(const NamedTarget& target) {
  return {{"job", target.job}, {"instance", target.instance}, {"node", target.node}};
}

// `{{ $labels.NAME }}` filled in; nothing where the text asks for more than that.
std::optional<std::string> filled_in(std::string_view text, const Labels& labels) {
  std::string out;
  while (true) {
    const auto open = text.find("{{"), close = text.find("}}", open);
    out.append(text.substr(0, open));
    if (open == text.npos || close == text.npos) return out;
    const auto inside = trim(text.substr(open + 2, close - open - 2));
    constexpr std::string_view kLabel = "$labels.";
    if (!inside.starts_with(kLabel)) return std::nullopt;
    const auto label = labels.find(std::string(inside.substr(kLabel.size())));
    if (label == labels.end()) return std::nullopt;
    out += label->second;
    text.remove_prefix(close + 2);
  }
}

}  // namespace

bool names_targets(const Program& program, const AlertEntry& alert) {
  if (program.site().targets.empty()) return false;
  const auto& expression = program.of(alert);
  return expression.expansion.named_targets ||
         std::ranges::any_of(program.rules_below(expression), [&](const auto& below) {
           return program.of(*below.rule).expansion.named_targets;
         });
}

std::vector<NamedTargetCase> named_target_cases(const Program& program, const AlertEntry& alert) {
  const auto& targets = program.site().targets;
  const auto series = [&](const NamedTarget* missing) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& target : targets) {
      if (&target != missing) {
        out.emplace_back(TestSeries{"up", labels_of(target)}.text(), "1x60");
      }
    }
    return out;
  };
  std::vector<NamedTargetCase> cases{
      {fmt::format("{} stays quiet with every target", alert.name.value),
       false,
       {series(nullptr), {}, {}, {}}}};
  for (const auto& target : targets) {
    if (cases.size() > kMostMissing) break;
    auto labels = labels_of(target);
    labels["exporter"] = target.exporter;
    labels["name"] = target.name;
    labels.merge(static_labels(alert));
    const auto summary = filled_in(annotation(program, alert.summary), labels);
    const auto description = filled_in(annotation(program, alert.description), labels);
    if (!summary || !description) return {};
    cases.push_back(
        {fmt::format("{} fires without {}/{}", alert.name.value, target.exporter, target.name),
         true,
         {series(&target), std::move(labels), *summary, *description}});
  }
  return cases;
}

}  // namespace basewatch::catalog
