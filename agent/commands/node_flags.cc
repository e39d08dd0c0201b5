#include "agent/commands/node_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "agent/base/strings.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
#include "agent/plugin/builtin.h"

namespace basewatch::commands {
namespace {

// A text as a YAML scalar that means just this text, whatever is in it.
std::string yaml_text(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '$' && (next == '$' || next == '{')) {
      out += "$$";  // it would be taken for a variable
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

class Translator {
 public:
  Translator(const std::string& folder, const Plugin& plugin) : folder_(folder), plugin_(plugin) {
    const auto exporter = plugin.create(Settings::make(plugin.options));
    for (const auto& collector : exporter->collectors()) {
      defaults_.emplace(collector.name, collector.on_by_default);
    }
  }

  NodeConfiguration translate(std::span<const std::string> arguments) {
    if (!arguments.empty() && !arguments.front().starts_with('-')) {
      arguments = arguments.subspan(1);  // the program itself, pasted with its flags
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) take(arguments, i);
    check();
    if (result_.errors.empty()) write(arguments);
    return std::move(result_);
  }

 private:
  struct Written {  // what was said of an option, and by which flag
    std::string flag;
    std::vector<std::string> values;
  };

  void fail(std::string message) { result_.errors.push_back(std::move(message)); }
  void note(std::string message) { result_.notes.push_back(std::move(message)); }

  // One flag with its value; moves `at` to the last argument that belongs to it.
  void take(std::span<const std::string> arguments, std::size_t& at) {
    const std::string_view argument = arguments[at];
    if (!argument.starts_with("--") || argument.size() == 2) {
      return fail(fmt::format("'{}' is no flag of node_exporter", printable(argument)));
    }
    auto name = argument.substr(2);
    std::optional<std::string> value;
    if (const auto equals = name.find('='); equals != name.npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const bool is_negated = name.starts_with("no-");
    if (is_negated) name.remove_prefix(3);

    const auto row = std::ranges::find(node_flags(), name, &NodeFlag::name);
    const bool is_switch = row == node_flags().end() && is_collector(name);
    if (row == node_flags().end() && !is_switch) return fail_unknown(argument, name);
    if (is_switch || row->kind == FlagKind::flag) {
      const bool is_on = value ? *value == "true" : !is_negated;
      if (value && (is_negated || (*value != "true" && *value != "false"))) {
        return fail(fmt::format("--{} takes no value: write --{} or --no-{}", name, name, name));
      }
      return is_switch ? take_switch(name, is_on) : take_option(*row, is_on ? "true" : "false");
    }
    if (is_negated) return fail(fmt::format("--{} needs a value: there is no --no-{}", name, name));
    if (!value) {
      if (at + 1 == arguments.size() || arguments[at + 1].starts_with("--"))
        return fail(fmt::format("--{} needs a value", name));
      value = arguments[++at];
    }
    take_option(*row, std::move(*value));
  }

  // Ours, which may be newer than the table, and node_exporter's.
  bool is_collector(std::string_view flag) const {
    if (!flag.starts_with("collector.")) return false;
    const auto name = flag.substr(10);
    return defaults_.contains(name) ||
           std::ranges::find(node_collectors(), name) != node_collectors().end();
  }

  void fail_unknown(std::string_view argument, std::string_view name) {
    std::vector<std::string> known;
    for (const auto& row : node_flags()) known.emplace_back(row.name);
    for (const auto collector : node_collectors()) {
      known.push_back("collector." + std::string(collector));
    }
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    const auto meant = nearest(name, candidates);
    fail(fmt::format("node_exporter has no flag '{}'{}",
                     printable(argument.substr(0, argument.find('='))),
                     meant.empty() ? "" : fmt::format(": did you mean '--{}'?", meant)));
  }

  void take_switch(std::string_view flag, bool is_on) {
    const std::string collector(flag.substr(10));
    if (!switches_.emplace(collector, is_on).second) {
      return fail(fmt::format("--{} is given twice", flag));
    }
    if (is_on && !defaults_.contains(collector)) {
      note(fmt::format("--{}: the collector {} is not in basewatch", flag, collector));
    }
  }

  void take_option(const NodeFlag& row, std::string value) {
    if ((row.kind == FlagKind::file || row.kind == FlagKind::files) && !value.empty()) {
      value = (std::filesystem::path(folder_) / value).lexically_normal().string();
    }
    const std::string key(row.option.empty() ? row.name : row.option);
    auto [place, is_new] = written_.emplace(key, Written{std::string(row.name), {}});
    const bool repeats = row.kind == FlagKind::values || row.kind == FlagKind::files;
    if (!is_new && place->second.flag != row.name) {
      return fail(fmt::format("--{} and --{} are the same option: write one of them",
                              place->second.flag, row.name));
    }
    if (!is_new && !repeats) return fail(fmt::format("--{} is given twice", row.name));
    place->second.values.push_back(value);
    const auto* option = find_option(row.option);
    if (!option && !row.note.empty()) {
      note(fmt::format("--{}: {}", row.name, row.note));
    } else if (!option && !row.option.empty()) {
      note(fmt::format("--{}: basewatch has no such option", row.name));
    }
  }

  const Option* find_option(std::string_view name) const {
    const auto option = std::ranges::find(plugin_.options, name, &Option::name);
    return option == plugin_.options.end() ? nullptr : &*option;
  }

  bool is_given(std::string_view name) const { return written_.find(name) != written_.end(); }
  bool is_true(std::string_view name) const {
    const auto found = written_.find(name);
    return found != written_.end() && found->second.values.front() == "true";
  }

  // What one flag cannot know of another, and whether the values can be used.
  void check() {
    if (!result_.errors.empty()) return;
    std::map<std::string, Settings::Value> values;
    for (const auto& [name, written] : written_) {
      if (const auto* option = find_option(name)) values.emplace(name, value_of(*option, written));
    }
    try {
      if (result_.errors.empty())
        plugin_.create(Settings::make(plugin_.options, std::move(values)));
    } catch (const SettingError& error) {
      const auto found = written_.find(error.option());
      fail(fmt::format("--{}: {}", found == written_.end() ? error.option() : found->second.flag,
                       error.what()));
    }
  }

  Settings::Value value_of(const Option& option, const Written& written) {
    const auto& text = written.values.front();
    const auto refuse = [&](std::string_view what) {
      fail(fmt::format("--{}: '{}' is no {}", written.flag, printable(text), what));
    };
    switch (option.type) {
      case OptionType::flag:
        return text == "true";
      case OptionType::texts:
        return list_of(written);
      case OptionType::integer:
        if (const auto number = parse_int(text)) return *number;
        refuse("whole number");
        return std::int64_t{};
      case OptionType::number:
        if (const auto number = parse_double(text)) return *number;
        refuse("number");
        return 0.0;
      case OptionType::duration:
        if (const auto span = parse_duration(text)) return *span;
        refuse("duration that basewatch can read: write 500ms, 30s or 1m30s");
        return Duration{};
      default:
        return text;
    }
  }

  // Flags that may be repeated, and those that are one list with commas.
  std::vector<std::string> list_of(const Written& written) const {
    std::vector<std::string> out;
    const auto row = std::ranges::find(node_flags(), written.flag, &NodeFlag::name);
    for (const auto& value : written.values) {
      if (row->kind != FlagKind::value) {
        if (!value.empty()) out.push_back(value);
        continue;
      }
      for (const auto part : split(value, ',')) {
        if (!trim(part).empty()) out.emplace_back(trim(part));
      }
    }
    return out;
  }

  std::string listen() {
    const auto addresses = written_.find("web.listen-address");
    std::string chosen = addresses == written_.end() ? ":9100" : addresses->second.values.front();
    if (addresses != written_.end()) {
      for (std::size_t i = 1; i < addresses->second.values.size(); ++i) {
        note(fmt::format("--web.listen-address={}: basewatch listens on one address, the first",
                         printable(addresses->second.values[i])));
      }
    }
    if (is_given("web.config.file") && !written_.at("web.config.file").values.front().empty()) {
      const auto port = chosen.substr(std::min(chosen.rfind(':'), chosen.size()));
      note(fmt::format(
          "--web.config.file: TLS and passwords are not taken over. So that nobody reads over the "
          "network what was protected, the address is 127.0.0.1; see `server` in the example "
          "configuration"));
      chosen = "127.0.0.1" + (port.empty() ? ":9100" : port);
    }
    return chosen;
  }

  void write(std::span<const std::string> arguments) {
    const auto address = listen();
    const auto path = written_.find("web.telemetry-path");
    note(
        fmt::format("scrape /metrics/node in place of {}; /metrics shows everything that basewatch "
                    "watches, with the labels job, instance and node",
                    path == written_.end() ? "/metrics" : printable(path->second.values.front())));
    std::string out = "# What `basewatch node-flags` makes of the command line\n#   node_exporter";
    for (const auto& argument : arguments) out += ' ' + printable(argument, 1000);
    out += "\n#\n# Not taken over as it was:\n";
    for (const auto& text : result_.notes) out += "#   " + text + '\n';
    out += "version: 1\nserver:\n";
    if (address.starts_with(':')) {
      out +=
          "  # As node_exporter: who reaches this port of any address of the machine reads it.\n";
    }
    out += "  listen: " + yaml_text(address) + "\nexporters:\n  node:\n";
    out += paths() + collectors();
    result_.yaml = std::move(out);
  }

  std::string paths() const {
    std::string out;
    for (const auto& [name, written] : written_) {
      if (!name.starts_with("paths.") || !find_option(name)) continue;
      out += fmt::format("      {}: {}\n", name.substr(6), yaml_text(written.values.front()));
    }
    return out.empty() ? out : "    paths:\n" + out;
  }

  // Every collector with its state, so that nothing depends on what either program's defaults are.
  std::string collectors() const {
    const bool none_by_default = is_true("collector.disable-defaults");
    std::string out = "    collectors:\n";
    for (const auto& [collector, by_default] : defaults_) {
      const auto chosen = switches_.find(collector);
      const bool is_on =
          chosen != switches_.end() ? chosen->second : by_default && !none_by_default;
      const auto options = options_of(collector);
      if (options.empty()) {
        out += fmt::format("      {}: {}\n", collector, is_on);
      } else {
        out += fmt::format("      {}:\n        enabled: {}\n{}", collector, is_on, options);
      }
    }
    return out;
  }

  std::string options_of(const std::string& collector) const {
    const auto prefix = "collectors." + collector + ".";
    std::string out;
    for (const auto& [name, written] : written_) {
      const auto* option = find_option(name);
      if (!option || !name.starts_with(prefix)) continue;
      out += fmt::format("        {}: ", name.substr(prefix.size()));
      if (option->type == OptionType::texts) {
        std::vector<std::string> items;
        for (const auto& item : list_of(written)) items.push_back(yaml_text(item));
        out += '[' + join(items, ", ") + "]\n";
      } else if (option->type == OptionType::flag || option->type == OptionType::integer ||
                 option->type == OptionType::number || option->type == OptionType::duration) {
        out += written.values.front() + '\n';
      } else {
        out += yaml_text(written.values.front()) + '\n';
      }
    }
    return out;
  }

  const std::string& folder_;
  const Plugin& plugin_;
  std::map<std::string, bool, std::less<>> defaults_;  // our collectors
  std::map<std::string, bool, std::less<>> switches_;  // those named by a flag, ours or not
  std::map<std::string, Written, std::less<>> written_;
  NodeConfiguration result_;
};

}  // namespace

NodeConfiguration translate_node_flags(std::span<const std::string> arguments,
                                       const std::string& folder, const Plugin& plugin) {
  return Translator(folder, plugin).translate(arguments);
}

int node_flags(const std::vector<std::string>& arguments) {
  const auto plugins = builtin_plugins();
  const auto plugin = std::ranges::find(plugins, "node", [](const Plugin* p) { return p->name; });
  if (plugin == plugins.end()) {
    fmt::print(stderr, "basewatch: this build has no node exporter\n");
    return kFailed;
  }
  const auto result =
      translate_node_flags(arguments, std::filesystem::current_path().string(), **plugin);
  for (const auto& error : result.errors) fmt::print(stderr, "basewatch: {}\n", error);
  if (!result.errors.empty()) return kUsage;
  return print_out(result.yaml) ? kFine : kFailed;
}

}  // namespace basewatch::commands
