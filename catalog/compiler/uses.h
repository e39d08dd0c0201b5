#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "catalog/compiler/program.h"

namespace basewatch::catalog {

// Who reads a series name. The program outlives it.
class UseIndex {
 public:
  explicit UseIndex(const Program& program);

  struct Users {
    std::set<std::string> rules;   // that name it
    std::set<std::string> alerts;  // that name it, or stand on such a rule
    std::set<std::string> boards;  // with a panel that names it
  };
  const Users& of(std::string_view name) const;
  // Of a declared metric: its own name and, of a histogram or summary, those of its parts.
  Users of_metric(std::string_view name, MetricType type) const;

 private:
  void add_board(const BoardEntry& board, const Site& site);

  std::map<std::string, Users, std::less<>> users_;
};

}  // namespace basewatch::catalog
