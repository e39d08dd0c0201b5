#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin/host.h"
#include "exporters/redis/options.h"

namespace basewatch::redis {

// A server that another one told of.
struct Address {
  std::string host;
  std::uint16_t port = 0;
  auto operator<=>(const Address&) const = default;
};

// Nothing for what is no address.
std::vector<Address> address_of(std::string_view host, std::string_view port);

// The other members of a Cluster, of the answer to CLUSTER NODES.
std::vector<Address> cluster_members(std::string_view nodes);

// As instances of the agent: with the options of the one that told of them, which it may reach
// with. `by_sentinel`: a Sentinel's login is not that of the servers it watches.
std::vector<FoundInstance> as_instances(std::vector<Address> found, const Options& options,
                                        bool by_sentinel);

// Where a server is, in one form.
std::string identity_of(const clients::RedisUrl& url);

}  // namespace basewatch::redis
