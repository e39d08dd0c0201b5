// The sockets in use, of /proc/net/sockstat and sockstat6.
#include <unistd.h>

#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr std::string_view kFields[] = {"inuse", "orphan", "tw", "alloc", "mem", "memory"};

class Sockstat final : public NodeCollector {
 public:
  explicit Sockstat(const Setup& setup)
      : v4_(setup.proc("net/sockstat")),
        v6_(setup.proc("net/sockstat6")),
        page_bytes_(static_cast<double>(sysconf(_SC_PAGESIZE))) {}

  Outcome run(Page& page, const Deadline&) override {
    if (const auto source = v4_.read_if_there()) add(page, *source);
    if (const auto source = v6_.read_if_there()) add(page, *source);
    return done();
  }

 private:
  // "TCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1"
  void add(Page& page, const Source& source) {
    for_each_row(source, [&](std::string_view protocol, std::string_view rest) {
      bool has_inuse = false;
      while (true) {
        const auto field = next_word(rest);
        if (field.empty()) break;
        const auto value = source.number(next_word(rest));
        if (protocol == "sockets") {
          if (field == "used") page.add(metrics::node::sockstat_sockets_used, value);
          continue;
        }
        if (std::ranges::find(kFields, field) == std::end(kFields)) continue;
        add_field(page, protocol, field, value);
        if (field == "inuse") has_inuse = true;
        if (field == "mem") add_field(page, protocol, "mem_bytes", value * page_bytes_);
      }
      if (!has_inuse && protocol != "sockets") add_field(page, protocol, "inuse", 0);
    });
  }

  void add_field(Page& page, std::string_view protocol, std::string_view field, double value) {
    name_.assign(protocol).append("_").append(field);
    page.add(metrics::node::sockstat, name_, value);
  }

  KeptFile v4_, v6_;
  double page_bytes_;
  std::string name_;
};

}  // namespace

constinit const CollectorKind sockstat_collector{"sockstat", kProcLane, true, {}, create<Sockstat>};

}  // namespace basewatch::node
