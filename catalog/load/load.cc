#include "catalog/load/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/base/strings.h"
#include "catalog/load/cpp_name.h"
#include "catalog/load/entries.h"

namespace basewatch::catalog {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 1000;
constexpr std::size_t kMostBytes = 4u << 20;

const std::vector<std::string_view> kTopFiles{"default-site.yml", "routing.yml", "slos.yml"};
const std::vector<std::string_view> kSubjectFiles{"metrics.yml", "rules.yml", "alerts.yml",
                                                  "board.yml"};

void read_into(Files& files, const fs::path& path, const std::string& name,
               Diagnostics& diagnostics) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMostBytes + 1, '\0');  // one more than may be, so that the parser refuses it
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (!in.eof() && in.gcount() == 0)) {
    diagnostics.error({path.string(), 0, 0}, "cannot be read: is it a file, and may you read it?");
    return;
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  files.emplace(name, std::move(text));
}

// A misspelt file would be missing without a word.
void check_file_name(const std::string& path, const std::string& shown, Diagnostics& diagnostics) {
  const auto slash = path.find('/');
  const auto& known = slash == std::string::npos ? kTopFiles : kSubjectFiles;
  const auto name = std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
  if (std::ranges::find(known, name) != known.end()) return;
  const auto guess = nearest(name, known);
  diagnostics.error(
      {shown, 0, 0},
      guess.empty()
          ? fmt::format("nothing reads a file of this name; here stand {}", join(known, ", "))
          : fmt::format("nothing reads a file of this name: did you mean {}?", guess));
}

bool check_subject_name(const std::string& name, const std::string& shown,
                        Diagnostics& diagnostics) {
  const bool plain = is_label_name(name) && cpp_name(name, "") == name && name != "site" &&
                     std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!plain) {
    diagnostics.error(
        {shown, 0, 0},
        fmt::format("'{}' cannot be the name of a subject: it becomes a C++ namespace, so "
                    "write small letters, digits and '_', and no word that C++ or "
                    "basewatch uses itself",
                    printable(name)));
  }
  return plain;
}

void read_metrics_file(const yaml::Node& root, Subject& subject, Reading reading) {
  yaml::Mapping file(root, "metrics.yml", reading.diagnostics);
  read_version(file, reading.diagnostics);
  subject.exporter = file.string("exporter", subject.name);
  if (!is_label_name(subject.exporter)) {
    reading.diagnostics.error(
        file.where("exporter"),
        fmt::format("'{}' is no name of an exporter: write letters, digits and "
                    "'_' only",
                    printable(subject.exporter)));
  }
  subject.job = file.string("job", subject.exporter);
  subject.prefix = file.string("prefix");
  subject.host_wide = file.flag("host_wide", false);
  subject.foreign = file.flag("foreign", false);
  if (const auto* list = file.required("metrics")) read_metrics(*list, subject, reading);
  file.finish();
}

// The subject whose rules and alerts the SLOs become.
constexpr std::string_view kSlos = "slo";

using Reader = void (*)(const yaml::Node& list, Subject& subject, Reading reading);

// rules.yml, alerts.yml and board.yml: a version and one list.
void read_list_file(const yaml::Node& root, std::string_view key, Reader reader, Subject& subject,
                    Reading reading) {
  yaml::Mapping file(root, key == "boards" ? "board.yml" : fmt::format("{}.yml", key),
                     reading.diagnostics);
  read_version(file, reading.diagnostics);
  if (const auto* list = file.required(key)) reader(*list, subject, reading);
  file.finish();
}

}  // namespace

void read_version(yaml::Mapping& file, Diagnostics& diagnostics) {
  const auto* version = file.required("version");
  if (version && (version->kind != yaml::Kind::scalar || version->scalar != "1")) {
    diagnostics.error(version->where, "version must be 1, the only version of this format so far");
  }
}

Files read_folder(const std::string& folder, Diagnostics& diagnostics) {
  Files files;
  std::error_code error;
  const auto visit = [&](const fs::path& path, const std::string& name) {
    if (files.size() < kMostFiles) {
      read_into(files, path, name, diagnostics);
    } else {
      diagnostics.error({folder, 0, 0},
                        fmt::format("more than {} files: is this a catalog's folder?", kMostFiles));
    }
  };
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto& path = entry->path();
    const auto name = path.filename().string();
    std::error_code ignored;
    if (path.extension() == ".yml") visit(path, name);
    if (!entry->is_directory(ignored)) continue;
    for (fs::directory_iterator inner(path, ignored), none; !ignored && inner != none;
         inner.increment(ignored)) {
      if (inner->path().extension() == ".yml") {
        visit(inner->path(), name + "/" + inner->path().filename().string());
      }
    }
    if (ignored) diagnostics.error({path.string(), 0, 0}, "cannot be read: " + ignored.message());
  }
  if (error) {
    diagnostics.error({folder, 0, 0}, "cannot be read as a folder: " + error.message());
  } else if (files.empty()) {
    diagnostics.error({folder, 0, 0},
                      "holds no catalog: expected <subject>/metrics.yml and the like below it");
  }
  return files;
}

Catalog load(const Files& files, std::string_view shown_as, Diagnostics& diagnostics) {
  Catalog catalog;
  catalog.shown_as = shown_as;
  std::map<std::string, Subject> subjects;
  const Reading reading{catalog, diagnostics};
  for (const auto& [path, text] : files) {
    const auto shown = catalog.shown_as + printable(path);
    check_file_name(path, shown, diagnostics);
    const auto slash = path.find('/');
    const bool slos = path == "slos.yml";
    if (slash == std::string::npos && !slos) continue;  // default-site.yml is load_site's
    const auto name = slos ? std::string(kSlos) : path.substr(0, slash);
    const auto file = slos ? path : path.substr(slash + 1);
    if (!check_subject_name(name, shown, diagnostics)) continue;
    auto [found, is_new] = subjects.try_emplace(name);
    auto& subject = found->second;
    if (is_new) subject.name = subject.exporter = subject.job = name;
    const auto errors = diagnostics.errors();
    const auto root = yaml::parse(text, shown, diagnostics);
    const bool broken = root.kind == yaml::Kind::null && diagnostics.errors() > errors;
    if (broken) continue;
    if (file == "metrics.yml") read_metrics_file(root, subject, reading);
    if (file == "rules.yml") read_list_file(root, "rules", read_rules, subject, reading);
    if (file == "board.yml") read_list_file(root, "boards", read_boards, subject, reading);
    if (slos) read_list_file(root, "slos", read_slos, subject, reading);
    if (file == "alerts.yml") read_list_file(root, "alerts", read_alerts, subject, reading);
  }
  for (auto& [name, subject] : subjects) catalog.subjects.push_back(std::move(subject));
  std::vector<const Subject*> all;
  for (const auto& subject : catalog.subjects) all.push_back(&subject);
  check_names(all, diagnostics);
  return catalog;
}

}  // namespace basewatch::catalog
