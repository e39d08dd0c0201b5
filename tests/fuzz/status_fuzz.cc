#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/base/strings.h"
#include "agent/discover/sockets.h"
#include "agent/status/remedy.h"
#include "agent/status/words.h"

// What discovery reads and what the status page shows may be any bytes: the page's text is valid
// UTF-8 without markup, a password is blanked, and every failure has a remedy.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace basewatch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& listener : discover::parse_tcp(text)) {
    if (listener.address.empty() || discover::reachable(listener).empty()) std::abort();
  }
  for (const auto& path : discover::parse_unix(text)) {
    if (!path.starts_with('/')) std::abort();
  }
  for (const auto& html : {status::html_text(text), status::html_with_code(text)}) {
    if (!is_valid_utf8(html)) std::abort();
  }
  const auto html = status::html_text(text);
  if (html.find_first_of("<>\"'") != std::string::npos) std::abort();
  // A password in a URL goes, whatever stands around it.
  const auto blanked = status::without_secrets(std::string(text) + " redis://u:hunter2@h");
  if (blanked.find("hunter2") != std::string::npos) std::abort();
  if (status::remedy("x", "y", RunState::failed, text).empty()) std::abort();
  status::remedy_for_note("x", "y", text);
  return 0;
}
