#include "agent/scrape/own_page.h"

#include <algorithm>

#include "agent/base/version.h"
#include "metrics/agent.h"

namespace basewatch::scrape {
namespace {

bool failed(const CollectorResult& result) {
  return result.state == RunState::failed || result.state == RunState::stuck;
}

std::string_view label_of(const expose::TargetLabels& target, std::string_view name) {
  for (const auto& [label, value] : target.pairs()) {
    if (label == name) return value;
  }
  return {};
}

void add_collector(Page& page, const OwnView::Instance& of, const CollectorResult& result) {
  namespace own = metrics::agent;
  const auto add = [&](const auto& metric, double value) {
    page.add(metric, value, of.exporter, of.name, result.collector);
  };
  if (result.state == RunState::absent || result.state == RunState::pending) return;
  add(own::collector_success, failed(result) ? 0 : 1);
  add(own::collector_duration_seconds, seconds(result.duration));
  add(own::collector_series, static_cast<double>(result.series));
  // What yielded nothing has no age; background values may be old while the collector fails.
  if (!failed(result) || result.series > 0) {
    add(own::collector_age_seconds, seconds(result.age));
  }
}

}  // namespace

bool instance_up(const std::vector<CollectorResult>& collectors) {
  const auto pending = [](const auto& result) { return result.state == RunState::pending; };
  const bool known = !std::ranges::all_of(collectors, pending);
  return !known || std::ranges::any_of(collectors, [&](const auto& result) {
    return !failed(result) && !pending(result);
  });
}

std::shared_ptr<const Page> own_page(const OwnView& view) {
  namespace own = metrics::agent;
  auto page = std::make_shared<Page>();
  page->add(own::build_info, 1, version(), revision());
  for (const auto& of : view.instances) {
    page->add(own::instance_up, instance_up(of.collectors) ? 1 : 0, of.exporter, of.name);
    page->add(own::target_info, 1, of.exporter, of.name, label_of(*of.target, "job"),
              label_of(*of.target, "instance"));
    for (std::size_t i = 0; i < of.collectors.size(); ++i) {
      add_collector(*page, of, of.collectors[i]);
      page->add(own::collector_failures_total, static_cast<double>(of.failures[i]), of.exporter,
                of.name, of.collectors[i].collector);
    }
    page->add(own::series_dropped_total, static_cast<double>(of.duplicates), of.exporter, of.name,
              "duplicate");
    page->add(own::series_dropped_total, static_cast<double>(of.capped), of.exporter, of.name,
              "cap");
  }
  page->add(own::stuck_runs, static_cast<double>(view.stuck_runs));
  page->add(own::abandoned_runs_total, static_cast<double>(view.abandoned_runs));
  page->add(own::worker_threads, static_cast<double>(view.worker_threads));
  page->seal();
  return page;
}

}  // namespace basewatch::scrape
