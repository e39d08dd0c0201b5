#include "agent/status/chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/status/words.h"

namespace basewatch::status {
namespace {

constexpr int kStep = 4, kBar = 3;               // of a minute
constexpr int kTop = 2, kFloor = 34, kMark = 4;  // bars stand on the floor, marks hang below it
constexpr int kHeight = kFloor + 2 + kMark;

std::string open_svg(bool small, const std::string& label) {
  return fmt::format(
      "<svg class=\"chart{}\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"{}\"><path class=\"axis\" d=\"M0 {}h{}\"/>",
      small ? " small" : "", kStep * static_cast<int>(scrape::History::kMinutes), kHeight,
      html_text(label), kFloor, kStep * static_cast<int>(scrape::History::kMinutes));
}

int height_of(double value, double most) {
  if (most <= 0) return 1;
  return std::max(1, static_cast<int>(value / most * (kFloor - kTop) + 0.5));
}

}  // namespace

std::vector<scrape::Minute> merged(std::span<const std::vector<scrape::Minute>> hours) {
  std::vector<scrape::Minute> out(scrape::History::kMinutes);
  for (const auto& hour : hours) {
    std::size_t before = 0;  // what it yielded when it last worked
    for (std::size_t i = 0; i < out.size() && i < hour.size(); ++i) {
      out[i].runs += hour[i].runs;
      out[i].failures += hour[i].failures;
      out[i].longest = std::max(out[i].longest, hour[i].longest);
      if (hour[i].series) {
        before = *hour[i].series;
      } else if (hour[i].failures > 0) {
        before = 0;
      }
      if (before > 0 || hour[i].runs > 0) out[i].series = out[i].series.value_or(0) + before;
    }
  }
  return out;
}

Duration longest_of(std::span<const scrape::Minute> hour) {
  Duration out{};
  for (const auto& minute : hour) out = std::max(out, minute.longest);
  return out;
}

std::size_t failing_minutes(std::span<const scrape::Minute> hour) {
  return static_cast<std::size_t>(
      std::ranges::count_if(hour, [](const auto& minute) { return minute.failures > 0; }));
}

std::string duration_chart(std::span<const scrape::Minute> hour, bool small) {
  const auto most = longest_of(hour);
  const auto failing = failing_minutes(hour);
  auto label = fmt::format("Durations of the last hour: {} at most", duration_words(most));
  if (failing > 0) {
    label += fmt::format("; failures in {}", count_words(failing, "minute", "minutes"));
  }
  std::string bars, failed;
  for (std::size_t i = 0; i < hour.size(); ++i) {
    if (hour[i].runs == 0) continue;
    const auto x = kStep * static_cast<int>(i);
    const auto height = height_of(seconds(hour[i].longest), seconds(most));
    auto& to = hour[i].failures > 0 ? failed : bars;
    to += fmt::format("M{} {}v-{}h{}v{}z", x, kFloor, height, kBar, height);
    if (hour[i].failures > 0) {
      failed += fmt::format("M{} {}v{}h{}v-{}z", x, kFloor + 2, kMark, kBar, kMark);
    }
  }
  auto out = open_svg(small, label);
  if (!bars.empty()) out += fmt::format("<path class=\"bar\" d=\"{}\"/>", bars);
  if (!failed.empty()) out += fmt::format("<path class=\"bad\" d=\"{}\"/>", failed);
  return out + "</svg>";
}

std::string series_chart(std::span<const scrape::Minute> hour) {
  std::size_t most = 0, last = 0;
  for (const auto& minute : hour) {
    most = std::max(most, minute.series.value_or(0));
    last = minute.series.value_or(last);
  }
  std::string line;
  bool drawing = false;
  for (std::size_t i = 0; i < hour.size(); ++i) {
    if (!hour[i].series) {
      drawing = false;
      continue;
    }
    const auto y =
        kFloor - height_of(static_cast<double>(*hour[i].series), static_cast<double>(most));
    line += drawing ? fmt::format("V{}h{}", y, kStep)
                    : fmt::format("M{} {}h{}", kStep * static_cast<int>(i), y, kStep);
    drawing = true;
  }
  auto out =
      open_svg(false, fmt::format("Series of the last hour: {} at most, {} now", most, last));
  if (!line.empty()) out += fmt::format("<path class=\"line\" d=\"{}\"/>", line);
  return out + "</svg>";
}

}  // namespace basewatch::status
