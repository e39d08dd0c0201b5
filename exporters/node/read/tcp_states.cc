#include "exporters/node/read/tcp_states.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

namespace basewatch::node {

void parse_tcp_socket(const NetlinkMessage& message, TcpStates& out) {
  if (message.type != SOCK_DIAG_BY_FAMILY || message.body.size() < sizeof(inet_diag_msg)) return;
  const auto socket = netlink_value<inet_diag_msg>(message.body);
  ++out.sockets[socket.idiag_state < TcpStates::kStates ? socket.idiag_state : 0];
  out.received += socket.idiag_rqueue;
  out.unsent += socket.idiag_wqueue;
  ++out.all;
}

}  // namespace basewatch::node
