// How many TCP sockets are in which state, and what waits in their queues: inet_diag.
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <unistd.h>

#include "exporters/node/collector.h"
#include "exporters/node/read/tcp_states.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

// By the kernel's numbers.
constexpr std::string_view kStates[TcpStates::kStates] = {
    "unknown",   "established", "syn_sent",   "syn_recv", "fin_wait1", "fin_wait2",
    "time_wait", "close",       "close_wait", "last_ack", "listen",    "closing"};
constexpr std::uint32_t kAllStates = 0xfff;

class Tcpstat final : public NodeCollector {
 public:
  explicit Tcpstat(const Setup& setup) : v6_(setup.proc("net/tcp6")) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    auto states = ask(AF_INET, deadline);
    if (access(v6_.c_str(), F_OK) == 0) {
      const auto more = ask(AF_INET6, deadline);
      for (std::size_t i = 0; i < TcpStates::kStates; ++i) states.sockets[i] += more.sockets[i];
      states.received += more.received;
      states.unsent += more.unsent;
      states.all += more.all;
    }
    const auto add = [&](std::string_view state, std::uint64_t value) {
      page.add(metrics::node::tcp_connection_states, static_cast<double>(value), state);
    };
    for (std::size_t i = 0; i < TcpStates::kStates; ++i) {
      if (states.sockets[i] > 0) add(kStates[i], states.sockets[i]);
    }
    if (states.all == 0) return done();
    add("rx_queued_bytes", states.received);
    add("tx_queued_bytes", states.unsent);
    return done();
  }

 private:
  TcpStates ask(std::uint8_t family, const Deadline& deadline) {
    inet_diag_req_v2 request{};
    request.sdiag_family = family;
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_states = kAllStates;
    TcpStates states;
    netlink_.dump(
        SOCK_DIAG_BY_FAMILY, netlink_bytes(request), "the list of TCP sockets", deadline,
        [&] { states = {}; },
        [&](const NetlinkMessage& message) { parse_tcp_socket(message, states); });
    return states;
  }

  std::string v6_;
  Netlink netlink_{NETLINK_INET_DIAG};
};

}  // namespace

// The kernel sends a message for every socket, and there may be very many.
constinit const CollectorKind tcpstat_collector{"tcpstat", kOwnLane, false, {}, create<Tcpstat>};

}  // namespace basewatch::node
