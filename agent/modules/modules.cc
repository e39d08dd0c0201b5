#include "agent/modules/modules.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>

#include "agent/base/strings.h"
#include "agent/base/unique_fd.h"
#include "agent/modules/plugin_check.h"
#include "agent/modules/symbol_error.h"
#include "agent/modules/tag.h"
#include "agent/modules/trust.h"

namespace basewatch::modules {
namespace {

constexpr std::size_t kMostFiles = 256;  // in one folder

// Thrown while one file or folder is looked at; what() is the sentence.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Which file it was that is in memory now.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t changed = 0, size = 0;
  bool same_file(const Identity& other) const {
    return device == other.device && inode == other.inode;
  }
  bool operator==(const Identity&) const = default;
};

struct Loaded {
  Module module;
  std::string path;  // without symbolic links
  Identity identity;
};

// All that was ever loaded; leaked, like the modules themselves.
struct Store {
  std::mutex mutex;
  std::deque<Loaded> loaded;
};
Store& store() {
  static auto& one = *new Store;
  return one;
}

std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> out(::realpath(path.c_str(), nullptr),
                                                        &std::free);
  if (!out) throw Refused(fmt::format("{}: {}", printable(path), std::strerror(errno)));
  return out.get();
}

std::vector<std::string> modules_in(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (!dir) {
    throw Refused(
        fmt::format("the folder {} cannot be read: {}", printable(folder), std::strerror(errno)));
  }
  std::vector<std::string> out;
  while (const auto* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with('.') && name.ends_with(".so")) out.emplace_back(name);
  }
  if (out.size() > kMostFiles) {
    throw Refused(
        fmt::format("the folder {} has {} files that end in .so; a folder of modules has "
                    "at most {}",
                    printable(folder), out.size(), kMostFiles));
  }
  std::ranges::sort(out);
  return out;
}

UniqueFd open_module(const std::string& path, Identity& identity) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) throw Refused(fmt::format("cannot be opened: {}", std::strerror(errno)));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw Refused(std::strerror(errno));
  if (!S_ISREG(info.st_mode)) throw Refused("is no regular file");
  identity = {info.st_dev, info.st_ino,
              info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec, info.st_size};
  return file;
}

void check_tag(const UniqueFd& file) {
  const auto found = read_tag([&](std::uint64_t offset, void* to, std::size_t size) {
    if (offset > static_cast<std::uint64_t>(LLONG_MAX)) return false;
    auto* at = static_cast<char*>(to);
    while (size > 0) {
      const auto got = ::pread(file.get(), at, size, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      at += got, size -= static_cast<std::size_t>(got), offset += static_cast<std::uint64_t>(got);
    }
    return true;
  });
  if (!found.tag) throw Refused(found.problem);
  if (const auto problem = mismatch(*found.tag); !problem.empty()) throw Refused(problem);
}

// From here on the module's own code runs.
const Plugin* load(const std::string& path) {
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) throw Refused(load_problem(::dlerror()));
  const auto function =
      reinterpret_cast<const Plugin* (*)()>(::dlsym(handle, "basewatch_module_plugin"));
  if (!function) {
    throw Refused(
        "has a tag but no function basewatch_module_plugin: end it with "
        "BASEWATCH_MODULE(your plugin)");
  }
  return function();
}

void check_names(const Plugin& plugin, std::span<const Plugin* const> builtin) {
  if (const auto problem = plugin_problem(plugin); !problem.empty()) throw Refused(problem);
  const auto same = [&](std::string_view name) { return name == plugin.name; };
  if (std::ranges::any_of(builtin, same, &Plugin::name) || plugin.name == "agent") {
    throw Refused(
        fmt::format("brings an exporter '{}', which basewatch has built in: give it "
                    "another name",
                    plugin.name));
  }
  for (const auto& other : store().loaded) {
    if (!same(other.module.plugin->name)) continue;
    throw Refused(fmt::format("brings an exporter '{}', and so does {}: remove one of the two",
                              plugin.name, printable(other.module.file)));
  }
}

