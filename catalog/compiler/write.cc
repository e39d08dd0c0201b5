#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "catalog/compiler/compiler.h"
#include "catalog/compiler/render.h"

namespace basewatch::catalog {
namespace {

namespace fs = std::filesystem;

// Where nothing stands but what is generated; a stale file is only looked for here.
constexpr std::string_view kFolders[] = {
    "rules/recording",        "rules/alerts",       "rules/tests",   "dashboards",  "alertmanager",
    "alertmanager/templates", "alertmanager/tests", "docs/runbooks", "docs/metrics"};

bool is_generated(std::string_view text) {
  return text.starts_with(kGeneratedBoard) ||
         text.substr(0, text.find('\n')).find(kGeneratedMark) != text.npos;
}

[[noreturn]] void fail(const fs::path& path, const std::string& reason) {
  throw InputError(fmt::format("{}: error: cannot be written: {}", path.string(), reason));
}

// Nothing when there is no such file, or none that can be read: then it differs.
std::optional<std::string> read(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || (in.peek() != std::ifstream::traits_type::eof() && !(text << in.rdbuf()))) {
    return std::nullopt;
  }
  return std::move(text).str();
}

// Who reads the file meanwhile sees the old or the new one, never half of it.
void replace(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) fail(path.parent_path(), error.message());
  const auto temporary =
      path.parent_path() / fmt::format(".{}.{}", path.filename().string(), getpid());
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) {
    const std::string reason = std::strerror(errno);
    fs::remove(temporary, error);
    fail(path, reason);
  }
  fs::rename(temporary, path, error);
  if (!error) return;
  const auto reason = error.message();
  fs::remove(temporary, error);
  fail(path, reason);
}

std::vector<fs::path> stale_files(const std::set<fs::path>& rendered, const fs::path& out) {
  std::vector<fs::path> stale;
  for (const auto folder : kFolders) {
    std::error_code error;
    for (fs::directory_iterator entry(out / folder, error), end; !error && entry != end;
         entry.increment(error)) {
      const auto path = fs::path(folder) / entry->path().filename();
      if (rendered.contains(path)) continue;
      const auto text = read(entry->path());
      if (text && is_generated(*text)) stale.push_back(path);
    }
  }
  return stale;
}

}  // namespace

std::vector<fs::path> write_artefacts(const std::vector<Artefact>& artefacts, const fs::path& out,
                                      bool check_only) {
  std::set<fs::path> rendered, touched;
  for (const auto& artefact : artefacts) {
    rendered.insert(artefact.path);
    if (read(out / artefact.path) == artefact.text) continue;
    touched.insert(artefact.path);
    if (!check_only) replace(out / artefact.path, artefact.text);
  }
  for (const auto& path : stale_files(rendered, out)) {
    touched.insert(path);
    std::error_code error;
    if (!check_only && !fs::remove(out / path, error) && error) fail(out / path, error.message());
  }
  return {touched.begin(), touched.end()};
}

}  // namespace basewatch::catalog
