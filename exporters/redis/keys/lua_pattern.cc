#include "exporters/redis/keys/lua_pattern.h"

#include <array>
#include <cctype>
#include <cstring>
#include <stdexcept>

namespace basewatch::redis {
namespace {

constexpr std::size_t kMostCaptures = 32;
constexpr int kMostSteps = 20'000, kDeepest = 200;

struct Malformed : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};
struct TooManySteps {};

// The classes of the C locale, whatever that of the process is.
bool is_in_class(unsigned char sign, char name) {
  const bool ascii = sign < 0x80;
  bool in = false;
  switch (std::tolower(static_cast<unsigned char>(name))) {
    case 'a':
      in = ascii && std::isalpha(sign);
      break;
    case 'c':
      in = sign < 0x20 || sign == 0x7f;
      break;
    case 'd':
      in = sign >= '0' && sign <= '9';
      break;
    case 'l':
      in = sign >= 'a' && sign <= 'z';
      break;
    case 'p':
      in = ascii && std::ispunct(sign);
      break;
    case 's':
      in = sign == ' ' || (sign >= '\t' && sign <= '\r');
      break;
    case 'u':
      in = sign >= 'A' && sign <= 'Z';
      break;
    case 'w':
      in = ascii && std::isalnum(sign);
      break;
    case 'x':
      in = ascii && std::isxdigit(sign);
      break;
    case 'z':
      in = sign == 0;
      break;
    default:
      return sign == static_cast<unsigned char>(name);
  }
  return std::isupper(static_cast<unsigned char>(name)) ? !in : in;
}

// One attempt to match at one place. Positions are offsets; kNone is "no match".
class Attempt {
 public:
  static constexpr std::size_t kNone = std::string_view::npos;

  Attempt(std::string_view pattern, std::string_view text, int& steps)
      : pattern_(pattern), text_(text), steps_(steps) {}

  std::size_t match(std::size_t at, std::size_t p);

  std::string captures() const {
    std::string out;
    for (std::size_t i = 0; i < level_; ++i) {
      if (captures_[i].size == kPosition)
        out += std::to_string(captures_[i].begin + 1);
      else if (captures_[i].size != kOpen)
        out += text_.substr(captures_[i].begin, captures_[i].size);
    }
    return out;
  }

 private:
  static constexpr std::size_t kOpen = kNone, kPosition = kNone - 1;
  struct Capture {
    std::size_t begin = 0, size = kOpen;
  };

  void step() {
    if (--steps_ < 0) throw TooManySteps();
  }
  std::size_t end_of_single(std::size_t p) const;
  bool single_matches(std::size_t at, std::size_t p, std::size_t end) const;
  bool set_matches(unsigned char sign, std::size_t p, std::size_t last) const;
  std::size_t match_greedy(std::size_t at, std::size_t p, std::size_t end, std::size_t least);
  std::size_t match_lazy(std::size_t at, std::size_t p, std::size_t end);
  std::size_t match_balanced(std::size_t at, std::size_t p);
  std::size_t match_frontier(std::size_t at, std::size_t p);
  std::size_t match_back(std::size_t at, std::size_t p);
  std::size_t start_capture(std::size_t at, std::size_t p, std::size_t size);
  std::size_t end_capture(std::size_t at, std::size_t p);

