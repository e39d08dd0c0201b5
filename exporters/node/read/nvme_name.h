#pragma once

#include <string_view>

namespace basewatch::node {

// "nvme0" is a controller.
bool is_nvme_controller(std::string_view name);

// "nvme0n1" is the first namespace of a controller or subsystem: "1". Empty for other names.
std::string_view nvme_namespace_id(std::string_view name);

}  // namespace basewatch::node
