// Chosen counters of the network protocols, of /proc/net/netstat, snmp and snmp6.
#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kNetstatOptions[] = {
    {"collectors.netstat.fields", OptionType::regex,
     "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|"
     "Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|"
     "TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|"
     "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$",
     "Which fields are taken."},
};

class Netstat final : public NodeCollector {
 public:
  explicit Netstat(const Setup& setup)
      : netstat_(setup.proc("net/netstat")),
        snmp_(setup.proc("net/snmp")),
        snmp6_(setup.proc("net/snmp6")),
        fields_({setup.settings, {}, "collectors.netstat.fields"}) {}

  Outcome run(Page& page, const Deadline&) override {
    row_ = 0;
    add_tables(page, netstat_.read());
    add_tables(page, snmp_.read());
    if (const auto source = snmp6_.read_if_there()) add_rows(page, *source);
    return done();
  }

 private:
  // Pairs of lines: "Tcp: RtoAlgorithm ..." with the names, "Tcp: 1 ..." with the numbers.
  void add_tables(Page& page, const Source& source) {
    std::string_view rest = source.text, names, numbers;
    while (next_line(rest, names)) {
      const auto protocol = next_word(names);
      if (protocol.empty()) continue;
      if (!next_line(rest, numbers) || next_word(numbers) != protocol || !protocol.ends_with(':')) {
        source.fail(protocol, "the line of names is followed by no line of numbers");
      }
      while (true) {
        const auto name = next_word(names), number = next_word(numbers);
        if (name.empty() && number.empty()) break;
        if (name.empty()) source.fail(number, "there are more numbers than names");
        add(page, source, protocol.substr(0, protocol.size() - 1), name, number);
      }
    }
  }

  // "Ip6InReceives   123": the protocol ends with the first 6.
  void add_rows(Page& page, const Source& source) {
    for_each_row(source, [&](std::string_view key, std::string_view rest) {
      const auto six = key.find('6');
      const auto number = next_word(rest);
      if (six == key.npos || number.empty()) return;
      add(page, source, key.substr(0, six + 1), key.substr(six + 1), number);
    });
  }

  void add(Page& page, const Source& source, std::string_view protocol, std::string_view name,
           std::string_view number) {
    field_.assign(protocol).append("_").append(name);
    if (fields_.accepts(row_++, field_)) {
      page.add(metrics::node::netstat, field_, source.number(number));
    }
  }

  KeptFile netstat_, snmp_, snmp6_;
  RowFilter fields_;
  std::size_t row_ = 0;
  std::string field_;
};

}  // namespace

constinit const CollectorKind netstat_collector{"netstat", kProcLane, true, kNetstatOptions,
                                                create<Netstat>};

}  // namespace basewatch::node
