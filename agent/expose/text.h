#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/plugin/page.h"

namespace basewatch::expose {

// Labels that are put in front of every series of a page in the labelled /metrics: job, instance,
// node and the instance's own labels from the configuration. A series that has a label of such a
// name itself keeps it as exported_<name>, as Prometheus does with honor_labels: false.
class TargetLabels {
 public:
  TargetLabels() = default;
  explicit TargetLabels(std::vector<std::pair<std::string, std::string>> labels);

  bool empty() const { return pairs_.empty(); }
  std::string_view block() const { return block_; }  // `job="node",instance="db-1",node="db-1"`
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::string block_;
};

// A sealed page and whose it is. `target` null: an unlabelled page.
struct Part {
  const Page* page;
  const TargetLabels* target = nullptr;
};

struct Written {
  std::size_t series = 0;
  std::size_t dropped = 0;    // series that an earlier part has already, or of a family whose type
                              // differs from the earlier part's: the first wins
  std::string first_dropped;  // "name{labels}", for the log
  std::vector<std::size_t> dropped_by_part;  // which parts lost them, in the order of the parts
};

// Appends the pages as one exposition in the text format 0.0.4: families in order of name, each
// with one HELP and one TYPE, series in the order of the parts. Pure; any thread.
Written write_text(std::span<const Part> parts, std::string& out);

inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace basewatch::expose
