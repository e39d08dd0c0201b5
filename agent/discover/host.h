#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/discover/sockets.h"

namespace basewatch::discover {

// Where to look; other than the real ones for tests and containers.
struct Roots {
  std::string proc = "/proc";
  std::string root = "/";  // of the host's files
};

// A process whose name is worth a closer look.
struct Process {
  int pid = 0;
  std::string name;  // at most 15 bytes: that is all the kernel keeps
  bool in_container = false;
  std::vector<Listener> listeners;  // its own, or all of its network when `owned` is false
  bool owned = false;               // its descriptors could be read
};

// What runs on this host, as far as procfs and a few paths tell. Nothing is connected to, and no
// file of a process is read that waits for the locks of its memory (cmdline, maps).
struct HostView {
  std::vector<Process> processes;
  std::vector<Listener> listeners;  // of the agent's own network
  std::set<std::string> sockets;    // paths of listening Unix sockets
  std::set<std::string> paths;      // those of interesting_paths() that exist
  std::size_t closed = 0;           // processes whose descriptors cannot be read
  bool hides_processes = false;     // procfs shows only our own (hidepid)
};

// Bounded in every direction: processes, descriptors, bytes. `names` are those to look at closer,
// `paths` those to look for below root.
HostView read_host(const Roots& roots, const std::set<std::string, std::less<>>& names,
                   const std::vector<std::string>& paths);

}  // namespace basewatch::discover
