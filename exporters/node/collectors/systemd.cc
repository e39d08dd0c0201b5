// The units of systemd, as it tells over D-Bus.
#include <fmt/format.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/bus.h"
#include "exporters/node/read/systemd_units.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

namespace m = metrics::node;

constexpr Option kSystemdOptions[] = {
    {"collectors.systemd.unit_include", OptionType::regex, ".+",
     "Which units are looked at; the whole name must match."},
    {"collectors.systemd.unit_exclude", OptionType::regex,
     R"(.+\.(automount|device|mount|scope|slice))",
     "Which units are left out; the whole name must match."},
    {"collectors.systemd.enable_task_metrics", OptionType::flag, "false",
     "Adds node_systemd_unit_tasks_current and node_systemd_unit_tasks_max."},
    {"collectors.systemd.enable_restarts_metrics", OptionType::flag, "false",
     "Adds node_systemd_service_restart_total."},
    {"collectors.systemd.enable_start_time_metrics", OptionType::flag, "false",
     "Adds node_systemd_unit_start_time_seconds."},
    {"collectors.systemd.private", OptionType::flag, "false",
     "Talks to systemd itself and not over the bus; only root may."},
    {"collectors.systemd.address", OptionType::text, "",
     "The D-Bus address to connect to; empty: that of the system bus."},
};

constexpr std::string_view kPrivate = "unix:path=/run/systemd/private";
constexpr std::string_view kStates[] = {"active", "activating", "deactivating", "inactive",
                                        "failed"};
const std::string kService = "org.freedesktop.systemd1";
const std::string kManagerPath = "/org/freedesktop/systemd1";
const std::string kManager = "org.freedesktop.systemd1.Manager";
constexpr double kFirstWithState = 212;  // the version that knows SystemState and LastTriggerUSec
constexpr auto kNone = std::numeric_limits<std::uint64_t>::max();  // systemd's "no such number"

// What a property's value is for.
enum class Use {
  type,
  restarts,
  accepted,
  connections,
  refused,
  started,
  tasks,
  tasks_max,
  triggered
};

struct Question {
  std::size_t unit;
  Use use;
};

