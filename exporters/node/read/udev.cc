#include "exporters/node/read/udev.h"

namespace basewatch::node {

void UdevProperties::refresh() {
  try {
    const auto state = file_.refresh();
    if (state == StampedFile::State::same) return;
    values_.clear();
    if (state == StampedFile::State::missing) return;
  } catch (const ReadError&) {
    values_.clear();
    return;
  }
  // "E:ID_MODEL=..." is a property; other letters are links, tags and times.
  for_each_line(file_.source(), [&](std::string_view line) {
    const auto equals = line.find('=');
    if (!line.starts_with("E:") || equals == line.npos) return;
    values_.insert_or_assign(std::string(line.substr(2, equals - 2)),
                             std::string(line.substr(equals + 1)));
  });
}

std::string_view UdevProperties::operator[](std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string_view() : found->second;
}

std::string_view UdevProperties::first_of(std::initializer_list<std::string_view> names) const {
  for (const auto name : names) {
    if (const auto value = (*this)[name]; !value.empty()) return value;
  }
  return {};
}

}  // namespace basewatch::node
