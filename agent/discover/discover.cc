#include "agent/discover/discover.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "agent/base/strings.h"
#include "agent/discover/services.h"

namespace basewatch::discover {
namespace {

// One place where a service was seen: a port, a path, or just the process.
struct Place {
  std::string where;
  std::optional<Listener> listener;
  std::string path;
  bool reachable = true;  // by the address of the listener, from where the agent is
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The number as a word of its own: 543 is not in "port=5432".
bool mentions(std::string_view text, std::uint16_t port) {
  const auto number = std::to_string(port);
  for (auto at = text.find(number); at != std::string_view::npos; at = text.find(number, at + 1)) {
    const auto end = at + number.size();
    if ((at == 0 || !is_digit(text[at - 1])) && (end == text.size() || !is_digit(text[end]))) {
      return true;
    }
  }
  return false;
}

bool is_watched(const Service& service, const Place& place,
                std::span<const Configured> configured) {
  return std::ranges::any_of(configured, [&](const Configured& one) {
    if (one.exporter != service.exporter) return false;
    if (!place.path.empty() && !service.lines.empty()) {
      return one.texts.find(place.path) != std::string::npos;
    }
    if (!place.listener || service.lines.empty()) return true;
    // An instance that names no port is at the usual one of what its exporter is called after.
    const bool usual =
        service.key == service.exporter && place.listener->port == service.ports.front();
    return usual || mentions(one.texts, place.listener->port);
  });
}

bool wants(const Service& service, std::uint16_t port) {
  return std::ranges::find(service.ports, port) != service.ports.end();
}

void add_place(std::vector<Place>& places, Place place) {
  const auto same = [&](const Place& one) { return one.where == place.where; };
  if (std::ranges::none_of(places, same)) places.push_back(std::move(place));
}

Place place_of(const Process& process, const Listener& listener, const HostView& view) {
  if (!process.in_container) {
    return {fmt::format("listens on {}:{}", reachable(listener), listener.port), listener, {}};
  }
  const auto published = std::ranges::find(view.listeners, listener.port, &Listener::port);
  if (published != view.listeners.end()) {
    return {
        fmt::format("in a container, published as {}:{}", reachable(*published), published->port),
        *published,
        {}};
  }
  return {fmt::format("in a container, port {} there", listener.port), listener, {}, false};
}

// A process that serves one of the usual ports is known by it; one whose descriptors we may read,
// by whatever port it serves.
void add_process(const Service& service, const Process& process, const HostView& view,
                 std::vector<Place>& places) {
  bool found = false;
  for (const auto& listener : process.listeners) {
    const bool usual = wants(service, listener.port);
    if (!usual && (service.only_on_port || !process.owned)) continue;
    add_place(places, place_of(process, listener, view));
    found = true;
    if (usual && service.only_on_port) break;  // one address is enough to know it by
  }
  if (found || service.only_on_port || !places.empty()) return;
  add_place(places, {fmt::format("runs as process {} ({}){}", process.pid, process.name,
                                 process.in_container ? " in a container" : ""),
                     std::nullopt,
                     {}});
}

std::vector<Place> places_of(const Service& service, const HostView& view) {
  std::vector<Place> places;
  // Those with open ports first: a child of a server has none, and is no second server.
  for (const bool with_ports : {true, false}) {
    for (const auto& process : view.processes) {
      if (process.listeners.empty() == with_ports) continue;
      if (std::ranges::find(service.processes, process.name) == service.processes.end()) continue;
      add_process(service, process, view, places);
    }
  }
  for (const auto path : service.paths) {
    if (!view.paths.contains(std::string(path))) continue;
    add_place(places, {std::string(path), std::nullopt, std::string(path)});
    if (service.lines.empty()) break;
  }
  return places;
}

const Plugin* find(std::span<const Plugin* const> plugins, std::string_view name) {
  const auto found = std::ranges::find(plugins, name, &Plugin::name);
  return found == plugins.end() ? nullptr : *found;
}

bool has_options(const Plugin& plugin, const Service& service) {
  return std::ranges::all_of(service.lines, [&](const Line& line) {
    return std::ranges::find(plugin.options, line.option, &Option::name) != plugin.options.end();
  });
}

std::string name_for(const Service& service, const Place& place, bool is_first) {
  return is_first || !place.listener ? "main"
                                     : fmt::format("{}-{}", service.key, place.listener->port);
}

// As YAML: a list stays a list, anything else is a quoted text.
std::string value_of(const Line& line, const Service& service, const Place& place) {
  const auto port = place.listener          ? place.listener->port
                    : service.ports.empty() ? std::uint16_t{0}
                                            : service.ports.front();
  const auto host = place.listener ? reachable(*place.listener) : std::string("127.0.0.1");
  auto value = fmt::format(fmt::runtime(line.value), fmt::arg("path", place.path),
                           fmt::arg("host", host), fmt::arg("port", port));
  return value.starts_with('[') ? value : fmt::format("\"{}\"", value);
}

// "collectors.textfile.directory" becomes three keys, each further in.
std::string yaml_of(const Plugin& plugin, const Service& service, const Place& place,
                    bool is_first) {
  std::string out = fmt::format("  {}:\n", plugin.name);
  std::string indent = "    ";
  if (!plugin.single) {
    out += fmt::format("    - name: {}\n", name_for(service, place, is_first));
    indent = "      ";
  }
  for (const auto& line : service.lines) {
    auto within = indent;
    const auto keys = split(line.option, '.');
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
      out += fmt::format("{}{}:\n", within, keys[i]);
      within += "  ";
    }
    out += fmt::format("{}{}: {}\n", within, keys.back(), value_of(line, service, place));
  }
  return out;
}

std::string one_line_of(const Plugin& plugin, const Service& service, const Place& place,
                        bool is_first) {
  std::string out;
  if (!plugin.single) out = "name: " + name_for(service, place, is_first);
  for (const auto& line : service.lines) {
    if (!out.empty()) out += ", ";
    const auto keys = split(line.option, '.');
    out += join(keys, ": {") + ": " + value_of(line, service, place) +
           std::string(keys.size() - 1, '}');
  }
  return plugin.single ? fmt::format("{}: {{{}}}", plugin.name, out)
                       : fmt::format("{}: [{{{}}}]", plugin.name, out);
}

std::string advice_for(const Service& service, const Plugin* plugin, bool has_lines,
                       bool has_instance) {
  if (service.is_exporter) {
    return plugin ? fmt::format(
                        "basewatch serves the same metrics with its exporter {}: once "
                        "Prometheus scrapes the agent, this one can go.",
                        plugin->name)
                  : "This version of basewatch does not take its place yet.";
  }
  if (!plugin) return "This version of basewatch does not watch it yet.";
  if (has_lines) {
    return service.key == "textfile"
               ? (has_instance
                      ? "Add these lines to the instance that is there to have the folder's "
                        "*.prom files on the page."
                      : "Add these lines to have the folder's *.prom files on the page.")
               : "Add these lines to watch it, with a login where it wants one.";
  }
  return fmt::format("The exporter {} watches it; config/basewatch.yml lists its options.",
                     plugin->name);
}

}  // namespace

Configured configured(std::string_view exporter, const Settings& settings,
                      std::span<const Option> options) {
  Configured out{std::string(exporter), {}};
  for (const auto& option : options) {
    if (option.type == OptionType::text || option.type == OptionType::path) {
      out.texts += settings.text(option.name) + "\n";
    } else if (option.type == OptionType::texts) {
      out.texts += join(settings.texts(option.name), "\n") + "\n";
    } else if (option.type == OptionType::secret && option.name == "dsn") {
      try {
        out.texts += settings.secret(option.name) + "\n";
      } catch (const std::exception&) {  // a file that cannot be read is told by those who need it
      }
    }
  }
  return out;
}

HostView look(const Roots& roots) {
  std::set<std::string, std::less<>> names;
  std::vector<std::string> paths;
  for (const auto& service : services()) {
    names.insert(service.processes.begin(), service.processes.end());
    paths.insert(paths.end(), service.paths.begin(), service.paths.end());
  }
  return read_host(roots, names, paths);
}

std::vector<Seen> unwatched(const HostView& view, std::span<const Plugin* const> plugins,
                            std::span<const Configured> configured) {
  std::vector<Seen> out;
  for (const auto& service : services()) {
    const auto* plugin = find(plugins, service.exporter);
    bool is_first =
        std::ranges::find(configured, service.exporter, &Configured::exporter) == configured.end();
    for (const auto& place : places_of(service, view)) {
      if (!service.is_exporter && is_watched(service, place, configured)) continue;
      const bool has_lines = plugin && !service.is_exporter && !service.lines.empty() &&
                             place.reachable && has_options(*plugin, service);
      auto& seen = out.emplace_back();
      seen.key = service.key;
      seen.title = service.title;
      seen.where = printable(place.where);
      seen.advice = advice_for(service, plugin, has_lines, !is_first);
      if (!has_lines) continue;
      seen.lines = yaml_of(*plugin, service, place, is_first);
      seen.one_line = one_line_of(*plugin, service, place, is_first);
      is_first = false;
    }
  }
  return out;
}

}  // namespace basewatch::discover
