// The open files of the whole system, of /proc/sys/fs/file-nr.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Filefd final : public NodeCollector {
 public:
  explicit Filefd(const Setup& setup) : file_(setup.proc("sys/fs/file-nr")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto [allocated, unused, maximum] = leading_numbers<3>(file_.read());
    static_cast<void>(unused);  // always 0 since Linux 2.6
    page.add(metrics::node::filefd_allocated, allocated);
    page.add(metrics::node::filefd_maximum, maximum);
    return done();
  }

 private:
  KeptFile file_;
};

}  // namespace

constinit const CollectorKind filefd_collector{"filefd", kProcLane, true, {}, create<Filefd>};

}  // namespace basewatch::node
