#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "catalog/compiler/board_validate.h"
#include "tests/unit/catalog/board_world.h"

namespace basewatch::catalog {
namespace {

using Json = nlohmann::ordered_json;
using Errors = std::vector<std::string>;

std::string good_board() {
  World world(board_files("          - {panel: T, kind: table, metric: tiny_load}\n"));
  return render_boards(world.catalog, world.site).at(0).text;
}

}  // namespace

TEST_CASE("what is wrong with a board is said in one sentence") {
  const auto good = good_board();
  REQUIRE(validate_board(good) == Errors{});
  struct Case {
    std::function<void(Json&)> spoil;
    const char* expected;
  };
  // panels: 0 row, 1 timeseries, 2 state-timeline, 3 row, 4 table
  const Case cases[] = {
      {[](Json& b) { b["id"] = 7; }, "'id' is no key of it"},
      {[](Json& b) { b.erase("annotations"); }, "'annotations' is missing"},
      {[](Json& b) { b["tags"] = "one"; }, "'tags' must be a list"},
      {[](Json& b) { b["uid"] = "a b"; },
       "uid: 'a b' must be 1 to 40 of the characters A-Z a-z 0-9 _ -"},
      {[](Json& b) { b["uid"] = std::string(41, 'a'); },
       "uid: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' must be 1 to 40 of the characters A-Z a-z "
       "0-9 _ -"},
      {[](Json& b) { b["title"] = ""; }, "title: a board needs a title"},
      {[](Json& b) { b["schemaVersion"] = 43; },
       "schemaVersion: must be 41, which every Grafana from 10 to 13 reads"},
      {[](Json& b) { b["panels"][2]["id"] = b["panels"][1]["id"]; }, "panels[2].id: "},
      {[](Json& b) { b["panels"][1]["id"] = 0; },
       "panels[1].id: must be a whole number from 1 to 2147483647"},
      {[](Json& b) { b["panels"][1]["id"] = 5e9; },
       "panels[1].id: must be a whole number from 1 to 2147483647"},
      {[](Json& b) { b["panels"][1]["type"] = "graph"; },
       "panels[1]: panels of type graph are gone since Grafana 12"},
      {[](Json& b) { b["panels"][1]["type"] = "piechart"; },
       "panels[1]: 'piechart' is no type of a panel that is used here"},
      {[](Json& b) { b["panels"][1]["title"] = ""; }, "panels[1]: a panel needs a title"},
      {[](Json& b) { b["panels"][1]["span"] = 4; }, "panels[1]: 'span' is no key of it"},
      {[](Json& b) { b["panels"][1]["gridPos"]["w"] = 13; }, "panels[2]: lies over panels[1]"},
      {[](Json& b) { b["panels"][2]["gridPos"]["w"] = 13; },
       "panels[2].gridPos: x=12 w=13 does not fit into 24 columns, or nothing is left of it"},
      {[](Json& b) { b["panels"][1]["gridPos"]["h"] = 0; },
       "panels[1].gridPos: x=0 w=12 does not fit into 24 columns, or nothing is left of it"},
      {[](Json& b) { b["panels"][1]["gridPos"]["x"] = 0.5; },
       "panels[1].gridPos: x must be a whole number"},
      {[](Json& b) { b["panels"][1]["datasource"] = "Prometheus"; },
       "panels[1].datasource: must be an object {type, uid}: a bare name is gone since 10"},
      {[](Json& b) { b["panels"][1]["datasource"]["uid"] = "$source"; },
       "panels[1].datasource: there is no variable '$source'"},
      {[](Json& b) { b["panels"][1]["targets"] = Json::array(); },
       "panels[1]: a panel needs a query"},
      {[](Json& b) { b["panels"][1]["targets"][0]["expr"] = " "; },
       "panels[1].targets[0]: the query is empty"},
      {[](Json& b) { b["panels"][1]["targets"].push_back(Json(b["panels"][1]["targets"][0])); },
       "panels[1].targets[1]: there are two queries with this refId"},
      {[](Json& b) { b["panels"][1]["targets"][0]["expr"] = "up{node=~\"$host\"}"; },
       "panels[1].targets[0]: there is no variable '$host'"},
      {[](Json& b) { b["panels"][4]["targets"][0].erase("format"); },
       "panels[4].targets[0]: a query of a table needs the format table"},
      {[](Json& b) { b["panels"][1]["fieldConfig"]["defaults"]["unit"] = "furlongs"; },
       "panels[1].fieldConfig: 'furlongs' is no unit of Grafana"},
      {[](Json& b) {
         b["panels"][1]["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] = 0;
       },
       "panels[1].fieldConfig.defaults.thresholds.steps[0]: the value of the first step must be "
       "null"},
      {[](Json& b) {
         b["panels"][1]["fieldConfig"]["defaults"]["thresholds"]["steps"][2]["value"] = 0.1;
       },
       "panels[1].fieldConfig.defaults.thresholds.steps[2]: the steps must rise"},
      {[](Json& b) {
         b["panels"][1]["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["color"] = "pink";
       },
       "panels[1].fieldConfig.defaults.thresholds.steps[1]: 'pink' is no color"},
      {[](Json& b) { b["panels"][1]["fieldConfig"]["defaults"]["custom"]["bars"] = true; },
       "panels[1].fieldConfig.defaults.custom: 'bars' is no key of it"},
      {[](Json& b) { b["panels"][1]["options"].erase("tooltip"); },
       "panels[1].options: 'tooltip' is missing"},
      {[](Json& b) { b["panels"][1]["links"][0]["url"] = 4; },
       "panels[1].links[0]: 'url' must be a text"},
      {[](Json& b) { b["panels"][4]["transformations"][0]["id"] = "joy"; },
       "panels[4].transformations[0]: 'joy' is no transformation that is used here"},
      {[](Json& b) { b["panels"][0]["panels"].push_back(Json(b["panels"][0])); },
       "panels[0]: an open row holds no panels"},
      {[](Json& b) { b["panels"][0] = 3; }, "panels[0]: a panel must be an object with a type"},
      {[](Json& b) { b["templating"]["list"][1]["name"] = "datasource"; },
       "templating.list[1]: there are two variables 'datasource'"},
      {[](Json& b) {
         b["templating"]["list"][1]["query"] = "label_values(up{x=~\"$later\"}, node)";
       },
       "templating.list[1]: there is no variable '$later'"},
      {[](Json& b) { b["templating"]["list"][1]["type"] = "adhoc"; },
       "templating.list[1]: 'adhoc' is no type of a variable that is used here"},
      {[](Json& b) { b["annotations"]["list"][1]["expr"] = "up{node=\"$gone\"}"; },
       "annotations.list[1]: there is no variable '$gone'"},
  };
  for (const auto& c : cases) {
    auto board = Json::parse(good);
    c.spoil(board);
    const auto errors = validate_board(board.dump());
    REQUIRE_MESSAGE(!errors.empty(), c.expected);
    CHECK_MESSAGE(errors.front().starts_with(c.expected), errors.front());
  }
}

TEST_CASE("what is no board at all") {
  for (const auto* text :
       {"", "[]", "3", "{", "null", "{\"uid\": 3}", "{\"panels\": [[]]}", "\xff\xfe"}) {
    CHECK_MESSAGE(!validate_board(text).empty(), text);
  }
  // Broken deep inside: never a crash, always an error.
  const auto good = Json::parse(good_board());
  const auto paths = good.flatten();
  for (const auto& [path, value] : paths.items()) {
    auto broken = good;
    broken[Json::json_pointer(path)] = Json::array({1});
    CHECK_NOTHROW(validate_board(broken.dump()));
  }
}

TEST_CASE("boards that share a uid or a title") {
  const auto good = good_board();
  const std::vector<Artefact> boards{{"dashboards/a.json", good}, {"dashboards/b.json", good}};
  CHECK(validate_boards(boards) ==
        Errors{"dashboards/b.json: uid is also that of dashboards/a.json",
               "dashboards/b.json: title is also that of dashboards/a.json"});
}

}  // namespace basewatch::catalog
