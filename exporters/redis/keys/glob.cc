#include "exporters/redis/keys/glob.h"

#include <utility>

namespace basewatch::redis {
namespace {

// Takes a set, "[...]", off the front of `pattern` and tells whether `sign` is in it. As at the
// server, a set that does not end goes to the end of the pattern.
bool take_set(std::string_view& pattern, char sign) {
  pattern.remove_prefix(1);
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  bool found = false;
  while (!pattern.empty() && pattern.front() != ']') {
    if (pattern.front() == '\\' && pattern.size() >= 2) {
      found |= pattern[1] == sign;
      pattern.remove_prefix(2);
    } else if (pattern.size() >= 3 && pattern[1] == '-') {
      auto low = static_cast<unsigned char>(pattern[0]),
           high = static_cast<unsigned char>(pattern[2]);
      if (low > high) std::swap(low, high);
      const auto value = static_cast<unsigned char>(sign);
      found |= low <= value && value <= high;
      pattern.remove_prefix(3);
    } else {
      found |= pattern.front() == sign;
      pattern.remove_prefix(1);
    }
  }
  if (!pattern.empty()) pattern.remove_prefix(1);
  return found != negated;
}

// Takes what stands for one sign off the front of `pattern`, which is not empty and no star.
bool take_one(std::string_view& pattern, char sign) {
  if (pattern.front() == '[') return take_set(pattern, sign);
  if (pattern.front() == '\\' && pattern.size() >= 2)
    pattern.remove_prefix(1);
  else if (pattern.front() == '?')
    sign = '?';
  const bool same = pattern.front() == sign;
  pattern.remove_prefix(1);
  return same;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  // Behind the last star, and where in the text it was tried: only that star ever has to give.
  std::string_view after_star, star_text;
  bool starred = false;
  while (true) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      after_star = pattern;
      star_text = text;
      starred = true;
      continue;
    }
    if (text.empty() && pattern.empty()) return true;
    if (!text.empty() && !pattern.empty() && take_one(pattern, text.front())) {
      text.remove_prefix(1);
      continue;
    }
    if (!starred || star_text.empty()) return false;
    star_text.remove_prefix(1);
    text = star_text;
    pattern = after_star;
  }
}

bool is_glob(std::string_view text) {
  return text.find_first_of("?*[]^") != std::string_view::npos;
}

}  // namespace basewatch::redis
