// Hardware and software watchdogs.
#include "exporters/node/attributes.h"
#include "exporters/node/collector.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Watchdog final : public NodeCollector {
 public:
  explicit Watchdog(const Setup& setup) : path_(setup.sys("class/watchdog")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto watchdogs = SysFolder::open(path_);
    if (!watchdogs) return absent("no watchdog");
    for (const auto& name : watchdogs->names()) {
      const auto watchdog = watchdogs->folder(name);
      if (!watchdog) continue;
      add_attributes(page, metrics::node::from_watchdog, *watchdog, {name});
      const auto text = [&](std::string_view attribute) {
        return watchdog->text(attribute).value_or("");
      };
      page.add(metrics::node::watchdog_info, 1, name, text("options"), text("identity"),
               text("state"), text("status"), text("pretimeout_governor"));
    }
    return done();
  }

 private:
  std::string path_;
};

}  // namespace

constinit const CollectorKind watchdog_collector{"watchdog", kProcLane, true, {}, create<Watchdog>};

}  // namespace basewatch::node
