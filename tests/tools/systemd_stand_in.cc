// Plays systemd and logind on a bus, for tests: a handful of units and sessions.
//
//   systemd_stand_in ADDRESS normal    answers as they do
//   systemd_stand_in ADDRESS silent    takes every question and answers none
//   systemd_stand_in ADDRESS garbage   answers everything with the wrong type
#include <systemd/sd-bus.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using Value = std::variant<std::string, std::uint32_t, std::uint64_t, bool>;

constexpr const char* kUnits = "/org/freedesktop/systemd1/unit";
constexpr const char* kSessions = "/org/freedesktop/login1/session";
constexpr std::uint64_t kNone = UINT64_MAX;

struct Unit {
  const char *name, *load, *active, *sub;
  std::map<std::string, Value> properties;  // by "Interface.Name"
};

const std::vector<Unit> kAll = {
    {"alpha.service",
     "loaded",
     "active",
     "running",
     {{"Service.Type", "simple"},
      {"Service.NRestarts", 3u},
      {"Service.TasksCurrent", std::uint64_t{7}},
      {"Service.TasksMax", std::uint64_t{4915}},
      {"Unit.ActiveEnterTimestamp", std::uint64_t{1700000000123456}}}},
    {"bravo@x:1.service",
     "loaded",
     "failed",
     "failed",
     {{"Service.Type", "oneshot"},
      {"Service.NRestarts", 0u},
      {"Service.TasksCurrent", kNone},
      {"Service.TasksMax", kNone},
      {"Unit.ActiveEnterTimestamp", std::uint64_t{0}}}},
    {"charlie.socket",
     "loaded",
     "active",
     "listening",
     {{"Socket.NAccepted", 11u},
      {"Socket.NConnections", 2u},
      {"Socket.NRefused", 1u},
      {"Unit.ActiveEnterTimestamp", std::uint64_t{1700000001000000}}}},
    {"delta.timer",
     "loaded",
     "active",
     "waiting",
     {{"Timer.LastTriggerUSec", std::uint64_t{1700000002500000}},
      {"Unit.ActiveEnterTimestamp", std::uint64_t{1700000003000000}}}},
    {"echo.mount", "loaded", "active", "mounted", {{"Mount.Type", "ext4"}}},
    {"foxtrot.service", "not-found", "inactive", "dead", {}},
    {"golf.service", "loaded", "reloading", "reload", {{"Service.NRestarts", 1u}}},  // has no Type
    {"hotel-data.target", "loaded", "inactive", "dead", {}},
};
const std::map<std::string, Value> kManager = {
    {"Version", "252.39-1~deb12u1"}, {"Virtualization", "kvm"}, {"SystemState", "running"}};
const std::map<std::string, std::map<std::string, Value>> kSessionProperties = {
    {"_1", {{"Remote", false}, {"Type", "wayland"}, {"Class", "user"}}},
    {"_2", {{"Remote", true}, {"Type", "tty"}, {"Class", "user"}}},
    {"_3", {{"Remote", true}, {"Type", "tty"}, {"Class", "user"}}},
    {"_4", {{"Remote", false}, {"Type", "hologram"}, {"Class", "manager"}}},
};

std::string encoded(const char* prefix, const std::string& name) {
  char* path = nullptr;
  if (sd_bus_path_encode(prefix, name.c_str(), &path) < 0) std::abort();
  std::string text(path);
  std::free(path);
  return text;
}

int reply(sd_bus_message* question, const char* types, auto... values) {
  return sd_bus_reply_method_return(question, types, values...);
}

int reply_value(sd_bus_message* question, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value))
    return reply(question, "v", "s", text->c_str());
  if (const auto* small = std::get_if<std::uint32_t>(&value))
    return reply(question, "v", "u", *small);
  if (const auto* large = std::get_if<std::uint64_t>(&value))
    return reply(question, "v", "t", *large);
  return reply(question, "v", "b", std::get<bool>(value) ? 1 : 0);
}

