#include "agent/expose/merge.h"

#include <cstring>
#include <stdexcept>

#include "agent/expose/relabel.h"

namespace basewatch::expose {

Merge::Merge(std::span<const Part> parts) {
  for (const auto& part : parts) add_part(part);
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Page& page = *sources_[i].page;
    for (const auto& family : page.families()) {
      if (family.samples.empty()) continue;
      entries_.push_back({page.name(family), i, &family, 0});
      estimate_ +=
          family.samples.size() * (page.name(family).size() + sources_[i].block.size() + 20);
    }
    estimate_ += page.bytes();
  }
  sort_entries();
  make_groups();
}

// By name, then by source.
void Merge::sort_entries() {
  if (entries_.empty()) return;
  const auto first = entries_.front().name;
  auto common = first.size();
  for (const auto& entry : entries_) {
    const auto differ = std::ranges::mismatch(first.substr(0, common), entry.name).in1;
    common = static_cast<std::size_t>(differ - first.begin());
  }
  for (auto& entry : entries_) {
    unsigned char bytes[sizeof entry.key] = {};
    const auto rest = entry.name.substr(common, sizeof bytes);
    std::memcpy(bytes, rest.data(), rest.size());
    for (const auto byte : bytes) entry.key = entry.key << 8 | byte;
  }
  std::ranges::sort(entries_, [](const Entry& a, const Entry& b) {
    if (a.key != b.key) return a.key < b.key;
    const int order = a.name.compare(b.name);
    return order != 0 ? order < 0 : a.source < b.source;
  });
}

void Merge::add_part(const Part& part) {
  written_.dropped_by_part.push_back(0);
  const Page* page = part.page;
  if (!page->is_sealed()) throw std::logic_error("a page is written that is still being filled");
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

void Merge::count_dropped(const Page& copy) {
  if (copy.duplicates() == 0) return;
  if (written_.dropped == 0) written_.first_dropped = copy.first_duplicate();
  written_.dropped += copy.duplicates();
}

void Merge::make_groups() {
  for (auto begin = entries_.begin(); begin != entries_.end();) {
    const auto end = std::find_if(begin, entries_.end(),
                                  [&](const Entry& entry) { return entry.name != begin->name; });
    Group group{{begin, end}};
    if (group.entries.size() > 1) {
      std::unordered_set<std::size_t> owners;
      for (const auto& entry : group.entries) {
        if (!owners.insert(source(entry).owner).second) group.may_repeat = true;
      }
    }
    groups_.push_back(group);
    begin = end;
  }
}

std::string_view Merge::help(const Group& group) const {
  for (const auto& entry : group.entries) {
    const auto help = source(entry).page->help(*entry.family);
    if (!help.empty()) return help;
  }
  return {};
}

bool Merge::is_new(const Entry& entry, const Page::Sample& sample) {
  return seen_
      .insert({source(entry).owner, sample_suffix(static_cast<SampleKind>(sample.kind)),
               source(entry).page->labels(sample), sample.hash})
      .second;
}

void Merge::drop(const Entry& entry, const Page::Sample& sample) {
  ++written_.dropped_by_part[entry.source];
  if (written_.dropped++ > 0) return;
  const Source& from = source(entry);
  const auto labels = from.page->labels(sample);
  auto& text = written_.first_dropped;
  text.append(entry.name).append(sample_suffix(static_cast<SampleKind>(sample.kind)));
  text.append("{").append(from.block);
  if (!from.block.empty() && !labels.empty()) text.append(",");
  text.append(labels).append("}");
}

}  // namespace basewatch::expose
