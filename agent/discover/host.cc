#include "agent/discover/host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

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

// The listeners of each network namespace, read once: all processes of one show the same table, and
// on a busy host it is long. The file's inode tells the namespaces apart, also where we may not see
// to which one a process belongs.
class Namespaces {
 public:
  std::vector<Listener> listeners(const std::string& net) {
    struct stat info;
    if (::stat((net + "/tcp").c_str(), &info) != 0) return read_listeners(net);
    const auto [known, is_new] = known_.try_emplace({info.st_dev, info.st_ino});
    if (is_new) known->second = read_listeners(net);
    return known->second;
  }

 private:
  static std::vector<Listener> read_listeners(const std::string& net) {
    auto out = parse_tcp(read(net + "/tcp"));
    for (auto& listener : parse_tcp(read(net + "/tcp6"))) out.push_back(std::move(listener));
    return out;
  }

  std::map<std::pair<dev_t, ino_t>, std::vector<Listener>> known_;
};

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
                const std::string& own_cgroup, Namespaces& namespaces) {
  Process process;
  process.pid = pid;
  process.name = std::move(name);
  const auto cgroup = read(folder + "/cgroup");
  process.in_container = cgroup != own_cgroup && is_container(cgroup);
  process.listeners = namespaces.listeners(folder + "/net");
  if (const auto inodes = sockets_of(folder)) {
    process.owned = true;
    std::erase_if(process.listeners,
                  [&](const Listener& listener) { return !inodes->contains(listener.inode); });
  }
  return process;
}

// "12 (a name) S 1 ...": the process that started it.
std::optional<std::uint64_t> parent_of(const std::string& folder) {
  const auto text = read(folder + "/stat");
  auto rest = std::string_view(text).substr(text.rfind(')') + 1);
  next_word(rest);  // the state
  return parse_uint(next_word(rest));
}

void read_processes(const Roots& roots, const std::set<std::string, std::less<>>& names,
                    Namespaces& namespaces, HostView& view) {
  const auto own_cgroup = read(roots.proc + "/self/cgroup");
  std::error_code error;
  std::filesystem::directory_iterator entries(roots.proc, error);
  std::map<std::uint64_t, std::string> wanted;
  std::size_t seen = 0;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const auto number = parse_uint(entries->path().filename().string());
    if (!number || *number > INT_MAX) continue;
    if (++seen > kMostProcesses) break;
    auto name = std::string(trim(read(entries->path().string() + "/comm")));
    if (names.contains(name)) wanted.emplace(*number, std::move(name));
  }
  std::size_t looked_at = 0;
  for (const auto& [pid, name] : wanted) {
    const auto folder = fmt::format("{}/{}", roots.proc, pid);
    // A worker has its sockets from its parent; PostgreSQL has one for every connection.
    const auto parent = wanted.find(parent_of(folder).value_or(0));
    if (parent != wanted.end() && parent->second == name) continue;
    if (++looked_at > kMostLookedAt) break;
    auto process = look_at(folder, static_cast<int>(pid), name, own_cgroup, namespaces);
    if (!process.owned) ++view.closed;
    view.processes.push_back(std::move(process));
  }
}

}  // namespace

HostView read_host(const Roots& roots, const std::set<std::string, std::less<>>& names,
                   const std::vector<std::string>& paths) {
  HostView view;
  Namespaces namespaces;
  view.listeners = namespaces.listeners(roots.proc + "/net");
  for (auto& path : parse_unix(read(roots.proc + "/net/unix")))
    view.sockets.insert(std::move(path));
  view.hides_processes = read(roots.proc + "/1/comm").empty();
  read_processes(roots, names, namespaces, view);
  const auto prefix = roots.root == "/" ? std::string() : roots.root;
  for (const auto& path : paths) {
    struct stat info;
    if (::stat((prefix + path).c_str(), &info) == 0) view.paths.insert(path);
  }
  return view;
}

}  // namespace basewatch::discover
