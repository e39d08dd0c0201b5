#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/diagnostics.h"
#include "agent/config/config.h"
#include "agent/modules/modules.h"
#include "agent/discover/discover.h"
#include "agent/scrape/engine.h"
#include "catalog/model/catalog.h"

namespace basewatch::commands {

// A configuration made ready to run: what it says, the site it names, and the plans for the engine.
struct Setup {
  config::Config config;
  std::string node;
  modules::Look modules;
  std::vector<scrape::InstancePlan> plans;

  // What was refused of `modules:`, and what else is to be known of them, each at its place.
  Diagnostics refused_modules() const;
  Diagnostics module_notes() const;

  // Where a plan's setting stands in the file, for a PlanError.
  Location place_of(const scrape::PlanError& error) const;
};

// Reads the configuration at `path`, or takes the defaults where it is empty, loads the modules and
// reads the site that it names. A module that is refused is no error here. Usable only when
// `diagnostics` has no error.
Setup make_setup(const std::string& path, std::span<const Plugin* const> plugins,
                 Diagnostics& diagnostics);

// What the instances are told, to be compared with what is seen on the host.
std::vector<discover::Configured> configured_of(const Setup& setup);

// Applies the plans; what the engine refuses becomes an error at its place.
bool apply(scrape::Engine& engine, const Setup& setup, Diagnostics& diagnostics);

}  // namespace basewatch::commands
