// The part of read/nl80211.h that takes messages and examples apart.
#include "exporters/node/read/nl80211.h"

#include <fmt/format.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include "exporters/node/read/json_examples.h"

namespace basewatch::node {
namespace {

constexpr double kBitRateUnit = 100'000;  // bits a second

std::string mac_text(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    if (!text.empty()) text += ':';
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return text;
}

std::string_view mode_of(std::uint32_t status) {
  if (status == NL80211_BSS_STATUS_AUTHENTICATED || status == NL80211_BSS_STATUS_ASSOCIATED) {
    return "client";
  }
  return status == NL80211_BSS_STATUS_IBSS_JOINED ? "ad-hoc" : "unknown";
}

// The name among the elements of a beacon: number, length, contents.
std::string ssid_of(std::string_view elements) {
  constexpr unsigned char kSsid = 0;
  while (elements.size() >= 2) {
    const auto kind = static_cast<unsigned char>(elements[0]);
    const auto length = static_cast<unsigned char>(elements[1]);
    elements.remove_prefix(2);
    if (length > elements.size()) break;
    if (kind == kSsid) return std::string(elements.substr(0, length));
    elements.remove_prefix(length);
  }
  return "";
}

double bit_rate(std::string_view nested) {
  double rate = 0;
  bool is_wide = false;
  for_each_attribute(nested, [&](std::uint16_t type, std::string_view value) {
    if (type == NL80211_RATE_INFO_BITRATE32) {
      rate = netlink_value<std::uint32_t>(value);
      is_wide = true;
    } else if (type == NL80211_RATE_INFO_BITRATE && !is_wide) {
      rate = netlink_value<std::uint16_t>(value);
    }
  });
  return rate * kBitRateUnit;
}

void read_station(std::uint16_t type, std::string_view value, WifiStation& station) {
  const auto u32 = [&] { return static_cast<double>(netlink_value<std::uint32_t>(value)); };
  const auto u64 = [&] { return static_cast<double>(netlink_value<std::uint64_t>(value)); };
  switch (type) {
    case NL80211_STA_INFO_CONNECTED_TIME:
      station.connected_seconds = u32();
      break;
    case NL80211_STA_INFO_INACTIVE_TIME:
      station.inactive_seconds = u32() / 1000;
      break;
    case NL80211_STA_INFO_RX_BYTES64:
      station.received_bytes = u64();
      break;
    case NL80211_STA_INFO_TX_BYTES64:
      station.sent_bytes = u64();
      break;
    // The narrow counters wrap at 4 GiB; they do where there are no wide ones.
    case NL80211_STA_INFO_RX_BYTES:
      if (station.received_bytes == 0) station.received_bytes = u32();
      break;
    case NL80211_STA_INFO_TX_BYTES:
      if (station.sent_bytes == 0) station.sent_bytes = u32();
      break;
    case NL80211_STA_INFO_SIGNAL:
      station.signal_dbm = netlink_value<std::int8_t>(value);
      break;
    case NL80211_STA_INFO_RX_PACKETS:
      station.received_packets = u32();
      break;
    case NL80211_STA_INFO_TX_PACKETS:
      station.sent_packets = u32();
      break;
    case NL80211_STA_INFO_TX_RETRIES:
      station.retries = u32();
      break;
    case NL80211_STA_INFO_TX_FAILED:
      station.failed = u32();
      break;
    case NL80211_STA_INFO_BEACON_LOSS:
      station.beacon_loss = u32();
      break;
    case NL80211_STA_INFO_RX_BITRATE:
      station.received_bits = bit_rate(value);
      break;
    case NL80211_STA_INFO_TX_BITRATE:
      station.sent_bits = bit_rate(value);
      break;
  }
}

}  // namespace

std::string_view generic_body(const NetlinkMessage& message) {
  return message.body.size() < GENL_HDRLEN ? std::string_view() : message.body.substr(GENL_HDRLEN);
}

std::uint16_t parse_family_id(std::string_view attributes) {
  std::uint16_t id = 0;
  for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
    if (type == CTRL_ATTR_FAMILY_ID) id = netlink_value<std::uint16_t>(value);
  });
  return id;
}

