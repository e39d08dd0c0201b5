#include "exporters/node/read/systemd_units.h"

#include <systemd/sd-bus.h>

#include <cerrno>

#include "agent/base/strings.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxEntries = 100'000;

// Calls read() for the entries of an array until it returns 0; negative for what is no such array.
template <typename Read>
int for_each_entry(sd_bus_message* answer, const char* contents, Read&& read) {
  int result = sd_bus_message_enter_container(answer, 'a', contents);
  for (std::size_t count = 0; result >= 0; ++count) {
    if (count > kMaxEntries) return -E2BIG;
    result = read();
    if (result == 0) return 0;
  }
  return result;
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

int read_systemd_units(sd_bus_message* answer, std::vector<SystemdUnit>& units) {
  return for_each_entry(answer, "(ssssssouso)", [&] {
    const char *name = nullptr, *load = nullptr, *active = nullptr, *path = nullptr;
    const int result = sd_bus_message_read(answer, "(ssssssouso)", &name, nullptr, &load, &active,
                                           nullptr, nullptr, &path, nullptr, nullptr, nullptr);
    if (result > 0) units.push_back({name, load, active, path});
    return result;
  });
}

std::optional<double> systemd_version(std::string_view text) {
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    auto end = begin;
    while (end < text.size() && digit(text[end])) ++end;
    if (end - begin < 3) {
      begin = end;
      continue;
    }
    if (end + 1 < text.size() && text[end] == '.' && digit(text[end + 1])) {
      for (++end; end < text.size() && digit(text[end]);) ++end;
    }
    return parse_double(text.substr(begin, end - begin));
  }
  return std::nullopt;
}

int read_seats(sd_bus_message* answer, std::vector<std::string>& seats) {
  return for_each_entry(answer, "(so)", [&] {
    const char* name = nullptr;
    const int result = sd_bus_message_read(answer, "(so)", &name, nullptr);
    if (result > 0) seats.emplace_back(name);
    return result;
  });
}

int read_sessions(sd_bus_message* answer, std::vector<LoginSession>& sessions) {
  return for_each_entry(answer, "(susso)", [&] {
    const char *seat = nullptr, *path = nullptr;
    const int result =
        sd_bus_message_read(answer, "(susso)", nullptr, nullptr, nullptr, &seat, &path);
    if (result > 0) sessions.push_back({seat, path});
    return result;
  });
}

}  // namespace basewatch::node
