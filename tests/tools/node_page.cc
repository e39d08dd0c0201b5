// Prints the page of the node exporter for a configuration, without the agent around it: for the
// differential tests, and to measure what a scrape costs.
//
//   node_page CONFIG.yml [RUNS]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "agent/base/strings.h"
#include "agent/config/config.h"
#include "agent/expose/text.h"
#include "exporters/node/node.h"

namespace basewatch {
namespace {

std::string scrape(Exporter& exporter, const config::Instance& instance) {
  std::vector<Page> pages;
  std::vector<CollectorResult> results;
  for (const auto& collector : exporter.collectors()) {
    const auto chosen = instance.switches.find(std::string(collector.name));
    if (!(chosen == instance.switches.end() ? collector.on_by_default : chosen->second)) continue;
    Page page;
    auto& result = results.emplace_back();
    result.collector = collector.name;
    const auto begin = Clock::system().now();
    try {
      const auto outcome =
          collector.run(page, Deadline::in(Clock::system(), std::chrono::seconds(30)));
      result.state = outcome.is_absent ? RunState::absent : RunState::done;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", result.collector.data(), error.what());
      result.state = RunState::failed;
      page = Page();
    }
    result.duration = Clock::system().now() - begin;
    page.seal();
    pages.push_back(std::move(page));
  }
  exporter.summarize(pages.emplace_back(), results);
  pages.back().seal();
  std::vector<expose::Part> parts;
  for (const auto& page : pages) parts.push_back({&page});
  std::string text;
  expose::write_text(parts, text);
  return text;
}

int main_of(const std::string& file, std::uint64_t runs) {
  const Plugin* plugins[] = {&node::plugin};
  Diagnostics diagnostics;
  const auto config = config::load(
      file, plugins, [](const std::string&) { return std::optional<std::string>(); }, diagnostics);
  if (!diagnostics.ok() || config.instances.size() != 1) {
    std::fputs(diagnostics.text().c_str(), stderr);
    return 2;
  }
  const auto exporter = node::plugin.create(config.instances.front().settings);
  std::string text;
  const auto begin = Clock::system().now();
  for (std::uint64_t run = 0; run < runs; ++run) text = scrape(*exporter, config.instances.front());
  const auto each = seconds(Clock::system().now() - begin) / static_cast<double>(runs);
  std::fputs(text.c_str(), stdout);
  if (runs > 1) std::fprintf(stderr, "%.1f us a run, %zu bytes\n", each * 1e6, text.size());
  return 0;
}

}  // namespace
}  // namespace basewatch

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fputs("usage: node_page CONFIG.yml [RUNS]\n", stderr);
    return 2;
  }
  const auto runs = argc == 3 ? basewatch::parse_uint(argv[2]) : std::optional<std::uint64_t>(1);
  if (!runs || *runs == 0) return 2;
  return basewatch::main_of(argv[1], *runs);
}
