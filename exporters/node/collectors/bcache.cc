// bcache: block devices with a faster one as their cache. Names and tables are in the catalog.
#include "exporters/node/read/bcache.h"
#include "exporters/node/attributes.h"
#include "exporters/node/collector.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kBcacheOptions[] = {
    {"collectors.bcache.priority_stats", OptionType::flag, "false",
     "Adds node_bcache_priority_stats_*, for which the kernel looks through the whole cache."},
};

std::optional<double> number(const SysFolder& folder, std::string_view name) {
  const auto text = folder.text(name);
  if (!text) return std::nullopt;
  const auto value = parse_bcache_number(*text);
  if (!value) folder.fail(name, "'" + printable(*text, 40) + "' is no number of bcache");
  return value;
}

void add_numbers(Page& page, std::span<const FieldMetric> table, const SysFolder& folder,
                 Labels labels) {
  for (const auto& [name, metric] : table) {
    if (const auto value = number(folder, name)) page.add(metric, *value, labels);
  }
}

// "rate:  1.1M/sec": the rows of a report that a table names.
void add_rows(Page& page, std::span<const FieldMetric> table, const SysFolder& folder,
              std::string_view report, std::string_view unit, Labels labels) {
  const auto text = folder.text(report);
  if (!text) return;
  const auto path = folder.path_of(report);
  const Source source(*text, path);
  for_each_row(source, [&](std::string_view key, std::string_view rest) {
    const auto row = std::ranges::find(table, key, &FieldMetric::field);
    if (row == table.end()) return;
    auto word = trim(rest);
    if (word.ends_with(unit)) word.remove_suffix(unit.size());
    const auto value = parse_bcache_number(word);
    if (!value) source.fail(rest, "'" + printable(word, 40) + "' is no number of bcache");
    page.add(row->metric, *value, labels);
  });
}

class Bcache final : public NodeCollector {
 public:
  explicit Bcache(const Setup& setup)
      : path_(setup.sys("fs/bcache")),
        with_priority_(setup.settings.flag("collectors.bcache.priority_stats")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto sets = SysFolder::open(path_);
    for (const auto& uuid : sets ? sets->names() : std::vector<std::string>()) {
      if (uuid.find('-') == uuid.npos) continue;  // register and so on
      if (const auto set = sets->folder(uuid)) add_set(page, *set, uuid);
    }
    return done();
  }

 private:
  void add_set(Page& page, const SysFolder& set, std::string_view uuid) const {
    using namespace metrics::node;
    add_numbers(page, from_bcache, set, {uuid});
    if (const auto internal = set.folder("internal")) {
      add_numbers(page, from_bcache_internal, *internal, {uuid});
      // The file counts nanoseconds, whatever its name says.
      if (const auto time = number(*internal, "btree_read_average_duration_us")) {
        page.add(bcache_btree_read_average_duration_seconds, *time * 1e-9, uuid);
      }
    }
    for (const auto& name : set.names()) {
      const bool is_backing = is_numbered(name, "bdev"), is_cache = is_numbered(name, "cache");
      const auto device = is_backing || is_cache ? set.folder(name) : std::nullopt;
      if (!device) continue;
      is_cache ? add_cache(page, *device, name, uuid) : add_backing(page, *device, name, uuid);
    }
  }

  static bool is_numbered(std::string_view name, std::string_view prefix) {
    return name.starts_with(prefix) && parse_uint(name.substr(prefix.size()));
  }

  static void add_backing(Page& page, const SysFolder& device, std::string_view name,
                          std::string_view uuid) {
    using namespace metrics::node;
    if (const auto dirty = number(device, "dirty_data")) {
      page.add(bcache_dirty_data_bytes, *dirty, name, uuid);
    }
    add_rows(page, from_bcache_writeback, device, "writeback_rate_debug", "/sec", {name, uuid});
    const auto total = device.folder("stats_total");
    if (!total) return;
    add_numbers(page, from_bcache_total, *total, {name, uuid});
    const auto readaheads = number(*total, "cache_readaheads");  // gone in newer kernels
    if (readaheads.value_or(0) != 0) {
      page.add(bcache_cache_readaheads_total, *readaheads, name, uuid);
    }
  }

  void add_cache(Page& page, const SysFolder& device, std::string_view name,
                 std::string_view uuid) const {
    add_numbers(page, metrics::node::from_bcache_cache, device, {name, uuid});
    if (!with_priority_) return;
    add_rows(page, metrics::node::from_bcache_priority, device, "priority_stats", "%",
             {name, uuid});
  }

  std::string path_;
  bool with_priority_;
};

}  // namespace

constinit const CollectorKind bcache_collector{"bcache", kProcLane, true, kBcacheOptions,
                                               create<Bcache>};

}  // namespace basewatch::node
