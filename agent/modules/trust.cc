#include "agent/modules/trust.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/base/strings.h"

namespace basewatch::modules {
namespace {

// `sticky_counts`: in a sticky folder nobody moves what is not his, so others may write beside us.
std::string distrust_one(const std::string& path, bool sticky_counts) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return fmt::format("{} cannot be looked at: {}", printable(path), std::strerror(errno));
  }
  if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    return fmt::format(
        "{} belongs to user {}, neither to root nor to the agent's user: chown root "
        "it",
        printable(path), info.st_uid);
  }
  if (sticky_counts && (info.st_mode & S_ISVTX)) return {};
  if (info.st_mode & S_IWOTH) {
    return fmt::format("{} can be written by everybody: chmod o-w it", printable(path));
  }
  if ((info.st_mode & S_IWGRP) && info.st_gid != 0 && info.st_gid != ::getegid()) {
    return fmt::format("{} can be written by group {}: chmod g-w it", printable(path), info.st_gid);
  }
  return {};
}

}  // namespace

std::string distrust(const std::string& path) {
  auto problem = distrust_one(path, false);
  for (auto above = path; problem.empty() && above.size() > 1;) {
    above.resize(std::max<std::size_t>(above.rfind('/'), 1));
    problem = distrust_one(above, true);
  }
  return problem;
}

}  // namespace basewatch::modules
