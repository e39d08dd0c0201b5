#include "agent/commands/rights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "agent/base/strings.h"

namespace basewatch::commands {
namespace {

constexpr std::string_view kDenied = "permission denied";

std::string group_name(gid_t id) {
  group entry{};
  group* found = nullptr;
  std::array<char, 4096> buffer{};
  const bool known = ::getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found;
  return known ? std::string(found->gr_name) : fmt::format("with the id {}", id);
}

// The folders on the way to the path and itself, the outermost first.
std::vector<std::filesystem::path> way_to(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> out;
  for (auto at = path; !at.empty(); at = at.parent_path()) {
    out.insert(out.begin(), at);
    if (at == at.parent_path()) break;
  }
  return out;
}

bool is_of_process(std::string_view path) {
  constexpr std::string_view kProc = "/proc/";
  return path.starts_with(kProc) && path.size() > kProc.size() && path[kProc.size()] >= '0' &&
         path[kProc.size()] <= '9';
}

// The first path in a reason such as "cannot read /a/b: permission denied".
std::string path_in(std::string_view reason) {
  const auto begin = reason.find('/');
  if (begin == std::string_view::npos) return {};
  auto path = reason.substr(begin, reason.find_first_of(" \"'", begin) - begin);
  while (path.ends_with(':') || path.ends_with(',')) path.remove_suffix(1);
  return std::string(path);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// The mount points that statfs() was refused on.
std::set<std::string> closed_mounts(const scrape::InstanceResult& result) {
  std::set<std::string> out;
  for (const auto& page : result.pages) {
    const auto* family = page->find("node_filesystem_device_error");
    if (!family) continue;
    for (const auto& sample : family->samples) {
      const std::string labels(page->labels(sample));
      constexpr std::string_view kKey = "mountpoint=\"";
      const auto at = labels.find(kKey);
      if (sample.value != 1 || lower(labels).find(kDenied) == std::string::npos ||
          at == std::string::npos) {
        continue;
      }
      const auto begin = at + kKey.size();
      out.insert(labels.substr(begin, labels.find('"', begin) - begin));
    }
  }
  return out;
}

}  // namespace

Rights Rights::of_this_process() {
  Rights out;
  out.user = ::geteuid();
  std::ifstream in("/proc/self/status");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::string_view rest = text, line;
  while (next_line(rest, line)) {
    constexpr std::string_view kKey = "CapEff:";
    if (!line.starts_with(kKey)) continue;
    const auto digits = trim(line.substr(kKey.size()));
    std::from_chars(digits.data(), digits.data() + digits.size(), out.capabilities, 16);
  }
  return out;
}

bool Rights::may_read_all() const {
  return (capabilities & (1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_DAC_OVERRIDE)) != 0;
}

bool Rights::may_look_into_processes() const {
  return (capabilities & 1ull << CAP_SYS_PTRACE) != 0;
}

std::string what_opens(const std::string& path) {
  if (is_of_process(path)) return "the capability CAP_SYS_PTRACE";
  for (const auto& part : way_to(path)) {
    struct stat info;
    if (::stat(part.c_str(), &info) != 0) return {};
    const bool is_folder = S_ISDIR(info.st_mode);
    const bool is_end = part == path;
    const int wanted = is_folder && !is_end     ? X_OK
                       : is_folder              ? R_OK | X_OK
                       : S_ISSOCK(info.st_mode) ? R_OK | W_OK
                                                : R_OK;
    if (::faccessat(AT_FDCWD, part.c_str(), wanted, AT_EACCESS) == 0) continue;
    const mode_t by_group = is_folder && !is_end ? S_IXGRP : S_IRGRP;
    if ((info.st_mode & by_group) != 0 && info.st_gid != 0) {
      return fmt::format("the group {}", group_name(info.st_gid));
    }
    return S_ISSOCK(info.st_mode) ? "to run as the user who owns it"
                                  : "the capability CAP_DAC_READ_SEARCH";
  }
  return {};
}

std::vector<std::string> closed_to_us(const std::vector<scrape::InstanceResult>& results) {
  std::vector<std::string> out;
  for (const auto& result : results) {
    for (const auto& collector : result.collectors) {
      if (lower(collector.reason).find(kDenied) == std::string::npos) continue;
      const auto path = path_in(collector.reason);
      const auto opens = path.empty() ? std::string() : what_opens(path);
      if (opens.empty()) continue;
      out.push_back(fmt::format("{}/{} {}: {} cannot be read; what helps: {}", result.exporter,
                                result.name, collector.collector, printable(path), opens));
    }
    const auto mounts = closed_mounts(result);
    if (mounts.empty()) continue;
    out.push_back(
        fmt::format("{}/{} filesystem: the size of {} cannot be asked for; what helps: the "
                    "capability CAP_DAC_READ_SEARCH, or to leave them out by "
                    "collectors.filesystem.mount_points_exclude",
                    result.exporter, result.name, printable(join(mounts, ", "), 400)));
  }
  return out;
}

}  // namespace basewatch::commands
