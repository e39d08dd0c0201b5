// The sessions of logind, as it tells over D-Bus.
#include <systemd/sd-bus.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "exporters/node/collector.h"
#include "exporters/node/read/bus.h"
#include "exporters/node/read/systemd_units.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kLogindOptions[] = {
    {"collectors.logind.address", OptionType::text, "",
     "The D-Bus address to connect to; empty: that of the system bus."},
};

constexpr std::string_view kRemote[] = {"true", "false"};
constexpr std::string_view kTypes[] = {"other",   "unspecified", "tty", "x11",
                                       "wayland", "mir",         "web"};
constexpr std::string_view kClasses[] = {"other", "user", "greeter", "lock-screen", "background"};
const std::string kService = "org.freedesktop.login1";
const std::string kPath = "/org/freedesktop/login1";

// What logind may yet come to know counts as "other".
template <std::size_t N>
std::string_view known(std::string_view word, const std::string_view (&words)[N]) {
  const auto* found = std::ranges::find(words, word);
  return found == std::end(words) ? "other" : *found;
}

class Logind final : public NodeCollector {
 public:
  explicit Logind(const Setup& setup)
      : address_(setup.settings.text("collectors.logind.address")) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    Bus bus(address_.empty() ? Bus::system_address() : address_, true, deadline);
    std::vector<std::string> seats;
    bus.call(kService, kPath, kService + ".Manager", "ListSeats",
             [&](sd_bus_message* answer) { return read_seats(answer, seats); });
    seats.emplace_back();  // of sessions from afar
    const auto counts = count_sessions(bus);
    for (const auto remote : kRemote) {
      for (const auto type : kTypes) {
        for (const auto kind : kClasses) {
          for (const auto& seat : seats) {
            const auto found = counts.find(Key(seat, remote, type, kind));
            page.add(metrics::node::logind_sessions,
                     found == counts.end() ? 0 : static_cast<double>(found->second), seat, remote,
                     type, kind);
          }
        }
      }
    }
    return done();
  }

 private:
  using Key = std::tuple<std::string, std::string_view, std::string_view, std::string_view>;

  static std::map<Key, std::size_t> count_sessions(Bus& bus) {
    std::vector<LoginSession> sessions;
    bus.call(kService, kPath, kService + ".Manager", "ListSessions",
             [&](sd_bus_message* answer) { return read_sessions(answer, sessions); });
    std::vector<BusProperty> questions;
    for (const auto& session : sessions) {
      for (const auto* name : {"Remote", "Type", "Class"}) {
        questions.push_back({session.path, kService + ".Session", name});
      }
    }
    const auto answers = bus.properties(kService, questions);
    std::map<Key, std::size_t> counts;
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      const auto* remote = std::get_if<bool>(&answers[3 * i]);
      const auto* type = std::get_if<std::string>(&answers[3 * i + 1]);
      const auto* kind = std::get_if<std::string>(&answers[3 * i + 2]);
      if (!remote || !type || !kind) continue;  // it has just ended
      ++counts[Key(sessions[i].seat, kRemote[*remote ? 0 : 1], known(*type, kTypes),
                   known(*kind, kClasses))];
    }
    return counts;
  }

  std::string address_;
};

}  // namespace

constinit const CollectorKind logind_collector{"logind", kOwnLane, false, kLogindOptions,
                                               create<Logind>};

}  // namespace basewatch::node
