#include "exporters/redis/keys/options.h"

#include <fmt/format.h>

#include "agent/base/strings.h"
#include "exporters/redis/keys/glob.h"

namespace basewatch::redis {
namespace {

constexpr std::size_t kMostPatterns = 100;

std::string name_of(std::string_view option) {
  return "collectors.keys." + std::string(option);
}

std::vector<DbKey> read_keys(const Settings& settings, std::string_view option) {
  std::vector<DbKey> out;
  for (const auto& text : settings.texts(name_of(option))) {
    auto key = parse_db_key(text);
    if (!key || key->key.empty()) {
      throw SettingError(name_of(option),
                         fmt::format("'{}' is no key: write KEY or db3=KEY", printable(text)));
    }
    out.push_back(std::move(*key));
  }
  if (out.size() > kMostPatterns) {
    throw SettingError(name_of(option),
                       fmt::format("holds more than {} entries; use patterns", kMostPatterns));
  }
  return out;
}

// What is no pattern needs no walk over all keys.
void part_single(std::vector<DbKey>& patterns, std::vector<DbKey>& single) {
  std::erase_if(patterns, [&](const DbKey& one) {
    if (is_glob(one.key)) return false;
    single.push_back(one);
    return true;
  });
}

double read_number(const Settings& settings, std::string_view option, double least, double most) {
  const auto value = settings.number(name_of(option));
  if (value >= least && value <= most) return value;
  throw SettingError(name_of(option), fmt::format("has to be between {} and {}", least, most));
}

std::size_t read_count(const Settings& settings, std::string_view option, std::int64_t most) {
  const auto value = settings.integer(name_of(option));
  if (value >= 1 && value <= most) return static_cast<std::size_t>(value);
  throw SettingError(name_of(option), fmt::format("has to be between 1 and {}", most));
}

}  // namespace

std::optional<DbKey> parse_db_key(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return DbKey{0, std::string(text)};
  auto number = text.substr(0, equals);
  const bool named = number.starts_with("db");
  if (named) number.remove_prefix(2);
  const auto db = parse_uint(number);
  if (db && *db <= 100'000)
    return DbKey{static_cast<int>(*db), std::string(text.substr(equals + 1))};
  // "name=value" may be a key like any other; "db99999999=" is a mistake.
  if (named && db) return std::nullopt;
  return DbKey{0, std::string(text)};
}

KeyOptions read_key_options(const Settings& settings) {
  KeyOptions out;
  out.check = read_keys(settings, "check");
  out.single = read_keys(settings, "check_single");
  out.count = read_keys(settings, "count");
  out.streams = read_keys(settings, "streams");
  out.single_streams = read_keys(settings, "streams_single");
  part_single(out.check, out.single);
  part_single(out.streams, out.single_streams);
  for (const auto& text : settings.texts(name_of("groups"))) {
    try {
      out.groups.emplace_back(text);
    } catch (const std::invalid_argument& error) {
      throw SettingError(name_of("groups"),
                         fmt::format("the Lua pattern '{}' {}", printable(text), error.what()));
    }
  }
  out.most_groups = read_count(settings, "most_groups", 10'000);
  out.most_keys = read_count(settings, "most_keys", 10'000);
  out.values = settings.flag(name_of("values"));
  out.consumers = settings.flag(name_of("consumers"));
  out.skip_primary = settings.flag(name_of("skip_primary"));
  out.batch = read_count(settings, "batch", 10'000);
  out.keys_per_second = read_number(settings, "keys_per_second", 100, 1e7);
  out.server_share = read_number(settings, "server_share", 0.001, 1);
  return out;
}

}  // namespace basewatch::redis