class Systemd final : public NodeCollector {
 public:
  explicit Systemd(const Setup& setup)
      : units_(setup.settings, "collectors.systemd.unit_exclude",
               "collectors.systemd.unit_include"),
        address_(setup.settings.text("collectors.systemd.address")),
        with_tasks_(setup.settings.flag("collectors.systemd.enable_task_metrics")),
        with_restarts_(setup.settings.flag("collectors.systemd.enable_restarts_metrics")),
        with_start_(setup.settings.flag("collectors.systemd.enable_start_time_metrics")),
        is_private_(setup.settings.flag("collectors.systemd.private")) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    auto bus = connect(deadline);
    const auto version = add_manager(page, bus);
    std::vector<SystemdUnit> units;
    bus.call(kService, kManagerPath, kManager, "ListUnits",
             [&](sd_bus_message* answer) { return read_systemd_units(answer, units); });
    add_summary(page, units);
    std::erase_if(units, [&](const SystemdUnit& unit) {
      return unit.load_state != "loaded" || !units_.accepts(unit.name);
    });
    add_units(page, bus, units, version >= kFirstWithState);
    return done();
  }

 private:
  // As node_exporter: where there is no bus, root asks systemd itself.
  Bus connect(const Deadline& deadline) const {
    if (is_private_)
      return Bus(address_.empty() ? std::string(kPrivate) : address_, false, deadline);
    if (!address_.empty()) return Bus(address_, true, deadline);
    try {
      return Bus(Bus::system_address(), true, deadline);
    } catch (const ReadError&) {
      if (geteuid() != 0 || access("/run/systemd/private", F_OK) != 0) throw;
    }
    return Bus(std::string(kPrivate), false, deadline);
  }

  // Returns the version as a number.
  static double add_manager(Page& page, Bus& bus) {
    const BusProperty questions[] = {{kManagerPath, kManager, "Version"},
                                     {kManagerPath, kManager, "Virtualization"},
                                     {kManagerPath, kManager, "SystemState"}};
    const auto answers = bus.properties(kService, questions);
    const auto* text = std::get_if<std::string>(&answers[0]);
    const auto version = text ? systemd_version(*text) : std::nullopt;
    page.add(m::systemd_version, version.value_or(0), version ? *text : std::string());
    const auto* virtualization = std::get_if<std::string>(&answers[1]);
    page.add(m::systemd_virtualization_info, 1,
             !virtualization           ? "unknown"
             : virtualization->empty() ? "none"
                                       : *virtualization);
    if (version.value_or(0) >= kFirstWithState) {
      const auto* state = std::get_if<std::string>(&answers[2]);
      if (!state) throw ReadError("systemd does not tell its state");
      page.add(m::systemd_system_running, *state == "running" ? 1 : 0);
    }
    return version.value_or(0);
  }

  static void add_summary(Page& page, const std::vector<SystemdUnit>& units) {
    std::map<std::string_view, std::size_t> counts;
    for (const auto state : kStates) counts[state] = 0;
    for (const auto& unit : units) ++counts[unit.active_state];
    for (const auto& [state, count] : counts) {
      page.add(m::systemd_units, static_cast<double>(count), state);
    }
  }

  void add_units(Page& page, Bus& bus, const std::vector<SystemdUnit>& units,
                 bool with_timers) const {
    std::vector<BusProperty> properties;
    std::vector<Question> questions;
    for (std::size_t i = 0; i < units.size(); ++i) {
      ask(units[i], i, with_timers, properties, questions);
    }
    const auto answers = bus.properties(kService, properties);
    std::vector<std::string> types(units.size());
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const auto& [unit, use] = questions[i];
      if (const auto* text = std::get_if<std::string>(&answers[i]); text && use == Use::type) {
        types[unit] = *text;
      } else if (const auto* number = std::get_if<std::uint64_t>(&answers[i])) {
        add_number(page, units[unit].name, use, *number);
      }
    }
    for (std::size_t i = 0; i < units.size(); ++i) {
      for (const auto state : kStates) {
        page.add(m::systemd_unit_state, units[i].active_state == state ? 1 : 0, units[i].name,
                 state, types[i]);
      }
      if (with_start_ && units[i].active_state != "active") {
        page.add(m::systemd_unit_start_time_seconds, 0, units[i].name);
      }
    }
  }

  void ask(const SystemdUnit& unit, std::size_t index, bool with_timers,
           std::vector<BusProperty>& properties, std::vector<Question>& questions) const {
    const auto add = [&](Use use, std::string_view interface, std::string_view name) {
      properties.push_back(
          {unit.path, fmt::format("{}.{}", kService, interface), std::string(name)});
      questions.push_back({index, use});
    };
    const std::string_view name = unit.name;
    if (name.ends_with(".service")) {
      add(Use::type, "Service", "Type");
      if (with_restarts_) add(Use::restarts, "Service", "NRestarts");
      if (with_tasks_) {
        add(Use::tasks, "Service", "TasksCurrent");
        add(Use::tasks_max, "Service", "TasksMax");
      }
    } else if (name.ends_with(".mount")) {
      add(Use::type, "Mount", "Type");
    } else if (name.ends_with(".socket")) {
      add(Use::accepted, "Socket", "NAccepted");
      add(Use::connections, "Socket", "NConnections");
      add(Use::refused, "Socket", "NRefused");
    } else if (name.ends_with(".timer") && with_timers) {
      add(Use::triggered, "Timer", "LastTriggerUSec");
    }
    if (with_start_ && unit.active_state == "active") {
      add(Use::started, "Unit", "ActiveEnterTimestamp");
    }
  }

  static void add_number(Page& page, const std::string& unit, Use use, std::uint64_t number) {
    constexpr double kMicroseconds = 1e6;
    const auto value = static_cast<double>(number);
    switch (use) {
      case Use::type:
        return;
      case Use::restarts:
        return page.add(m::systemd_service_restart_total, value, unit);
      case Use::accepted:
        return page.add(m::systemd_socket_accepted_connections_total, value, unit);
      case Use::connections:
        return page.add(m::systemd_socket_current_connections, value, unit);
      case Use::refused:
        return page.add(m::systemd_socket_refused_connections_total, value, unit);
      case Use::started:
        return page.add(m::systemd_unit_start_time_seconds, value / kMicroseconds, unit);
      case Use::triggered:
        return page.add(m::systemd_timer_last_trigger_seconds, value / kMicroseconds, unit);
      case Use::tasks:
        if (number != kNone) page.add(m::systemd_unit_tasks_current, value, unit);
        return;
      case Use::tasks_max:
        if (number != kNone) page.add(m::systemd_unit_tasks_max, value, unit);
        return;
    }
  }

  WholeNameFilter units_;
  std::string address_;
  bool with_tasks_, with_restarts_, with_start_, is_private_;
};

}  // namespace

constinit const CollectorKind systemd_collector{"systemd", kOwnLane, false, kSystemdOptions,
                                                create<Systemd>};

}  // namespace basewatch::node
