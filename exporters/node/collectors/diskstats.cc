// What the block devices have read and written, of /proc/diskstats, and what udev knows of them.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/udev.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kDiskstatsOptions[] = {
    {"collectors.diskstats.device_exclude", OptionType::regex,
     R"(^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$)", "Which devices are left out."},
    {"collectors.diskstats.device_include", OptionType::regex, "",
     "Which devices are looked at; empty: all that are not left out."},
};

constexpr double kMilliseconds = 1.0 / 1000, kSector = 512;

// The columns behind the name of the device, and what one of each is.
struct Field {
  const Metric<1>& metric;
  double unit = 1;
};
namespace m = metrics::node;
constexpr Field kFields[] = {
    {m::disk_reads_completed_total},
    {m::disk_reads_merged_total},
    {m::disk_read_bytes_total, kSector},
    {m::disk_read_time_seconds_total, kMilliseconds},
    {m::disk_writes_completed_total},
    {m::disk_writes_merged_total},
    {m::disk_written_bytes_total, kSector},
    {m::disk_write_time_seconds_total, kMilliseconds},
    {m::disk_io_now},
    {m::disk_io_time_seconds_total, kMilliseconds},
    {m::disk_io_time_weighted_seconds_total, kMilliseconds},
    {m::disk_discards_completed_total},  // since Linux 4.18
    {m::disk_discards_merged_total},
    {m::disk_discarded_sectors_total},
    {m::disk_discard_time_seconds_total, kMilliseconds},
    {m::disk_flush_requests_total},  // since Linux 5.5
    {m::disk_flush_requests_time_seconds_total, kMilliseconds},
};
constexpr std::size_t kLeastColumns = 11;

class Diskstats final : public NodeCollector {
 public:
  explicit Diskstats(const Setup& setup)
      : file_(setup.proc("diskstats")),
        block_folder_(setup.sys("block")),
        udev_folder_(setup.settings.text("paths.udev_data")),
        filter_({setup.settings, "collectors.diskstats.device_exclude",
                 "collectors.diskstats.device_include"}) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    std::size_t row = 0;
    for_each_line(source, [&](std::string_view line) {
      split_words(line, words_);
      if (words_.size() < 3 + kLeastColumns || !filter_.accepts(row++, words_[2])) return;
      add_info(page, words_[0], words_[1], words_[2]);
      for (std::size_t i = 0; i < std::size(kFields) && 3 + i < words_.size(); ++i) {
        const auto value = static_cast<double>(source.whole(words_[3 + i]));
        page.add(kFields[i].metric, value * kFields[i].unit, words_[2]);
      }
    });
    return done();
  }

 private:
  struct Disk {
    UdevProperties udev;
    KeptFile rotational;
  };

  Disk& disk(std::string_view major, std::string_view minor, std::string_view device) {
    key_.assign(major).append(":").append(minor).append(" ").append(device);
    const auto known = disks_.find(key_);
    if (known != disks_.end()) return known->second;
    if (disks_.size() > 4096) disks_.clear();  // devices come and go, as on a host of containers
    std::string name(device);
    std::ranges::replace(name, '/', '!');  // cciss/c0d0: so sysfs writes it
    return disks_
        .emplace(key_, Disk{UdevProperties(fmt::format("{}/b{}:{}", udev_folder_, major, minor)),
                            KeptFile(fmt::format("{}/{}/queue/rotational", block_folder_, name))})
        .first->second;
  }

  void add_info(Page& page, std::string_view major, std::string_view minor,
                std::string_view device) {
    auto& [udev, rotational] = disk(major, minor, device);
    udev.refresh();
    // What is printed on the disk, where the disk tells; ID_SERIAL is all that virtio disks have.
    const auto serial = udev.first_of({"SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"});
    page.add(m::disk_info, 1, device, major, minor, udev["ID_PATH"], udev["ID_WWN"],
             udev["ID_MODEL"], serial, udev["ID_REVISION"],
             read_number(rotational).value_or(0) == 0 ? "0" : "1");
    if (!udev["ID_FS_TYPE"].empty()) {
      page.add(m::disk_filesystem_info, 1, device, udev["ID_FS_TYPE"], udev["ID_FS_USAGE"],
               udev["ID_FS_UUID"], udev["ID_FS_VERSION"]);
    }
    if (!udev["DM_NAME"].empty()) {
      page.add(m::disk_device_mapper_info, 1, device, udev["DM_NAME"], udev["DM_UUID"],
               udev["DM_VG_NAME"], udev["DM_LV_NAME"], udev["DM_LV_LAYER"]);
    }
    if (udev["ID_ATA"].empty()) return;
    const auto add_ata = [&](const Metric<1>& metric, std::string_view property) {
      if (const auto value = parse_double(udev[property])) page.add(metric, *value, device);
    };
    add_ata(m::disk_ata_write_cache, "ID_ATA_WRITE_CACHE");
    add_ata(m::disk_ata_write_cache_enabled, "ID_ATA_WRITE_CACHE_ENABLED");
    add_ata(m::disk_ata_rotation_rate_rpm, "ID_ATA_ROTATION_RATE_RPM");
  }

  KeptFile file_;
  std::string block_folder_, udev_folder_, key_;
  RowFilter filter_;
  std::map<std::string, Disk> disks_;
  std::vector<std::string_view> words_;
};

}  // namespace

constinit const CollectorKind diskstats_collector{"diskstats", kProcLane, true, kDiskstatsOptions,
                                                  create<Diskstats>};

}  // namespace basewatch::node
