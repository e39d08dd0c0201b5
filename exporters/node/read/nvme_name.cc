#include "exporters/node/read/nvme_name.h"

#include <algorithm>

namespace basewatch::node {
namespace {

std::string_view digits_of(std::string_view text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

constexpr std::string_view kPrefix = "nvme";

}  // namespace

bool is_nvme_controller(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  return !name.empty() && digits_of(name) == name;
}

std::string_view nvme_namespace_id(std::string_view name) {
  if (!name.starts_with(kPrefix)) return {};
  name.remove_prefix(kPrefix.size());
  const auto controller = digits_of(name);
  name.remove_prefix(controller.size());
  if (name.starts_with('c')) {
    const auto path = digits_of(name.substr(1));
    if (path.empty()) return {};
    name.remove_prefix(1 + path.size());
  }
  if (controller.empty() || !name.starts_with('n')) return {};
  name.remove_prefix(1);
  const auto id = digits_of(name);
  return id == name ? id : std::string_view();
}

bool is_nvme_namespace(std::string_view name) {
  return name.find('c') == name.npos && !nvme_namespace_id(name).empty();
}

}  // namespace basewatch::node
