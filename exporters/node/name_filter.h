#pragma once

#include "agent/plugin/name_filter.h"

namespace basewatch::node {

using basewatch::NameFilter;

}  // namespace basewatch::node
