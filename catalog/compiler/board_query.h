#pragma once

#include <string>

#include "catalog/compiler/program.h"
#include "catalog/model/board.h"

namespace basewatch::catalog {

// What every expression of a board is narrowed to.
struct Scope {
  BoardNodes nodes = BoardNodes::many;
  bool by_instance = false;
};

// The expression as the board asks it: every selector whose series carry the label is narrowed to
// the chosen nodes and instances, unless it already names them; rate() and irate() take the range
// that fits the time shown, unless `keep_ranges`.
std::string scoped(promql::Expr& tree, const Scope& scope, bool keep_ranges, Program& program);

// "{{device}} {{mode}}": the labels by which the result's series differ on such a board, but those
// that the author hides.
std::string varying_labels(const promql::LabelSet& labels, const Scope& scope,
                           const std::vector<std::string>& hidden);

}  // namespace basewatch::catalog
