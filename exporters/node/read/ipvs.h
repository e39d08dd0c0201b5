#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exporters/node/read/source.h"

namespace basewatch::node {

struct IpvsAddress {
  std::string address, port;
};

// A server behind a virtual one. `local` has no address where packets are chosen by their mark.
struct IpvsBackend {
  IpvsAddress local, remote;
  std::string protocol, mark;
  std::uint64_t weight = 0, active = 0, inactive = 0;
};

// /proc/net/ip_vs: a line "TCP  C0A80016:0CEA wlc" for each virtual server, and one
// "  -> C0A85216:0CEA  Tunnel 100 248 2" for each server behind it.
std::vector<IpvsBackend> parse_ipvs(const Source& table);

}  // namespace basewatch::node
