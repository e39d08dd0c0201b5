// How long each processor ran tasks and let them wait, of /proc/schedstat.
#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr double kNanoseconds = 1e9;

class Schedstat final : public NodeCollector {
 public:
  explicit Schedstat(const Setup& setup) : file_(setup.proc("schedstat")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read_if_there();
    if (!source) return absent("the kernel keeps no statistics of its scheduler");
    for_each_row(*source, [&](std::string_view key, std::string_view rest) {
      if (!key.starts_with("cpu") || !parse_uint(key.substr(3))) return;
      const auto cpu = key.substr(3);
      for (int skipped = 0; skipped < 6; ++skipped) next_word(rest);
      const auto running = source->number(next_word(rest));
      const auto waiting = source->number(next_word(rest));
      page.add(metrics::node::schedstat_running_seconds_total, running / kNanoseconds, cpu);
      page.add(metrics::node::schedstat_waiting_seconds_total, waiting / kNanoseconds, cpu);
      page.add(metrics::node::schedstat_timeslices_total, source->number(next_word(rest)), cpu);
    });
    return done();
  }

 private:
  KeptFile file_;
};

}  // namespace

constinit const CollectorKind schedstat_collector{
    "schedstat", kProcLane, true, {}, create<Schedstat>};

}  // namespace basewatch::node
