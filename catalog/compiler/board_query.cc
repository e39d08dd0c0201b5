#include "catalog/compiler/board_query.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/literals.h"
#include "catalog/compiler/promql/parser.h"

namespace basewatch::catalog {
namespace {

using promql::Expr;
using promql::Kind;

// PromQL has no word for Grafana's variable, so the tree holds a range that nobody writes, and the
// printed text is searched for it.
constexpr Duration kRateInterval = std::chrono::milliseconds(987'654'321'123);

class Narrower {
 public:
  Narrower(const Scope& scope, bool keep_ranges, Program& program)
      : scope_(scope), keep_ranges_(keep_ranges), program_(program) {}

  void visit(Expr& expr) {
    if (expr.kind == Kind::selector) narrow(expr);
    const bool rate = expr.kind == Kind::call && (expr.text == "rate" || expr.text == "irate");
    if (rate && !keep_ranges_ && expr.args[0]->kind == Kind::matrix) {
      expr.args[0]->range = kRateInterval;
    }
    for (auto& arg : expr.args) visit(*arg);
  }

 private:
  void narrow(Expr& selector) {
    const auto info = program_.resolve(selector.text);
    if (!info) return;
    const auto add = [&](const char* label, promql::MatchOp op, const char* value) {
      const bool carries = info->labels.open || info->labels.names.contains(label);
      if (!carries || std::ranges::find(selector.matchers, label, &promql::Matcher::label) !=
                          selector.matchers.end()) {
        return;
      }
      promql::Matcher matcher;
      matcher.label = label;
      matcher.op = op;
      matcher.value = value;
      selector.matchers.push_back(std::move(matcher));
    };
    add("node", scope_.nodes == BoardNodes::one ? promql::MatchOp::equal : promql::MatchOp::regex,
        "$node");
    if (scope_.by_instance) add("instance", promql::MatchOp::regex, "$instance");
  }

  const Scope& scope_;
  bool keep_ranges_;
  Program& program_;
};

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace

std::string scoped(Expr& tree, const Scope& scope, bool keep_ranges, Program& program) {
  Narrower(scope, keep_ranges, program).visit(tree);
  return replaced(promql::print(tree), fmt::format("[{}]", promql::format_span(kRateInterval)),
                  "[$__rate_interval]");
}

std::string varying_labels(const promql::LabelSet& labels, const Scope& scope,
                           const std::vector<std::string>& hidden) {
  const auto varies = [&](const std::string& label) {
    return labels.names.contains(label) && !labels.pinned.contains(label) &&
           std::ranges::find(hidden, label) == hidden.end();
  };
  std::vector<std::string> names;
  // An instance of an exporter that is no host's own is called <node>/<name>.
  if (scope.by_instance && varies("instance")) {
    names.emplace_back("instance");
  } else if (scope.nodes == BoardNodes::many && varies("node")) {
    names.emplace_back("node");
  }
  for (const auto& label : labels.names) {
    const bool target = label == "job" || label == "instance" || label == "node";
    if (!target && varies(label)) names.push_back(label);
  }
  std::vector<std::string> braced;
  for (const auto& name : names) braced.push_back("{{" + name + "}}");
  return join(braced, " ");
}

}  // namespace basewatch::catalog
