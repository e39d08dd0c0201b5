#include "agent/modules/symbol_error.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "agent/base/strings.h"

namespace basewatch::modules {
namespace {

std::string readable(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  return name ? name.get() : symbol;
}

}  // namespace

std::string load_problem(const char* error) {
  const std::string_view text = error ? error : "";
  constexpr std::string_view kMissing = "undefined symbol: ";
  const auto at = text.find(kMissing);
  if (at == std::string_view::npos) {
    return fmt::format("cannot be loaded: {}", printable(text, 500));
  }
  auto symbol = text.substr(at + kMissing.size());
  symbol = symbol.substr(0, symbol.find_first_of(" ,("));
  return fmt::format(
      "needs {}, which neither basewatch nor a library that it is linked to has: "
      "link what it uses, and use of basewatch only what the installed headers "
      "declare",
      printable(readable(std::string(symbol)), 300));
}

}  // namespace basewatch::modules
