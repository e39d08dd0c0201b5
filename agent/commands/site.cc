#include "agent/commands/site.h"

#include <fmt/format.h>

#include <map>

#include "agent/base/strings.h"
#include "catalog/load/embedded.h"
#include "catalog/load/load.h"

namespace basewatch::commands {
namespace {

// Owns the catalog because that owns every text of the specs.
class SiteDeclarations final : public Declarations {
 public:
  SiteDeclarations(catalog::Catalog catalog, catalog::Site site)
      : catalog_(std::move(catalog)), site_(std::move(site)) {
    if (!site_.own) return;
    for (const auto& entry : site_.own->metrics) by_name_[entry.spec.name] = &entry.spec;
    for (const auto& entry : site_.own->queries) queries_.push_back(entry.spec_of());
  }
  SiteDeclarations(const SiteDeclarations&) = delete;

  const MetricSpec* find(std::string_view name) const override {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  std::span<const QuerySpec> queries() const override { return queries_; }

  std::string fingerprint() const {
    std::string out;
    for (const auto& query : queries_) out += words_of(query);
    for (const auto& [name, spec] : by_name_) {
      out += fmt::format("{} {} {} {}:{}\n", name, type_name(spec->type), join(spec->labels, ","),
                         spec->help.size(), spec->help);
    }
    return out;
  }

 private:
  // Everything of a query that decides how it runs; what it makes is among the metrics.
  static std::string words_of(const QuerySpec& query) {
    auto out = fmt::format("{} {} {} {} {} {} {} {}\n", query.name, static_cast<int>(query.on),
                           query.every.count(), query.enabled, query.max_rows, query.others_rows,
                           join(query.labels, ","), join(query.instances, ","));
    for (const auto& variant : query.sql) {
      out += fmt::format("{} {} {}:{}\n", variant.versions.least, variant.versions.below,
                         variant.sql.size(), variant.sql);
    }
    for (const auto& column : query.columns) {
      out += fmt::format("{} {} {} {} {} {}\n", column.column, column.metric.name,
                         static_cast<int>(column.null), column.buckets, column.sum, column.count);
    }
    const auto& needs = query.needs;
    out += fmt::format("{} {} {} {} {} {} {}", static_cast<int>(needs.server),
                       static_cast<int>(needs.role), needs.versions.least, needs.versions.below,
                       needs.extension, join(needs.privileges, ","), join(needs.relations, ","));
    for (const auto& setting : needs.settings) out += setting.name, out += setting.value;
    return out + "\n";
  }

  const catalog::Catalog catalog_;
  const catalog::Site site_;
  std::vector<QuerySpec> queries_;
  std::map<std::string_view, const MetricSpec*> by_name_;
};

}  // namespace

SiteFile load_site_file(const std::string& path, Diagnostics& diagnostics) {
  const auto& files = catalog::embedded_files();
  auto loaded = catalog::load(files, "catalog/", diagnostics);
  auto site = catalog::load_site(files, loaded, path, diagnostics);
  const auto declarations =
      std::make_shared<const SiteDeclarations>(std::move(loaded), std::move(site));
  return {declarations, declarations->fingerprint()};
}

}  // namespace basewatch::commands
