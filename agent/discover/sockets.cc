#include "agent/discover/sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "agent/base/strings.h"

namespace basewatch::discover {
namespace {

template <typename T>
std::optional<T> hex(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The kernel prints each 32 bits of the address as a number of this machine.
std::optional<std::string> address_of(std::string_view digits) {
  constexpr std::size_t kWord = 8;
  std::array<std::uint32_t, 4> words{};
  if (digits.size() != kWord && digits.size() != words.size() * kWord) return std::nullopt;
  const auto count = digits.size() / kWord;
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = hex<std::uint32_t>(digits.substr(i * kWord, kWord));
    if (!word) return std::nullopt;
    words[i] = *word;
  }
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(count == 1 ? AF_INET : AF_INET6, words.data(), text, sizeof text);
  const std::string_view out = text;
  constexpr std::string_view kMapped = "::ffff:";
  return std::string(out.starts_with(kMapped) ? out.substr(kMapped.size()) : out);
}

}  // namespace

std::vector<Listener> parse_tcp(std::string_view text) {
  constexpr std::string_view kListen = "0A";
  std::vector<Listener> out;
  std::string_view line;
  while (next_line(text, line)) {
    // "sl: local remote state queues timer retransmits uid timeout inode"
    std::array<std::string_view, 10> words;
    for (auto& word : words) word = next_word(line);
    const auto colon = words[1].rfind(':');
    if (words[3] != kListen || colon == std::string_view::npos) continue;
    auto address = address_of(words[1].substr(0, colon));
    const auto port = hex<std::uint16_t>(words[1].substr(colon + 1));
    if (!address || !port) continue;
    out.push_back({std::move(*address), *port, parse_uint(words[9]).value_or(0)});
  }
  return out;
}

std::vector<std::string> parse_unix(std::string_view text) {
  constexpr unsigned kAccepts = 0x10000;  // the flag of a socket that listens
  constexpr std::string_view kDatagram = "0002";
  std::vector<std::string> out;
  std::string_view line;
  while (next_line(text, line)) {
    // "num: references protocol flags type state inode path"
    std::array<std::string_view, 7> words;
    for (auto& word : words) word = next_word(line);
    const auto flags = hex<unsigned>(words[3]);
    const auto path = trim(line);
    const bool listens = flags && ((*flags & kAccepts) != 0 || words[4] == kDatagram);
    if (listens && path.starts_with('/')) out.emplace_back(path);
  }
  return out;
}

std::string reachable(const Listener& listener) {
  if (listener.address == "0.0.0.0" || listener.address == "::") return "127.0.0.1";
  return listener.address.find(':') == std::string::npos ? listener.address
                                                         : fmt::format("[{}]", listener.address);
}

}  // namespace basewatch::discover
