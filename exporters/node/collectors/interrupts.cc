// What each processor has served of each interrupt, of /proc/interrupts.
#include "exporters/node/collector.h"
#include "exporters/node/name_filter.h"
#include "exporters/node/number_label.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kInterruptsOptions[] = {
    {"collectors.interrupts.name_include", OptionType::regex, "",
     "Which interrupts are looked at, by their 'name;info;devices'."},
    {"collectors.interrupts.name_exclude", OptionType::regex, "",
     "Which interrupts are left out, by their 'name;info;devices'."},
    {"collectors.interrupts.include_zeros", OptionType::flag, "true",
     "Shows also the processors that have never served an interrupt."},
};

class Interrupts final : public NodeCollector {
 public:
  explicit Interrupts(const Setup& setup)
      : file_(setup.proc("interrupts"), 64u << 20),
        filter_({setup.settings, "collectors.interrupts.name_exclude",
                 "collectors.interrupts.name_include"}),
        with_zeros_(setup.settings.flag("collectors.interrupts.include_zeros")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto source = file_.read();
    std::string_view rest = source.text, line;
    if (!next_line(rest, line)) source.fail(source.text, "the line of processors is missing");
    split_words(line, words_);
    const auto cpus = words_.size();
    for (std::size_t row = 0; next_line(rest, line); ++row) add_row(page, source, row, line, cpus);
    return done();
  }

 private:
  void add_row(Page& page, const Source& source, std::size_t row, std::string_view line,
               std::size_t cpus) {
    const auto colon = line.find(':');  // on arm64 the first count may follow without a blank
    if (colon == line.npos) return;
    const auto name = trim(line.substr(0, colon));
    auto columns = line.substr(colon + 1);
    split_words(columns, words_);
    if (words_.size() < cpus + 1) return;  // ERR and MIS: one number, of no processor
    for (std::size_t i = 0; i < cpus; ++i) next_word(columns);
    describe(name, columns);
    name_.assign(name).append(";").append(info_).append(";").append(devices_);
    if (!filter_.accepts(row, name_)) return;
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
      const auto count = source.number(words_[cpu]);
      if (count == 0 && !with_zeros_) continue;
      page.add(metrics::node::interrupts_total, count, NumberLabel(cpu), name, info_, devices_);
    }
  }

  // "IR-IO-APIC-edge      timer": the chip, then who asked for it. The named ones of the processor
  // itself have a sentence there.
  void describe(std::string_view name, std::string_view text) {
    info_.clear();
    devices_.clear();
    const bool has_devices = parse_uint(name).has_value();
    while (true) {
      const auto word = next_word(text);
      if (word.empty()) return;
      auto& part = has_devices && !info_.empty() ? devices_ : info_;
      if (!part.empty()) part += ' ';
      part += word;
    }
  }

  KeptFile file_;
  RowFilter filter_;
  bool with_zeros_;
  std::vector<std::string_view> words_;
  std::string name_, info_, devices_;
};

}  // namespace

constinit const CollectorKind interrupts_collector{"interrupts", kProcLane, false,
                                                   kInterruptsOptions, create<Interrupts>};

}  // namespace basewatch::node
