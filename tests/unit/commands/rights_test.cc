#include "agent/commands/rights.h"

#include <doctest/doctest.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace basewatch::commands {
namespace {

struct KeyFolder {
  std::filesystem::path path;
  KeyFolder() {
    std::string name = "/tmp/basewatch-rights-XXXXXX";
    REQUIRE(::mkdtemp(name.data()));
    path = name;
    ::chmod(name.c_str(), 0755);
  }
  ~KeyFolder() { std::filesystem::remove_all(path); }
};

// Runs as an ordinary user in a process of its own; true when `check` is.
template <typename F>
bool as_nobody(F check) {
  const auto child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 &&
        (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0)) {
      ::_exit(3);
    }
    ::_exit(check() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("which group or capability opens a path") {
  const KeyFolder folder;
  const auto file = (folder.path / "log").string();
  std::ofstream(file) << "x";
  CHECK(what_opens(file).empty());
  CHECK(what_opens("/nonexistent/file").empty());
  CHECK(what_opens("/proc/1/fd") == "the capability CAP_SYS_PTRACE");
  ::chmod(file.c_str(), 0600);
  if (::geteuid() != 0) return;  // only root can make a file that another user may not read
  CHECK(as_nobody([&] { return what_opens(file) == "the capability CAP_DAC_READ_SEARCH"; }));
  ::chmod(file.c_str(), 0640);
  REQUIRE(::chown(file.c_str(), 0, 4) == 0);
  CHECK(as_nobody([&] { return what_opens(file) == "the group adm"; }));
  ::chmod(folder.path.c_str(), 0700);  // the way is closed before the file is
  CHECK(as_nobody([&] { return what_opens(file) == "the capability CAP_DAC_READ_SEARCH"; }));
}

TEST_CASE("our own rights") {
  const auto rights = Rights::of_this_process();
  CHECK(rights.user == ::geteuid());
  CHECK(as_nobody([] {
    const auto own = Rights::of_this_process();
    return !own.may_read_all() && !own.may_look_into_processes();
  }));
}

TEST_CASE("a failure for want of a right names the path and what helps") {
  scrape::InstanceResult result;
  result.exporter = "node";
  result.name = "main";
  CollectorResult collector;
  collector.collector = "x";
  collector.state = RunState::failed;
  collector.reason = "cannot read /proc/1/fd: permission denied";
  result.collectors = {collector};
  CHECK(
      closed_to_us({result}) ==
      std::vector<std::string>{"node/main x: /proc/1/fd cannot be read; what helps: the capability "
                               "CAP_SYS_PTRACE"});
  result.collectors[0].reason = "connection refused";
  CHECK(closed_to_us({result}).empty());
}

}  // namespace basewatch::commands
