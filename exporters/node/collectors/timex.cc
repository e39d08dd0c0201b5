// The state of the kernel's clock discipline, by adjtimex().
#include <sys/timex.h>

#include <cerrno>

#include "exporters/node/collector.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/source.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr double kMicro = 1e6, kNano = 1e9;
constexpr double kScaledPpm = 1e6 * 65536;  // adjtimex(2): parts per million, in units of 2^-16

class Timex final : public NodeCollector {
 public:
  explicit Timex(const Setup&) {}

  Outcome run(Page& page, const Deadline&) override {
    timex clock{};
    const int state = adjtimex(&clock);
    if (state < 0 && (errno == EPERM || errno == EACCES)) {
      return absent("the clock discipline may not be read in this container");
    }
    if (state < 0) throw ReadError("adjtimex fails: " + error_text(errno));
    const double unit = (clock.status & STA_NANO) != 0 ? kNano : kMicro;
    page.add(metrics::node::timex_sync_status, state == TIME_ERROR ? 0 : 1);
    page.add(metrics::node::timex_offset_seconds, double(clock.offset) / unit);
    page.add(metrics::node::timex_frequency_adjustment_ratio, 1 + double(clock.freq) / kScaledPpm);
    page.add(metrics::node::timex_maxerror_seconds, double(clock.maxerror) / kMicro);
    page.add(metrics::node::timex_estimated_error_seconds, double(clock.esterror) / kMicro);
    page.add(metrics::node::timex_status, double(clock.status));
    page.add(metrics::node::timex_loop_time_constant, double(clock.constant));
    page.add(metrics::node::timex_tick_seconds, double(clock.tick) / kMicro);
    page.add(metrics::node::timex_pps_frequency_hertz, double(clock.ppsfreq) / kScaledPpm);
    page.add(metrics::node::timex_pps_jitter_seconds, double(clock.jitter) / unit);
    page.add(metrics::node::timex_pps_shift_seconds, double(clock.shift));
    page.add(metrics::node::timex_pps_stability_hertz, double(clock.stabil) / kScaledPpm);
    page.add(metrics::node::timex_pps_jitter_total, double(clock.jitcnt));
    page.add(metrics::node::timex_pps_calibration_total, double(clock.calcnt));
    page.add(metrics::node::timex_pps_error_total, double(clock.errcnt));
    page.add(metrics::node::timex_pps_stability_exceeded_total, double(clock.stbcnt));
    page.add(metrics::node::timex_tai_offset_seconds, double(clock.tai));
    return done();
  }
};

}  // namespace

constinit const CollectorKind timex_collector{"timex", kProcLane, true, {}, create<Timex>};

}  // namespace basewatch::node
