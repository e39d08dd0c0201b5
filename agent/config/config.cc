#include "agent/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "agent/base/strings.h"
#include "agent/base/yaml.h"
#include "agent/config/expand.h"
#include "agent/config/instance.h"
#include "agent/config/server.h"

namespace basewatch::config {
namespace {

void read_version(yaml::Mapping& map, Diagnostics& diagnostics) {
  const auto* version = map.required("version");
  if (version && (version->kind != yaml::Kind::scalar || version->scalar != "1")) {
    diagnostics.error(version->where, "version must be 1: this basewatch knows no other");
  }
}

void read_node(yaml::Mapping& map, Config& out, Diagnostics& diagnostics) {
  out.node = map.string("node");
  out.node_where = map.where("node");
  if (out.node.size() > 200 || printable(out.node) != out.node || trim(out.node) != out.node) {
    diagnostics.error(map.where("node"),
                      "node must be a short text without control characters and without blanks "
                      "around it");
  }
}

bool add_instance(Config& out, Instance instance, Diagnostics& diagnostics) {
  for (const auto& other : out.instances) {
    if (other.plugin != instance.plugin || other.name != instance.name) continue;
    diagnostics.error(instance.where,
                      fmt::format("a second {} instance is called '{}': give each its own name",
                                  instance.plugin->name, instance.name));
    return false;
  }
  out.instances.push_back(std::move(instance));
  return true;
}

void read_list(const Plugin& plugin, const yaml::Node& list, Config& out, const Context& context) {
  if (plugin.single && list.items.size() > 1) {
    context.diagnostics.error(list.items[1].where,
                              fmt::format("there can be only one {} instance", plugin.name));
    return;
  }
  for (const auto& item : list.items) {
    if (item.kind != yaml::Kind::mapping) {
      context.diagnostics.error(
          item.where,
          fmt::format("each instance of {} must be a mapping such as {{name: main}}", plugin.name));
    } else if (list.items.size() > 1 && !item.find("name")) {
      context.diagnostics.error(
          item.where, fmt::format("one of several {} instances needs a 'name'", plugin.name));
    } else {
      add_instance(out, read_instance(plugin, item, context), context.diagnostics);
    }
  }
}

void read_exporter(const Plugin& plugin, const yaml::Node& node, const Location& key, Config& out,
                   const Context& context) {
  if (node.kind == yaml::Kind::sequence) {
    read_list(plugin, node, out, context);
  } else if (node.kind == yaml::Kind::scalar) {
    context.diagnostics.error(
        node.where, fmt::format("{} must be a mapping or a list of named mappings: write {}: {{}} "
                                "for one instance with every default",
                                plugin.name, plugin.name));
  } else {
    auto instance = read_instance(plugin, node, context);
    if (node.kind == yaml::Kind::null) instance.where = key;
    add_instance(out, std::move(instance), context.diagnostics);
  }
}

void read_modules(yaml::Mapping& top, Config& out, const Context& context) {
  const auto* node = top.find("modules");
  if (!node) return;
  const auto add = [&](const yaml::Node& item) {
    const auto text = yaml::as_string(item, "modules", context.diagnostics);
    if (text && text->empty()) {
      context.diagnostics.error(item.where, "modules needs the path of a folder");
    } else if (text) {
      out.modules.push_back({resolve(context.folder, *text), item.where});
    }
  };
  if (node->kind != yaml::Kind::sequence) return add(*node);
  for (const auto& item : node->items) add(item);
}

// Makes names that nobody offers known, with a warning: they may be a refused module's.
void excuse_unknown(const yaml::Node& node, const Offer& offer, yaml::Mapping& map,
                    Diagnostics& diagnostics) {
  if (node.kind != yaml::Kind::mapping) return;
  for (const auto& [key, ignored] : node.entries) {
    if (std::ranges::find(offer.plugins, key.scalar, &Plugin::name) != offer.plugins.end())
      continue;
    map.find(key.scalar);
    diagnostics.warning(key.where, fmt::format("there is no exporter '{}'; it may be that of a "
                                               "module that was refused, so it is left out",
                                               printable(key.scalar)));
  }
}

void read_exporters(const yaml::Node& node, const Offer& offer, Config& out,
                    const Context& context) {
  yaml::Mapping map(node, "exporters", context.diagnostics);
  for (const auto* plugin : offer.plugins) {
    map.find(plugin->name);  // makes the name known, also where its value is null
    const auto entry =
        std::ranges::find(node.entries, plugin->name, [](const auto& e) { return e.first.scalar; });
    if (entry == node.entries.end()) continue;
    read_exporter(*plugin, entry->second, entry->first.where, out, context);
  }
  if (!offer.complete) excuse_unknown(node, offer, map, context.diagnostics);
  map.finish();
}

Config read(yaml::Node root, const std::string& path, const OfferOf& offer_of,
            const Environment& environment, Diagnostics& diagnostics) {
  Config out;
  if (!diagnostics.ok() && root.kind == yaml::Kind::null)
    return out;  // it could not be read at all
  if (root.kind != yaml::Kind::mapping && root.kind != yaml::Kind::null) {
    diagnostics.error(root.where,
                      "the configuration must be a mapping that starts with version: 1");
    return out;
  }
  Expander expander(environment, diagnostics);
  expander.expand(root);
  auto folder = std::filesystem::path(path).parent_path().string();
  const Context context{folder.empty() ? "." : folder, expander, diagnostics};
  yaml::Mapping map(root, "the configuration", diagnostics);
  read_version(map, diagnostics);
  read_node(map, out, diagnostics);
  if (const auto* server = map.find("server")) out.server = read_server(*server, context);
  read_modules(map, out, context);
  const auto offer = offer_of(out.modules);
  if (const auto* exporters = map.find("exporters")) {
    read_exporters(*exporters, offer, out, context);
  } else {
    out.instances = defaults(offer.plugins).instances;
    for (auto& instance : out.instances) instance.where = root.where;
  }
  out.site = resolve(context.folder, map.string("site"));
  out.site_where = map.where("site");
  map.finish();
  return out;
}

OfferOf only(std::span<const Plugin* const> plugins) {
  return [plugins](const auto&) { return Offer{{plugins.begin(), plugins.end()}}; };
}

}  // namespace

Config load(const std::string& path, const OfferOf& offer, const Environment& environment,
            Diagnostics& diagnostics) {
  return read(yaml::parse_file(path, diagnostics), path, offer, environment, diagnostics);
}

Config load(const std::string& path, std::span<const Plugin* const> plugins,
            const Environment& environment, Diagnostics& diagnostics) {
  return load(path, only(plugins), environment, diagnostics);
}

Config load_text(std::string_view text, const std::string& path,
                 std::span<const Plugin* const> plugins, const Environment& environment,
                 Diagnostics& diagnostics) {
  return read(yaml::parse(text, path, diagnostics), path, only(plugins), environment, diagnostics);
}

Config defaults(std::span<const Plugin* const> plugins) {
  Config out;
  for (const auto* plugin : plugins) {
    if (plugin->name != "node") continue;
    Instance instance;
    instance.plugin = plugin;
    instance.job = plugin->default_job;
    instance.settings = Settings::make(plugin->options);
    out.instances.push_back(std::move(instance));
  }
  return out;
}

}  // namespace basewatch::config
