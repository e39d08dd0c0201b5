#include "agent/plugin/settings.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace basewatch {
namespace {

constexpr std::string_view kModes[] = {"fast", "safe"};
constexpr Option kOptions[] = {
    {"paths.procfs", OptionType::path, "/proc", "Where procfs is."},
    {"title", OptionType::text, "", "A title."},
    {"deep", OptionType::flag, "true", "Whether to look deeper."},
    {"workers", OptionType::integer, "4", "Number of workers."},
    {"ratio", OptionType::number, "0.5", "A share."},
    {"wait", OptionType::duration, "1m30s", "How long to wait."},
    {"collectors.netdev.device_include", OptionType::regex, "^eth", "Devices."},
    {"mode", OptionType::choice, "safe", "How to work.", kModes},
    {"hosts", OptionType::texts, "[a, 'b, c']", "Hosts."},
    {"databases", OptionType::texts, "postgres", "Databases."},
    {"password", OptionType::secret, "", "The password."},
};

}  // namespace

TEST_CASE("options that are not written have their default") {
  const auto settings = Settings::make(kOptions);
  CHECK(settings.instance() == "main");
  CHECK(settings.text("paths.procfs") == "/proc");
  CHECK(settings.text("title") == "");
  CHECK(settings.flag("deep"));
  CHECK(settings.integer("workers") == 4);
  CHECK(settings.number("ratio") == 0.5);
  CHECK(settings.duration("wait") == 90s);
  CHECK(settings.text("collectors.netdev.device_include") == "^eth");
  CHECK(settings.text("mode") == "safe");
  CHECK(settings.texts("hosts") == std::vector<std::string>{"a", "b, c"});
  CHECK(settings.texts("databases") == std::vector<std::string>{"postgres"});
  CHECK(settings.secret("password") == "");
  CHECK(!settings.given("deep"));
}

TEST_CASE("what is written wins, and says that it was written") {
  const auto settings = Settings::make(kOptions,
                                       {{"title", "hello"},
                                        {"deep", false},
                                        {"workers", 8},
                                        {"ratio", 1},
                                        {"wait", 5s},
                                        {"mode", "fast"},
                                        {"hosts", std::vector<std::string>{}},
                                        {"databases", "one"}},
                                       "cache");
  CHECK(settings.instance() == "cache");
  CHECK(settings.text("title") == "hello");
  CHECK(!settings.flag("deep"));
  CHECK(settings.given("deep"));
  CHECK(settings.integer("workers") == 8);
  CHECK(settings.number("ratio") == 1.0);
  CHECK(settings.duration("wait") == 5s);
  CHECK(settings.texts("hosts").empty());
  CHECK(settings.texts("databases") == std::vector<std::string>{"one"});
  CHECK(!settings.given("password"));
}

TEST_CASE("a secret is read again at every use") {
  int reads = 0;
  const auto settings = Settings::make(kOptions, {{"password", std::function<std::string()>([&] {
                                                     return "secret" + std::to_string(++reads);
                                                   })}});
  CHECK(reads == 0);
  CHECK(settings.secret("password") == "secret1");
  CHECK(settings.secret("password") == "secret2");
  CHECK(Settings::make(kOptions, {{"password", "plain"}}).secret("password") == "plain");
}

TEST_CASE("asking for what the plugin does not list is a programming error") {
  const auto settings = Settings::make(kOptions);
  CHECK_THROWS_WITH_AS(settings.text("path.procfs"), "there is no option path.procfs",
                       std::logic_error);
  CHECK_THROWS_WITH_AS(settings.text("deep"), "option deep is a flag", std::logic_error);
  CHECK_THROWS_WITH_AS(settings.text("password"), "option password is a secret", std::logic_error);
  CHECK_THROWS_AS(settings.flag("workers"), std::logic_error);
  CHECK_THROWS_AS(settings.integer("ratio"), std::logic_error);
  CHECK_THROWS_AS(settings.given("nothing"), std::logic_error);
  CHECK_THROWS_AS(Settings::make(kOptions, {{"nothing", 1}}), std::logic_error);
  CHECK_THROWS_AS(Settings::make(kOptions, {{"deep", 1}}), std::logic_error);
  CHECK_THROWS_AS(Settings::make(kOptions, {{"mode", "rash"}}), std::logic_error);
}

TEST_CASE("a default of the wrong type is found when the settings are made") {
  const Option broken[] = {
      {"a", OptionType::flag, "yes", ""},       {"a", OptionType::integer, "1.5", ""},
      {"a", OptionType::number, "much", ""},    {"a", OptionType::duration, "5", ""},
      {"a", OptionType::texts, "[a, [b]]", ""}, {"a", OptionType::choice, "rash", "", kModes},
  };
  for (const auto& option : broken) {
    CHECK_THROWS_AS(Settings::make({&option, 1}), std::logic_error);
  }
  const Option twice[] = {{"a", OptionType::text, "", ""}, {"a", OptionType::text, "", ""}};
  CHECK_THROWS_AS(Settings::make(twice), std::logic_error);
}

TEST_CASE("settings are equal when what is written is") {
  const auto with = [](std::map<std::string, Settings::Value> values) {
    return Settings::make(kOptions, std::move(values));
  };
  CHECK(with({}) == with({}));
  CHECK(with({{"workers", 3}}) == with({{"workers", 3}}));
  CHECK(!(with({{"workers", 3}}) == with({{"workers", 4}})));
  CHECK(!(with({{"hosts", std::vector<std::string>{"ab", "c"}}}) ==
          with({{"hosts", std::vector<std::string>{"a", "bc"}}})));
  auto marked = with({});
  marked.set_fingerprint("other");
  CHECK(!(marked == with({})));
}

TEST_CASE("declarations are empty until a site brings some") {
  struct One final : Declarations {
    MetricSpec spec{MetricType::counter, "my_orders_total", "Orders.", {}, {}};
    const MetricSpec* find(std::string_view name) const override {
      return name == spec.name ? &spec : nullptr;
    }
  };
  Settings settings;
  CHECK(settings.declarations().find("my_orders_total") == nullptr);
  settings.set_declarations(std::make_shared<One>());
  REQUIRE(settings.declarations().find("my_orders_total"));
  CHECK(settings.declarations().find("x") == nullptr);
}

}  // namespace basewatch
