#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "agent/status/report.h"
#include "agent/status/words.h"

namespace basewatch::status {

std::string_view sign_of(Health health);

// A word with the colour and the sign of a state.
std::string tag(Health health, std::string_view words);

// The document while it is written, as of one moment.
class Html {
 public:
  explicit Html(WallTime now) : now_(now) {}

  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    append(format, fmt::make_format_args(args...));
  }

  // "4 min ago", with the moment for who points at it.
  std::string ago(WallTime when) const;
  // "4 min", with the moment since when.
  std::string since(WallTime when) const;

  std::string take() { return std::move(out_); }

 private:
  void append(fmt::string_view format, fmt::format_args args);

  WallTime now_;
  std::string out_;
};

}  // namespace basewatch::status
