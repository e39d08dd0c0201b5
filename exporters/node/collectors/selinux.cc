// Whether SELinux is on, and what it does.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/stamped_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr double kDisabled = -1, kPermissive = 0, kEnforcing = 1;

class Selinux final : public NodeCollector {
 public:
  explicit Selinux(const Setup& setup)
      : enforce_(setup.sys("fs/selinux/enforce")),
        label_(setup.proc("self/attr/current")),
        config_(setup.root("etc/selinux/config")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto enforce = enforce_.read_if_there();
    const bool is_on = enforce && has_policy();
    page.add(metrics::node::selinux_enabled, is_on ? 1 : 0);
    if (!is_on) return done();
    page.add(metrics::node::selinux_config_mode, configured());
    page.add(metrics::node::selinux_current_mode,
             parse_double(trim(enforce->text)).value_or(kDisabled));
    return done();
  }

 private:
  // Without a policy every task is called "kernel", and nothing is enforced.
  bool has_policy() {
    const auto label = label_.try_read();
    return !label || label->text.substr(0, label->text.find('\0')) != "kernel";
  }

  double configured() {
    if (config_.refresh() == StampedFile::State::missing) return kDisabled;
    double mode = kDisabled;
    for_each_line(config_.source(), [&](std::string_view line) {
      line = trim(line);
      if (!line.starts_with("SELINUX=")) return;
      const auto value = trim(line.substr(8));
      mode = value == "enforcing" ? kEnforcing : value == "permissive" ? kPermissive : kDisabled;
    });
    return mode;
  }

  KeptFile enforce_, label_;
  StampedFile config_;
};

}  // namespace

constinit const CollectorKind selinux_collector{"selinux", kProcLane, true, {}, create<Selinux>};

}  // namespace basewatch::node
