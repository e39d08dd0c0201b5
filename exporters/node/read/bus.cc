#include "exporters/node/read/bus.h"

#include <fmt/format.h>
#include <systemd/sd-bus.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "exporters/node/read/error_text.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kUnderWay = 64;  // questions without an answer; a bus allows some hundred

struct FreeMessage {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, FreeMessage>;

struct Error {
  sd_bus_error value = SD_BUS_ERROR_NULL;
  ~Error() { sd_bus_error_free(&value); }
};

template <typename T>
BusValue read_number(sd_bus_message* message, char type) {
  T number{};
  if (sd_bus_message_read_basic(message, type, &number) < 0) return {};
  return static_cast<std::uint64_t>(number);
}

BusValue read_variant(sd_bus_message* message) {
  char outer = 0, type = 0;
  const char* contents = nullptr;
  if (sd_bus_message_peek_type(message, &outer, &contents) <= 0 || outer != 'v' || !contents ||
      sd_bus_message_enter_container(message, 'v', contents) < 0) {
    return {};
  }
  if (sd_bus_message_peek_type(message, &type, nullptr) <= 0) return {};
  switch (type) {
    case 's':
    case 'o': {
      const char* text = nullptr;
      if (sd_bus_message_read_basic(message, type, &text) < 0 || !text) return {};
      return std::string(text);
    }
    case 'b': {
      int flag = 0;
      if (sd_bus_message_read_basic(message, type, &flag) < 0) return {};
      return flag != 0;
    }
    case 'u':
      return read_number<std::uint32_t>(message, type);
    case 't':
      return read_number<std::uint64_t>(message, type);
    default:
      return {};
  }
}

}  // namespace

// The questions of one round, and their answers as they come in.
class Bus::Questions {
 public:
  Questions(Bus& bus, const std::string& service, std::span<const BusProperty> questions)
      : bus_(bus), service_(service), questions_(questions), values_(questions.size()) {
    for (std::size_t i = 0; i < questions.size(); ++i) places_.push_back({this, i});
  }

  std::vector<BusValue> run() {
    while (answered_ < questions_.size()) {
      while (asked_ < questions_.size() && asked_ - answered_ < kUnderWay) ask(asked_++);
      bus_.wait(service_);
    }
    return std::move(values_);
  }

 private:
  struct Place {
    Questions* owner;
    std::size_t index;
  };

  void ask(std::size_t index) {
    const auto& question = questions_[index];
    const int result = sd_bus_call_method_async(
        bus_.bus_.get(), nullptr, service_.c_str(), question.path.c_str(),
        "org.freedesktop.DBus.Properties", "Get", &Questions::on_answer, &places_[index], "ss",
        question.interface.c_str(), question.name.c_str());
    if (result < 0) bus_.fail("cannot ask " + service_, -result);
  }

  static int on_answer(sd_bus_message* message, void* place, sd_bus_error*) {
    auto& [owner, index] = *static_cast<Place*>(place);
    ++owner->answered_;
    if (sd_bus_message_is_method_error(message, nullptr) <= 0) {
      owner->values_[index] = read_variant(message);
    }
    return 0;
  }

  Bus& bus_;
  const std::string& service_;
  std::span<const BusProperty> questions_;
  std::vector<BusValue> values_;
  std::vector<Place> places_;
  std::size_t asked_ = 0, answered_ = 0;
};

void Bus::Close::operator()(sd_bus* bus) const {
  sd_bus_close(bus);  // at once: to flush could wait for ever
  sd_bus_unref(bus);
}

std::string Bus::system_address() {
  const char* given = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
  return given && *given ? given : "unix:path=/run/dbus/system_bus_socket";
}

Bus::Bus(const std::string& address, bool is_bus, const Deadline& deadline)
    : address_(address),
      // A tenth is kept for what comes after: a run that ends past its deadline has failed.
      deadline_(Deadline::in(Clock::system(), deadline.remaining() * 9 / 10)) {
  sd_bus* bus = nullptr;
  int result = sd_bus_new(&bus);
  bus_.reset(bus);
  if (result >= 0) result = sd_bus_set_address(bus, address.c_str());
  if (result >= 0) result = sd_bus_set_bus_client(bus, is_bus);
  if (result >= 0) result = sd_bus_set_method_call_timeout(bus, microseconds_left());
  if (result >= 0) result = sd_bus_start(bus);
  if (result < 0) fail("cannot connect", -result);
  while ((result = sd_bus_is_ready(bus)) == 0) wait("the bus");
  if (result < 0) fail("cannot connect", -result);
}

std::uint64_t Bus::microseconds_left() const {
  const auto left = std::chrono::ceil<std::chrono::microseconds>(deadline_.remaining()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(left, 1));
}

void Bus::fail(const std::string& what, int error) const {
  throw ReadError(fmt::format("{} ({}): {}", what, printable(address_, 100), error_text(error)));
}

// Handles what has come in, or waits until something does.
void Bus::wait(const std::string& whom) {
  if (deadline_.passed()) fail(whom + " did not answer in time", ETIMEDOUT);
  int result = sd_bus_process(bus_.get(), nullptr);
  if (result == 0) result = sd_bus_wait(bus_.get(), microseconds_left());
  if (result < 0 && result != -EINTR) fail("lost the connection to " + whom, -result);
}

void Bus::call(const std::string& service, const std::string& path, const std::string& interface,
               const std::string& member, const std::function<int(sd_bus_message*)>& read) {
  sd_bus_message* question = nullptr;
  int result = sd_bus_message_new_method_call(bus_.get(), &question, service.c_str(), path.c_str(),
                                              interface.c_str(), member.c_str());
  const Message owned_question(question);
  if (result < 0) fail("cannot ask " + service, -result);
  Error error;
  sd_bus_message* answer = nullptr;
  result = sd_bus_call(bus_.get(), question, microseconds_left(), &error.value, &answer);
  const Message owned_answer(answer);
  if (result == -ETIMEDOUT)
    fail(fmt::format("{} did not answer {} in time", service, member), ETIMEDOUT);
  if (result < 0) {
    throw ReadError(
        fmt::format("{} refuses {}: {}", service, member,
                    error.value.message ? printable(error.value.message) : error_text(-result)));
  }
  result = read(answer);
  if (result < 0) {
    throw ReadError(fmt::format("{} answered {} with something else", service, member));
  }
}

std::vector<BusValue> Bus::properties(const std::string& service,
                                      std::span<const BusProperty> questions) {
  return Questions(*this, service, questions).run();
}

}  // namespace basewatch::node
