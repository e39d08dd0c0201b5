// Memory errors that the memory controllers have seen (EDAC).
#include "exporters/node/collector.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

// "mc0" -> "0"; nothing for other names.
std::optional<std::string_view> number_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !parse_uint(name.substr(prefix.size()))) return std::nullopt;
  return name.substr(prefix.size());
}

// As node_exporter shows a label: "CPU_SrcID#0_MC#0_Chan#0_DIMM#0" without '#', and with a '_'
// before "csrow" and "channel".
std::string dimm_label(const SysFolder& csrow, std::string_view channel) {
  const auto text = csrow.text("ch" + std::string(channel) + "_dimm_label");
  if (!text) return "unknown";
  std::string label;
  for (std::size_t i = 0; i < text->size(); ++i) {
    const auto rest = std::string_view(*text).substr(i);
    if (rest.starts_with("csrow") || rest.starts_with("channel")) label += '_';
    if (rest.front() != '#') label += rest.front();
  }
  return label;
}

class Edac final : public NodeCollector {
 public:
  explicit Edac(const Setup& setup) : path_(setup.sys("devices/system/edac/mc")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto controllers = SysFolder::open(path_);
    for (const auto& name : controllers ? controllers->names() : std::vector<std::string>()) {
      const auto number = number_after(name, "mc");
      const auto folder = number ? controllers->folder(name) : std::nullopt;
      if (folder) add_controller(page, *folder, *number);
    }
    return done();  // no such hardware, no errors: node_exporter calls it a success
  }

 private:
  static void add_controller(Page& page, const SysFolder& folder, std::string_view controller) {
    using namespace metrics::node;
    const auto add = [&](const auto& metric, std::string_view attribute, const auto&... labels) {
      if (const auto count = folder.number(attribute)) page.add(metric, *count, labels...);
    };
    add(edac_correctable_errors_total, "ce_count", controller);
    add(edac_csrow_correctable_errors_total, "ce_noinfo_count", controller, "unknown");
    add(edac_uncorrectable_errors_total, "ue_count", controller);
    add(edac_csrow_uncorrectable_errors_total, "ue_noinfo_count", controller, "unknown");
    for (const auto& name : folder.names()) {
      const auto number = number_after(name, "csrow");
      const auto csrow = number ? folder.folder(name) : std::nullopt;
      if (csrow) add_csrow(page, *csrow, controller, *number);
    }
  }

  static void add_csrow(Page& page, const SysFolder& folder, std::string_view controller,
                        std::string_view csrow) {
    using namespace metrics::node;
    const auto add = [&](const auto& metric, std::string_view attribute, const auto&... labels) {
      const auto count = folder.number(attribute);
      if (count) page.add(metric, *count, controller, csrow, labels...);
    };
    add(edac_csrow_correctable_errors_total, "ce_count");
    add(edac_csrow_uncorrectable_errors_total, "ue_count");
    for (const auto& name : folder.names()) {
      constexpr std::string_view kCount = "_ce_count";
      if (!name.ends_with(kCount)) continue;
      const auto stem = std::string_view(name).substr(0, name.size() - kCount.size());
      const auto channel = number_after(stem, "ch");
      if (!channel) continue;
      const auto label = dimm_label(folder, *channel);
      add(edac_channel_correctable_errors_total, name, *channel, label);
      add(edac_channel_uncorrectable_errors_total, std::string(stem) + "_ue_count", *channel,
          label);
    }
  }

  std::string path_;
};

}  // namespace

constinit const CollectorKind edac_collector{"edac", kProcLane, true, {}, create<Edac>};

}  // namespace basewatch::node
