#pragma once

#include <string>
#include <string_view>

namespace basewatch::promql {

struct Token {
  enum class Type { end, word, number, duration, string, symbol };
  Type type = Type::end;
  std::size_t begin = 0, end = 0;
  std::string_view text;  // as written
  std::string value;      // string: decoded; word outside braces that is a keyword: in lower case
  bool keyword = false;

  bool is(std::string_view symbol) const { return type == Type::symbol && text == symbol; }
  bool is_keyword(std::string_view name) const { return keyword && value == name; }
};

// Cuts PromQL into tokens, one at a time. What a character means depends on whether it stands in
// braces (no keywords) or brackets (a colon is no part of a name). `text` outlives it and its
// tokens.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // Throws SyntaxError; behind the last token: Type::end for ever.
  Token next();

 private:
  void skip_blanks();
  Token take(Token::Type type, std::size_t length);
  Token word();
  Token number_or_duration();
  Token symbol();
  [[noreturn]] void unexpected_character(std::size_t at) const;

  std::string_view text_;
  std::size_t position_ = 0;
  bool in_braces_ = false, in_brackets_ = false;
};

}  // namespace basewatch::promql