int reply_units(sd_bus_message* question) {
  sd_bus_message* answer = nullptr;
  sd_bus_message_new_method_return(question, &answer);
  sd_bus_message_open_container(answer, 'a', "(ssssssouso)");
  for (const auto& unit : kAll) {
    sd_bus_message_append(answer, "(ssssssouso)", unit.name, "A unit", unit.load, unit.active,
                          unit.sub, "", encoded(kUnits, unit.name).c_str(), 0u, "", "/");
  }
  sd_bus_message_close_container(answer);
  const int result = sd_bus_send(nullptr, answer, nullptr);
  sd_bus_message_unref(answer);
  return result;
}

int reply_sessions(sd_bus_message* question) {
  const auto path = [](const char* id) { return std::string(kSessions) + "/" + id; };
  return reply(question, "a(susso)", 4, "1", 1000u, "ann", "seat0", path("_1").c_str(), "2", 1000u,
               "ann", "", path("_2").c_str(), "3", 0u, "root", "", path("_3").c_str(), "4", 1000u,
               "ann", "seat0", path("_4").c_str());
}

const Value* find(const std::string& path, std::string interface, const std::string& name) {
  interface = interface.substr(interface.rfind('.') + 1);
  const auto in = [](const auto& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
  };
  if (interface == "Manager") return in(kManager, name);
  if (path.starts_with(kSessions)) {
    const auto* session = in(kSessionProperties, path.substr(std::string(kSessions).size() + 1));
    return session ? in(*session, name) : nullptr;
  }
  for (const auto& unit : kAll) {
    if (encoded(kUnits, unit.name) == path) return in(unit.properties, interface + "." + name);
  }
  return nullptr;
}

int on_property(sd_bus_message* question) {
  const char *interface = nullptr, *name = nullptr;
  if (sd_bus_message_read(question, "ss", &interface, &name) < 0) return 0;
  const auto* value = find(sd_bus_message_get_path(question), interface, name);
  if (value) return reply_value(question, *value);
  return sd_bus_reply_method_errorf(question, SD_BUS_ERROR_UNKNOWN_PROPERTY, "no property %s",
                                    name);
}

int on_message(sd_bus_message* message, void* mode, sd_bus_error*) {
  const std::string_view how = static_cast<const char*>(mode);
  if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0 || how == "silent") return 0;
  const std::string_view member = sd_bus_message_get_member(message);
  if (how == "garbage" && member == "Get") return reply(message, "v", "as", 1, "nonsense");
  if (how == "garbage") return reply(message, "s", "nonsense");
  if (member == "ListUnits") return reply_units(message);
  if (member == "ListSeats")
    return reply(message, "a(so)", 1, "seat0", "/org/freedesktop/login1/seat/seat0");
  if (member == "ListSessions") return reply_sessions(message);
  if (member == "Get") return on_property(message);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: systemd_stand_in ADDRESS normal|silent|garbage\n", stderr);
    return 2;
  }
  sd_bus* bus = nullptr;
  int result = sd_bus_new(&bus);
  if (result >= 0) result = sd_bus_set_address(bus, argv[1]);
  if (result >= 0) result = sd_bus_set_bus_client(bus, 1);
  if (result >= 0) result = sd_bus_start(bus);
  // A filter sees what comes for any path; returning 1 keeps sd-bus from refusing it.
  const auto filter = [](sd_bus_message* message, void* mode, sd_bus_error* error) {
    if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0) return 0;
    on_message(message, mode, error);
    return 1;
  };
  if (result >= 0) result = sd_bus_add_filter(bus, nullptr, filter, argv[2]);
  for (const auto* name : {"org.freedesktop.systemd1", "org.freedesktop.login1"}) {
    if (result >= 0) result = sd_bus_request_name(bus, name, 0);
  }
  if (result >= 0) std::puts("on the bus");
  std::fflush(stdout);
  while (result >= 0) {
    result = sd_bus_process(bus, nullptr);
    if (result == 0) result = sd_bus_wait(bus, UINT64_MAX);
  }
  std::fprintf(stderr, "systemd_stand_in: error %d\n", -result);
  return 1;
}
