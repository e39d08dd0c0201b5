#include "agent/scrape/run.h"

#include "agent/base/strings.h"
#include "agent/scrape/guarded.h"

namespace basewatch::scrape {

RunEnd run_collector(const Collector& collector, PageLimits limits, const Deadline& deadline,
                     const Page* before) {
  std::shared_ptr<Page> page;
  Outcome outcome;
  RunEnd end;
  auto failure = guarded([&] {
    page = std::make_shared<Page>(limits);
    if (before) page->reserve_like(*before);
    try {
      outcome = collector.run(*page, deadline);
    } catch (const InstanceFailure&) {
      end.of_instance = true;
      throw;
    }
    if (!outcome.is_absent) page->seal();
  });
  if (failure) {
    end.reason = std::move(*failure);
  } else if (outcome.is_absent) {
    end.state = RunState::absent;
    end.reason = printable(outcome.reason);
  } else {
    end.state = RunState::done;
    end.page = std::move(page);
  }
  return end;
}

std::string time_of_day(WallTime time) {
  return format_utc(time).substr(11, 8) + " UTC";
}

}  // namespace basewatch::scrape
