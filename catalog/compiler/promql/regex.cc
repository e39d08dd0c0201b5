#include "catalog/compiler/promql/regex.h"

#include <re2/re2.h>

namespace basewatch::promql {

namespace {

re2::RE2::Options quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

std::string regex_error(std::string_view pattern) {
  const re2::RE2 regex(piece(pattern), quiet());
  return regex.ok() ? std::string() : regex.error();
}

bool full_match(std::string_view pattern, std::string_view text) {
  const re2::RE2 regex(piece(pattern), quiet());
  return regex.ok() && re2::RE2::FullMatch(piece(text), regex);
}

}  // namespace basewatch::promql
