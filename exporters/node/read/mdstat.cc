#include "exporters/node/read/mdstat.h"

#include <algorithm>
#include <optional>

namespace basewatch::node {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

std::uint64_t count(std::string_view text, std::string_view part) {
  std::uint64_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

// "a/b" -> both numbers
std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_pair(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto first = parse_uint(text.substr(0, slash)), second = parse_uint(text.substr(slash + 1));
  if (!first || !second) return std::nullopt;
  return std::pair(*first, *second);
}

// The last "open a/b close" of the line.
std::optional<std::pair<std::uint64_t, std::uint64_t>> find_pair(std::string_view line, char open,
                                                                 char close) {
  for (auto end = line.rfind(close); end != line.npos && end > 0;
       end = line.rfind(close, end - 1)) {
    const auto begin = line.rfind(open, end);
    if (begin == line.npos) return std::nullopt;
    if (const auto pair = parse_pair(line.substr(begin + 1, end - begin - 1))) return pair;
  }
  return std::nullopt;
}

// "248896 blocks super 1.2 [2/2] [UU]"
void read_status(const Source& mdstat, std::string_view device, std::string_view status,
                 MdArray& array) {
  auto rest = status;
  array.blocks = mdstat.whole(next_word(rest));
  if (contains(device, "raid0") || contains(device, "linear")) {
    array.required = array.active = count(device, "[");  // each disk has its number in brackets
  } else if (!contains(device, "inactive")) {
    const auto disks = find_pair(status, '[', ']');
    if (!disks) mdstat.fail(status, "the numbers of disks are missing: [2/2]");
    array.required = disks->first;
    array.active = disks->second;
  }
}

// "[=>....]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec"
void read_progress(const Source& mdstat, std::string_view line, MdArray& array) {
  constexpr std::pair<std::string_view, std::string_view> kStates[] = {
      {"recovery", "recovering"}, {"reshape", "reshape"}, {"check", "check"}, {"resync", "resync"}};
  const auto* state = std::ranges::find_if(
      kStates, [&](const auto& candidate) { return contains(line, candidate.first); });
  array.synced = array.blocks;
  if (state == std::end(kStates)) return;
  array.state = state->second;
  array.synced = 0;
  if (contains(line, "PENDING") || contains(line, "DELAYED")) return;
  const auto progress = find_pair(line, '(', ')');
  if (!progress) mdstat.fail(line, "the progress is missing: (1/2)");
  array.synced = progress->first;
}

}  // namespace

std::vector<MdArray> parse_mdstat(const Source& mdstat) {
  std::vector<std::string_view> lines;
  std::string_view rest = mdstat.text, line;
  while (next_line(rest, line)) lines.push_back(line);
  const auto line_at = [&](std::size_t i) { return i < lines.size() ? lines[i] : ""; };

  std::vector<MdArray> arrays;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto device = lines[i];
    if (trim(device).empty() || device.front() == ' ' || device.front() == '\t' ||
        device.starts_with("unused") || device.starts_with("Personalities")) {
      continue;
    }
    auto& array = arrays.emplace_back();
    auto words = device;
    array.name = next_word(words);
    next_word(words);  // :
    array.state = next_word(words);
    if (array.state.empty()) mdstat.fail(device, "the state of the array is missing");
    if (i + 1 >= lines.size()) mdstat.fail(device, "the lines of the array are missing");
    array.failed = count(device, "(F)");
    array.spare = count(device, "(S)");
    read_status(mdstat, device, lines[i + 1], array);
    read_progress(mdstat, line_at(contains(line_at(i + 2), "bitmap") ? i + 3 : i + 2), array);
  }
  return arrays;
}

}  // namespace basewatch::node
