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
  }
  SiteDeclarations(const SiteDeclarations&) = delete;

  const MetricSpec* find(std::string_view name) const override {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  std::string fingerprint() const {
    std::string out;
    for (const auto& [name, spec] : by_name_) {
      out += fmt::format("{} {} {} {}:{}\n", name, type_name(spec->type), join(spec->labels, ","),
                         spec->help.size(), spec->help);
    }
    return out;
  }

 private:
  const catalog::Catalog catalog_;
  const catalog::Site site_;
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
