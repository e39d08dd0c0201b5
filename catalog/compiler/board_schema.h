#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

// The classic model of Grafana's boards as far as it is written here: which keys an object has and
// of what type they are.
namespace basewatch::catalog {

enum class JsonType { text, number, flag, object, array, any };

struct Key {
  JsonType type = JsonType::any;
  bool required = true;
};
using Keys = std::map<std::string, Key, std::less<>>;

const Keys& board_keys();
const Keys& list_keys();  // of templating and annotations
const Keys& annotation_keys();
const Keys& link_keys();  // of a board's and of a panel's
const Keys& variable_keys();
const Keys& grid_keys();
const Keys& datasource_keys();
const Keys& target_keys();
const Keys& field_config_keys();
const Keys& field_keys();
const Keys& thresholds_keys();
const Keys& step_keys();
const Keys& override_keys();
const Keys& transformation_keys();

// By the panel's type; null where there is none.
const Keys* panel_keys(std::string_view type);
const Keys* option_keys(std::string_view type);
const Keys* custom_keys(std::string_view type);
std::string why_no_panel_type(const std::string& type);

bool is_grafana_unit(std::string_view id);
bool is_grafana_color(std::string_view color);

// Calls `fail(path, sentence)` for what is missing, unknown or of a wrong type.
void check_keys(const nlohmann::ordered_json& object, const Keys& keys, const std::string& path,
                const std::function<void(const std::string&, const std::string&)>& fail);

}  // namespace basewatch::catalog
