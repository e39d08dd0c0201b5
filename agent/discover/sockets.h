#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace basewatch::discover {

// A TCP socket that waits for connections.
struct Listener {
  std::string address;  // "127.0.0.1", "::"
  std::uint16_t port = 0;
  std::uint64_t inode = 0;  // as in the links /proc/<pid>/fd/<n>
};

// Out of /proc/<pid>/net/tcp or tcp6; lines that are no sockets are passed over.
std::vector<Listener> parse_tcp(std::string_view text);

// The paths that servers listen on, out of /proc/net/unix; abstract names are left out.
std::vector<std::string> parse_unix(std::string_view text);

// What to connect to: the loopback address where it listens on all, IPv6 in brackets.
std::string reachable(const Listener& listener);

}  // namespace basewatch::discover
