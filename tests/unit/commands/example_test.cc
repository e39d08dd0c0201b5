#include <doctest/doctest.h>
#include <re2/re2.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "agent/base/strings.h"
#include "agent/base/yaml.h"
#include "agent/config/config.h"
#include "agent/plugin/builtin.h"

namespace basewatch::commands {
namespace {

std::string example() {
  std::ifstream in(SOURCE_DIR "/config/basewatch.yml");
  return {std::istreambuf_iterator<char>(in), {}};
}

config::Config loaded(const std::string& text, Diagnostics& diagnostics,
                      const std::string& path = "config/basewatch.yml") {
  return config::load_text(
      text, path, builtin_plugins(), [](const std::string&) { return std::nullopt; }, diagnostics);
}

// "#key: value" is a setting, "# Words" are words.
std::string uncommented() {
  auto text = example();
  RE2::GlobalReplace(&text, "(?m)^( *)#([a-z_][a-z0-9_]*:)", "\\1\\2");
  return text;
}

// A folder with the files that the example names.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = "/tmp/basewatch-example-XXXXXX";
    REQUIRE(::mkdtemp(name.data()));
    path = name;
    std::ofstream(path / "web.yml") << "http_server_config: {http2: false}\n";
    std::ofstream(path / "users") << "# nobody\n";
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

// What a block of `server:` takes, out of the complaint about a key that it does not.
std::vector<std::string> keys_of(const std::string& block) {
  Diagnostics diagnostics;
  loaded("version: 1\nserver: " + block + "\n", diagnostics);
  const auto said = diagnostics.text();
  const auto at = said.find("it takes ");
  REQUIRE_MESSAGE(at != std::string::npos, said);
  std::vector<std::string> out;
  const auto list = said.substr(at + 9, said.find('\n', at) - at - 9);
  for (const auto key : split(list, ',')) {
    out.emplace_back(trim(key));
  }
  return out;
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
  const Folder folder;
  const auto config = loaded(uncommented(), diagnostics, folder.path / "basewatch.yml");
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

TEST_CASE(
    "the example configuration names every option of the server, limits with their defaults") {
  Diagnostics diagnostics;
  const auto root = yaml::parse(uncommented(), "config/basewatch.yml", diagnostics);
  const auto* server = root.find("server");
  REQUIRE(server);
  std::size_t seen = 0;
  for (const auto* name : {"", "tls", "auth", "limits"}) {
    const std::string block = name;
    const auto* node = block.empty() ? server : server->find(block);
    REQUIRE_MESSAGE(node, block);
    const auto wrong = block.empty() ? "{xxxxxxxxxxxx: 1}" : "{" + block + ": {xxxxxxxxxxxx: 1}}";
    for (const auto& key : keys_of(wrong)) {
      CHECK_MESSAGE(node->find(key), (block + "." + key));
      ++seen;
    }
  }
  CHECK(seen > 20);
  const Folder folder;
  const auto config = loaded(uncommented(), diagnostics, folder.path / "basewatch.yml");
  CHECK(config.server.limits == config::Limits{});
  CHECK(config.server.access.open == AccessSettings{}.open);
  CHECK(config.server.access.tls.client == ClientCertificate::require_and_verify);
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
