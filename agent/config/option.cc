#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>

#include "agent/base/strings.h"
#include "agent/config/instance.h"

namespace basewatch::config {
namespace {

using Value = Settings::Value;

std::string_view wanted(const Option& option) {
  switch (option.type) {
    case OptionType::flag:
      return "true or false";
    case OptionType::integer:
      return "a whole number";
    case OptionType::number:
      return "a number";
    case OptionType::duration:
      return "a duration such as 30s, 5m or 1h30m";
    case OptionType::path:
      return "a path";
    case OptionType::regex:
      return "a regular expression";
    case OptionType::texts:
      return "a text or a list of texts";
    case OptionType::text:
    case OptionType::choice:
    case OptionType::secret:
      return "a text";
  }
  return "";
}

template <typename T>
std::optional<Value> boxed(const std::optional<T>& value) {
  return value ? std::optional<Value>(*value) : std::nullopt;
}

std::optional<Value> typed(OptionType type, const std::string& text) {
  switch (type) {
    case OptionType::flag:
      if (text == "true") return true;
      if (text == "false") return false;
      return std::nullopt;
    case OptionType::integer:
      return boxed(parse_int(text));
    case OptionType::number:
      return boxed(parse_double(text));
    case OptionType::duration:
      return boxed(parse_duration(text));
    default:
      return text;
  }
}

std::optional<Value> read_texts(const Option& option, const yaml::Node& node,
                                const Context& context) {
  std::vector<std::string> out;
  for (const auto& item : node.items) {
    if (item.kind != yaml::Kind::scalar) {
      context.diagnostics.error(item.where, fmt::format("each of {} must be a text", option.name));
      return std::nullopt;
    }
    out.push_back(item.scalar);
  }
  return out;
}

bool check_regex(const Option& option, const yaml::Node& node, const Context& context) {
  const RE2 regex(node.scalar, RE2::Quiet);
  if (regex.ok()) return true;
  // RE2 quotes what it does not understand; of an expanded text only what was written is shown.
  const auto shown = context.expander.shown(node);
  context.diagnostics.error(
      node.where, shown == printable(node.scalar)
                      ? fmt::format("{} is not a valid regular expression: {}", option.name,
                                    printable(regex.error()))
                      : fmt::format("{} is not a valid regular expression once '{}' is expanded",
                                    option.name, shown));
  return false;
}

bool check_choice(const Option& option, const yaml::Node& node, const Context& context) {
  if (std::ranges::find(option.choices, node.scalar) != option.choices.end()) return true;
  context.diagnostics.error(node.where,
                            fmt::format("{} must be one of {}, not '{}'", option.name,
                                        join(option.choices, ", "), context.expander.shown(node)));
  return false;
}

}  // namespace

std::string resolve(const std::string& folder, const std::string& path) {
  if (path.empty() || path.starts_with('/')) return path;
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

std::optional<Value> read_option(const Option& option, const yaml::Node& node,
                                 const Context& context) {
  if (option.type == OptionType::texts && node.kind == yaml::Kind::sequence) {
    return read_texts(option, node, context);
  }
  if (node.kind != yaml::Kind::scalar) {
    context.diagnostics.error(node.where,
                              fmt::format("{} must be {}, not a {}", option.name, wanted(option),
                                          node.kind == yaml::Kind::mapping ? "mapping" : "list"));
    return std::nullopt;
  }
  if (option.type == OptionType::regex && !check_regex(option, node, context)) return std::nullopt;
  if (option.type == OptionType::choice && !check_choice(option, node, context)) {
    return std::nullopt;
  }
  if (option.type == OptionType::path) return resolve(context.folder, node.scalar);
  auto value = typed(option.type, node.scalar);
  if (!value) {
    context.diagnostics.error(node.where,
                              fmt::format("{} must be {}, not '{}'", option.name, wanted(option),
                                          context.expander.shown(node)));
  }
  return value;
}

}  // namespace basewatch::config
