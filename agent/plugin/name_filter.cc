#include "agent/plugin/name_filter.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace basewatch {
namespace {

std::string_view short_name(std::string_view option) {
  return option.substr(option.rfind('.') + 1);
}

std::shared_ptr<const RE2> compiled(const Settings& settings, std::string_view option) {
  if (option.empty() || settings.text(option).empty()) return nullptr;
  auto expression = std::make_shared<RE2>(settings.text(option), RE2::Quiet);
  if (!expression->ok()) {
    throw SettingError(std::string(option), fmt::format("'{}' is no regular expression: {}",
                                                        short_name(option), expression->error()));
  }
  return expression;
}

}  // namespace

NameFilter::NameFilter(const Settings& settings, std::string_view exclude_option,
                       std::string_view include_option)
    : exclude_(compiled(settings, exclude_option)), include_(compiled(settings, include_option)) {
  if (!exclude_ || !include_) return;
  if (settings.given(exclude_option)) {
    throw SettingError(std::string(include_option),
                       fmt::format("'{}' and '{}' exclude each other: write one of them",
                                   short_name(include_option), short_name(exclude_option)));
  }
  exclude_ = nullptr;
}

bool NameFilter::accepts(std::string_view name) const {
  if (exclude_ && RE2::PartialMatch(name, *exclude_)) return false;
  return !include_ || RE2::PartialMatch(name, *include_);
}

WholeNameFilter::WholeNameFilter(const Settings& settings, std::string_view exclude_option,
                                 std::string_view include_option)
    : exclude_(compiled(settings, exclude_option)), include_(compiled(settings, include_option)) {}

bool WholeNameFilter::accepts(std::string_view name) const {
  if (exclude_ && RE2::FullMatch(name, *exclude_)) return false;
  return !include_ || RE2::FullMatch(name, *include_);
}

}  // namespace basewatch
