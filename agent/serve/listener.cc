#include "agent/serve/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace basewatch::serve {
namespace {

std::string_view advice(int error) {
  switch (error) {
    case EADDRINUSE:
      return "another program has this port (ss -ltnp shows which): stop it, or choose another "
             "server.listen";
    case EACCES:
      return "ports below 1024 need the capability CAP_NET_BIND_SERVICE: choose a higher one in "
             "server.listen";
    case EADDRNOTAVAIL:
      return "no network interface of this machine has that address: correct server.listen";
    default:
      return "correct server.listen";
  }
}

[[noreturn]] void fail(const std::string& host, std::uint16_t port, std::string_view reason,
                       int error) {
  throw std::runtime_error(
      fmt::format("cannot listen on {}: {}; {}", address_text(host, port), reason, advice(error)));
}

// Zero, or errno.
int try_listen(const addrinfo& address, UniqueFd& out) {
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  const int yes = 1, no = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (address.ai_family == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  }
  if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  if (::listen(fd.get(), 128) != 0) return errno;
  out = std::move(fd);
  return 0;
}

}  // namespace

std::string address_text(const std::string& host, std::uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

UniqueFd listen_on(const std::string& host, std::uint16_t port) {
  UniqueFd fd;
  if (host.empty()) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    addrinfo all{};
    all.ai_family = AF_INET6;
    all.ai_addr = reinterpret_cast<sockaddr*>(&six);
    all.ai_addrlen = sizeof six;
    auto error = try_listen(all, fd);
    if (error == EAFNOSUPPORT || error == EADDRNOTAVAIL) {  // a kernel without IPv6
      all.ai_family = AF_INET;
      all.ai_addr = reinterpret_cast<sockaddr*>(&four);
      all.ai_addrlen = sizeof four;
      error = try_listen(all, fd);
    }
    if (error != 0) fail(host, port, std::strerror(error), error);
    return fd;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) fail(host, port, ::gai_strerror(failed), 0);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  int error = 0;
  for (const auto* address = found; address; address = address->ai_next) {
    error = try_listen(*address, fd);
    if (error == 0) return fd;
  }
  fail(host, port, std::strerror(error), error);
}

std::uint16_t local_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace basewatch::serve
