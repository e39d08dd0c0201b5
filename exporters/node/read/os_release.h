#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exporters/node/read/source.h"

namespace basewatch::node {

// What os-release(5) says of a distribution; empty where it does not say.
struct OsRelease {
  std::string name, id, id_like, pretty_name, variant, variant_id, version, version_id,
      version_codename, build_id, image_id, image_version, support_end;
};

// Lines NAME=value with a shell's quotes; what is not asked for, and what is no such line, is left
// out.
OsRelease parse_os_release(const Source& file);

// "20.04.2" -> 20.04; 0 when it does not begin with a number.
double major_minor(std::string_view version_id);

// "2028-06-30" in seconds since 1970; nothing when it is no date.
std::optional<double> date_in_seconds(std::string_view date);

}  // namespace basewatch::node
