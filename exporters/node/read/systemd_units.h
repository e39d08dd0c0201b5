#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sd_bus_message;

namespace basewatch::node {

struct SystemdUnit {
  std::string name, load_state, active_state, path;
};

// The answer to ListUnits; a negative errno when it is something else.
int read_systemd_units(sd_bus_message* answer, std::vector<SystemdUnit>& units);

// "252.39-1~deb12u1" is 252.39: the first number of three digits or more.
std::optional<double> systemd_version(std::string_view text);

struct LoginSession {
  std::string seat, path;
};
// The answers to ListSeats and ListSessions of logind.
int read_seats(sd_bus_message* answer, std::vector<std::string>& seats);
int read_sessions(sd_bus_message* answer, std::vector<LoginSession>& sessions);

}  // namespace basewatch::node
