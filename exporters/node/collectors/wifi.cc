// Wireless interfaces, the networks they belong to and the stations they see: nl80211.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/nl80211.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

constexpr Option kWifiOptions[] = {
    {"collectors.wifi.fixtures", OptionType::path, "",
     "A folder whose files are read in place of the kernel's answers; for tests."},
};

constexpr double kMegahertz = 1e6;

class Wifi final : public NodeCollector {
 public:
  explicit Wifi(const Setup& setup) : examples_(setup.settings.text("collectors.wifi.fixtures")) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    if (!examples_.empty()) return run_examples(page);
    if (!kernel_.open(deadline)) return absent("this kernel has no wireless network");
    for (const auto& interface : kernel_.interfaces(deadline)) {
      if (interface.name.empty()) continue;
      add(page, interface, kernel_.network(interface, deadline),
          kernel_.stations(interface, deadline));
    }
    return done();
  }

 private:
  Outcome run_examples(Page& page) const {
    const auto path = [&](const std::string& name) { return examples_ + '/' + name; };
    KeptFile list(path("interfaces.json"));
    const auto source = list.read_if_there();
    if (!source) return absent("there is no " + list.path());
    for (const auto& interface : parse_wifi_interface_examples(*source)) {
      if (interface.name.empty()) continue;
      KeptFile network(path(interface.name + "/bss.json"));
      KeptFile stations(path(interface.name + "/stationinfo.json"));
      const auto network_source = network.read_if_there();
      const auto station_source = stations.read_if_there();
      add(page, interface,
          network_source ? parse_wifi_network_example(*network_source) : std::nullopt,
          station_source ? parse_wifi_station_examples(*station_source)
                         : std::vector<WifiStation>());
    }
    return done();
  }

  static void add(Page& page, const WifiInterface& interface,
                  const std::optional<WifiNetwork>& network,
                  const std::vector<WifiStation>& stations) {
    page.add(m::wifi_interface_frequency_hertz, interface.frequency_mhz * kMegahertz,
             interface.name);
    if (network) {
      page.add(m::wifi_station_info, 1, interface.name, network->bssid, network->ssid,
               network->mode);
    }
    for (const auto& station : stations) add_station(page, interface.name, station);
  }

  static void add_station(Page& page, const std::string& device, const WifiStation& station) {
    const std::pair<const Metric<2>*, double> values[] = {
        {&m::wifi_station_connected_seconds_total, station.connected_seconds},
        {&m::wifi_station_inactive_seconds, station.inactive_seconds},
        {&m::wifi_station_receive_bits_per_second, station.received_bits},
        {&m::wifi_station_transmit_bits_per_second, station.sent_bits},
        {&m::wifi_station_receive_bytes_total, station.received_bytes},
        {&m::wifi_station_transmit_bytes_total, station.sent_bytes},
        {&m::wifi_station_signal_dbm, station.signal_dbm},
        {&m::wifi_station_transmit_retries_total, station.retries},
        {&m::wifi_station_transmit_failed_total, station.failed},
        {&m::wifi_station_beacon_loss_total, station.beacon_loss},
        {&m::wifi_station_transmitted_packets_total, station.sent_packets},
        {&m::wifi_station_received_packets_total, station.received_packets}};
    for (const auto& [metric, value] : values) page.add(*metric, value, device, station.mac);
  }

  std::string examples_;
  Nl80211 kernel_;
};

}  // namespace

// Drivers ask the hardware, some take their time.
constinit const CollectorKind wifi_collector{"wifi", kOwnLane, false, kWifiOptions, create<Wifi>};

}  // namespace basewatch::node
