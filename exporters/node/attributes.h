#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "agent/plugin/page.h"
#include "exporters/node/read/sysfs.h"

namespace basewatch::node {

using Labels = std::initializer_list<std::string_view>;

// Adds the attributes of a folder that a table of the catalog (from: {table: attribute}) makes
// metrics of, as far as they are there: a collector of plain numbers is a table and a loop over
// devices. What the kernel counts in another unit is brought into ours by `scaled`.
inline void add_attributes(
    Page& page, std::span<const FieldMetric> table, const SysFolder& folder, Labels labels,
    double (*scaled)(double) = [](double value) { return value; }) {
  for (const auto& [attribute, metric] : table) {
    if (const auto value = folder.number(attribute)) page.add(metric, scaled(*value), labels);
  }
}

}  // namespace basewatch::node
