#include "agent/discover/host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <optional>
#include <system_error>

#include "agent/base/strings.h"
#include "agent/base/unique_fd.h"

namespace basewatch::discover {
namespace {

constexpr std::size_t kMostBytes = 4u << 20;   // of one file
constexpr std::size_t kMostProcesses = 32768;  // whose name is read
constexpr std::size_t kMostLookedAt = 256;     // whose descriptors are read
constexpr std::size_t kMostDescriptors = 4096;

// What can be read of a file, cut where it is too long; empty where nothing can.
std::string read(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string out;
  if (!fd) return out;
  char buffer[16384];
  while (out.size() < kMostBytes) {
    const auto got = ::read(fd.get(), buffer, sizeof buffer);
    if (got <= 0) break;
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return out;
}

std::vector<Listener> listeners_of(const std::string& net) {
  auto out = parse_tcp(read(net + "/tcp"));
  for (auto& listener : parse_tcp(read(net + "/tcp6"))) out.push_back(std::move(listener));
  return out;
}

bool is_container(std::string_view cgroup) {
  constexpr std::string_view kRuntimes[] = {"docker", "containerd", "libpod", "kubepods", "lxc"};
  return std::ranges::any_of(kRuntimes, [&](std::string_view runtime) {
    return cgroup.find(runtime) != std::string_view::npos;
  });
}

// The inodes of its sockets, or nothing when we may not see them.
std::optional<std::set<std::uint64_t>> sockets_of(const std::string& process) {
  std::error_code error;
  std::filesystem::directory_iterator entries(process + "/fd", error);
  if (error) return std::nullopt;
  std::set<std::uint64_t> out;
  std::size_t seen = 0;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (++seen > kMostDescriptors) break;
    char link[PATH_MAX];
    const auto size = ::readlink(entries->path().c_str(), link, sizeof link);
    const std::string_view target(link, size > 0 ? static_cast<std::size_t>(size) : 0);
    constexpr std::string_view kSocket = "socket:[";
    if (!target.starts_with(kSocket)) continue;
    const auto inode = target.substr(kSocket.size(), target.size() - kSocket.size() - 1);
    if (const auto number = parse_uint(inode)) out.insert(*number);
  }
  if (error) return std::nullopt;
  return out;
}

Process look_at(const std::string& folder, int pid, std::string name,
                const std::string& own_cgroup) {
  Process process;
  process.pid = pid;
  process.name = std::move(name);
  const auto cgroup = read(folder + "/cgroup");
  process.in_container = cgroup != own_cgroup && is_container(cgroup);
  process.listeners = listeners_of(folder + "/net");
  if (const auto inodes = sockets_of(folder)) {
    process.owned = true;
    std::erase_if(process.listeners,
                  [&](const Listener& listener) { return !inodes->contains(listener.inode); });
  }
  return process;
}

void read_processes(const Roots& roots, const std::set<std::string, std::less<>>& names,
                    HostView& view) {
  const auto own_cgroup = read(roots.proc + "/self/cgroup");
  std::error_code error;
  std::filesystem::directory_iterator entries(roots.proc, error);
  std::size_t seen = 0, looked_at = 0;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const auto number = parse_uint(entries->path().filename().string());
    if (!number || *number > INT_MAX) continue;
    if (++seen > kMostProcesses || looked_at >= kMostLookedAt) break;
    const auto folder = entries->path().string();
    auto name = std::string(trim(read(folder + "/comm")));
    if (!names.contains(name)) continue;
    ++looked_at;
    auto process = look_at(folder, static_cast<int>(*number), std::move(name), own_cgroup);
    if (!process.owned) ++view.closed;
    view.processes.push_back(std::move(process));
  }
  std::ranges::sort(view.processes, {}, &Process::pid);
}

}  // namespace

HostView read_host(const Roots& roots, const std::set<std::string, std::less<>>& names,
                   const std::vector<std::string>& paths) {
  HostView view;
  view.listeners = listeners_of(roots.proc + "/net");
  for (auto& path : parse_unix(read(roots.proc + "/net/unix")))
    view.sockets.insert(std::move(path));
  view.hides_processes = read(roots.proc + "/1/comm").empty();
  read_processes(roots, names, view);
  const auto prefix = roots.root == "/" ? std::string() : roots.root;
  for (const auto& path : paths) {
    struct stat info;
    if (::stat((prefix + path).c_str(), &info) == 0) view.paths.insert(path);
  }
  return view;
}

}  // namespace basewatch::discover
