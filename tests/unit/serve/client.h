#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <string>
#include <string_view>

#include "agent/base/unique_fd.h"

namespace basewatch::serve {

// A client as plain as can be: what a test sends is what goes over the wire. Every wait ends after
// ten seconds.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }

  bool send(std::string_view bytes) {
    return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

  // Everything up to the end of the stream.
  std::string rest() {
    std::string out;
    while (fill(out)) {
    }
    return out;
  }

  // One answer: its header, and as many bytes as its Content-Length says.
  std::string answer() {
    auto& out = pending_;
    std::size_t end;
    while ((end = out.find("\r\n\r\n")) == std::string::npos) {
      if (!fill(out)) return std::exchange(out, {});
    }
    const auto at = out.find("Content-Length: ");
    const auto length = at < end ? std::stoul(out.substr(at + 16)) : 0;
    while (out.size() < end + 4 + length) {
      if (!fill(out)) break;
    }
    auto one = out.substr(0, end + 4 + length);
    out.erase(0, one.size());
    return one;
  }

  std::string get(std::string_view path, std::string_view headers = {},
                  std::string_view method = "GET") {
    send(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: agent:1\r\n" +
         std::string(headers) + "\r\n");
    return method == "HEAD" ? head_of(answer_head()) : answer();
  }

 private:
  std::string answer_head() {
    auto& out = pending_;
    while (out.find("\r\n\r\n") == std::string::npos) {
      if (!fill(out)) break;
    }
    return std::exchange(out, {});
  }
  static std::string head_of(std::string text) { return text; }

  bool fill(std::string& out) {
    char buffer[4096];
    const auto got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    out.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  UniqueFd fd_;
  std::string pending_;
};

inline std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

inline int status_of(const std::string& answer) {
  return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

}  // namespace basewatch::serve
