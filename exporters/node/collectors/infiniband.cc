// InfiniBand and RoCE adapters and their ports.
#include "exporters/node/attributes.h"
#include "exporters/node/collector.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

// "4: ACTIVE" -> 4
std::optional<double> state_id(const SysFolder& port, std::string_view attribute) {
  const auto text = port.text(attribute);
  const auto id = text ? parse_uint(trim(text->substr(0, text->find(':')))) : std::nullopt;
  if (text && !id) port.fail(attribute, "'" + printable(*text, 40) + "' is no state");
  return id ? std::optional(static_cast<double>(*id)) : std::nullopt;
}

// "40 Gb/sec (4X QDR)" -> bytes a second
std::optional<double> rate(const SysFolder& port) {
  const auto text = port.text("rate");
  if (!text) return std::nullopt;
  const auto gigabits = parse_number_attribute(text->substr(0, text->find(' ')));
  if (!gigabits) port.fail("rate", "'" + printable(*text, 40) + "' is no rate");
  return *gigabits * 125'000'000;
}

void add_counters(Page& page, std::span<const FieldMetric> table, const SysFolder& port,
                  std::string_view folder_name, Labels labels) {
  const auto folder = port.folder(folder_name);
  if (!folder) return;
  for (const auto& [attribute, metric] : table) {
    const auto text = folder->text(attribute);
    if (!text || text->empty() || text->starts_with("N/A")) continue;  // N/A (no PMA)
    const auto count = parse_whole_attribute(*text);
    if (!count) folder->fail(attribute, "'" + printable(*text, 40) + "' is no number");
    // Data is counted in words of four bytes.
    const bool is_data = attribute.find("_data") != attribute.npos;
    page.add(metric, static_cast<double>(is_data ? *count * 4 : *count), labels);
  }
}

class Infiniband final : public NodeCollector {
 public:
  explicit Infiniband(const Setup& setup) : path_(setup.sys("class/infiniband")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto devices = SysFolder::open(path_);
    if (!devices) return absent("no InfiniBand");
    for (const auto& name : devices->names()) {
      if (const auto device = devices->folder(name)) add_device(page, *device, name);
    }
    return done();
  }

 private:
  static void add_device(Page& page, const SysFolder& device, std::string_view name) {
    page.add(metrics::node::infiniband_info, 1, name, device.text("board_id").value_or(""),
             device.text("fw_ver").value_or(""), device.text("hca_type").value_or(""));
    const auto ports = device.folder("ports");
    for (const auto& number : ports ? ports->names() : std::vector<std::string>()) {
      if (const auto port = ports->folder(number)) add_port(page, *port, name, number);
    }
  }

  static void add_port(Page& page, const SysFolder& port, std::string_view device,
                       std::string_view number) {
    using namespace metrics::node;
    const auto add = [&](const Metric<2>& metric, std::optional<double> value) {
      if (value) page.add(metric, *value, device, number);
    };
    add(infiniband_state_id, state_id(port, "state"));
    add(infiniband_physical_state_id, state_id(port, "phys_state"));
    add(infiniband_rate_bytes_per_second, rate(port));
    add_counters(page, from_infiniband_counters, port, "counters", {device, number});
    add_counters(page, from_infiniband_counters_ext, port, "counters_ext", {device, number});
    add_counters(page, from_infiniband_hw_counters, port, "hw_counters", {device, number});
    // Milliseconds, in whole seconds.
    if (const auto lifespan = port.whole("hw_counters/lifespan")) {
      page.add(infiniband_lifespan_seconds, static_cast<double>(*lifespan / 1000), device, number);
    }
  }

  std::string path_;
};

}  // namespace

// The counters are fetched from the adapter's firmware.
constinit const CollectorKind infiniband_collector{
    "infiniband", kOwnLane, true, {}, create<Infiniband>};

}  // namespace basewatch::node
