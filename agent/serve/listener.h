#pragma once

#include <cstdint>
#include <string>

#include "agent/base/unique_fd.h"

namespace basewatch::serve {

// A non-blocking listening socket. `host` empty: every address, IPv6 and IPv4. Throws
// std::runtime_error that names the address, the reason and what to do.
UniqueFd listen_on(const std::string& host, std::uint16_t port);

std::uint16_t local_port(int socket);

// "127.0.0.1:9777", "[::1]:9777", ":9777"
std::string address_text(const std::string& host, std::uint16_t port);

}  // namespace basewatch::serve
