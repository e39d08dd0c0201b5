#pragma once

#include <memory>
#include <string>

#include "agent/plugin/exporter.h"

namespace basewatch::scrape {

// How a run ended.
struct RunEnd {
  RunState state = RunState::failed;  // done, absent or failed
  std::string reason;
  bool of_instance = false;          // threw InstanceFailure
  std::shared_ptr<const Page> page;  // sealed; only of a run that is done
  Duration duration{};
  MonoTime ended{};
};

// What a scrape gets of one collector.
struct Report {
  CollectorResult result;
  std::shared_ptr<const Page> page;
};

// Runs a collector to its end, however that comes about: done, absent, or failed with the reason.
// The times are left to the caller. `before` is the last page, if there is one: how large it was.
RunEnd run_collector(const Collector& collector, PageLimits limits, const Deadline& deadline,
                     const Page* before = nullptr);

// "12:03:04 UTC"
std::string time_of_day(WallTime time);

}  // namespace basewatch::scrape
