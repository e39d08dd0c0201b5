// What the system calls itself.
#include <sys/utsname.h>

#include <cerrno>

#include "exporters/node/collector.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/source.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Uname final : public NodeCollector {
 public:
  explicit Uname(const Setup&) {}

  Outcome run(Page& page, const Deadline&) override {
    utsname name;
    if (uname(&name) != 0) throw ReadError("uname fails: " + error_text(errno));
    page.add(metrics::node::uname_info, 1, name.sysname, name.release, name.version, name.machine,
             name.nodename, name.domainname);
    return done();
  }
};

}  // namespace

constinit const CollectorKind uname_collector{"uname", kProcLane, true, {}, create<Uname>};

}  // namespace basewatch::node
