#include "agent/serve/connection.h"

namespace basewatch::serve {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr char kTlsRecord = 0x16;  // the first byte of a TLS client, and of no HTTP method
constexpr std::size_t kMostThrownAway = 64 * 1024;

void wait_for(Connection& connection, Io io) {
  connection.events = io == Io::wants_write ? POLLOUT : POLLIN;
}

}  // namespace

Received receive(Connection& connection, std::size_t limit) {
  char buffer[4096];
  auto& text = connection.received;
  while (true) {
    std::size_t got = 0;
    const auto io = connection.transport.read(buffer, sizeof buffer, got);
    if (io == Io::closed) return Received::closed;
    if (io != Io::done) {
      wait_for(connection, io);
      return Received::more;
    }
    const auto begin = text.size() < 3 ? 0 : text.size() - 3;  // the end may straddle two reads
    text.append(buffer, got);
    if (text.front() == kTlsRecord) return Received::is_tls;
    if (const auto end = text.find(kEnd, begin); end != std::string::npos) {
      return end > limit ? Received::too_large : Received::complete;
    }
    if (text.size() > limit) return Received::too_large;
  }
}

bool has_header(const Connection& connection) {
  return connection.received.find(kEnd) != std::string::npos;
}

std::string take_header(Connection& connection) {
  const auto end = connection.received.find(kEnd);
  if (end == std::string::npos) return {};
  auto header = connection.received.substr(0, end + kEnd.size());
  connection.received.erase(0, end + kEnd.size());
  return header;
}

void await_request(Connection& connection, MonoTime now, Duration idle_time, Duration header_time) {
  connection.phase = Phase::header;
  connection.events = POLLIN;
  connection.since = now;
  connection.until = now + (connection.received.empty() ? idle_time : header_time);
}

bool has_more(const Connection& connection) {
  return has_header(connection) || connection.transport.pending();
}

Io send_more(Connection& connection) {
  while (connection.sent < connection.unsent.size()) {
    std::size_t sent = 0;
    const auto rest = std::string_view(connection.unsent).substr(connection.sent);
    const auto io = connection.transport.write(rest, sent);
    connection.sent += sent;
    if (io == Io::done) continue;
    wait_for(connection, io);
    return io;
  }
  connection.unsent = {};
  connection.sent = 0;
  return Io::done;
}

bool linger(Connection& connection) {
  char buffer[4096];
  while (connection.thrown_away < kMostThrownAway) {
    std::size_t got = 0;
    const auto io = connection.transport.read(buffer, sizeof buffer, got);
    if (io == Io::closed) return false;
    if (io != Io::done) {
      wait_for(connection, io);
      return true;
    }
    connection.thrown_away += got;
  }
  return false;
}

}  // namespace basewatch::serve
