#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "catalog/compiler/yaml_writer.h"

// What every file for `promtool test rules` has in common.
namespace basewatch::catalog {

// The rule files under test, and their groups in the order of evaluation: promtool has none of its
// own, and a recorded name must be there before who reads it. `alerts` is a subject, or empty.
void write_tests_head(YamlWriter& yaml, const std::vector<std::string>& recording,
                      const std::string& alerts, Duration evaluation);

// The input of one case, a value a minute.
void write_input_series(YamlWriter& yaml,
                        const std::vector<std::pair<std::string, std::string>>& series);

}  // namespace basewatch::catalog