class Looking {
 public:
  Looking(std::span<const Plugin* const> builtin, Look& out) : builtin_(builtin), out_(out) {}

  void folder(std::size_t index, const std::string& given) {
    folder_ = index;
    try {
      const auto folder = resolved(given);
      if (const auto problem = distrust(folder); !problem.empty()) throw Refused(problem);
      const auto names = modules_in(folder);
      for (const auto& name : names) file(folder + "/" + name);
      keep_missing(folder, names);
    } catch (const Refused& refused) {
      out_.refused.push_back({index, fmt::format("no module is loaded from {}: {}",
                                                 printable(given), refused.what())});
    }
  }

 private:
  // A module whose file is gone is in memory all the same, and so are its instances.
  void keep_missing(const std::string& folder, const std::vector<std::string>& names) {
    for (const auto& one : store().loaded) {
      const std::string_view file = one.module.file;
      const auto slash = file.rfind('/');
      if (file.substr(0, slash) != folder ||
          std::ranges::find(out_.loaded, &one.module) != out_.loaded.end() ||
          std::ranges::find(names, file.substr(slash + 1)) != names.end()) {
        continue;
      }
      out_.notes.push_back(
          {folder_, fmt::format("the module {} is gone; what was loaded of it goes "
                                "on until the agent is restarted",
                                printable(file))});
      out_.loaded.push_back(&one.module);
    }
  }

  void file(const std::string& name) {
    try {
      take(name);
    } catch (const Refused& refused) {
      out_.refused.push_back({folder_, fmt::format("the module {} is refused: it {}",
                                                   printable(name), refused.what())});
    } catch (const std::exception& error) {
      out_.refused.push_back({folder_, fmt::format("the module {} is refused: it threw {}",
                                                   printable(name), printable(error.what()))});
    }
  }

  void take(const std::string& name) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(name.c_str(), nullptr),
                                                           &std::free);
    if (!real) throw Refused(fmt::format("leads nowhere: {}", std::strerror(errno)));
    const std::string path = real.get();
    Identity identity;
    const auto descriptor = open_module(path, identity);
    if (known(name, path, identity)) return;
    if (const auto problem = distrust(path); !problem.empty()) {
      throw Refused(fmt::format("is not safe to load: {}", problem));
    }
    check_tag(descriptor);
    const auto* plugin = load(path);
    if (!plugin) throw Refused("has no plugin: basewatch_module_plugin() returned nothing");
    check_names(*plugin, builtin_);
    store().loaded.push_back({{name, plugin}, path, identity});
    out_.loaded.push_back(&store().loaded.back().module);
  }

  // A file that is in memory already; true unless it has to be loaded.
  bool known(const std::string& name, const std::string& path, const Identity& identity) {
    for (const auto& one : store().loaded) {
      if (one.path != path && !one.identity.same_file(identity)) continue;
      if (std::ranges::find(out_.loaded, &one.module) != out_.loaded.end()) {
        throw Refused(fmt::format("is the same file as {}: remove one of the two",
                                  printable(one.module.file)));
      }
      if (!(one.identity == identity)) {
        out_.notes.push_back({folder_, fmt::format("the module {} was replaced; the agent goes on "
                                                   "with the old one: restart it to use the new",
                                                   printable(name))});
      }
      out_.loaded.push_back(&one.module);
      return true;
    }
    return false;
  }

  const std::span<const Plugin* const> builtin_;
  Look& out_;
  std::size_t folder_ = 0;
};

}  // namespace

Look look(std::span<const std::string> folders, std::span<const Plugin* const> builtin) {
  std::lock_guard guard(store().mutex);
  Look out;
  Looking looking(builtin, out);
  for (std::size_t i = 0; i < folders.size(); ++i) looking.folder(i, folders[i]);
  return out;
}

}  // namespace basewatch::modules
