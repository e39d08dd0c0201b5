#include "catalog/compiler/promql/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/functions.h"
#include "catalog/compiler/promql/literals.h"
#include "catalog/compiler/promql/parser.h"

namespace basewatch::promql {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name(char c) {
  return is_letter(c) || is_digit(c);
}

}  // namespace

Token Lexer::take(Token::Type type, std::size_t length) {
  Token token;
  token.type = type;
  token.begin = position_;
  token.end = position_ + length;
  token.text = text_.substr(position_, length);
  position_ += length;
  return token;
}

void Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c == '#') {
      position_ = std::min(text_.find_first_of("\r\n", position_), text_.size());
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++position_;
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_blanks();
  if (position_ >= text_.size()) return take(Token::Type::end, 0);
  const char c = text_[position_];
  if (c == '"' || c == '\'' || c == '`') {
    const auto begin = position_;
    auto end = position_;
    auto value = read_string(text_, end);
    auto token = take(Token::Type::string, end - begin);
    token.value = std::move(value);
    return token;
  }
  if (is_letter(c) || (c == ':' && !in_brackets_ && !in_braces_)) return word();
  const bool fraction = c == '.' && position_ + 1 < text_.size() && is_digit(text_[position_ + 1]);
  if ((is_digit(c) || fraction) && !in_braces_) return number_or_duration();
  return symbol();
}

Token Lexer::word() {
  auto end = position_;
  const bool colons = !in_braces_ && !in_brackets_;
  while (end < text_.size() && (is_name(text_[end]) || (colons && text_[end] == ':'))) ++end;
  auto token = take(Token::Type::word, end - position_);
  if (in_braces_) return token;
  std::string lower(token.text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (lower == "inf" || lower == "nan") {
    token.type = Token::Type::number;
  } else if (is_keyword(lower)) {
    token.keyword = true;
    token.value = std::move(lower);
  }
  return token;
}

Token Lexer::number_or_duration() {
  // The longest run of what may stand in a number: 0x1f, 1.5e-3, or in a duration: 1h30m.
  auto end = position_;
  const auto run = [&](std::string_view allowed) {
    end = std::min(text_.find_first_not_of(allowed, end), text_.size());
  };
  const auto one_of = [&](std::string_view allowed) {
    const bool found = end < text_.size() && allowed.find(text_[end]) != std::string_view::npos;
    if (found) ++end;
    return found;
  };
  constexpr std::string_view kDecimal = "0123456789";
  std::string_view digits = kDecimal;
  if (one_of("0") && one_of("xX")) digits = "0123456789abcdefABCDEF";
  run(digits);
  if (one_of(".")) run(digits);
  if (one_of("eE")) {
    one_of("+-");
    run(kDecimal);
  }
  if (end >= text_.size() || !is_name(text_[end])) {
    auto token = take(Token::Type::number, end - position_);
    if (!parse_number(token.text)) {
      throw SyntaxError(token.begin, fmt::format("{} is no number, or none that fits a double",
                                                 printable(token.text)));
    }
    return token;
  }
  while (end < text_.size() && is_name(text_[end])) ++end;
  auto token = take(Token::Type::duration, end - position_);
  if (!parse_duration(token.text)) {
    throw SyntaxError(
        token.begin,
        fmt::format("{} is neither a number nor a duration; a duration is written like "
                    "5m or 1h30m, with units y, w, d, h, m, s, ms in this order",
                    printable(token.text)));
  }
  return token;
}

Token Lexer::symbol() {
  constexpr std::array<std::string_view, 4> kOutside = {"==", "!=", "<=", ">="};
  constexpr std::array<std::string_view, 3> kInBraces = {"=~", "!~", "!="};
  const auto rest = text_.substr(position_);
  const auto starts = [&](std::string_view symbol) { return rest.starts_with(symbol); };
  if (in_braces_ ? std::ranges::any_of(kInBraces, starts) : std::ranges::any_of(kOutside, starts)) {
    return take(Token::Type::symbol, 2);
  }
  const std::string_view single = in_braces_ ? "=,}" : "()[]{,+-*/%^<>@:";
  if (single.find(rest.front()) == std::string_view::npos) unexpected_character(position_);
  auto token = take(Token::Type::symbol, 1);
  if (token.text == "{") in_braces_ = true;
  if (token.text == "}") in_braces_ = false;
  if (token.text == "[") in_brackets_ = true;
  if (token.text == "]") in_brackets_ = false;
  return token;
}

void Lexer::unexpected_character(std::size_t at) const {
  const auto rest = text_.substr(at);
  if (rest.starts_with("=~") || rest.starts_with("!~")) {
    throw SyntaxError(at, fmt::format("{} compares labels inside braces only; between values write "
                                      "== or !=",
                                      rest.substr(0, 2)));
  }
  if (rest.starts_with("=")) {
    throw SyntaxError(at, "= compares labels inside braces only; between values write ==");
  }
  if (rest.starts_with("&&") || rest.starts_with("||")) {
    throw SyntaxError(at, fmt::format("{} is no operator; write {}", rest.substr(0, 2),
                                      rest.front() == '&' ? "and" : "or"));
  }
  std::size_t length = 1;  // the whole UTF-8 character, where it is one
  while (length < 4 && length < rest.size() && (rest[length] & 0xc0) == 0x80) ++length;
  throw SyntaxError(at, fmt::format("unexpected character {}{}", printable(rest.substr(0, length)),
                                    in_braces_ ? " inside braces" : ""));
}

}  // namespace basewatch::promql
