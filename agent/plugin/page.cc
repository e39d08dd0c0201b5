#include "agent/plugin/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "agent/base/hash.h"
#include "agent/base/strings.h"
#include "agent/plugin/escape.h"

namespace basewatch {
namespace {

// Offsets into the arena are 32 bits wide, sizes of labels 29.
constexpr std::size_t kMaxArena = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kMaxLabels = (1u << 29) - 1;

// What a sample's line is called decides what it can be equal to: `a{quantile="1"}` is the same
// series whether it came as a quantile or as a plain value.
std::uint64_t line_salt(SampleKind kind) {
  if (kind == SampleKind::quantile) kind = SampleKind::value;
  return static_cast<std::uint64_t>(kind) * 0x9e3779b97f4a7c15ull;
}

// Most names and help texts of a family's members, without an allocation.
using ShortText = fmt::basic_memory_buffer<char, 256>;

void append(ShortText& text, std::string_view piece) {
  text.append(piece.data(), piece.data() + piece.size());
}

}  // namespace

void Page::expect_room(std::size_t bytes) const {
  const std::size_t limit = std::min(limits_.bytes, kMaxArena);
  if (bytes > limit || arena_.size() > limit - bytes) {
    throw PageTooLarge(fmt::format("the page would be larger than {} bytes of text", limit));
  }
}

void Page::append_label(std::string_view name, std::string_view value) {
  expect_room(name.size() + value.size() + 4);
  arena_.append(name);
  arena_.append("=\"", 2);
  append_label_value(arena_, value);
  arena_ += '"';
}

// The labels that begin at `labels_begin` and have been written last gain le or quantile.
void Page::append_bound(std::size_t labels_begin, std::string_view name, double bound) {
  if (arena_.size() > labels_begin) arena_ += ',';
  append_label(name, format_double(bound));
}

void Page::push(std::size_t family, SampleKind kind, std::size_t labels_begin,
                std::size_t labels_end, double value) {
  expect_room(0);
  if (sealed_) throw std::logic_error("something is added to a page that is sealed");
  if (count_ >= limits_.samples) {
    throw PageTooLarge(fmt::format("the page would have more than {} samples", limits_.samples));
  }
  const std::size_t size = labels_end - labels_begin;
  if (size > kMaxLabels) {
    throw PageTooLarge(
        fmt::format("a series of {} has labels of {} bytes", name(families_[family]), size));
  }
  const std::string_view bytes(arena_.data() + labels_begin, size);
  samples_.push_back(
      {value, keyed_hash(bytes) ^ line_salt(kind), static_cast<std::uint32_t>(labels_begin),
       static_cast<std::uint32_t>(size) & kMaxLabels, static_cast<std::uint32_t>(kind) & 7u});
  family_of_.push_back(static_cast<std::uint32_t>(family));
  ++count_;
}

// The place of the name in index_, or the empty place where it belongs.
std::size_t Page::slot_of(std::string_view name) const {
  const std::size_t mask = index_.size() - 1;
  std::size_t slot = keyed_hash(name) & mask;
  while (index_[slot] != 0 && this->name(families_[index_[slot] - 1]) != name) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

void Page::reserve_like(const Page& before) {
  arena_.reserve(before.arena_.size());
  families_.reserve(before.families_.size());
  samples_.reserve(before.samples_.size());
  family_of_.reserve(before.samples_.size());
  // By what there was, not by how large the table had become: a page that was huge once is over.
  index_.assign(std::bit_ceil((before.families_.size() + 1) * 2), 0);
}

void Page::grow_index() {
  index_.assign(std::max<std::size_t>(16, index_.size() * 2), 0);
  for (std::size_t i = 0; i < families_.size(); ++i) {
    index_[slot_of(name(families_[i]))] = static_cast<std::uint32_t>(i + 1);
  }
}

const Page::Family* Page::find(std::string_view name) const {
  if (index_.empty()) return nullptr;
  const std::uint32_t position = index_[slot_of(name)];
  return position == 0 ? nullptr : &families_[position - 1];
}

std::size_t Page::family(MetricType type, std::string_view name, std::string_view help) {
  if (last_family_ < families_.size() && this->name(families_[last_family_]) == name) {
    return last_family_;
  }
  if ((families_.size() + 1) * 2 > index_.size()) grow_index();
  const std::size_t slot = slot_of(name);
  if (index_[slot] == 0) {
    if (!is_metric_name(name)) {
      throw std::invalid_argument(fmt::format(
          "\"{}\" is no metric name: it takes letters, digits, '_' and ':', and no digit "
          "in front",
          printable(name)));
    }
    expect_room(name.size() + help.size());
    Family created{};
    created.type = type;
    created.name_offset = static_cast<std::uint32_t>(arena_.size());
    created.name_size = static_cast<std::uint32_t>(name.size());
    arena_.append(name);
    created.help_offset = static_cast<std::uint32_t>(arena_.size());
    append_help(arena_, help);
    expect_room(0);
    created.help_size = static_cast<std::uint32_t>(arena_.size()) - created.help_offset;
    families_.push_back(created);
    index_[slot] = static_cast<std::uint32_t>(families_.size());
  }
  return last_family_ = index_[slot] - 1;
}

void Page::add_ordered(MetricType type, std::string_view name, std::string_view help,
                       std::span<const std::string_view> names,
                       std::span<const std::uint8_t> by_name,
                       std::span<const std::string_view> values, double value) {
  const auto target = family(type, name, help);
  const std::size_t begin = arena_.size();
  for (const std::uint8_t i : by_name) {
    if (arena_.size() > begin) arena_ += ',';
    append_label(names[i], values[i]);
  }
  push(target, SampleKind::value, begin, arena_.size(), value);
}

void Page::add_member(const FamilySpec& spec, std::span<const std::string_view> names,
                      std::span<const std::uint8_t> by_name, std::string_view field,
                      std::span<const std::string_view> values, double value) {
  ShortText written;
  for (const auto piece : {spec.prefix(), field, spec.suffix()}) append(written, piece);
  std::string repaired;
  std::string_view name(written.data(), written.size());
  if (!is_metric_name(name)) name = repaired = valid_metric_name(name);
  const bool known = last_family_ < families_.size() && this->name(families_[last_family_]) == name;
  ShortText help;
  if (!known) {  // a field may hold the placeholder's own text: never look at what was put in
    std::string_view rest = spec.help;
    const std::string_view hole = spec.placeholder();
    for (auto at = rest.find(hole); at != rest.npos && !hole.empty(); at = rest.find(hole)) {
      append(help, rest.substr(0, at));
      append(help, field);
      rest.remove_prefix(at + hole.size());
    }
    append(help, rest);
  }
  add_ordered(spec.type, name, {help.data(), help.size()}, names, by_name, values, value);
}

}  // namespace basewatch
