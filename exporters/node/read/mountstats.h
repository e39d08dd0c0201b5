#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "exporters/node/read/source.h"

// What the NFS client counts for each mount: /proc/self/mountstats.
namespace basewatch::node {

struct NfsTransport {
  std::string_view protocol;  // tcp, udp, rdma
  // As the kernel orders them; what a transport or an older kernel does not have is 0.
  enum Number {
    port,
    bind,
    connect,
    connect_idle,
    idle,
    sends,
    receives,
    bad_ids,
    active,
    backlog,
    slots,
    sending,
    pending,
    kNumbers
  };
  std::array<std::uint64_t, kNumbers> numbers{};
};

struct NfsOperation {
  std::string_view name;
  enum Number {
    requests,
    transmissions,
    timeouts,
    sent,
    received,
    queue_ms,
    response_ms,
    request_ms,
    kNumbers
  };
  std::array<std::uint64_t, kNumbers> numbers{};
};

struct NfsMount {
  std::size_t position = 0;  // among all mounts of the file, also those of other types
  std::string_view device, mountpoint;
  double age = 0;
  std::array<std::uint64_t, 8> bytes{};
  std::array<std::uint64_t, 27> events{};
  std::vector<NfsTransport> transports;
  std::vector<NfsOperation> operations;
};

// The views of the result point into the text.
std::vector<NfsMount> parse_mountstats(const Source& source);

}  // namespace basewatch::node
