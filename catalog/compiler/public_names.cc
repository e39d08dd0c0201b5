#include "catalog/compiler/public_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/board_plan.h"
#include "catalog/compiler/test_plan.h"

namespace basewatch::catalog {
namespace {

std::string braced(std::vector<std::string> labels) {
  std::ranges::sort(labels);
  return labels.empty() ? "" : " {" + join(labels, ",") + "}";
}

std::string braced(std::span<const std::string_view> labels) {
  return braced(std::vector<std::string>(labels.begin(), labels.end()));
}

class Names {
 public:
  explicit Names(const Release& release)
      : release_(release), program_(release.catalog, release.site, told_already_) {}

  std::vector<std::string> run() {
    for (const auto& subject : release_.catalog.subjects) add(subject);
    for (const auto& board : plan_boards(program_, told_already_)) add(board);
    for (const auto& [name, threshold] : release_.site.thresholds) add("threshold {}", name);
    for (const auto& receiver : release_.site.routing.receivers) {
      add("receiver {}", receiver.name);
    }
    for (const auto& interval : release_.site.routing.time_intervals) {
      add("interval {}", interval.name);
    }
    std::ranges::sort(lines_);
    return std::move(lines_);
  }

 private:
  template <typename... Args>
  void add(fmt::format_string<const Args&...> format, const Args&... args) {
    lines_.push_back(fmt::format(format, args...));
  }

  void add(const Subject& subject) {
    add("subject {} exporter={} job={} instance={}", subject.name, subject.exporter, subject.job,
        subject.host_wide ? "node" : "node/name");
    for (const auto& entry : subject.metrics) {
      add("metric {} {}{}", entry.spec.name, type_name(entry.spec.type), braced(entry.spec.labels));
    }
    for (const auto& entry : subject.families) {
      add("family {} {}{}", entry.spec.pattern, type_name(entry.spec.type),
          braced(entry.spec.labels));
    }
    for (const auto& entry : subject.passthroughs) add("passthrough {}", entry.spec.source);
    for (const auto& rule : subject.rules) {
      add("recorded {}{}", rule.record.value, braced(recorded_labels(program_, rule)));
    }
    for (const auto& alert : subject.alerts) add(alert);
  }

  void add(const AlertEntry& alert) {
    std::vector<std::string> labels;
    for (const auto& [name, value] : static_labels(alert)) labels.push_back(name + "=" + value);
    add("alert {}{}", alert.name.value, braced(labels));
  }

  void add(const PlannedBoard& board) {
    add("board {}", board.uid);
    for (const auto& variable : board.variables) add("variable {} {}", board.uid, variable.name);
    for (const auto& row : board.rows) {
      for (const auto& panel : row.panels) add("panel {} {}", board.uid, panel.id);
    }
  }

  const Release& release_;
  Diagnostics told_already_;
  Program program_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> recorded_labels(const Program& program, const RuleEntry& rule) {
  const auto& names = program.of(rule).analysis.labels.names;
  return {names.begin(), names.end()};
}

std::vector<std::string> public_names(const Release& release) {
  return Names(release).run();
}

}  // namespace basewatch::catalog
