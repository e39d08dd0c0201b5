#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/node/read/netlink.h"

// Wireless interfaces, as the kernel tells by generic netlink, or as a folder of examples has them.
namespace basewatch::node {

struct WifiInterface {
  std::uint32_t index = 0;
  std::string name;  // empty for those that are no network device
  std::string mac;   // bytes
  double frequency_mhz = 0;
};

// The network that an interface belongs to.
struct WifiNetwork {
  std::string bssid;  // "00:11:22:33:44:55"
  std::string ssid;
  std::string_view mode;  // client, ad-hoc, unknown
};

struct WifiStation {
  std::string mac;  // "00:11:22:33:44:55"
  double connected_seconds = 0, inactive_seconds = 0;
  double received_bits = 0, sent_bits = 0;  // a second
  double received_bytes = 0, sent_bytes = 0, received_packets = 0, sent_packets = 0;
  double signal_dbm = 0, retries = 0, failed = 0, beacon_loss = 0;
};

// The messages, without their generic header, of NL80211_CMD_NEW_INTERFACE, _NEW_SCAN_RESULTS and
// _NEW_STATION. Nothing for a network that the interface does not belong to.
WifiInterface parse_wifi_interface(std::string_view attributes);
std::optional<WifiNetwork> parse_wifi_network(std::string_view attributes);
WifiStation parse_wifi_station(std::string_view attributes);
// The number of a generic netlink family in the answer to CTRL_CMD_GETFAMILY; 0 when there is none.
std::uint16_t parse_family_id(std::string_view attributes);

// What follows the generic header of a message.
std::string_view generic_body(const NetlinkMessage& message);

// The files of node_exporter's end-to-end test.
std::vector<WifiInterface> parse_wifi_interface_examples(const Source& json);
std::optional<WifiNetwork> parse_wifi_network_example(const Source& json);
std::vector<WifiStation> parse_wifi_station_examples(const Source& json);

// Asks the kernel. One thread at a time.
class Nl80211 {
 public:
  // False when this kernel knows nothing of wireless, or does not tell this user.
  bool open(const Deadline& deadline);
  std::vector<WifiInterface> interfaces(const Deadline& deadline);
  std::optional<WifiNetwork> network(const WifiInterface& interface, const Deadline& deadline);
  std::vector<WifiStation> stations(const WifiInterface& interface, const Deadline& deadline);

 private:
  void dump(std::uint8_t command, const WifiInterface* interface, std::string_view what,
            const Deadline& deadline, const std::function<void()>& begin,
            const std::function<void(std::string_view)>& visit);

  Netlink netlink_{16};  // NETLINK_GENERIC
  std::uint16_t family_ = 0;
};

}  // namespace basewatch::node
