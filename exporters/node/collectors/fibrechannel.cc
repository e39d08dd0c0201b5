// Fibre Channel ports: what they are, and their counters.
#include <array>

#include "exporters/node/attributes.h"
#include "exporters/node/collector.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr auto kNotCounted = ~std::uint64_t{0};  // what the firmware of an adapter does not count

// "0x50014380186b4d75" without its beginning.
bool is_written_in_hex(std::string_view attribute) {
  return attribute == "port_id" || attribute == "port_name" || attribute == "fabric_name";
}

class Fibrechannel final : public NodeCollector {
 public:
  explicit Fibrechannel(const Setup& setup) : path_(setup.sys("class/fc_host")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto hosts = SysFolder::open(path_);
    if (!hosts) return absent("no Fibre Channel");
    for (const auto& name : hosts->names()) {
      if (const auto host = hosts->folder(name)) add(page, *host, name);
    }
    return done();
  }

 private:
  static void add(Page& page, const SysFolder& host, std::string_view name) {
    constexpr auto& kInfo = metrics::node::fibrechannel_info;
    std::array<std::string, kInfo.labels.size()> texts;
    std::array<std::string_view, kInfo.labels.size()> values;
    values[0] = name;
    for (std::size_t i = 1; i < values.size(); ++i) {
      texts[i] = host.text(kInfo.labels[i]).value_or("");
      values[i] = texts[i];
      if (is_written_in_hex(kInfo.labels[i]) && values[i].size() > 2) values[i].remove_prefix(2);
    }
    page.add(kInfo.spec(), 1, values);
    add_counters(page, host, name);
  }

  // A port that is switched off may have none.
  static void add_counters(Page& page, const SysFolder& host, std::string_view name) {
    const auto statistics = host.folder("statistics");
    if (!statistics) return;
    for (const auto& [attribute, metric] : metrics::node::from_fibrechannel) {
      const auto count = statistics->whole(attribute);
      if (count && *count != kNotCounted) {
        page.add(metric, static_cast<double>(*count), Labels{name});
      }
    }
  }

  std::string path_;
};

}  // namespace

// The counters may be fetched from the adapter.
constinit const CollectorKind fibrechannel_collector{
    "fibrechannel", kOwnLane, true, {}, create<Fibrechannel>};

}  // namespace basewatch::node
