#pragma once

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/strings.h"

namespace basewatch::scrape {

// The only place where the engine catches: runs foreign code, and says why it failed, or nothing
// when it did not. The reason is fit for one line of a log, whatever the exception carried.
template <typename F>
std::optional<std::string> guarded(F&& code) {
  constexpr std::size_t kLongestReason = 500;
  try {
    std::forward<F>(code)();
    return std::nullopt;
  } catch (const std::exception& error) {
    auto reason = printable(error.what(), kLongestReason);
    return reason.empty() ? "failed without saying why" : reason;
  } catch (...) {
    return "threw something that is no std::exception";
  }
}

}  // namespace basewatch::scrape
