#include "exporters/node/read/meminfo.h"

namespace basewatch::node {

std::string_view meminfo_field(std::string_view key, std::array<char, 64>& buffer) {
  if (key.find('(') == std::string_view::npos) return key;
  std::size_t size = 0;
  for (const char c : key.substr(0, buffer.size())) {
    if (c != ')') buffer[size++] = c == '(' ? '_' : c;
  }
  return {buffer.data(), size};
}

}  // namespace basewatch::node
