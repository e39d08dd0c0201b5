#include "agent/commands/trial.h"

#include <fmt/format.h>
#include <prometheus/registry.h>

#include "agent/base/strings.h"
#include "agent/commands/commands.h"

namespace basewatch::commands {
namespace {

// Runs that hang outlive the trial and may still want to say something.
Log& leaked_log(LogLevel least) {
  static auto& log = *new Log(Clock::system(), least);
  return log;
}

}  // namespace

Trial::Trial(const Setup& setup, LogLevel least)
    : log_(leaked_log(least)), engine_(Clock::system(), log_, setup.node) {
  engine_.add_own(self_.registry());
}

bool Trial::start(const Setup& setup, Diagnostics& diagnostics) {
  return apply(engine_, setup, diagnostics);
}

std::vector<scrape::InstanceResult> Trial::scrape(std::string_view exporter,
                                                  std::string_view name) {
  return engine_.scrape({.exporter = exporter,
                         .name = name,
                         .collect = {},
                         .exclude = {},
                         .deadline = Deadline::in(Clock::system(), kTrialTime),
                         .run_all_in_place = true});
}

bool failed(const CollectorResult& collector) {
  return collector.state != RunState::done && collector.state != RunState::absent;
}

std::string failure_text(const scrape::InstanceResult& result, const CollectorResult& collector) {
  return fmt::format("{}/{} {}: {}", result.exporter, result.name, collector.collector,
                     collector.reason.empty() ? "no result" : printable(collector.reason, 500));
}

int status_of(const std::vector<scrape::InstanceResult>& results) {
  std::size_t good = 0, bad = 0;
  for (const auto& result : results) {
    for (const auto& collector : result.collectors) {
      if (failed(collector)) ++bad;
      if (collector.state == RunState::done) ++good;
    }
  }
  if (bad == 0) return kFine;
  return good > 0 ? kPartly : kFailed;
}

}  // namespace basewatch::commands
