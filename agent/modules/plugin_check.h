#pragma once

#include <string>

#include "agent/plugin/exporter.h"

namespace basewatch::modules {

// What is wrong with the constant by which a module describes its exporter, as the rest of a
// sentence; empty when nothing is. Built-in ones are looked at by tests.
std::string plugin_problem(const Plugin& plugin);

}  // namespace basewatch::modules
