// The tasks that the kernel has found hanging.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class KernelHung final : public NodeCollector {
 public:
  explicit KernelHung(const Setup& setup)
      : file_(setup.proc("sys/kernel/hung_task_detect_count")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read_if_there();
    if (!source) return absent("the kernel does not count hung tasks");
    page.add(metrics::node::kernel_hung_tasks_total, source->number(trim(source->text)));
    return done();
  }

 private:
  KeptFile file_;
};

}  // namespace

constinit const CollectorKind kernel_hung_collector{
    "kernel_hung", kProcLane, true, {}, create<KernelHung>};

}  // namespace basewatch::node
