#include "agent/commands/dry_run.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "agent/base/strings.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
#include "agent/commands/prometheus_api.h"
#include "catalog/compiler/alert_rules.h"
#include "catalog/compiler/inline_rules.h"
#include "catalog/compiler/program.h"

namespace basewatch::commands {
namespace {

constexpr double kMostPoints = 10'000;  // Prometheus answers with 11 000 at most
constexpr int kMostFailures = 3;        // one after the other: then it is Prometheus, not the alert

struct Record {
  const catalog::AlertEntry* alert = nullptr;
  std::size_t series = 0;  // that fired
  std::vector<Span> spans;
};

std::string moment(double unix_seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

std::string length(double seconds) {
  return format_duration(std::chrono::minutes(std::max(1L, std::lround(seconds / 60))));
}

std::string line(const Record& record) {
  double total = 0, longest = 0;
  double first = record.spans.front().first, last = 0;
  for (const auto& [begin, end] : record.spans) {
    total += end - begin;
    longest = std::max(longest, end - begin);
    first = std::min(first, begin);
    last = std::max(last, begin);
  }
  const auto& alert = *record.alert;
  auto out =
      fmt::format("  {}  {:<36} {:>4} {}, {} in all, longest {}, ", alert.priority,
                  alert.name.value, record.spans.size(),
                  record.spans.size() == 1 ? "time " : "times", length(total), length(longest));
  out += record.spans.size() == 1 ? fmt::format("at {}", moment(first))
                                  : fmt::format("from {} to {}", moment(first), moment(last));
  if (record.series > 1) out += fmt::format(", {} series", record.series);
  return out + "\n";
}

std::string summary(const std::vector<Record>& fired, std::size_t silent) {
  std::map<std::string, std::size_t> counts{{"P1", 0}, {"P2", 0}, {"P3", 0}, {"P4", 0}};
  for (const auto& record : fired) counts[record.alert->priority] += record.spans.size();
  std::vector<std::string> words;
  for (const auto& [priority, count] : counts)
    words.push_back(fmt::format("{} {}", priority, count));
  return fmt::format("{} alerts would have fired ({}), {} would have been silent.\n", fired.size(),
                     join(words, ", "), silent);
}

}  // namespace

std::vector<Span> firings(const std::vector<std::pair<double, double>>& points, double step,
                          Duration hold, Duration keep) {
  const auto seconds = [](Duration span) { return std::chrono::duration<double>(span).count(); };
  std::vector<Span> out;
  std::size_t begin = 0;
  while (begin < points.size()) {
    std::size_t end = begin;
    while (end + 1 < points.size() && points[end + 1].first - points[end].first < 1.5 * step) ++end;
    const auto from = points[begin].first + seconds(hold);
    const auto to = points[end].first + step + seconds(keep);
    if (points[end].first >= from) {
      // One that came back while it was kept firing never ended.
      if (!out.empty() && points[begin].first <= out.back().second) {
        out.back().second = to;
      } else {
        out.emplace_back(from, to);
      }
    }
    begin = end + 1;
  }
  return out;
}

int dry_run(const catalog::Catalog& catalog, const catalog::Site& site, const std::string& address,
            int days) {
  Diagnostics told_already;
  catalog::Program program(catalog, site, told_already);
  const auto to = static_cast<double>(std::time(nullptr));
  const double from = to - days * 86400.0;
  const double step = std::max(60.0, std::ceil((to - from) / kMostPoints));
  std::vector<Record> fired;
  std::vector<std::string> unknown;
  std::size_t silent = 0;
  int failures = 0;
  std::optional<Prometheus> prometheus;
  try {
    prometheus.emplace(address);
  } catch (const PrometheusError& error) {
    fmt::print(stderr, "basewatch: {}\n", error.what());
    return kUsage;
  }
  for (const auto* subject : program.subjects()) {
    for (const auto& alert : subject->alerts) {
      if (alert.priority == "P5") continue;  // a heartbeat fires always
      const auto rule = catalog::rule_of(program, alert);
      if (!rule) continue;
      try {
        const auto expr = catalog::inline_rules(program, program.analyse(rule->expr));
        Record record{&alert, 0, {}};
        for (const auto& series : prometheus->query_range(expr, from, to, step)) {
          const auto spans = firings(series.points, step, alert.hold, alert.keep_firing);
          record.series += !spans.empty();
          record.spans.insert(record.spans.end(), spans.begin(), spans.end());
        }
        failures = 0;
        if (record.spans.empty()) {
          ++silent;
        } else {
          fired.push_back(std::move(record));
        }
      } catch (const PrometheusError& error) {
        unknown.push_back(fmt::format("  {}: {}\n", alert.name.value, error.what()));
        if (++failures == kMostFailures && fired.empty() && silent == 0) {
          fmt::print(stderr, "basewatch: {}\n", error.what());
          return kFailed;
        }
      }
    }
  }
  std::ranges::stable_sort(fired, [](const Record& a, const Record& b) {
    return a.alert->priority != b.alert->priority ? a.alert->priority < b.alert->priority
                                                  : a.spans.size() > b.spans.size();
  });
  auto out = fmt::format(
      "What these alerts would have done in the last {} days of {}, looked at every {} (times are "
      "UTC):\n\n",
      days, prometheus->shown(), format_duration(std::chrono::seconds(std::lround(step))));
  for (const auto& record : fired) out += line(record);
  out += (fired.empty() ? "" : "\n") + summary(fired, silent);
  if (!unknown.empty()) {
    out += fmt::format("{} could not be evaluated:\n{}", unknown.size(), join(unknown, ""));
  }
  if (!print_out(out)) return kFailed;
  return unknown.empty() ? kFine : kPartly;
}

}  // namespace basewatch::commands
