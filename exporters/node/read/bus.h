#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "agent/base/clock.h"
#include "exporters/node/read/source.h"

struct sd_bus;
struct sd_bus_message;

namespace basewatch::node {

// A property of an object on the bus, and what it is; nothing when the service refuses it or it is
// of a type that nobody here needs.
struct BusProperty {
  std::string path, interface, name;
};
using BusValue = std::variant<std::monostate, std::string, std::uint64_t, bool>;

// A conversation over D-Bus, each step within the deadline: a service that never answers, or a bus
// that takes the connection and stays silent, ends in a ReadError. One thread.
class Bus {
 public:
  // Connects to `address`; with `is_bus` false there is the service itself, without a bus.
  Bus(const std::string& address, bool is_bus, const Deadline& deadline);
  // To the system bus, wherever DBUS_SYSTEM_BUS_ADDRESS says that it is.
  static std::string system_address();

  // Calls a method without arguments and hands its answer to `read`, which returns a negative errno
  // when the answer is not what it should be.
  void call(const std::string& service, const std::string& path, const std::string& interface,
            const std::string& member, const std::function<int(sd_bus_message*)>& read);

  // One value for each question. They are asked without waiting for each other.
  std::vector<BusValue> properties(const std::string& service,
                                   std::span<const BusProperty> questions);

 private:
  struct Close {
    void operator()(sd_bus* bus) const;
  };
  class Questions;

  void wait(const std::string& whom);
  std::uint64_t microseconds_left() const;
  [[noreturn]] void fail(const std::string& what, int error) const;

  std::unique_ptr<sd_bus, Close> bus_;
  std::string address_;
  Deadline deadline_;
};

}  // namespace basewatch::node
