#include <cstdlib>

#include "tests/unit/config/fixture.h"

// A configuration of any bytes either loads or is refused with a message; what loads can be asked
// for every option, and a second load of the same text makes the same settings.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace basewatch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const config::Loaded first(text), second(text);
  if (first.diagnostics.text() != second.diagnostics.text()) std::abort();
  if (!first.diagnostics.ok()) {
    if (first.diagnostics.text().find("error: ") == std::string::npos) std::abort();
    return 0;
  }
  for (std::size_t i = 0; i < first.config.instances.size(); ++i) {
    const auto& instance = first.instance(i);
    if (!(instance.settings == second.instance(i).settings)) std::abort();
    if (instance.name.empty() || instance.job.empty() || !instance.plugin) std::abort();
    for (const auto& option : instance.plugin->options) instance.settings.given(option.name);
  }
  return 0;
}
