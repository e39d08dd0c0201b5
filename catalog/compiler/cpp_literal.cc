#include "catalog/compiler/cpp_literal.h"

#include <fmt/format.h>

namespace basewatch::catalog {

std::string cpp_literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\{:03o}", byte);  // octal ends after three digits, hex never does
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace basewatch::catalog
