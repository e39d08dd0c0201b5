// What the drivers of network devices count and offer: ioctl, as the program ethtool does.
#include <fmt/format.h>
#include <linux/ethtool.h>

#include <cerrno>
#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/ethtool.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

constexpr Option kEthtoolOptions[] = {
    {"collectors.ethtool.device_include", OptionType::regex, "", "Which devices are looked at."},
    {"collectors.ethtool.device_exclude", OptionType::regex, "", "Which devices are left out."},
    {"collectors.ethtool.metrics_include", OptionType::regex, ".*",
     "Which of the drivers' counters are taken."},
};

constexpr double kMegabit = 1e6 / 8;  // in bytes
constexpr std::pair<unsigned, std::string_view> kPorts[] = {
    {ETHTOOL_LINK_MODE_TP_BIT, "TP"},   {ETHTOOL_LINK_MODE_AUI_BIT, "AUI"},
    {ETHTOOL_LINK_MODE_MII_BIT, "MII"}, {ETHTOOL_LINK_MODE_FIBRE_BIT, "FIBRE"},
    {ETHTOOL_LINK_MODE_BNC_BIT, "BNC"}, {ETHTOOL_LINK_MODE_Backplane_BIT, "Backplane"}};

bool has(std::uint32_t modes, unsigned bit) {
  return (modes >> bit & 1) != 0;
}

// A counter's name with '_' for what a metric's name may not have: what metrics_include sees.
std::string sanitized(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    const bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_fine) c = '_';
  }
  return out;
}

class EthtoolCollector final : public NodeCollector {
 public:
  explicit EthtoolCollector(const Setup& setup)
      : folder_(setup.sys("class/net")),
        devices_(setup.settings, "collectors.ethtool.device_exclude",
                 "collectors.ethtool.device_include"),
        counters_(setup.settings, {}, "collectors.ethtool.metrics_include"),
        host_(setup.host) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    const auto folder = SysFolder::open(folder_);
    if (!folder) return absent(folder_ + " is not there");
    problems_.clear();
    for (const auto& device : folder->names()) {
      if (!devices_.accepts(device) || !folder->folder(device)) continue;
      if (deadline.passed()) throw ReadError("the deadline has passed while devices were asked");
      add_link(page, device);
      add_driver(page, device);
      add_counters(page, device);
    }
    tell();
    return done();
  }

 private:
  void add_link(Page& page, const std::string& device) {
    EthtoolLink link;
    if (!is_answer(device, "link", ethtool_.link(device, link))) return;
    for (const auto& speed : kEthtoolSpeeds) {
      const auto mode = fmt::format("{}base{}", speed.megabits, speed.physical);
      const double bytes = speed.megabits * kMegabit;
      if (has(link.supported, speed.bit)) {
        page.add(m::network_supported_speed_bytes, bytes, device, speed.duplex, mode);
      }
      if (has(link.advertised, speed.bit)) {
        page.add(m::network_advertised_speed_bytes, bytes, device, speed.duplex, mode);
      }
    }
    for (const auto& [bit, type] : kPorts) {
      if (has(link.supported, bit)) page.add(m::network_supported_port_info, 1, device, type);
    }
    const auto put = [&](const Metric<1>& metric, std::uint32_t modes, unsigned bit) {
      page.add(metric, has(modes, bit) ? 1 : 0, device);
    };
    put(m::network_autonegotiate_supported, link.supported, ETHTOOL_LINK_MODE_Autoneg_BIT);
    put(m::network_pause_supported, link.supported, ETHTOOL_LINK_MODE_Pause_BIT);
    put(m::network_asymmetricpause_supported, link.supported, ETHTOOL_LINK_MODE_Asym_Pause_BIT);
    put(m::network_autonegotiate_advertised, link.advertised, ETHTOOL_LINK_MODE_Autoneg_BIT);
    put(m::network_pause_advertised, link.advertised, ETHTOOL_LINK_MODE_Pause_BIT);
    put(m::network_asymmetricpause_advertised, link.advertised, ETHTOOL_LINK_MODE_Asym_Pause_BIT);
    page.add(m::network_autonegotiate, link.is_autonegotiating ? 1 : 0, device);
  }

  void add_driver(Page& page, const std::string& device) {
    EthtoolDriver info;
    if (!is_answer(device, "driver", ethtool_.driver(device, info))) return;
    page.add(m::ethtool_info, 1, info.bus, device, info.driver, info.expansion_rom, info.firmware,
             info.version);
  }

  // Of counters that become the same metric none is taken, as nobody knows which is which.
  void add_counters(Page& page, const std::string& device) {
    if (!is_answer(device, "counters", ethtool_.stats(device, stats_))) return;
    std::map<std::string, std::pair<std::uint64_t, bool>> by_name;
    for (const auto& [counter, value] : stats_) {
      if (!counters_.accepts(sanitized(counter))) continue;
      const auto name = metric_name(counter);
      if (name.empty() || name == "info") continue;
      const auto [entry, is_new] = by_name.try_emplace(name, value, true);
      if (!is_new) entry->second.second = false;
    }
    for (const auto& [name, entry] : by_name) {
      const auto [value, is_alone] = entry;
      if (is_alone) page.add(m::ethtool, name, static_cast<double>(value), device);
    }
  }

  // Some counters have had names of their own since before there was a rule.
  static std::string metric_name(std::string_view counter) {
    constexpr std::pair<std::string_view, std::string_view> kNames[] = {
        {"rx_bytes", "received_bytes_total"},       {"rx_dropped", "received_dropped_total"},
        {"rx_errors", "received_errors_total"},     {"rx_packets", "received_packets_total"},
        {"tx_bytes", "transmitted_bytes_total"},    {"tx_errors", "transmitted_errors_total"},
        {"tx_packets", "transmitted_packets_total"}};
    for (const auto& [from, to] : kNames) {
      if (counter == from) return std::string(to);
    }
    return ethtool_metric_name(counter);
  }

  // Drivers need not answer, and devices may go; other errors are told.
  bool is_answer(const std::string& device, std::string_view what, int error) {
    if (error == 0) return true;
    if (error != EOPNOTSUPP && error != ENODEV) {
      problems_ += fmt::format("{}{} of {}: {}", problems_.empty() ? "" : "; ", what, device,
                               error_text(error));
    }
    return false;
  }

  void tell() {
    if (problems_ == told_) return;
    if (!problems_.empty()) host_->log(LogLevel::warning, "ethtool: " + problems_);
    host_->note("ethtool", problems_);
    told_ = problems_;
  }

  std::string folder_;
  NameFilter devices_, counters_;
  std::shared_ptr<HostLink> host_;
  Ethtool ethtool_;
  EthtoolStats stats_;
  std::string problems_, told_;
};

}  // namespace

// Drivers ask their hardware, which may take its time.
constinit const CollectorKind ethtool_collector{"ethtool", kOwnLane, false, kEthtoolOptions,
                                                create<EthtoolCollector>};

}  // namespace basewatch::node
