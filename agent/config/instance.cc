#include "agent/config/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/base/strings.h"
#include "agent/config/secret_file.h"

namespace basewatch::config {
namespace {

constexpr std::string_view kReserved[] = {"job", "instance", "node", "le", "quantile"};
constexpr std::int64_t kMaxSeries = 10'000'000;

bool is_instance_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// The same text for the same meaning, whatever the order of the keys; lengths keep texts apart.
std::string canonical(const yaml::Node& node) {
  switch (node.kind) {
    case yaml::Kind::null:
      return "~";
    case yaml::Kind::scalar:
      return fmt::format("{}:{}", node.scalar.size(), node.scalar);
    case yaml::Kind::sequence: {
      std::string out = "[";
      for (const auto& item : node.items) out += canonical(item) + ",";
      return out + "]";
    }
    case yaml::Kind::mapping: {
      std::map<std::string, std::string> sorted;
      for (const auto& [key, value] : node.entries) sorted[canonical(key)] = canonical(value);
      std::string out = "{";
      for (const auto& [key, value] : sorted) out += key + "=" + value + ",";
      return out + "}";
    }
  }
  return {};
}

// Reads the mapping of one instance by walking the dotted names of the plugin's options.
class Reader {
 public:
  Reader(const Plugin& plugin, const Context& context)
      : plugin_(plugin), context_(context), diagnostics_(context.diagnostics) {}

  Instance read(const yaml::Node& node) {
    out_.plugin = &plugin_;
    out_.where = node.where;
    yaml::Mapping map(node, fmt::format("exporter {}", plugin_.name), diagnostics_);
    read_common(map);
    read_group(map, "");
    if (const auto* collectors = map.find("collectors")) read_collectors(*collectors);
    map.finish();
    out_.settings = Settings::make(plugin_.options, std::move(values_), out_.name);
    out_.settings.set_switches({out_.switches.begin(), out_.switches.end()});
    out_.settings.set_fingerprint(fmt::format("{} {}", context_.folder, canonical(node)));
    return std::move(out_);
  }

 private:
  void read_common(yaml::Mapping& map) {
    out_.name = map.string("name", "main");
    if (!is_instance_name(out_.name)) {
      diagnostics_.error(map.where("name"),
                         fmt::format("name must consist of a-z, 0-9, '_' and '-' (at most 64), "
                                     "not '{}'",
                                     printable(out_.name)));
      out_.name = "main";
    }
    out_.job = map.string("job", plugin_.default_job);
    if (out_.job.empty() || out_.job.size() > 200 || printable(out_.job) != out_.job) {
      diagnostics_.error(map.where("job"), "job must be a short text without control characters");
    }
    if (const auto* timeout = map.find("timeout")) {
      const auto span = yaml::as_duration(*timeout, "timeout", diagnostics_);
      if (span && *span < std::chrono::milliseconds(100)) {
        diagnostics_.error(timeout->where, "timeout must be at least 100ms");
      }
      out_.timeout = span.value_or(Duration::zero());
    }
    out_.max_series = static_cast<std::size_t>(map.integer("max_series", 0, 1, kMaxSeries));
    if (const auto* labels = map.find("labels")) read_labels(*labels);
    for (const auto* key : {"timeout", "max_series", "job", "labels", "name"}) {
      if (map.find(key)) out_.places[key] = map.where(key);
    }
  }

  void read_labels(const yaml::Node& node) {
    yaml::Mapping map(node, "labels", diagnostics_);
    for (const auto& [key, ignored] : node.entries) {
      const auto* value = map.find(key.scalar);
      if (!is_label_name(key.scalar) || key.scalar.starts_with("__")) {
        diagnostics_.error(key.where, fmt::format("'{}' is no label name: write letters, digits "
                                                  "and '_', not starting with a digit or '__'",
                                                  printable(key.scalar)));
      } else if (std::ranges::find(kReserved, key.scalar) != std::end(kReserved)) {
        diagnostics_.error(key.where, fmt::format("the label '{}' is reserved: {} cannot be set "
                                                  "here",
                                                  key.scalar, join(kReserved, ", ")));
      } else if (const auto text = value ? yaml::as_string(*value, key.scalar, diagnostics_)
                                         : std::optional<std::string>("")) {
        if (text->empty()) {
          diagnostics_.error(value ? value->where : key.where,
                             fmt::format("the label '{}' needs a value", key.scalar));
        }
        out_.labels[key.scalar] = *text;
      }
    }
  }

