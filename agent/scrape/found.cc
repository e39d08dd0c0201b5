#include "agent/scrape/found.h"

#include <algorithm>
#include <cctype>

namespace basewatch::scrape {
namespace {

constexpr std::size_t kLongestName = 80;

// What may stand in a URL, as the names of the configuration.
std::string as_name(std::string_view text) {
  std::string out;
  for (const char one : text.substr(0, kLongestName)) {
    const auto sign = static_cast<unsigned char>(one);
    const bool fine = sign < 0x80 && (std::isalnum(sign) || one == '_' || one == '-');
    out += fine ? static_cast<char>(std::tolower(sign)) : '-';
  }
  return out;
}

}  // namespace

std::size_t Found::report(const std::string& finder, std::vector<FoundInstance> found,
                          MonoTime now) {
  auto& list = lists_[finder];
  std::set<std::string> named;
  std::size_t too_many = 0;
  for (auto& one : found) {
    const auto name = as_name(one.name);
    if (name.empty()) continue;
    const auto known = list.instances.find(name);
    if (known == list.instances.end() && list.instances.size() >= kMost) {
      ++too_many;
      continue;
    }
    named.insert(name);
    list.gone.erase(name);
    if (known != list.instances.end() && known->second.identity == one.identity) continue;
    list.instances.insert_or_assign(name, std::move(one));
    news_ = true;
  }
  for (const auto& [name, one] : list.instances) {
    if (!named.contains(name)) list.gone.try_emplace(name, now);
  }
  return too_many;
}

void Found::retain(const std::set<std::string>& finders) {
  std::erase_if(lists_, [&](const auto& list) { return !finders.contains(list.first); });
}

void Found::expire(MonoTime now) {
  for (auto& [finder, list] : lists_) {
    std::erase_if(list.gone, [&, &list = list](const auto& gone) {
      if (now - gone.second < kKeep) return false;
      list.instances.erase(gone.first);
      news_ = true;
      return true;
    });
  }
}

const std::map<std::string, FoundInstance>* Found::of(const std::string& finder) const {
  const auto list = lists_.find(finder);
  return list == lists_.end() ? nullptr : &list->second.instances;
}

MonoTime Found::next_expiry() const {
  auto next = MonoTime::max();
  for (const auto& [finder, list] : lists_) {
    for (const auto& [name, since] : list.gone) next = std::min(next, since + kKeep);
  }
  return next;
}

}  // namespace basewatch::scrape
