#include "agent/expose/openmetrics.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "agent/expose/distribution.h"
#include "agent/expose/lines.h"
#include "agent/expose/merge.h"

namespace basewatch::expose {
namespace {

constexpr std::string_view kTotal = "_total", kCreated = "_created";

// The units that OpenMetrics names as base units, and hertz. A name that ends in one says so
// itself.
constexpr std::string_view kUnits[] = {"seconds", "bytes",  "ratio", "celsius", "volts",
                                       "amperes", "joules", "grams", "meters",  "hertz"};

std::string_view unit_of(std::string_view name) {
  const auto underscore = name.rfind('_');
  if (underscore == std::string_view::npos) return {};
  const auto last = name.substr(underscore + 1);
  return std::ranges::find(kUnits, last) == std::end(kUnits) ? std::string_view() : last;
}

bool is_distribution(MetricType type) {
  return type == MetricType::histogram || type == MetricType::summary;
}

// Names as they are taken on the pages, to see clashes with those that OpenMetrics reserves: a
// family's name and each suffix of its type.
class Names {
 public:
  explicit Names(const Merge& merge) {
    for (const auto& group : merge.groups()) {
      names_.emplace(group.name());
      if (is_distribution(group.type())) distributions_.emplace(group.name());
    }
  }

  bool has(std::string_view name, std::string_view suffix = {}) const {
    return names_.contains(std::string(name).append(suffix));
  }

  // Whether a counter family may be called so, without its _total.
  bool free_for_counter(std::string_view name) const {
    if (name.empty() || has(name) || has(name, kCreated) || has(name, "_created_total")) {
      return false;
    }
    for (const auto suffix : {std::string_view("_bucket"), std::string_view("_sum"),
                              std::string_view("_count"), kCreated}) {
      if (!name.ends_with(suffix)) continue;
      const auto base = name.substr(0, name.size() - suffix.size());
      if (distributions_.contains(std::string(base))) return false;
      if (suffix == kCreated && has(base, kTotal)) return false;
    }
    return true;
  }

  bool free_for_distribution(std::string_view name) const {
    return !has(name, "_bucket") && !has(name, "_sum") && !has(name, "_count") &&
           !has(name, kCreated);
  }

 private:
  std::unordered_set<std::string> names_, distributions_;
};

// Some or all lines of a group under one family name.
struct Block {
  std::string name;
  std::string_view type;
  const Merge::Group* group;
  std::uint8_t kinds = Merge::kAllKinds;
};

bool counts_upwards(const Merge::Group& group) {
  return std::ranges::all_of(group.entries, [](const Merge::Entry& entry) {
    return std::ranges::all_of(entry.family->samples,
                               [](const Page::Sample& sample) { return sample.value >= 0; });
  });
}

// Every kind of line as a family of its own, because the group as a whole is none.
void take_apart(const Merge::Group& group, std::vector<Block>& out) {
  std::uint8_t kinds = 0;
  for (const auto& entry : group.entries) {
    for (const auto& sample : entry.family->samples) {
      kinds |= Merge::bit(static_cast<SampleKind>(sample.kind));
    }
  }
  const auto plain = Merge::bit(SampleKind::value) | Merge::bit(SampleKind::quantile);
  const auto add = [&](std::uint8_t these, std::string_view suffix) {
    if (!(kinds & these)) return;
    out.push_back({std::string(group.name()).append(suffix), "unknown", &group,
                   static_cast<std::uint8_t>(kinds & these)});
  };
  add(plain, "");
  for (const auto kind : {SampleKind::bucket, SampleKind::sum, SampleKind::count}) {
    add(Merge::bit(kind), sample_suffix(kind));
  }
}

void plan(const Merge& merge, const Merge::Group& group, const Names& names,
          std::vector<Block>& out) {
  const auto name = group.name();
  switch (group.type()) {
    case MetricType::gauge:
      out.push_back({std::string(name), "gauge", &group});
      return;
    case MetricType::counter: {
      const auto stem = name.substr(0, name.size() - kTotal.size());
      if (name.ends_with(kTotal) && names.free_for_counter(stem) && counts_upwards(group)) {
        out.push_back({std::string(stem), "counter", &group});
      } else {
        out.push_back({std::string(name), "unknown", &group});
      }
      return;
    }
    case MetricType::histogram:
    case MetricType::summary:
      if (names.free_for_distribution(name) && is_sound_distribution(merge, group)) {
        out.push_back({std::string(name), type_name(group.type()), &group});
      } else {
        take_apart(group, out);
      }
      return;
    case MetricType::untyped:
      out.push_back({std::string(name), "unknown", &group});
      return;
  }
}

// A quote is escaped here and is not in the text format, as which a page keeps its help.
std::string escaped_help(std::string_view help) {
  std::string out;
  for (const char c : help) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out;
}

void write_comment(Writer& writer, std::string_view what, std::string_view name,
                   std::string_view text) {
  if (text.empty()) return;
  for (const auto piece : {std::string_view("# "), what, std::string_view(" "), name,
                           std::string_view(" "), text, std::string_view("\n")}) {
    writer.text(piece);
  }
}

}  // namespace

Written write_openmetrics(std::span<const Part> parts, std::string& out) {
  Merge merge(parts);
  const Names names(merge);
  std::vector<Block> blocks;
  for (const auto& group : merge.groups()) plan(merge, group, names, blocks);
  // Parts of what was taken apart may meet a family that has their name already.
  std::ranges::stable_sort(blocks, {}, &Block::name);

  out.reserve(out.size() + merge.estimate());
  Writer writer(out);
  Lines lines(writer);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto& block = blocks[i];
    if (i == 0 || blocks[i - 1].name != block.name) {
      const bool shared = i + 1 < blocks.size() && blocks[i + 1].name == block.name;
      write_comment(writer, "TYPE", block.name, shared ? "unknown" : block.type);
      write_comment(writer, "UNIT", block.name, unit_of(block.name));
      write_comment(writer, "HELP", block.name, escaped_help(merge.help(*block.group)));
    }
    merge.visit(
        *block.group, block.kinds,
        [&](const Merge::Entry& entry) { lines.begin(entry.name, merge.source(entry).block); },
        [&](const Page::Sample& sample, std::string_view labels) { lines.write(sample, labels); });
  }
  writer.text("# EOF\n");
  writer.flush();
  return merge.written();
}

}  // namespace basewatch::expose
