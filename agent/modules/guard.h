#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/modules/modules.h"

namespace basewatch::modules {

// The module's create(), so that its defects cost one instance and not the agent: where it throws
// anything but a SettingError, returns nothing, or has collectors that cannot be run, an exporter
// takes the place whose collector fails with that reason at every scrape. It has collectors of
// these `configured` names, too, so that the rest of the configuration holds.
std::function<std::unique_ptr<Exporter>(const Settings&)> guarded_create(
    const Module& module, std::vector<std::string> configured);

// How often the module's create() has failed so far: a reload tries again what failed.
unsigned failed_creates(const Module& module);

}  // namespace basewatch::modules
