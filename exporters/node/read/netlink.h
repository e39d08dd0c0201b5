#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/base/unique_fd.h"
#include "exporters/node/read/source.h"

// Questions to the kernel by netlink: the socket, and how an answer is taken apart.
namespace basewatch::node {

// The kernel's refusal.
class NetlinkError : public ReadError {
 public:
  NetlinkError(const std::string& message, int error) : ReadError(message), error_(error) {}
  int error() const { return error_; }  // an errno

 private:
  int error_;
};

struct NetlinkMessage {
  std::uint16_t type;
  std::string_view body;
};
using NetlinkVisitor = std::function<void(const NetlinkMessage&)>;

// One datagram of an answer.
enum class NetlinkEnd {
  open,         // more is to come
  done,         // this was all
  interrupted,  // this was all, and what it lists has changed meanwhile
};
// Throws NetlinkError for a refusal and ReadError for a broken message. `what` was asked for.
NetlinkEnd parse_netlink(std::string_view datagram, std::string_view what,
                         const NetlinkVisitor& visit);

// The bytes as a number or struct of the kernel's; what is missing is 0.
template <typename T>
T netlink_value(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), bytes.size() < sizeof value ? bytes.size() : sizeof value);
  return value;
}
// A text of the kernel's, which ends at a NUL if there is one.
inline std::string_view netlink_text(std::string_view bytes) {
  return bytes.substr(0, bytes.find('\0'));
}

// Calls visit(type, value) for each attribute; stops at the first that is broken.
using AttributeVisitor = std::function<void(std::uint16_t, std::string_view)>;
void for_each_attribute(std::string_view bytes, const AttributeVisitor& visit);
// The same for what follows a header of this size.
void for_each_attribute(std::string_view body, std::size_t header, const AttributeVisitor& visit);
// An attribute as bytes, for a question.
std::string netlink_attribute(std::uint16_t type, std::string_view value);

template <typename T>
std::string_view netlink_bytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// A socket of one netlink protocol; it stays open from question to question, and is opened afresh
// after an error. One thread at a time.
class Netlink {
 public:
  explicit Netlink(int protocol) : protocol_(protocol) {}

  // Asks for a list. `begin` is called before each attempt, `visit` for each message. When the list
  // changes while the kernel makes it, entries may be missing or double: then it is asked again, a
  // few times; the last answer counts. `what` is for errors: "the list of devices".
  void dump(std::uint16_t type, std::string_view body, std::string_view what,
            const Deadline& deadline, const std::function<void()>& begin,
            const NetlinkVisitor& visit);
  // Asks for one thing.
  void ask(std::uint16_t type, std::string_view body, std::string_view what,
           const Deadline& deadline, const NetlinkVisitor& visit);

 private:
  void send(std::uint16_t type, std::uint16_t flags, std::string_view body);
  NetlinkEnd receive(std::string_view what, const Deadline& deadline, const NetlinkVisitor& visit);
  std::string_view next_datagram(const Deadline& deadline);

  int protocol_;
  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
  std::string buffer_;
};

}  // namespace basewatch::node
