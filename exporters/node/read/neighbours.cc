#include "exporters/node/read/neighbours.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

namespace basewatch::node {

NeighbourCounts parse_arp(const Source& proc_net_arp) {
  NeighbourCounts counts;
  std::vector<std::string_view> words;
  for_each_line(proc_net_arp, [&](std::string_view line) {
    split_words(line, words);
    if (words.empty() || words.size() == 9) return;  // the heading has nine words
    if (words.size() != 6) proc_net_arp.fail(line, "a neighbour has six columns");
    ++counts[std::string(words[5])];
  });
  return counts;
}

int neighbour_device(std::string_view body) {
  if (body.size() < sizeof(ndmsg)) return 0;
  const auto neighbour = netlink_value<ndmsg>(body);
  return (neighbour.ndm_state & NUD_NOARP) != 0 ? 0 : neighbour.ndm_ifindex;
}

NeighbourCounts Neighbours::count(const Deadline& deadline) {
  std::map<int, std::uint64_t> by_index;
  ndmsg question{};
  question.ndm_family = AF_INET;
  netlink_.dump(
      RTM_GETNEIGH, netlink_bytes(question), "the neighbours", deadline, [&] { by_index.clear(); },
      [&](const NetlinkMessage& message) {
        if (message.type != RTM_NEWNEIGH) return;
        if (const int index = neighbour_device(message.body)) ++by_index[index];
      });
  NeighbourCounts counts;
  for (const auto& [index, count] : by_index) {
    char name[IF_NAMESIZE];
    if (if_indextoname(static_cast<unsigned>(index), name)) counts[name] += count;
  }
  return counts;
}

}  // namespace basewatch::node
