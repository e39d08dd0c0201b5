#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace basewatch::redis {

// A pattern of Lua 5.1 as string.find knows it: %a and the other classes, sets, * + - ?, %b(),
// %f[], anchors, captures, %1. Key groups are written in these, for the peer hands them to the
// server's Lua; here they are matched in the agent, so that no script holds up the server. Any
// thread.
class LuaPattern {
 public:
  // Throws std::invalid_argument with the rest of a sentence when it is none.
  explicit LuaPattern(std::string text);

  // What the captures of the first match hold, one after the other; nothing when there is no match.
  // A match that takes too many steps counts as none: keys come from outside.
  std::optional<std::string> captures_of(std::string_view key) const;

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace basewatch::redis
