#include "exporters/node/read/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxStats = 100'000;
// The kernel writes as many counters as the driver has at that moment, whatever room there is.
constexpr std::size_t kSlack = 4096;

// A field of the kernel's, which ends at a NUL or at its size.
template <std::size_t N>
std::string text(const char (&field)[N]) {
  return {field, strnlen(field, N)};
}

// Room for a struct with an array at its end, aligned for it.
template <typename Header>
class Answer {
 public:
  Answer(std::size_t count, std::size_t size)
      : words_((sizeof(Header) + (count + kSlack) * size) / sizeof(std::uint64_t) + 1) {}
  Header* get() { return reinterpret_cast<Header*>(words_.data()); }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace

// The modes that the 32 bits of ETHTOOL_GSET have room for.
const std::vector<EthtoolSpeed> kEthtoolSpeeds = {
    {ETHTOOL_LINK_MODE_10baseT_Half_BIT, 10, "half", "T"},
    {ETHTOOL_LINK_MODE_10baseT_Full_BIT, 10, "full", "T"},
    {ETHTOOL_LINK_MODE_100baseT_Half_BIT, 100, "half", "T"},
    {ETHTOOL_LINK_MODE_100baseT_Full_BIT, 100, "full", "T"},
    {ETHTOOL_LINK_MODE_1000baseT_Half_BIT, 1000, "half", "T"},
    {ETHTOOL_LINK_MODE_1000baseT_Full_BIT, 1000, "full", "T"},
    {ETHTOOL_LINK_MODE_10000baseT_Full_BIT, 10000, "full", "T"},
    {ETHTOOL_LINK_MODE_1000baseKX_Full_BIT, 1000, "full", "KX"},
    {ETHTOOL_LINK_MODE_10000baseKX4_Full_BIT, 10000, "full", "KX4"},
    {ETHTOOL_LINK_MODE_10000baseKR_Full_BIT, 10000, "full", "KR"},
    {ETHTOOL_LINK_MODE_10000baseR_FEC_BIT, 10000, "full", "R_FEC"},
    {ETHTOOL_LINK_MODE_20000baseMLD2_Full_BIT, 20000, "full", "MLD2"},
    {ETHTOOL_LINK_MODE_20000baseKR2_Full_BIT, 20000, "full", "KR2"},
    {ETHTOOL_LINK_MODE_40000baseKR4_Full_BIT, 40000, "full", "KR4"},
    {ETHTOOL_LINK_MODE_40000baseCR4_Full_BIT, 40000, "full", "CR4"},
    {ETHTOOL_LINK_MODE_40000baseSR4_Full_BIT, 40000, "full", "SR4"},
    {ETHTOOL_LINK_MODE_40000baseLR4_Full_BIT, 40000, "full", "LR4"},
    {ETHTOOL_LINK_MODE_56000baseKR4_Full_BIT, 56000, "full", "KR4"},
    {ETHTOOL_LINK_MODE_56000baseCR4_Full_BIT, 56000, "full", "CR4"},
    {ETHTOOL_LINK_MODE_56000baseSR4_Full_BIT, 56000, "full", "SR4"},
    {ETHTOOL_LINK_MODE_56000baseLR4_Full_BIT, 56000, "full", "LR4"},
    {ETHTOOL_LINK_MODE_25000baseCR_Full_BIT, 25000, "full", "CR"},
};

int Ethtool::ask(const std::string& device, void* question) {
  if (!socket_) {
    socket_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket_) return errno;
  }
  ifreq request{};
  if (device.size() >= sizeof request.ifr_name) return ENODEV;
  std::memcpy(request.ifr_name, device.data(), device.size());
  request.ifr_data = static_cast<char*>(question);
  return ioctl(socket_.get(), SIOCETHTOOL, &request) == 0 ? 0 : errno;
}

int Ethtool::link(const std::string& device, EthtoolLink& out) {
  ethtool_cmd answer{};
  answer.cmd = ETHTOOL_GSET;
  if (const int error = ask(device, &answer)) return error;
  out = {answer.supported, answer.advertising, answer.autoneg == AUTONEG_ENABLE};
  return 0;
}

int Ethtool::driver(const std::string& device, EthtoolDriver& out) {
  ethtool_drvinfo answer{};
  answer.cmd = ETHTOOL_GDRVINFO;
  if (const int error = ask(device, &answer)) return error;
  out = {text(answer.driver), text(answer.version), text(answer.fw_version), text(answer.bus_info),
         text(answer.erom_version)};
  return 0;
}

int Ethtool::stats(const std::string& device, EthtoolStats& out) {
  out.clear();
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  if (const int error = ask(device, &info)) return error;
  const std::size_t count = info.n_stats;
  if (count == 0) return 0;
  if (count > kMaxStats) return E2BIG;
  Answer<ethtool_gstrings> names(count, ETH_GSTRING_LEN);
  names.get()->cmd = ETHTOOL_GSTRINGS;
  names.get()->string_set = ETH_SS_STATS;
  names.get()->len = info.n_stats;
  if (const int error = ask(device, names.get())) return error;
  Answer<ethtool_stats> values(count, sizeof(std::uint64_t));
  values.get()->cmd = ETHTOOL_GSTATS;
  values.get()->n_stats = info.n_stats;
  if (const int error = ask(device, values.get())) return error;
  const auto got = std::min<std::size_t>({count, names.get()->len, values.get()->n_stats});
  for (std::size_t i = 0; i < got; ++i) {
    const auto* name = reinterpret_cast<const char*>(names.get()->data) + i * ETH_GSTRING_LEN;
    std::uint64_t value = 0;
    std::memcpy(&value, reinterpret_cast<const char*>(values.get()->data) + i * sizeof value,
                sizeof value);
    out.emplace_back(std::string(name, strnlen(name, ETH_GSTRING_LEN)), value);
  }
  return 0;
}

std::string ethtool_metric_name(std::string_view counter) {
  std::string name;
  for (const char c : counter) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    const bool is_fine = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    if (!is_fine && name.empty()) continue;  // none begins with '_'
    name += is_fine ? lower : '_';
  }
  for (const auto& [word, full] :
       {std::pair<std::string_view, std::string_view>{"rx", "received"}, {"tx", "transmitted"}}) {
    for (std::size_t at = 0; (at = name.find(word, at)) != std::string::npos;) {
      const auto end = at + word.size();
      const bool is_word =
          (at == 0 || name[at - 1] == '_') && (end == name.size() || name[end] == '_');
      if (is_word) name.replace(at, word.size(), full);
      at += is_word ? full.size() : word.size();
    }
  }
  return name;
}

}  // namespace basewatch::node