  // The options whose names start with `prefix` ("paths."), in the mapping that stands there. Those
  // of collectors are read with the collector.
  void read_group(yaml::Mapping& map, std::string_view prefix) {
    std::set<std::string_view> groups;
    for (const auto& option : plugin_.options) {
      if (!option.name.starts_with(prefix)) continue;
      const auto rest = option.name.substr(prefix.size());
      const auto dot = rest.find('.');
      if (dot == std::string_view::npos) {
        read_value(map, option, rest);
      } else if (const auto group = rest.substr(0, dot); prefix != "" || group != "collectors") {
        groups.insert(group);
      }
    }
    for (const auto group : groups) {
      const auto* node = map.find(group);
      if (!node) continue;
      yaml::Mapping inner(*node, std::string(group), diagnostics_);
      read_group(inner, fmt::format("{}{}.", prefix, group));
      inner.finish();
    }
  }

  void read_value(yaml::Mapping& map, const Option& option, std::string_view key) {
    const std::string name(option.name);
    const auto* node = map.find(key);
    if (node) {
      out_.places[name] = node->where;
      if (auto value = read_option(option, *node, context_)) values_[name] = std::move(*value);
    }
    if (option.type != OptionType::secret) return;
    const auto* file = map.find(fmt::format("{}_file", key));
    if (!file) return;
    if (node) {
      diagnostics_.error(file->where,
                         fmt::format("{} and {}_file are both given: keep one of them", key, key));
    }
    out_.places[name] = file->where;
    read_secret_file(name, key, *file);
  }

  void read_secret_file(const std::string& name, std::string_view key, const yaml::Node& file) {
    const auto text = yaml::as_string(file, fmt::format("{}_file", key), diagnostics_);
    if (!text) return;
    const auto path = resolve(context_.folder, *text);
    try {
      read_secret(path);
    } catch (const std::runtime_error& error) {
      diagnostics_.error(file.where, error.what());
    }
    values_[name] = std::function<std::string()>([path] { return read_secret(path); });
  }

  void read_collectors(const yaml::Node& node) {
    if (node.kind != yaml::Kind::mapping) {
      diagnostics_.error(node.where,
                         "collectors must be a mapping such as {cpu: true, stat: false}");
      return;
    }
    for (const auto& [key, value] : node.entries) {
      out_.places["collectors." + key.scalar] = key.where;
      if (value.kind == yaml::Kind::scalar) {
        const auto what = fmt::format("collectors.{}", printable(key.scalar));
        if (const auto on = yaml::as_flag(value, what, diagnostics_)) {
          out_.switches[key.scalar] = *on;
        }
      } else {
        read_collector(key.scalar, value);
      }
    }
  }

  void read_collector(const std::string& name, const yaml::Node& node) {
    yaml::Mapping map(node, fmt::format("collector {}", printable(name)), diagnostics_);
    if (map.find("enabled")) out_.switches[name] = map.flag("enabled", true);
    if (const auto* every = map.find("every")) {
      out_.places[fmt::format("collectors.{}.every", name)] = every->where;
      read_every(name, *every);
    }
    read_group(map, fmt::format("collectors.{}.", name));
    map.finish();
  }

  void read_every(const std::string& name, const yaml::Node& node) {
    const auto span = yaml::as_duration(node, "every", diagnostics_);
    if (!span) return;
    if (*span < std::chrono::seconds(1) || *span > std::chrono::hours(24)) {
      diagnostics_.error(node.where, "every must be from 1s to 1d");
    }
    out_.intervals[name] = *span;
  }

  const Plugin& plugin_;
  const Context& context_;
  Diagnostics& diagnostics_;
  Instance out_;
  std::map<std::string, Settings::Value> values_;
};

}  // namespace

Instance read_instance(const Plugin& plugin, const yaml::Node& node, const Context& context) {
  return Reader(plugin, context).read(node);
}

}  // namespace basewatch::config
