#include "exporters/node/read/os_release.h"

#include <chrono>

namespace basewatch::node {
namespace {

// The text that a shell would make of it: single quotes keep everything, in double quotes and
// outside a backslash keeps the next character.
std::string unquoted(std::string_view text) {
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote && quote != 0) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      out += text[++i];
    } else if (quote == 0 && c == ' ') {
      break;  // what follows would be another word: a comment
    } else {
      out += c;
    }
  }
  return out;
}

struct Key {
  std::string_view name;
  std::string OsRelease::*field;
};
constexpr Key kKeys[] = {
    {"NAME", &OsRelease::name},
    {"ID", &OsRelease::id},
    {"ID_LIKE", &OsRelease::id_like},
    {"PRETTY_NAME", &OsRelease::pretty_name},
    {"VARIANT", &OsRelease::variant},
    {"VARIANT_ID", &OsRelease::variant_id},
    {"VERSION", &OsRelease::version},
    {"VERSION_ID", &OsRelease::version_id},
    {"VERSION_CODENAME", &OsRelease::version_codename},
    {"BUILD_ID", &OsRelease::build_id},
    {"IMAGE_ID", &OsRelease::image_id},
    {"IMAGE_VERSION", &OsRelease::image_version},
    {"SUPPORT_END", &OsRelease::support_end},
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

OsRelease parse_os_release(const Source& file) {
  OsRelease release;
  for_each_line(file, [&](std::string_view line) {
    line = trim(line);
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == line.npos) return;
    for (const auto& [name, field] : kKeys) {
      if (name == line.substr(0, equals)) release.*field = unquoted(line.substr(equals + 1));
    }
  });
  return release;
}

double major_minor(std::string_view version_id) {
  std::size_t end = 0;
  while (end < version_id.size() && is_digit(version_id[end])) ++end;
  if (end == 0) return 0;
  std::size_t after = end + 1;
  while (after < version_id.size() && is_digit(version_id[after])) ++after;
  if (end < version_id.size() && version_id[end] == '.' && after > end + 1) end = after;
  return parse_double(version_id.substr(0, end)).value_or(0);
}

std::optional<double> date_in_seconds(std::string_view date) {
  const auto parts = split(date, '-');
  if (parts.size() != 3) return std::nullopt;
  const auto year = parse_uint(parts[0]), month = parse_uint(parts[1]), day = parse_uint(parts[2]);
  if (!year || !month || !day || *year > 9999 || *month > 12 || *day > 31) return std::nullopt;
  const std::chrono::year_month_day whole{std::chrono::year(static_cast<int>(*year)),
                                          std::chrono::month(static_cast<unsigned>(*month)),
                                          std::chrono::day(static_cast<unsigned>(*day))};
  if (!whole.ok()) return std::nullopt;
  const auto since = std::chrono::sys_days(whole).time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

}  // namespace basewatch::node
