#include "catalog/load/site_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/base/strings.h"

namespace basewatch::catalog {
namespace {

constexpr std::size_t kMostPlaces = 1000;  // each may become a rule of its own

const std::vector<std::string_view> kSizes = {"small", "medium", "large"};

class PlacesReader {
 public:
  PlacesReader(Site& site, Diagnostics& diagnostics) : site_(site), diagnostics_(diagnostics) {}

  void read(const yaml::Node& node, Place::Kind kind) {
    const std::string_view key = kind == Place::Kind::node ? "nodes" : "instances";
    yaml::Mapping(node, std::string(key), diagnostics_);
    for (const auto& [name, value] : node.entries) {
      if (name.scalar.empty()) {
        diagnostics_.error(name.where,
                           fmt::format("write the name as it stands in the label '{}'",
                                       kind == Place::Kind::node ? "node" : "instance"));
        continue;
      }
      if (site_.places.size() >= kMostPlaces) {
        diagnostics_.error(name.where, fmt::format("more than {} nodes and instances have "
                                                   "something of their own",
                                                   kMostPlaces));
        return;
      }
      read_place(place_of(kind, name), value);
    }
  }

  void read_without(yaml::Mapping& mapping, std::map<std::string, Location>& out) {
    const auto where = mapping.where("without");
    for (auto& alert : mapping.strings("without")) out.emplace(std::move(alert), where);
  }

 private:
  Place& place_of(Place::Kind kind, const yaml::Node& name) {
    const auto known = std::ranges::find_if(site_.places, [&](const Place& place) {
      return place.kind == kind && place.name == name.scalar;
    });
    if (known != site_.places.end()) return *known;
    Place place;
    place.kind = kind;
    place.name = name.scalar;
    place.where = name.where;
    return site_.places.emplace_back(std::move(place));
  }

  void read_place(Place& place, const yaml::Node& node) {
    yaml::Mapping entry(node, place.kind == Place::Kind::node ? "a node" : "an instance",
                        diagnostics_);
    if (place.kind == Place::Kind::node && entry.find("size")) {
      place.size = static_cast<MachineSize>(entry.choice("size", 1, kSizes));
    }
    if (const auto* limits = entry.find("thresholds")) read_limits(*limits, place);
    read_without(entry, place.without);
    entry.finish();
  }

  void read_limits(const yaml::Node& node, Place& place) {
    yaml::Mapping(node, "thresholds", diagnostics_);
    for (const auto& [name, value] : node.entries) {
      const auto limit = threshold_number(value, diagnostics_);
      if (!site_.thresholds.contains(name.scalar)) {
        unknown_threshold(site_, name, diagnostics_);
      } else if (limit) {
        place.limits[name.scalar] = {*limit, name.where};
      }
    }
  }

  Site& site_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::optional<double> threshold_number(const yaml::Node& node, Diagnostics& diagnostics) {
  const auto value = yaml::as_number(node, "a threshold", diagnostics);
  if (!value || std::isfinite(*value)) return value;
  diagnostics.error(node.where, fmt::format("a threshold must be a finite number, not {}",
                                            printable(node.scalar)));
  return std::nullopt;
}

void unknown_threshold(const Site& site, const yaml::Node& name, Diagnostics& diagnostics) {
  std::vector<std::string_view> known;
  for (const auto& [word, threshold] : site.thresholds) known.push_back(word);
  const auto guess = nearest(name.scalar, known);
  diagnostics.error(name.where,
                    fmt::format("there is no threshold '{}': {}", printable(name.scalar),
                                guess.empty() ? "write {value: NUMBER, help: SENTENCE} to add one"
                                              : fmt::format("did you mean '{}'?", guess)));
}

void read_site_places(yaml::Mapping& file, Site& site, Diagnostics& diagnostics) {
  PlacesReader reader(site, diagnostics);
  site.size = static_cast<MachineSize>(
      file.choice("size", static_cast<std::size_t>(site.size), kSizes));
  if (const auto* nodes = file.find("nodes")) reader.read(*nodes, Place::Kind::node);
  if (const auto* instances = file.find("instances")) {
    reader.read(*instances, Place::Kind::instance);
  }
  reader.read_without(file, site.without);
}

}  // namespace basewatch::catalog
