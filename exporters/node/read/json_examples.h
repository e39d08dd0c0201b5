#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/node/read/source.h"

// Files of examples in place of hardware, as node_exporter's end-to-end test has them: a list of
// objects, whose keys are in any case.
namespace basewatch::node {

// The objects of a list, or the one that is there instead. Throws ReadError for anything else.
std::vector<nlohmann::json> parse_json_examples(const Source& json);

// A member, whatever the case of its name; 0 or empty when it is missing or of another type.
double json_number(const nlohmann::json& entry, std::string_view name);
std::string json_text(const nlohmann::json& entry, std::string_view name);
// A member that is bytes in base64.
std::string json_bytes(const nlohmann::json& entry, std::string_view name);

}  // namespace basewatch::node
