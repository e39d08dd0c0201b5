// The random number generator of the kernel.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Entropy final : public NodeCollector {
 public:
  explicit Entropy(const Setup& setup)
      : available_(setup.proc("sys/kernel/random/entropy_avail")),
        pool_(setup.proc("sys/kernel/random/poolsize")) {}

  Outcome run(Page& page, const Deadline&) override {
    page.add(metrics::node::entropy_available_bits, leading_numbers<1>(available_.read())[0]);
    page.add(metrics::node::entropy_pool_size_bits, leading_numbers<1>(pool_.read())[0]);
    return done();
  }

 private:
  KeptFile available_, pool_;
};

}  // namespace

constinit const CollectorKind entropy_collector{"entropy", kProcLane, true, {}, create<Entropy>};

}  // namespace basewatch::node
