#include "exporters/node/read/mountstats.h"

#include <span>

namespace basewatch::node {
namespace {

void read_numbers(const Source& source, std::string_view rest, std::span<std::uint64_t> out) {
  for (auto& number : out) number = source.whole(next_word(rest));
}

// "device server:/export mounted on /mnt with fstype nfs4 statvers=1.1"; nothing for a type without
// statistics.
bool parse_device(const Source& source, std::string_view line, NfsMount& mount) {
  const auto whole = line;
  std::string_view words[9];
  for (auto& word : words) word = next_word(line);
  if (words[2] != "mounted" || words[3] != "on" || words[5] != "with" || words[6] != "fstype" ||
      words[7].empty()) {
    source.fail(whole, "this is no line of mountstats");
  }
  mount.device = words[1];
  mount.mountpoint = words[4];
  return (words[7] == "nfs" || words[7] == "nfs4") && words[8].starts_with("statvers=");
}

void parse_transport(const Source& source, std::string_view rest, NfsMount& mount) {
  NfsTransport transport;
  transport.protocol = next_word(rest);
  const bool is_udp = transport.protocol == "udp";
  if (!is_udp && transport.protocol != "tcp" && transport.protocol != "rdma") return;
  std::array<std::uint64_t, NfsTransport::kNumbers> numbers{};
  std::size_t count = 0;
  for (auto word = next_word(rest); !word.empty() && count < numbers.size();
       word = next_word(rest)) {
    numbers[count++] = source.whole(word);
  }
  // Statistics of version 1.0 end before the number of slots; udp has no connections.
  constexpr std::size_t kMissing = 3;
  if (count < NfsTransport::slots - (is_udp ? kMissing : 0)) {
    source.fail(transport.protocol, "the line of the transport is too short");
  }
  if (transport.protocol == "rdma") count = NfsTransport::slots;  // other numbers follow there
  for (std::size_t i = 0; i < count; ++i) {
    const auto to = is_udp && i >= NfsTransport::connect ? i + kMissing : i;
    if (to < numbers.size()) transport.numbers[to] = numbers[i];
  }
  mount.transports.push_back(transport);
}

void parse_operation(const Source& source, std::string_view name, std::string_view rest,
                     NfsMount& mount) {
  NfsOperation operation;
  if (name.ends_with(':')) name.remove_suffix(1);
  operation.name = name;
  read_numbers(source, rest, operation.numbers);
  mount.operations.push_back(operation);
}

}  // namespace

std::vector<NfsMount> parse_mountstats(const Source& source) {
  std::vector<NfsMount> mounts;
  std::size_t devices = 0;
  NfsMount* mount = nullptr;  // whose lines follow
  bool in_operations = false;
  std::string_view rest = source.text, line;
  while (next_line(rest, line)) {
    const auto whole = line;
    const auto key = next_word(line);
    if (key == "device") {
      NfsMount fresh;
      fresh.position = devices++;
      const bool has_statistics = parse_device(source, whole, fresh);
      if (has_statistics) mounts.push_back(std::move(fresh));
      mount = has_statistics ? &mounts.back() : nullptr;
      in_operations = false;
    } else if (key.empty()) {
      mount = nullptr;
    } else if (mount && in_operations) {
      parse_operation(source, key, line, *mount);
    } else if (mount && key == "age:") {
      mount->age = source.number(next_word(line));
    } else if (mount && key == "bytes:") {
      read_numbers(source, line, mount->bytes);
    } else if (mount && key == "events:") {
      read_numbers(source, line, mount->events);
    } else if (mount && key == "xprt:") {
      parse_transport(source, line, *mount);
    } else if (mount && key == "per-op") {
      in_operations = true;
    }
  }
  return mounts;
}

}  // namespace basewatch::node
