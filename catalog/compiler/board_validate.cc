#include "catalog/compiler/board_validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/base/strings.h"
#include "catalog/compiler/board_panel.h"
#include "catalog/compiler/board_schema.h"

namespace basewatch::catalog {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kColumns = 24;

struct Rect {
  std::string path;
  int x = 0, y = 0, w = 0, h = 0;
  bool overlaps(const Rect& other) const {
    return x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h;
  }
};

std::string type_of(const Json& panel) {
  if (!panel.is_object() || !panel.contains("type") || !panel.at("type").is_string()) return {};
  return panel.at("type").get<std::string>();
}

class BoardValidator {
 public:
  std::vector<std::string> run(std::string_view text) {
    const auto root = Json::parse(text, nullptr, false);
    if (root.is_discarded()) return {"the file is not JSON"};
    if (!root.is_object()) return {"the file must hold one JSON object"};
    check_keys(root, board_keys(), "", [this](auto path, auto what) { fail(path, what); });
    if (!errors_.empty())
      return errors_;  // what is missing or of a wrong type cannot be looked into
    check_top(root);
    check_variables(root.at("templating").at("list"));
    check_list(root.at("annotations").at("list"), "annotations.list", annotation_keys());
    check_list(root.at("links"), "links", link_keys());
    check_panels(root.at("panels"));
    return errors_;
  }

 private:
  void fail(const std::string& path, const std::string& what) {
    errors_.push_back(path.empty() ? what : path + ": " + what);
  }

  bool keys(const Json& object, const Keys& known, const std::string& path) {
    const auto before = errors_.size();
    check_keys(object, known, path, [this](auto where, auto what) { fail(where, what); });
    return errors_.size() == before;
  }

  void check_top(const Json& root) {
    const auto uid = root.at("uid").get<std::string>();
    const bool plain = std::ranges::all_of(uid, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    });
    if (uid.empty() || uid.size() > 40 || !plain) {
      fail("uid",
           fmt::format("'{}' must be 1 to 40 of the characters A-Z a-z 0-9 _ -", printable(uid)));
    }
    if (root.at("title").get<std::string>().empty()) fail("title", "a board needs a title");
    if (root.at("schemaVersion") != 41) {
      fail("schemaVersion", "must be 41, which every Grafana from 10 to 13 reads");
    }
  }

