#include "agent/serve/page_text.h"

#include "agent/expose/openmetrics.h"

namespace basewatch::serve {
namespace {

constexpr MetricSpec kUp{MetricType::gauge,
                         "up",
                         "Whether the agent answered for this instance: 1 wherever it stands.",
                         {},
                         {}};

// In the single-target page Prometheus' own `up` exists once, for the agent; rules that ask for an
// instance's find it all the same.
const Page& up_page() {
  static const Page page = [] {
    Page one;
    one.add(kUp, 1.0, {});
    one.seal();
    return one;
  }();
  return page;
}

}  // namespace

expose::Written write_page(std::span<const scrape::InstanceResult> results, Labelling labelling,
                           Format format, std::string& out) {
  const bool labelled = labelling == Labelling::targets;
  std::vector<expose::Part> parts;
  std::vector<const scrape::InstanceResult*> owners;  // of the parts
  for (const auto& result : results) {
    const auto* target = labelled ? result.target.get() : nullptr;
    if (labelled && result.exporter != "agent") parts.push_back({&up_page(), target});
    for (const auto& page : result.pages) parts.push_back({page.get(), target});
    owners.resize(parts.size(), &result);
  }
  auto written = format == Format::openmetrics ? expose::write_openmetrics(parts, out)
                                               : expose::write_text(parts, out);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto dropped = written.dropped_by_part[i];
    if (dropped > 0 && owners[i]->count_duplicates) owners[i]->count_duplicates(dropped);
  }
  return written;
}

}  // namespace basewatch::serve
