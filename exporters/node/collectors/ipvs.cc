// The load balancer of the kernel, of /proc/net/ip_vs_stats and ip_vs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/read/ipvs.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr std::string_view kLabels[] = {"local_address", "local_port", "remote_address",
                                        "remote_port",   "proto",      "local_mark"};

constexpr Option kIpvsOptions[] = {
    {"collectors.ipvs.backend_labels", OptionType::texts,
     "[local_address, local_port, remote_address, remote_port, proto, local_mark]",
     "By which labels the backends are told apart; those that differ in others only are summed."},
};

class Ipvs final : public NodeCollector {
 public:
  explicit Ipvs(const Setup& setup)
      : stats_(setup.proc("net/ip_vs_stats")), table_(setup.proc("net/ip_vs"), 64u << 20) {
    for (const auto& label : setup.settings.texts(kIpvsOptions[0].name)) {
      const auto known = std::ranges::find(kLabels, label);
      if (known == std::end(kLabels)) {
        throw SettingError(std::string(kIpvsOptions[0].name),
                           fmt::format("there is no label '{}': choose among {}", printable(label),
                                       join(kLabels, ", ")));
      }
      is_wanted_[static_cast<std::size_t>(known - kLabels)] = true;
    }
  }

  Outcome run(Page& page, const Deadline&) override {
    const auto stats = stats_.read_if_there();
    if (!stats) return absent("the kernel balances no load");
    add_totals(page, *stats);
    add_backends(page, table_.read());
    return done();
  }

 private:
  using Key = std::array<std::string, std::size(kLabels)>;
  struct Sums {
    double active = 0, inactive = 0, weight = 0;
  };

  // Two lines of headings, then the totals.
  static void add_totals(Page& page, const Source& source) {
    std::string_view rest = source.text, line;
    for (int i = 0; i < 3; ++i) {
      if (!next_line(rest, line)) source.fail(source.text, "the line of totals is missing");
    }
    const auto number = [&] { return static_cast<double>(source.hex(next_word(line))); };
    page.add(metrics::node::ipvs_connections_total, number());
    page.add(metrics::node::ipvs_incoming_packets_total, number());
    page.add(metrics::node::ipvs_outgoing_packets_total, number());
    page.add(metrics::node::ipvs_incoming_bytes_total, number());
    page.add(metrics::node::ipvs_outgoing_bytes_total, number());
  }

  void add_backends(Page& page, const Source& source) const {
    std::map<Key, Sums> backends;
    for (const auto& backend : parse_ipvs(source)) {
      Key key{backend.local.address, backend.local.port, backend.remote.address,
              backend.remote.port,   backend.protocol,   backend.mark};
      for (std::size_t i = 0; i < key.size(); ++i) {
        if (!is_wanted_[i]) key[i].clear();  // a label without a value is none
      }
      auto& sums = backends[key];
      sums.active += static_cast<double>(backend.active);
      sums.inactive += static_cast<double>(backend.inactive);
      sums.weight += static_cast<double>(backend.weight);
    }
    const auto add = [&](const Metric<6>& metric, double Sums::*value) {
      for (const auto& [k, sums] : backends) {
        page.add(metric, sums.*value, k[0], k[1], k[2], k[3], k[4], k[5]);
      }
    };
    add(metrics::node::ipvs_backend_connections_active, &Sums::active);
    add(metrics::node::ipvs_backend_connections_inactive, &Sums::inactive);
    add(metrics::node::ipvs_backend_weight, &Sums::weight);
  }

  KeptFile stats_, table_;
  std::array<bool, std::size(kLabels)> is_wanted_{};
};

}  // namespace

constinit const CollectorKind ipvs_collector{"ipvs", kProcLane, true, kIpvsOptions, create<Ipvs>};

}  // namespace basewatch::node
