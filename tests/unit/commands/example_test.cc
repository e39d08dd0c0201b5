#include <doctest/doctest.h>
#include <re2/re2.h>

#include <fstream>
#include <iterator>
#include <string>

#include "agent/config/config.h"
#include "agent/plugin/builtin.h"

namespace basewatch::commands {
namespace {

std::string example() {
  std::ifstream in(SOURCE_DIR "/config/basewatch.yml");
  return {std::istreambuf_iterator<char>(in), {}};
}

config::Config loaded(const std::string& text, Diagnostics& diagnostics) {
  return config::load_text(
      text, "config/basewatch.yml", builtin_plugins(),
      [](const std::string&) { return std::nullopt; }, diagnostics);
}

// "#key: value" is a setting, "# Words" are words.
std::string uncommented() {
  auto text = example();
  RE2::GlobalReplace(&text, "(?m)^( *)#([a-z_]+:)", "\\1\\2");
  return text;
}

bool equal(const Settings& a, const Settings& b, const Option& option) {
  const auto name = option.name;
  switch (option.type) {
    case OptionType::flag:
      return a.flag(name) == b.flag(name);
    case OptionType::integer:
      return a.integer(name) == b.integer(name);
    case OptionType::number:
      return a.number(name) == b.number(name);
    case OptionType::duration:
      return a.duration(name) == b.duration(name);
    case OptionType::texts:
      return a.texts(name) == b.texts(name);
    case OptionType::secret:
      return true;
    default:
      return a.text(name) == b.text(name);
  }
}

}  // namespace

TEST_CASE("the example configuration loads as it is") {
  Diagnostics diagnostics;
  const auto config = loaded(example(), diagnostics);
  CHECK(diagnostics.text() == "");
  CHECK(config.server.host == "127.0.0.1");
  CHECK(config.server.port == 9777);
}

TEST_CASE("the example configuration names every option of every exporter with its default") {
  Diagnostics diagnostics;
  const auto config = loaded(uncommented(), diagnostics);
  REQUIRE(diagnostics.text() == "");
  REQUIRE(!builtin_plugins().empty());
  for (const auto* plugin : builtin_plugins()) {
    const auto defaults = Settings::make(plugin->options);
    const auto instance = std::ranges::find(config.instances, plugin, &config::Instance::plugin);
    REQUIRE_MESSAGE(instance != config.instances.end(), plugin->name);
    for (const auto& option : plugin->options) {
      CAPTURE(option.name);
      CHECK(instance->settings.given(option.name));
      CHECK(equal(instance->settings, defaults, option));
    }
    const auto exporter = plugin->create(defaults);
    for (const auto& collector : exporter->collectors()) {
      CAPTURE(collector.name);
      CHECK(instance->places.contains("collectors." + std::string(collector.name)));
    }
  }
}

TEST_CASE("every default is what the option's own type says") {
  for (const auto* plugin : builtin_plugins()) {
    CHECK_NOTHROW(Settings::make(plugin->options));
    for (const auto& option : plugin->options) {
      CAPTURE(option.name);
      CHECK(option.help.ends_with('.'));
    }
  }
}

}  // namespace basewatch::commands
