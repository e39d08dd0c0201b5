#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/unique_fd.h"

// What the driver of a network device says of it: the ioctl that the program ethtool uses.
namespace basewatch::node {

struct EthtoolLink {
  std::uint32_t supported = 0, advertised = 0;  // a bit for each mode
  bool is_autonegotiating = false;
};

struct EthtoolDriver {
  std::string driver, version, firmware, bus, expansion_rom;
};

using EthtoolStats = std::vector<std::pair<std::string, std::uint64_t>>;

// A mode of the bits above that is a speed.
struct EthtoolSpeed {
  unsigned bit;
  unsigned megabits;
  std::string_view duplex, physical;
};
extern const std::vector<EthtoolSpeed> kEthtoolSpeeds;

// Each question returns 0 or an errno: EOPNOTSUPP from a driver that has no answer. Waits as long
// as the driver does. One thread at a time.
class Ethtool {
 public:
  int link(const std::string& device, EthtoolLink& out);
  int driver(const std::string& device, EthtoolDriver& out);
  int stats(const std::string& device, EthtoolStats& out);

 private:
  int ask(const std::string& device, void* question);
  UniqueFd socket_;
};

// The name of a counter as the part of a metric's name: small letters, digits and '_', and
// "received" and "transmitted" for the words rx and tx, as node_exporter has it.
std::string ethtool_metric_name(std::string_view counter);

}  // namespace basewatch::node
