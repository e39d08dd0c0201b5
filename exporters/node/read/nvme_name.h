#pragma once

#include <string_view>

namespace basewatch::node {

// "nvme0" is a controller.
bool is_nvme_controller(std::string_view name);

// "nvme0n1" is namespace 1 of a controller or a subsystem, "nvme0c1n1" the way to it through
// controller 1: "1". Empty for other names.
std::string_view nvme_namespace_id(std::string_view name);
// Whether it is a namespace and not the way to one.
bool is_nvme_namespace(std::string_view name);

}  // namespace basewatch::node
