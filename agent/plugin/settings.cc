#include "agent/plugin/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "agent/base/strings.h"
#include "agent/base/yaml.h"

namespace basewatch {
namespace {

class NoDeclarations final : public Declarations {
 public:
  const MetricSpec* find(std::string_view) const override { return nullptr; }
};

std::string_view type_word(OptionType type) {
  switch (type) {
    case OptionType::text:
      return "text";
    case OptionType::flag:
      return "flag";
    case OptionType::integer:
      return "integer";
    case OptionType::number:
      return "number";
    case OptionType::duration:
      return "duration";
    case OptionType::path:
      return "path";
    case OptionType::regex:
      return "regex";
    case OptionType::choice:
      return "choice";
    case OptionType::texts:
      return "texts";
    case OptionType::secret:
      return "secret";
  }
  return "";
}

// A mistake in the plugin or its test, never in the user's file.
[[noreturn]] void misuse(const Option& option, std::string_view what) {
  throw std::logic_error(
      fmt::format("option {} ({}): {}", option.name, type_word(option.type), what));
}

template <typename T>
T needed(std::optional<T> value, const Option& option) {
  if (!value) misuse(option, fmt::format("the default '{}' has another type", option.fallback));
  return *value;
}

std::vector<std::string> texts_of(const Option& option) {
  if (option.fallback.empty()) return {};
  if (!option.fallback.starts_with('[')) return {std::string(option.fallback)};
  Diagnostics diagnostics;
  const auto node = yaml::parse(option.fallback, option.name, diagnostics);
  std::vector<std::string> out;
  for (const auto& item : node.items) {
    if (auto text = yaml::as_string(item, option.name, diagnostics)) out.push_back(*text);
  }
  if (!diagnostics.ok()) misuse(option, diagnostics.text());
  return out;
}

// An option without a default reads as the empty value of its type; given() tells it from a written
// one.
Settings::Value fallback_value(const Option& option) {
  const auto text = option.fallback;
  switch (option.type) {
    case OptionType::flag:
      if (text != "" && text != "true" && text != "false") misuse(option, "the default is no flag");
      return text == "true";
    case OptionType::integer:
      return text.empty() ? std::int64_t{0} : needed(parse_int(text), option);
    case OptionType::number:
      return text.empty() ? 0.0 : needed(parse_double(text), option);
    case OptionType::duration:
      return text.empty() ? Duration::zero() : needed(parse_duration(text), option);
    case OptionType::texts:
      return texts_of(option);
    case OptionType::text:
    case OptionType::path:
    case OptionType::regex:
    case OptionType::choice:
    case OptionType::secret:
      return std::string(text);
  }
  misuse(option, "has no such type");
}

bool holds(OptionType type, const Settings::Value& value) {
  switch (type) {
    case OptionType::flag:
      return std::holds_alternative<bool>(value);
    case OptionType::integer:
      return std::holds_alternative<std::int64_t>(value);
    case OptionType::number:
      return std::holds_alternative<double>(value);
    case OptionType::duration:
      return std::holds_alternative<Duration>(value);
    case OptionType::texts:
      return std::holds_alternative<std::vector<std::string>>(value);
    case OptionType::secret:
      return std::holds_alternative<std::function<std::string()>>(value);
    case OptionType::text:
    case OptionType::path:
    case OptionType::regex:
    case OptionType::choice:
      return std::holds_alternative<std::string>(value);
  }
  return false;
}

// Brings what is convenient to write in a test into the one form that is stored.
Settings::Value stored(const Option& option, Settings::Value value) {
  if (auto* whole = std::get_if<std::int64_t>(&value); whole && option.type == OptionType::number) {
    value = static_cast<double>(*whole);
  }
  if (auto* text = std::get_if<std::string>(&value)) {
    if (option.type == OptionType::secret) {
      value = std::function<std::string()>([secret = std::move(*text)] { return secret; });
    } else if (option.type == OptionType::texts) {
      value = std::vector<std::string>{std::move(*text)};
    }
  }
  if (!holds(option.type, value)) misuse(option, "is given a value of another type");
  if (option.type == OptionType::choice) {
    const auto& word = std::get<std::string>(value);
    if (!word.empty() && std::ranges::find(option.choices, word) == option.choices.end()) {
      misuse(option, fmt::format("'{}' is not among its choices", word));
    }
  }
  return value;
}

// Lengths in front keep two different lists of texts from looking the same when put together.
std::string canonical(const Settings::Value& value) {
  struct Visitor {
    std::string operator()(const std::string& text) const {
      return fmt::format("{}:{}", text.size(), text);
    }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return format_double(number); }
    std::string operator()(Duration span) const { return std::to_string(span.count()); }
    std::string operator()(const std::vector<std::string>& texts) const {
      std::string out;
      for (const auto& text : texts) out += (*this)(text);
      return out;
    }
    std::string operator()(const std::function<std::string()>&) const { return "?"; }
  };
  return std::visit(Visitor{}, value);
}

}  // namespace

