#include "agent/expose/text.h"

#include <algorithm>
#include <array>
#include <deque>
#include <unordered_set>

#include "agent/expose/relabel.h"
#include "agent/expose/writer.h"
#include "agent/plugin/escape.h"

namespace basewatch::expose {
namespace {

// A part as it is written; parts of one owner are those whose series can be equal.
struct Source {
  const Page* page;
  std::string_view block;
  std::size_t owner;
};

struct Entry {
  std::string_view name;
  std::size_t source;
  const Page::Family* family;
};

// A series within its family: of whom, which line, which labels.
struct Series {
  std::size_t owner;
  std::string_view suffix, labels;
  std::uint64_t hash;
  bool operator==(const Series& other) const {
    return hash == other.hash && owner == other.owner && suffix == other.suffix &&
           labels == other.labels;
  }
};
struct SeriesHash {
  std::size_t operator()(const Series& series) const { return series.hash + series.owner; }
};

class Rendering {
 public:
  Rendering(std::span<const Part> parts, std::string& out) : out_(out), writer_(out) {
    for (const auto& part : parts) add_part(part);
  }

  Written run() {
    std::vector<Entry> entries;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const Page& page = *sources_[i].page;
      for (const auto& family : page.families()) {
        if (family.samples.empty()) continue;
        entries.push_back({page.name(family), i, &family});
        bytes += family.samples.size() * (page.name(family).size() + sources_[i].block.size() + 20);
      }
      bytes += page.bytes();
    }
    out_.reserve(out_.size() +
                 bytes);  // an estimate: strings that were reused need no growth at all
    std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
      const int order = a.name.compare(b.name);
      return order != 0 ? order < 0 : a.source < b.source;
    });
    for (auto begin = entries.begin(); begin != entries.end();) {
      const auto end = std::find_if(begin, entries.end(),
                                    [&](const Entry& entry) { return entry.name != begin->name; });
      write_group({begin, end});
      begin = end;
    }
    writer_.flush();
    return std::move(written_);
  }

 private:
  void add_part(const Part& part) {
    written_.dropped_by_part.push_back(0);
    const Page* page = part.page;
    Source source{page, {}, sources_.size()};
    if (part.target && !part.target->empty()) {
      source.block = part.target->block();
      if (may_collide(*page, *part.target)) {
        source.page = &copies_.emplace_back(exported_copy(*page, *part.target));
        count_dropped(*source.page);
        written_.dropped_by_part.back() += source.page->duplicates();
      }
    }
    for (std::size_t i = sources_.size(); i-- > 0;) {  // an instance's parts stand together
      if (sources_[i].block != source.block) continue;
      source.owner = sources_[i].owner;
      break;
    }
    sources_.push_back(source);
  }

  void count_dropped(const Page& copy) {
    if (copy.duplicates() == 0) return;
    if (written_.dropped == 0) written_.first_dropped = copy.first_duplicate();
    written_.dropped += copy.duplicates();
  }

  void drop(const Entry& entry, const Page::Sample& sample) {
    ++written_.dropped_by_part[entry.source];
    if (written_.dropped++ > 0) return;
    const Source& source = sources_[entry.source];
    const auto labels = source.page->labels(sample);
    auto& text = written_.first_dropped;
    text.append(entry.name).append(sample_suffix(static_cast<SampleKind>(sample.kind)));
    text.append("{").append(source.block);
    if (!source.block.empty() && !labels.empty()) text.append(",");
    text.append(labels).append("}");
  }

  // The families of one name.
  void write_group(std::span<const Entry> group) {
    write_comments(group);
    const MetricType type = group.front().family->type;
    std::unordered_set<std::size_t> owners;
    bool may_repeat = false;
    for (const auto& entry : group) {
      if (group.size() > 1 && !owners.insert(sources_[entry.source].owner).second)
        may_repeat = true;
    }
    seen_.clear();
    for (const auto& entry : group) {
      if (entry.family->type != type) {
        for (const auto& sample : entry.family->samples) drop(entry, sample);
      } else {
        write_family(entry, may_repeat);
      }
    }
  }

  void write_comments(std::span<const Entry> group) {
    const std::string_view name = group.front().name;
    for (const auto& entry : group) {
      const auto help = sources_[entry.source].page->help(*entry.family);
      if (help.empty()) continue;
      for (const auto piece : {std::string_view("# HELP "), name, std::string_view(" "), help,
                               std::string_view("\n")}) {
        writer_.text(piece);
      }
      break;
    }
    for (const auto piece : {std::string_view("# TYPE "), name, std::string_view(" "),
                             type_name(group.front().family->type), std::string_view("\n")}) {
      writer_.text(piece);
    }
  }

  void write_family(const Entry& entry, bool may_repeat) {
    const Source& source = sources_[entry.source];
    for (auto& head : heads_) head.clear();
    for (const auto& sample : entry.family->samples) {
      const auto labels = source.page->labels(sample);
      if (may_repeat &&
          !seen_
               .insert({source.owner, sample_suffix(static_cast<SampleKind>(sample.kind)), labels,
                        sample.hash})
               .second) {
        drop(entry, sample);
        continue;
      }
      std::string& head = heads_[sample.kind];
      if (head.empty()) {
        head.append(entry.name).append(sample_suffix(static_cast<SampleKind>(sample.kind)));
        head.append("{").append(source.block);
        if (!source.block.empty()) head.append(",");
      }
      ++written_.series;
      if (!labels.empty()) {
        writer_.line(head, labels, "} ", sample.value);
      } else {  // without the brace or comma at the end of the head
        const std::string_view bare = std::string_view(head).substr(0, head.size() - 1);
        writer_.line(bare, "", source.block.empty() ? " " : "} ", sample.value);
      }
    }
  }

  std::string& out_;
  Writer writer_;
  std::vector<Source> sources_;
  std::deque<Page> copies_;
  std::array<std::string, 5> heads_;  // what lines of a kind begin with, in the family at hand
  std::unordered_set<Series, SeriesHash> seen_;
  Written written_;
};

}  // namespace

TargetLabels::TargetLabels(std::vector<std::pair<std::string, std::string>> labels)
    : pairs_(std::move(labels)) {
  for (const auto& [name, value] : pairs_) {
    if (!block_.empty()) block_ += ',';
    block_.append(name).append("=\"");
    append_label_value(block_, value);
    block_ += '"';
  }
}

Written write_text(std::span<const Part> parts, std::string& out) {
  return Rendering(parts, out).run();
}

}  // namespace basewatch::expose
