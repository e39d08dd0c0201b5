// For tests/differential/promql_test.py: one expression a line on standard input, for each a line
// "ok <printed form>" or "error <offset> <message>". In a line \n and \\ stand for a newline and a
// backslash, so that an expression may have several lines.
#include <iostream>
#include <string>

#include "catalog/compiler/promql/parser.h"

namespace {

std::string unescape(const std::string& line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      out += line[i];
    } else {
      out += line[++i] == 'n' ? '\n' : line[i];
    }
  }
  return out;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const auto expr = basewatch::promql::parse(unescape(line));
      std::cout << "ok " << basewatch::promql::print(*expr) << '\n';
    } catch (const basewatch::promql::SyntaxError& error) {
      std::cout << "error " << error.offset() << ' ' << error.what() << '\n';
    }
  }
}
