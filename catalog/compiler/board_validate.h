#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/compiler/compiler.h"

namespace basewatch::catalog {

// What Grafana 10 to 13 would refuse, lose or show wrongly in one board, each as
// "panels[3].gridPos: sentence". Stricter than Grafana, which takes most of it without a word: an
// unknown key, panel type, unit or color is an error here. Empty when all is well.
std::vector<std::string> validate_board(std::string_view json);

// Every board by itself, with its path, and what they may not share: uid, title.
std::vector<std::string> validate_boards(const std::vector<Artefact>& boards);

}  // namespace basewatch::catalog
