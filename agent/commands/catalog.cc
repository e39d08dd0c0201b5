#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/base/strings.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
#include "catalog/load/embedded.h"
#include "catalog/load/load.h"

namespace basewatch::commands {
namespace {

namespace fs = std::filesystem;

// A metric or a family, as it is listed and shown.
struct Entry {
  std::string name, type, labels, subject, help, unit, since;
  const FamilySpec* family = nullptr;

  // Whether a name in an expression means this entry.
  bool is(std::string_view word) const {
    return family ? word == name || !family->match(word).empty() : word == name;
  }
};

catalog::Catalog load_embedded() {
  Diagnostics diagnostics;
  auto out = catalog::load(catalog::embedded_files(), "catalog/", diagnostics);
  if (!diagnostics.ok()) throw std::logic_error(diagnostics.text());  // the build has checked it
  return out;
}

std::vector<Entry> entries(const catalog::Catalog& catalog) {
  std::vector<Entry> out;
  const auto text = [](std::string_view view) { return std::string(view); };
  for (const auto& subject : catalog.subjects) {
    for (const auto& metric : subject.metrics) {
      const auto& spec = metric.spec;
      out.push_back({text(spec.name), text(type_name(spec.type)), join(spec.labels, ","),
                     subject.name, text(spec.help), text(spec.unit), metric.since, nullptr});
    }
    for (const auto& family : subject.families) {
      const auto& spec = family.spec;
      out.push_back({text(spec.pattern), text(type_name(spec.type)), join(spec.labels, ","),
                     subject.name, text(spec.help), text(spec.unit), family.since, &spec});
    }
  }
  std::ranges::sort(out, {}, &Entry::name);
  return out;
}

bool mentions(std::string_view expression, const Entry& entry) {
  const auto in_name = [](char c) { return is_metric_name(std::string{'_', c}); };
  std::size_t begin = 0;
  while (begin < expression.size()) {
    std::size_t end = begin;
    while (end < expression.size() && in_name(expression[end])) ++end;
    if (end > begin && entry.is(expression.substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

std::string users_of(const Entry& entry, const catalog::Catalog& catalog) {
  std::string out;
  for (const auto& subject : catalog.subjects) {
    for (const auto& rule : subject.rules) {
      if (mentions(rule.expr.value, entry)) {
        out += fmt::format("  rule   {} ({})\n", rule.record.value, rule.where.text());
      }
    }
    for (const auto& alert : subject.alerts) {
      if (mentions(alert.expr.value, entry)) {
        out += fmt::format("  alert  {} ({})\n", alert.name.value, alert.where.text());
      }
    }
  }
  return out.empty() ? "  nothing in the built-in catalog\n" : out;
}

std::string described(const Entry& entry, const catalog::Catalog& catalog) {
  const auto or_none = [](const std::string& text) { return text.empty() ? "-" : text; };
  auto out =
      fmt::format("{}\n  {}\n\ntype     {}\nunit     {}\nlabels   {}\nsubject  {}\nsince    {}\n",
                  entry.name, entry.help, entry.type, or_none(entry.unit), or_none(entry.labels),
                  entry.subject, or_none(entry.since));
  if (entry.family) out += fmt::format("known    {}\n", or_none(join(entry.family->known, ", ")));
  return out + "\nused by\n" + users_of(entry, catalog);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool write_file(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  errno = 0;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (out) return true;
  fmt::print(stderr, "{} cannot be written: {}\n", path.string(),
             error ? error.message() : std::strerror(errno));
  return false;
}

}  // namespace

int catalog_list() {
  const auto catalog = load_embedded();
  const auto all = entries(catalog);
  std::size_t name = 0, labels = 0;
  for (const auto& entry : all) {
    name = std::max(name, entry.name.size());
    labels = std::max(labels, entry.labels.size());
  }
  std::string out;
  for (const auto& entry : all) {
    out += fmt::format("{:<{}}  {:<9}  {:<{}}  {}\n", entry.name, name, entry.type, entry.labels,
                       labels, entry.subject);
  }
  return print_out(out) ? kFine : kFailed;
}

int catalog_show(const std::string& metric) {
  const auto catalog = load_embedded();
  const auto all = entries(catalog);
  for (const auto& entry : all) {
    if (entry.is(metric)) return print_out(described(entry, catalog)) ? kFine : kFailed;
  }
  std::vector<std::string_view> names;
  for (const auto& entry : all) names.push_back(entry.name);
  const auto guess = nearest(metric, names);
  fmt::print(stderr, "there is no metric '{}' in the catalog{}\n", printable(metric),
             guess.empty() ? "; `basewatch catalog list` has all of them"
                           : fmt::format(": did you mean {}?", guess));
  return kUsage;
}

int catalog_export(const std::string& folder, bool force) {
  const auto& files = catalog::embedded_files();
  std::vector<std::string> differing;
  for (const auto& [name, text] : files) {
    const auto path = fs::path(folder) / name;
    std::error_code ignored;
    if (fs::exists(path, ignored) && read_file(path) != text) differing.push_back(path.string());
  }
  if (!differing.empty() && !force) {
    for (const auto& path : differing) fmt::print(stderr, "{} has other content\n", path);
    fmt::print(stderr, "nothing was written: choose another folder, or overwrite with --force\n");
    return kFailed;
  }
  for (const auto& [name, text] : files) {
    if (!write_file(fs::path(folder) / name, text)) return kFailed;
  }
  return print_out(fmt::format("wrote {} files to {}\n", files.size(), folder)) ? kFine : kFailed;
}

}  // namespace basewatch::commands