  const std::string_view pattern_, text_;
  int& steps_;
  int depth_ = 0;
  std::size_t level_ = 0;
  std::array<Capture, kMostCaptures> captures_;
};

std::size_t Attempt::end_of_single(std::size_t p) const {
  const char sign = pattern_[p++];
  if (sign == '%') {
    if (p == pattern_.size()) throw Malformed("ends with a '%'");
    return p + 1;
  }
  if (sign != '[') return p;
  if (p < pattern_.size() && pattern_[p] == '^') ++p;
  do {  // the first sign belongs to the set, also a ']'
    if (p >= pattern_.size()) throw Malformed("has a '[' without its ']'");
    if (pattern_[p++] == '%') ++p;
  } while (p >= pattern_.size() || pattern_[p] != ']');
  return p + 1;
}

// The set from the '[' at `p` to the ']' at `last`.
bool Attempt::set_matches(unsigned char sign, std::size_t p, std::size_t last) const {
  bool negated = false;
  if (pattern_[p + 1] == '^') {
    negated = true;
    ++p;
  }
  while (++p < last) {
    const auto one = static_cast<unsigned char>(pattern_[p]);
    if (one == '%') {
      if (is_in_class(sign, pattern_[++p])) return !negated;
    } else if (p + 2 < last && pattern_[p + 1] == '-') {
      if (one <= sign && sign <= static_cast<unsigned char>(pattern_[p + 2])) return !negated;
      p += 2;
    } else if (one == sign) {
      return !negated;
    }
  }
  return negated;
}

bool Attempt::single_matches(std::size_t at, std::size_t p, std::size_t end) const {
  if (at >= text_.size()) return false;
  const auto sign = static_cast<unsigned char>(text_[at]);
  switch (pattern_[p]) {
    case '.':
      return true;
    case '%':
      return is_in_class(sign, pattern_[p + 1]);
    case '[':
      return set_matches(sign, p, end - 1);
    default:
      return static_cast<unsigned char>(pattern_[p]) == sign;
  }
}

std::size_t Attempt::match_greedy(std::size_t at, std::size_t p, std::size_t end,
                                  std::size_t least) {
  std::size_t count = 0;
  while (single_matches(at + count, p, end)) {
    step();
    ++count;
  }
  while (true) {
    if (count < least) return kNone;
    if (const auto found = match(at + count, end + 1); found != kNone) return found;
    if (count == 0) return kNone;
    --count;
  }
}

std::size_t Attempt::match_lazy(std::size_t at, std::size_t p, std::size_t end) {
  while (true) {
    if (const auto found = match(at, end + 1); found != kNone) return found;
    if (!single_matches(at, p, end)) return kNone;
    ++at;
  }
}

std::size_t Attempt::match_balanced(std::size_t at, std::size_t p) {
  if (p + 1 >= pattern_.size()) throw Malformed("has a %b without its two signs");
  const char open = pattern_[p], close = pattern_[p + 1];
  if (at >= text_.size() || text_[at] != open) return kNone;
  int depth = 1;
  while (++at < text_.size()) {
    step();
    if (text_[at] == close) {
      if (--depth == 0) return match(at + 1, p + 2);
    } else if (text_[at] == open) {
      ++depth;
    }
  }
  return kNone;
}

std::size_t Attempt::match_frontier(std::size_t at, std::size_t p) {
  if (p >= pattern_.size() || pattern_[p] != '[')
    throw Malformed("has a %f without a '[' behind it");
  const auto end = end_of_single(p);
  const auto before = at == 0 ? '\0' : text_[at - 1];
  const auto here = at < text_.size() ? text_[at] : '\0';
  if (set_matches(static_cast<unsigned char>(before), p, end - 1)) return kNone;
  if (!set_matches(static_cast<unsigned char>(here), p, end - 1)) return kNone;
  return match(at, end);
}

std::size_t Attempt::match_back(std::size_t at, std::size_t p) {
  const auto which = static_cast<std::size_t>(pattern_[p + 1] - '1');
  if (which >= level_ || captures_[which].size >= kPosition) {
    throw Malformed("refers to a capture that is not there");
  }
  const auto again = text_.substr(captures_[which].begin, captures_[which].size);
  return text_.substr(at).starts_with(again) ? match(at + again.size(), p + 2) : kNone;
}

std::size_t Attempt::start_capture(std::size_t at, std::size_t p, std::size_t size) {
  if (level_ == kMostCaptures) throw Malformed("has more than 32 captures");
  captures_[level_++] = {at, size};
  const auto found = match(at, p);
  if (found == kNone) --level_;
  return found;
}

std::size_t Attempt::end_capture(std::size_t at, std::size_t p) {
  auto open = level_;
  while (open > 0 && captures_[open - 1].size != kOpen) --open;
  if (open == 0) throw Malformed("has a ')' without its '('");
  captures_[open - 1].size = at - captures_[open - 1].begin;
  const auto found = match(at, p);
  if (found == kNone) captures_[open - 1].size = kOpen;
  return found;
}

std::size_t Attempt::match(std::size_t at, std::size_t p) {
  struct Depth {
    explicit Depth(int& depth) : depth(++depth) {
      if (depth > kDeepest) throw TooManySteps();
    }
    ~Depth() { --depth; }
    int& depth;
  } guard(depth_);
  while (p < pattern_.size()) {
    step();
    const char sign = pattern_[p];
    const char next = p + 1 < pattern_.size() ? pattern_[p + 1] : '\0';
    if (sign == '(') {
      return next == ')' ? start_capture(at, p + 2, kPosition) : start_capture(at, p + 1, kOpen);
    }
    if (sign == ')') return end_capture(at, p + 1);
    if (sign == '$' && p + 1 == pattern_.size()) return at == text_.size() ? at : kNone;
    if (sign == '%' && next == 'b') return match_balanced(at, p + 2);
    if (sign == '%' && next == 'f') return match_frontier(at, p + 2);
    if (sign == '%' && next >= '1' && next <= '9') return match_back(at, p);
    const auto end = end_of_single(p);
    const char many = end < pattern_.size() ? pattern_[end] : '\0';
    if (many == '*') return match_greedy(at, p, end, 0);
    if (many == '+') return match_greedy(at, p, end, 1);
    if (many == '-') return match_lazy(at, p, end);
    const bool fits = single_matches(at, p, end);
    if (many == '?') {
      if (fits) {
        if (const auto found = match(at + 1, end + 1); found != kNone) return found;
      }
      p = end + 1;
    } else {
      if (!fits) return kNone;
      ++at;
      p = end;
    }
  }
  return at;
}

// Wrong patterns show when they are tried; all of this one is walked through without a text.
void check(std::string_view pattern) {
  int open = 0;
  for (std::size_t p = pattern.starts_with('^') ? 1 : 0; p < pattern.size();) {
    const char sign = pattern[p];
    if (sign == '(') {
      ++open;
      ++p;
    } else if (sign == ')') {
      if (--open < 0) throw Malformed("has a ')' without its '('");
      ++p;
    } else if (sign == '%') {
      if (p + 1 == pattern.size()) throw Malformed("ends with a '%'");
      if (pattern[p + 1] == 'b' && p + 3 >= pattern.size()) {
        throw Malformed("has a %b without its two signs");
      }
      if (pattern[p + 1] == 'f' && (p + 2 >= pattern.size() || pattern[p + 2] != '[')) {
        throw Malformed("has a %f without a '[' behind it");
      }
      p += pattern[p + 1] == 'b' ? 4 : 2;
    } else if (sign == '[') {
      ++p;
      if (p < pattern.size() && pattern[p] == '^') ++p;
      bool first = true;
      while (first || (p < pattern.size() && pattern[p] != ']')) {
        if (p >= pattern.size()) break;
        first = false;
        p += pattern[p] == '%' ? 2 : 1;
      }
      if (p >= pattern.size()) throw Malformed("has a '[' without its ']'");
      ++p;
    } else {
      ++p;
    }
  }
  if (open > 0) throw Malformed("has a '(' without its ')'");
}

std::optional<std::string> first_match(std::string_view pattern, std::string_view key) {
  const bool anchored = pattern.starts_with('^');
  int steps = kMostSteps;
  for (std::size_t at = 0; at <= key.size(); ++at) {
    Attempt attempt(pattern, key, steps);
    if (attempt.match(at, anchored ? 1 : 0) != Attempt::kNone) return attempt.captures();
    if (anchored) break;
  }
  return std::nullopt;
}

}  // namespace

LuaPattern::LuaPattern(std::string text) : text_(std::move(text)) {
  check(text_);
  try {
    first_match(text_, " ");  // what is wrong beyond the brackets: a capture that is not there
  } catch (const TooManySteps&) {
  }
}

std::optional<std::string> LuaPattern::captures_of(std::string_view key) const {
  try {
    return first_match(text_, key);
  } catch (const TooManySteps&) {
  } catch (
      const Malformed&) {  // only shows where the match came that far; Lua would stop there, too
  }
  return std::nullopt;
}

}  // namespace basewatch::redis
