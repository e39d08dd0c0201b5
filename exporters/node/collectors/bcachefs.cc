// What bcachefs says of each of its file systems and their devices: /sys/fs/bcachefs/<uuid>.
#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/read/bcachefs.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

// Counters whose metric would have the name of another one (the catalog's exceptions).
constexpr std::string_view kTaken[] = {"btree_writes", "device_io_done_bytes", "device_io_errors",
                                       "errors"};

class Bcachefs final : public NodeCollector {
 public:
  explicit Bcachefs(const Setup& setup) : folder_(setup.sys("fs/bcachefs")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto folder = SysFolder::open(folder_);
    bool is_any = false;
    for (const auto& uuid : folder ? folder->names() : std::vector<std::string>()) {
      if (const auto system = folder->folder(uuid)) {
        add(page, uuid, *system);
        is_any = true;
      }
    }
    return is_any ? done() : absent("no bcachefs is mounted");
  }

 private:
  // Calls use(source) for an attribute that is there; which ones are depends on the kernel.
  template <typename Use>
  static void read(const SysFolder& folder, std::string_view name, Use&& use) {
    const auto attribute = folder.read(name);
    if (attribute.is_missing()) return;
    if (!attribute.ok()) folder.fail(name, error_text(attribute.error));
    const auto path = folder.path_of(name);
    use(Source(attribute.text, path));
  }

  static void add(Page& page, const std::string& uuid, const SysFolder& system) {
    page.add(m::bcachefs_info, 1, uuid);
    double cache = 0;
    read(system, "btree_cache_size",
         [&](const Source& source) { cache = bcachefs_bytes(source, source.text); });
    page.add(m::bcachefs_btree_cache_size_bytes, cache, uuid);
    read(system, "compression_stats", [&](const Source& source) {
      for (const auto& row : parse_bcachefs_compression(source)) {
        page.add(m::bcachefs_compression_compressed_bytes, row.first, uuid, row.name);
        page.add(m::bcachefs_compression_uncompressed_bytes, row.second, uuid, row.name);
      }
    });
    read(system, "errors", [&](const Source& source) {
      for (const auto& row : parse_bcachefs_errors(source)) {
        page.add(m::bcachefs_errors_total, row.first, uuid, row.name);
      }
    });
    add_counters(page, uuid, system);
    read(system, "btree_write_stats", [&](const Source& source) {
      for (const auto& row : parse_bcachefs_writes(source)) {
        page.add(m::bcachefs_btree_writes_total, row.first, uuid, row.name);
        page.add(m::bcachefs_btree_write_average_size_bytes, row.second, uuid, row.name);
      }
    });
    for (const auto& name : system.names()) {
      const auto device = name.starts_with("dev-") ? system.folder(name) : std::nullopt;
      if (device) add_device(page, uuid, std::string_view(name).substr(4), *device);
    }
  }

  static void add_counters(Page& page, const std::string& uuid, const SysFolder& system) {
    const auto counters = system.folder("counters");
    if (!counters) return;
    for (const auto& name : counters->names()) {
      if (std::ranges::find(kTaken, name) != std::end(kTaken)) continue;
      read(*counters, name, [&](const Source& source) {
        page.add(m::bcachefs_total, name, parse_bcachefs_counter(source), uuid);
      });
    }
  }

  static void add_device(Page& page, const std::string& uuid, std::string_view name,
                         const SysFolder& device) {
    page.add(m::bcachefs_device_info, 1, uuid, name, device.text("label").value_or(""),
             device.text("state").value_or(""));
    double bucket = 0;
    read(device, "bucket_size", [&](const Source& source) {
      if (!source.text.empty()) bucket = bcachefs_bytes(source, source.text);
    });
    const auto whole = [&](std::string_view attribute) {
      return static_cast<double>(device.whole(attribute).value_or(0));
    };
    page.add(m::bcachefs_device_bucket_size_bytes, bucket, uuid, name);
    page.add(m::bcachefs_device_buckets, whole("nbuckets"), uuid, name);
    page.add(m::bcachefs_device_durability, whole("durability"), uuid, name);
    read(device, "io_done", [&](const Source& source) {
      for (const auto& io : parse_bcachefs_io(source)) {
        page.add(m::bcachefs_device_io_done_bytes_total, io.bytes, uuid, name, io.operation,
                 io.data_type);
      }
    });
    read(device, "io_errors", [&](const Source& source) {
      for (const auto& row : parse_bcachefs_io_errors(source)) {
        page.add(m::bcachefs_device_io_errors_total, row.first, uuid, name, row.name);
      }
    });
  }

  std::string folder_;
};

}  // namespace

constinit const CollectorKind bcachefs_collector{"bcachefs", kProcLane, true, {}, create<Bcachefs>};

}  // namespace basewatch::node