Settings Settings::make(std::span<const Option> options, std::map<std::string, Value> values,
                        std::string instance) {
  Settings out;
  out.instance_ = std::move(instance);
  for (const auto& option : options) {
    const auto found = values.find(std::string(option.name));
    const bool given = found != values.end();
    auto value = given ? std::move(found->second) : fallback_value(option);
    if (given) {
      out.fingerprint_ += fmt::format("{}={}\n", option.name, canonical(value));
      values.erase(found);
    }
    const auto [place, fresh] = out.entries_.try_emplace(
        std::string(option.name), Entry{option.type, stored(option, std::move(value)), given});
    if (!fresh) misuse(option, "stands in the list twice");
  }
  if (!values.empty()) {
    throw std::logic_error(fmt::format("there is no option {}", values.begin()->first));
  }
  return out;
}

const Settings::Entry& Settings::entry(std::string_view option,
                                       std::initializer_list<OptionType> types) const {
  const auto found = entries_.find(option);
  if (found == entries_.end()) throw std::logic_error(fmt::format("there is no option {}", option));
  const auto type = found->second.type;
  if (types.size() > 0 && std::ranges::find(types, type) == types.end()) {
    throw std::logic_error(fmt::format("option {} is a {}", option, type_word(type)));
  }
  return found->second;
}

const std::string& Settings::text(std::string_view option) const {
  using enum OptionType;
  return std::get<std::string>(entry(option, {text, path, regex, choice}).value);
}

bool Settings::flag(std::string_view option) const {
  return std::get<bool>(entry(option, {OptionType::flag}).value);
}

std::int64_t Settings::integer(std::string_view option) const {
  return std::get<std::int64_t>(entry(option, {OptionType::integer}).value);
}

double Settings::number(std::string_view option) const {
  return std::get<double>(entry(option, {OptionType::number}).value);
}

Duration Settings::duration(std::string_view option) const {
  return std::get<Duration>(entry(option, {OptionType::duration}).value);
}

const std::vector<std::string>& Settings::texts(std::string_view option) const {
  return std::get<std::vector<std::string>>(entry(option, {OptionType::texts}).value);
}

std::string Settings::secret(std::string_view option) const {
  return std::get<std::function<std::string()>>(entry(option, {OptionType::secret}).value)();
}

bool Settings::given(std::string_view option) const {
  return entry(option, {}).given;
}

bool Settings::runs(std::string_view collector, bool by_default) const {
  const auto found = switches_.find(collector);
  return found == switches_.end() ? by_default : found->second;
}

void Settings::set_switches(std::map<std::string, bool, std::less<>> switches) {
  switches_ = std::move(switches);
}

const Declarations& Settings::declarations() const {
  static const NoDeclarations none;
  return declarations_ ? *declarations_ : none;
}

void Settings::set_declarations(std::shared_ptr<const Declarations> declarations) {
  declarations_ = std::move(declarations);
}

Settings Settings::with(const std::map<std::string, Value>& changes, std::string instance) const {
  auto out = *this;
  out.instance_ = std::move(instance);
  for (const auto& [name, value] : changes) {
    const auto found = out.entries_.find(name);
    if (found == out.entries_.end()) throw std::logic_error("there is no option " + name);
    auto& entry = found->second;
    if (entry.value.index() != value.index()) {
      throw std::logic_error("the option " + name + " is given a value of another type");
    }
    entry.value = value;
    entry.given = true;
    out.fingerprint_ += "\n" + name;
    if (const auto* text = std::get_if<std::string>(&value)) out.fingerprint_ += "=" + *text;
    if (const auto* flag = std::get_if<bool>(&value)) out.fingerprint_ += *flag ? "=1" : "=0";
  }
  return out;
}

}  // namespace basewatch