WifiInterface parse_wifi_interface(std::string_view attributes) {
  WifiInterface interface;
  for_each_attribute(attributes, [&](std::uint16_t type, std::string_view value) {
    if (type == NL80211_ATTR_IFINDEX) interface.index = netlink_value<std::uint32_t>(value);
    if (type == NL80211_ATTR_IFNAME) interface.name = netlink_text(value);
    if (type == NL80211_ATTR_MAC) interface.mac = value;
    if (type == NL80211_ATTR_WIPHY_FREQ) {
      interface.frequency_mhz = netlink_value<std::uint32_t>(value);
    }
  });
  return interface;
}

std::optional<WifiNetwork> parse_wifi_network(std::string_view attributes) {
  std::optional<WifiNetwork> network;
  for_each_attribute(attributes, [&](std::uint16_t outer, std::string_view nested) {
    if (outer != NL80211_ATTR_BSS) return;
    WifiNetwork candidate;
    bool is_ours = false;
    for_each_attribute(nested, [&](std::uint16_t type, std::string_view value) {
      if (type == NL80211_BSS_BSSID) candidate.bssid = mac_text(value);
      if (type == NL80211_BSS_INFORMATION_ELEMENTS) candidate.ssid = ssid_of(value);
      if (type == NL80211_BSS_STATUS) {
        candidate.mode = mode_of(netlink_value<std::uint32_t>(value));
        is_ours = true;
      }
    });
    if (is_ours && !network) network = std::move(candidate);
  });
  return network;
}

WifiStation parse_wifi_station(std::string_view attributes) {
  WifiStation station;
  for_each_attribute(attributes, [&](std::uint16_t outer, std::string_view value) {
    if (outer == NL80211_ATTR_MAC) station.mac = mac_text(value);
    if (outer != NL80211_ATTR_STA_INFO) return;
    for_each_attribute(value, [&](std::uint16_t type, std::string_view inner) {
      read_station(type, inner, station);
    });
  });
  return station;
}

std::vector<WifiInterface> parse_wifi_interface_examples(const Source& json) {
  std::vector<WifiInterface> list;
  for (const auto& entry : parse_json_examples(json)) {
    auto& interface = list.emplace_back();
    interface.name = json_text(entry, "name");
    interface.frequency_mhz = json_number(entry, "frequency");
  }
  return list;
}

std::optional<WifiNetwork> parse_wifi_network_example(const Source& json) {
  const auto entries = parse_json_examples(json);
  if (entries.empty()) return std::nullopt;
  const auto& entry = entries.front();
  const auto status = json_number(entry, "status");
  return WifiNetwork{mac_text(json_bytes(entry, "bssid")), json_text(entry, "ssid"),
                     mode_of(status >= 0 && status < 4 ? static_cast<std::uint32_t>(status) : 4)};
}

std::vector<WifiStation> parse_wifi_station_examples(const Source& json) {
  constexpr double kNanoseconds = 1e9;
  std::vector<WifiStation> list;
  for (const auto& entry : parse_json_examples(json)) {
    auto& station = list.emplace_back();
    station.mac = mac_text(json_bytes(entry, "hardwareaddr"));
    station.connected_seconds = json_number(entry, "connected") / kNanoseconds;
    station.inactive_seconds = json_number(entry, "inactive") / kNanoseconds;
    station.received_bits = json_number(entry, "receivebitrate");
    station.sent_bits = json_number(entry, "transmitbitrate");
    station.received_bytes = json_number(entry, "receivedbytes");
    station.sent_bytes = json_number(entry, "transmittedbytes");
    station.received_packets = json_number(entry, "receivedpackets");
    station.sent_packets = json_number(entry, "transmittedpackets");
    station.signal_dbm = json_number(entry, "signal");
    station.retries = json_number(entry, "transmitretries");
    station.failed = json_number(entry, "transmitfailed");
    station.beacon_loss = json_number(entry, "beaconloss");
  }
  return list;
}

}  // namespace basewatch::node
