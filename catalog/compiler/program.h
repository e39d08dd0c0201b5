#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/diagnostics.h"
#include "catalog/compiler/expand.h"
#include "catalog/compiler/promql/analysis.h"
#include "catalog/compiler/series_index.h"
#include "catalog/model/catalog.h"

namespace basewatch::catalog {

// The expression of a rule or an alert and all that is known about it.
struct Expression {
  Expansion expansion;
  promql::ExprPtr tree;  // null when it does not parse
  promql::Analysis analysis;

  const Text& text() const { return expansion.text; }
};

// Where an alert can be looked at: /d/<uid>?viewPanel=<id>.
struct PanelAddress {
  std::string uid;
  int id = 0;
  std::string board, panel;  // their titles
  bool by_instance = false;  // the board has a variable for the instance
};

// Every expression of catalog and site, expanded, parsed and analysed, each recorded name with the
// labels that its rule leaves. What the checks and the renderers both start from. Catalog and site
// outlive it. Not thread-safe.
class Program {
 public:
  // What an expression itself has wrong goes to `diagnostics`.
  Program(const Catalog& catalog, const Site& site, Diagnostics& diagnostics);

  const Site& site() const { return site_; }
  const SeriesIndex& series() const { return series_; }
  const std::vector<const Subject*>& subjects() const { return subjects_; }  // the site's own last

  const Expression& of(const RuleEntry& rule) const { return rules_.at(&rule); }
  const Expression& of(const AlertEntry& alert) const { return alerts_.at(&alert); }

  struct Recorded {
    const RuleEntry* rule = nullptr;
    const Subject* subject = nullptr;
  };
  const Recorded* recorded(std::string_view name) const;

  // The rules that an expression stands on, each after those it stands on itself.
  std::vector<Recorded> rules_below(const Expression& expression) const;
  // The rules of a subject so that each comes after those it reads.
  std::vector<const RuleEntry*> in_order(const Subject& subject) const;

  std::string why_unknown(std::string_view name) const;

  // The panel of an alert, once the boards are planned (tell_panels); nullptr where it has none.
  const PanelAddress* panel_of(const AlertEntry& alert) const;
  void set_panel(const AlertEntry& alert, PanelAddress address) {
    panels_[&alert] = std::move(address);
  }

  // What a panel draws goes through the same analysis as rules and alerts.
  Expression analyse(const Text& expr);
  void report_findings(const Expression& expression);
  std::optional<promql::SeriesInfo> resolve(std::string_view name);

 private:
  void analyse(const RuleEntry& rule);
  void visit(const Expression& expression, std::set<const RuleEntry*>& seen,
             std::vector<Recorded>& out, std::size_t depth = 0) const;

  const Site& site_;
  Diagnostics& diagnostics_;
  std::vector<const Subject*> subjects_;
  SeriesIndex series_;
  std::map<std::string_view, Recorded> recorded_;
  std::map<const RuleEntry*, Expression> rules_;
  std::map<const AlertEntry*, Expression> alerts_;
  std::map<const AlertEntry*, PanelAddress> panels_;
  std::vector<const RuleEntry*> open_;  // being analysed, each for the one before it
};

}  // namespace basewatch::catalog
