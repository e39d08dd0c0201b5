#include "agent/serve/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "agent/base/strings.h"

namespace basewatch::serve {

std::string discovery_json(std::span<const scrape::Target> targets, std::string_view scheme,
                           std::string_view address) {
  std::string out = "[";
  for (const auto& target : targets) {
    if (target.exporter == "agent") continue;
    out += out.size() > 1 ? ",\n {" : "\n {";
    out += fmt::format(
        "\"targets\": [{}], \"labels\": {{\"__scheme__\": \"{}\", "
        "\"__metrics_path__\": {}",
        json_string(address), scheme,
        json_string(fmt::format("/metrics/{}/{}", target.exporter, target.name)));
    for (const auto& [name, value] : target.target->pairs()) {
      out += fmt::format(", {}: {}", json_string(name), json_string(value));
    }
    out += "}}";
  }
  return out + "\n]\n";
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) || std::string_view(".-_:[]").find(static_cast<char>(c)) !=
                                               std::string_view::npos);
  });
}

}  // namespace basewatch::serve
