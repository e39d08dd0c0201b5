#include "agent/scrape/caps.h"

#include <fmt/format.h>

#include <mutex>
#include <ranges>
#include <string>

#include "agent/scrape/agent_exporter.h"
#include "agent/scrape/core.h"

namespace basewatch::scrape {
namespace {

// Drops from the end of one instance until `total` is at most `most`; the names of what went.
std::string drop_last(Gathered& of, std::size_t& total, std::size_t most, std::string_view cap) {
  std::string names;
  for (auto& report : of.reports | std::views::reverse) {
    if (total <= most) break;
    if (!report.page || report.page->samples() == 0) continue;
    const auto series = report.page->samples();
    total -= series;
    of.choice.instance->count_capped(series);
    report.page = nullptr;
    report.result.state = RunState::failed;
    report.result.series = 0;
    report.result.age = {};
    report.result.reason = fmt::format("left out: above the cap of {} series {}", most, cap);
    names = names.empty() ? std::string(report.result.collector)
                          : fmt::format("{}, {}", report.result.collector, names);
  }
  return names;
}

std::size_t series_of(const Gathered& of) {
  std::size_t series = 0;
  for (const auto& report : of.reports) series += report.page ? report.page->samples() : 0;
  return series;
}

void note(Gathered& of, bool Instance::*biting, const std::string& names, std::string_view cap,
          bool whole) {
  if (names.empty() && !whole) return;
  auto& instance = *of.choice.instance;
  instance.note_cap(instance.*biting, !names.empty(),
                    names.empty()
                        ? fmt::format("below the cap of series {} again", cap)
                        : fmt::format("above the cap of series {}; left out: {}", cap, names));
}

}  // namespace

void apply_caps(std::vector<Gathered>& gathered, Core& core, std::size_t most, bool whole) {
  constexpr std::string_view kOwn = "of the instance", kAnswer = "of one answer";
  std::lock_guard guard(core.mutex);
  std::size_t total = 0;
  for (auto& of : gathered) {
    auto series = series_of(of);
    const auto names = drop_last(of, series, of.choice.instance->max_series(), kOwn);
    note(of, &Instance::own_cap_bites, names, kOwn, whole);
    total += series;
  }
  for (auto& of : gathered | std::views::reverse) {
    if (of.choice.instance->exporter_name() == kAgent) continue;
    const auto names = drop_last(of, total, most, kAnswer);
    note(of, &Instance::answer_cap_bites, names, kAnswer, whole);
  }
}

}  // namespace basewatch::scrape
