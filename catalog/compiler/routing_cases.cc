#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/base/strings.h"
#include "catalog/compiler/render.h"
#include "catalog/compiler/routes.h"
#include "catalog/compiler/test_plan.h"

namespace basewatch::catalog {
namespace {

using Labels = std::map<std::string, std::string>;

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string json_labels(const Labels& labels) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : labels) {
    pairs.push_back(json_string(name) + ": " + json_string(value));
  }
  return "{" + join(pairs, ", ") + "}";
}

std::string json_strings(const std::vector<std::string>& list) {
  std::vector<std::string> quoted;
  for (const auto& text : list) quoted.push_back(json_string(text));
  return "[" + join(quoted, ", ") + "]";
}

std::string json_list(std::string_view key, const std::vector<std::string>& rows) {
  if (rows.empty()) return fmt::format("  \"{}\": []", key);
  return fmt::format("  \"{}\": [\n    {}\n  ]", key, join(rows, ",\n    "));
}

class Cases {
 public:
  explicit Cases(const Program& program) : program_(program), routing_(program.site().routing) {
    for (const auto* subject : program.subjects()) {
      for (const auto& alert : subject->alerts) alerts_[alert.name.value] = &alert;
    }
  }

  std::string render() {
    std::vector<std::string> routes;
    for (const auto& [name, alert] : alerts_) {
      routes.push_back(fmt::format("{{\"alert\": {}, \"labels\": {}, \"receivers\": {}}}",
                                   json_string(name), json_labels(labels_of(*alert)),
                                   json_strings(receivers_of(routing_, *alert))));
    }
    for (const auto& inhibition : routing_.inhibitions) add_inhibition(inhibition);
    return fmt::format("{{\n  \"generated\": {},\n{},\n{}\n}}\n", json_string(kGeneratedMark),
                       json_list("routes", routes), json_list("inhibitions", inhibitions_));
  }

 private:
  // What the alert carries when it fires, as far as the compiler knows; values stand for any.
  Labels labels_of(const AlertEntry& alert) const {
    auto labels = static_labels(alert);
    labels["alertname"] = alert.name.value;
    for (const auto& name : program_.of(alert).analysis.labels.names) {
      labels.emplace(name, name == "node" || name == "instance" ? "db-1" : "any");
    }
    return labels;
  }

  // For each pair a case with equal labels and one where the first of them differs. Every case has
  // values of its own, so that all can be alive in one Alertmanager.
  void add_inhibition(const Inhibition& inhibition) {
    for (const auto& [source_name, source] : alerts_) {
      for (const auto& [target_name, target] : alerts_) {
        if (!inhibits(inhibition, source_name, target_name)) continue;
        const auto given = labels_of(*target);
        const bool carried = std::ranges::all_of(
            inhibition.equal, [&](const Text& label) { return given.contains(label.value); });
        if (!carried) continue;  // target: all leaves out who is about no node
        for (const bool equal : {true, false}) {
          const auto number = inhibitions_.size();
          auto from = labels_of(*source), to = given;
          for (const auto& label : inhibition.equal) {
            from[label.value] = to[label.value] = fmt::format("case-{}", number);
          }
          if (!equal) to[inhibition.equal.front().value] = fmt::format("other-{}", number);
          inhibitions_.push_back(
              fmt::format("{{\"inhibited\": {}, \"source\": {}, \"target\": {}}}",
                          equal ? "true" : "false", json_labels(from), json_labels(to)));
        }
      }
    }
  }

  const Program& program_;
  const Routing& routing_;
  std::map<std::string, const AlertEntry*> alerts_;
  std::vector<std::string> inhibitions_;
};

}  // namespace

std::string render_routing_cases(const Program& program) {
  return Cases(program).render();
}

}  // namespace basewatch::catalog