  void check_list(const Json& list, const std::string& path, const Keys& known) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto at = fmt::format("{}[{}]", path, i);
      if (!keys(list[i], known, at)) continue;
      if (list[i].contains("datasource")) check_datasource(list[i].at("datasource"), at);
      if (list[i].contains("expr")) check_uses(list[i].at("expr").get<std::string>(), at);
    }
  }

  void check_variables(const Json& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto path = fmt::format("templating.list[{}]", i);
      if (!keys(list[i], variable_keys(), path)) continue;
      const auto name = list[i].at("name").get<std::string>();
      const auto type = list[i].at("type").get<std::string>();
      if (!is_label_name(name))
        fail(path, fmt::format("'{}' is no name of a variable", printable(name)));
      if (type != "datasource" && type != "query" && type != "custom") {
        fail(path, fmt::format("'{}' is no type of a variable that is used here", printable(type)));
      }
      // Each may only stand on those before it.
      if (type == "query") {
        if (list[i].contains("datasource")) check_datasource(list[i].at("datasource"), path);
        check_uses(list[i].at("query").get<std::string>(), path);
      }
      if (!variables_.insert(name).second) {
        fail(path, fmt::format("there are two variables '{}'", printable(name)));
      }
    }
  }

  void check_panels(const Json& list) {
    std::vector<Rect> open;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto path = fmt::format("panels[{}]", i);
      check_panel(list[i], path, open);
      if (type_of(list[i]) == "row" && list[i].contains("panels")) check_row(list[i], path);
    }
    check_overlaps(open);
  }

  void check_row(const Json& row, const std::string& path) {
    const auto& inside = row.at("panels");
    if (!inside.is_array() || !row.contains("collapsed")) return;
    if (row.at("collapsed") != true && !inside.empty()) {
      fail(path, "an open row holds no panels: they follow it");
    }
    std::vector<Rect> closed;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      const auto at = fmt::format("{}.panels[{}]", path, i);
      if (type_of(inside[i]) == "row") {
        fail(at, "a row cannot hold a row");
      }
      check_panel(inside[i], at, closed);
    }
    check_overlaps(closed);
  }

  void check_panel(const Json& panel, const std::string& path, std::vector<Rect>& rects) {
    const auto type = type_of(panel);
    if (type.empty()) return fail(path, "a panel must be an object with a type");
    const auto* known = panel_keys(type);
    if (!known) return fail(path, why_no_panel_type(type));
    if (!keys(panel, *known, path)) return;
    check_id(panel.at("id"), path);
    check_grid(panel.at("gridPos"), path, rects);
    if (panel.at("title").get<std::string>().empty()) fail(path, "a panel needs a title");
    check_uses(panel.at("title").get<std::string>(), path);
    if (type == "row") return;
    keys(panel.at("options"), *option_keys(type), path + ".options");
    if (type == "text") return;
    check_datasource(panel.at("datasource"), path);
    check_targets(panel, type, path);
    check_fields(panel.at("fieldConfig"), type, path + ".fieldConfig");
    if (panel.contains("links")) {
      const auto& links = panel.at("links");
      for (std::size_t i = 0; i < links.size(); ++i) {
        keys(links[i], link_keys(), fmt::format("{}.links[{}]", path, i));
      }
    }
    check_transformations(panel, path);
  }

  void check_id(const Json& id, const std::string& path) {
    const auto number = id.is_number_integer() ? id.get<std::int64_t>() : 0;
    if (number < 1 || number > 2'147'483'647) {
      fail(path + ".id", "must be a whole number from 1 to 2147483647");
    } else if (const auto [first, is_new] = ids_.emplace(number, path); !is_new) {
      fail(path + ".id", fmt::format("{} is also the id of {}", number, first->second));
    }
  }

  void check_grid(const Json& grid, const std::string& path, std::vector<Rect>& rects) {
    const auto at = path + ".gridPos";
    if (!keys(grid, grid_keys(), at)) return;
    for (const auto* key : {"x", "y", "w", "h"}) {
      if (!grid.at(key).is_number_integer())
        return fail(at, fmt::format("{} must be a whole number", key));
    }
    Rect rect{path, grid.at("x"), grid.at("y"), grid.at("w"), grid.at("h")};
    if (rect.x < 0 || rect.y < 0 || rect.w < 1 || rect.h < 1 || rect.x + rect.w > kColumns) {
      return fail(at,
                  fmt::format("x={} w={} does not fit into {} columns, or nothing is left of it",
                              rect.x, rect.w, kColumns));
    }
    rects.push_back(std::move(rect));
  }

  void check_overlaps(const std::vector<Rect>& rects) {
    for (std::size_t i = 0; i < rects.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (rects[i].overlaps(rects[k])) fail(rects[i].path, "lies over " + rects[k].path);
      }
    }
  }

  void check_datasource(const Json& source, const std::string& path) {
    const auto at = path + ".datasource";
    if (!source.is_object())
      return fail(at, "must be an object {type, uid}: a bare name is gone since 10");
    if (!keys(source, datasource_keys(), at)) return;
    check_uses(source.at("uid").get<std::string>(), at);
  }

  void check_targets(const Json& panel, const std::string& type, const std::string& path) {
    const auto& targets = panel.at("targets");
    std::set<std::string> refs;
    if (targets.empty()) fail(path, "a panel needs a query");
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const auto at = fmt::format("{}.targets[{}]", path, i);
      if (!keys(targets[i], target_keys(), at)) continue;
      check_datasource(targets[i].at("datasource"), at);
      const auto expr = targets[i].at("expr").get<std::string>();
      if (trim(expr).empty()) fail(at, "the query is empty");
      check_uses(expr, at);
      if (!refs.insert(targets[i].at("refId").get<std::string>()).second) {
        fail(at, "there are two queries with this refId");
      }
      const auto format = targets[i].value("format", "time_series");
      if ((type == "heatmap" || type == "table") && format != type) {
        fail(at, fmt::format("a query of a {0} needs the format {0}", type));
      }
    }
  }

  void check_fields(const Json& config, const std::string& type, const std::string& path) {
    if (!keys(config, field_config_keys(), path)) return;
    const auto& defaults = config.at("defaults");
    if (!keys(defaults, field_keys(), path + ".defaults")) return;
    const auto unit = defaults.at("unit").get<std::string>();
    if (!is_grafana_unit(unit))
      fail(path, fmt::format("'{}' is no unit of Grafana", printable(unit)));
    check_thresholds(defaults.at("thresholds"), path + ".defaults.thresholds");
    if (const auto* known = custom_keys(type); known && defaults.contains("custom")) {
      keys(defaults.at("custom"), *known, path + ".defaults.custom");
    } else if (defaults.contains("custom")) {
      fail(path, fmt::format("a {} has no 'custom'", type));
    }
    const auto& overrides = config.at("overrides");
    for (std::size_t i = 0; i < overrides.size(); ++i) {
      keys(overrides[i], override_keys(), fmt::format("{}.overrides[{}]", path, i));
    }
  }

  void check_thresholds(const Json& thresholds, const std::string& path) {
    if (!keys(thresholds, thresholds_keys(), path)) return;
    const auto& steps = thresholds.at("steps");
    if (steps.empty()) return fail(path, "needs at least one step");
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto at = fmt::format("{}.steps[{}]", path, i);
      if (!keys(steps[i], step_keys(), at)) return;
      const auto& value = steps[i].at("value");
      if (i == 0 ? !value.is_null() : !value.is_number()) {
        return fail(
            at, i == 0 ? "the value of the first step must be null" : "the value must be a number");
      }
      if (i > 1 && value.get<double>() <= steps[i - 1].at("value").get<double>()) {
        return fail(at, "the steps must rise");
      }
      const auto color = steps[i].at("color").get<std::string>();
      if (!is_grafana_color(color)) fail(at, fmt::format("'{}' is no color", printable(color)));
    }
  }

  void check_transformations(const Json& panel, const std::string& path) {
    if (!panel.contains("transformations")) return;
    const auto& list = panel.at("transformations");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto at = fmt::format("{}.transformations[{}]", path, i);
      if (!keys(list[i], transformation_keys(), at)) continue;
      const auto id = list[i].at("id").get<std::string>();
      if (id != "merge" && id != "organize" && id != "filterFieldsByName") {
        fail(at, fmt::format("'{}' is no transformation that is used here", printable(id)));
      }
    }
  }

  // Variables that the text reads.
  void check_uses(const std::string& text, const std::string& path) {
    std::set<std::string> names;
    collect_variables(text, names);
    for (const auto& name : names) {
      if (name.starts_with("__") || variables_.contains(name)) continue;
      fail(path, fmt::format("there is no variable '${}'", printable(name)));
    }
  }

  std::vector<std::string> errors_;
  std::set<std::string> variables_;
  std::map<std::int64_t, std::string> ids_;
};

}  // namespace

std::vector<std::string> validate_board(std::string_view json) {
  return BoardValidator().run(json);
}

std::vector<std::string> validate_boards(const std::vector<Artefact>& boards) {
  std::vector<std::string> errors;
  std::map<std::string, std::string> uids, titles;
  for (const auto& board : boards) {
    const auto path = board.path.string();
    for (const auto& error : validate_board(board.text)) errors.push_back(path + ": " + error);
    const auto root = Json::parse(board.text, nullptr, false);
    if (!root.is_object()) continue;
    for (auto [key, seen] : {std::pair{"uid", &uids}, std::pair{"title", &titles}}) {
      if (!root.contains(key) || !root.at(key).is_string()) continue;
      const auto [first, is_new] = seen->emplace(root.at(key).get<std::string>(), path);
      if (!is_new)
        errors.push_back(fmt::format("{}: {} is also that of {}", path, key, first->second));
    }
  }
  return errors;
}

}  // namespace basewatch::catalog
