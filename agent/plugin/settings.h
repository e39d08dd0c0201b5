#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/base/clock.h"
#include "catalog/model/metric.h"
#include "catalog/model/query.h"

namespace basewatch {

enum class OptionType : std::uint8_t {
  text,
  flag,       // true or false
  integer,
  number,
  duration,
  path,       // a file or folder
  regex,      // RE2 syntax, unanchored like the peers' flags
  choice,     // one of `choices`
  texts,      // a list of texts; one text alone is a list of one
  secret,     // also as <name>_file; never shown anywhere
};

// An option of an exporter. The name is its way through the YAML: "paths.procfs" stands for
// paths: {procfs: ...}, "collectors.netdev.device_include" for an option of the collector netdev.
struct Option {
  std::string_view name;
  OptionType type;
  std::string_view fallback;  // the default, written as in YAML; empty for none
  std::string_view help;      // one sentence
  std::span<const std::string_view> choices = {};
};

// A setting that has the right type but cannot be used; reported at its place in the file.
class SettingError : public std::runtime_error {
 public:
  SettingError(std::string option, const std::string& message)
      : std::runtime_error(message), option_(std::move(option)) {}
  const std::string& option() const { return option_; }

 private:
  std::string option_;
};

// What a user's site declares and built-in code cannot know: metrics with fixed names, by name, and
// SQL queries.
// Read-only once built; any thread.
class Declarations {
 public:
  virtual ~Declarations() = default;
  virtual const MetricSpec* find(std::string_view name) const = 0;
  virtual std::span<const QuerySpec> queries() const { return {}; }
};

// The options of one instance: every option of the plugin has a value, its default if need be.
// Asking for an option that the plugin does not list, or by another type, is a programming error and
// throws std::logic_error. Read-only; copies are cheap enough to keep.
class Settings {
 public:
  using Value = std::variant<std::string, bool, std::int64_t, double, Duration,
                             std::vector<std::string>, std::function<std::string()>>;

  // For tests and for the config loader. Options without an entry in `values` take their defaults;
  // one without a default is the empty value of its type. A secret may be given as a plain text.
  static Settings make(std::span<const Option> options, std::map<std::string, Value> values = {},
                       std::string instance = "main");

  const std::string& text(std::string_view option) const;  // text, path, regex, choice
  bool flag(std::string_view option) const;
  std::int64_t integer(std::string_view option) const;
  double number(std::string_view option) const;
  Duration duration(std::string_view option) const;
  const std::vector<std::string>& texts(std::string_view option) const;
  // Read at every call, so that a rotated secret file takes effect with the next connection.
  std::string secret(std::string_view option) const;
  bool given(std::string_view option) const;  // stands in the file, even if equal to the default

  // Whether the instance runs that collector, as far as the configuration says so: for a collector
  // whose metrics depend on another one being on.
  bool runs(std::string_view collector, bool by_default) const;
  void set_switches(std::map<std::string, bool, std::less<>> switches);

  const std::string& instance() const { return instance_; }
  const Declarations& declarations() const;  // empty until set; lives as long as any copy of these
  void set_declarations(std::shared_ptr<const Declarations> declarations);

  // The same with other values for some options, for an instance of another name. Throws
  // std::logic_error for an option that the plugin does not list.
  Settings with(const std::map<std::string, Value>& changes, std::string instance) const;

  // Two instances with equal settings are interchangeable: a reload keeps the running one.
  bool operator==(const Settings& other) const { return fingerprint_ == other.fingerprint_; }
  const std::string& fingerprint() const { return fingerprint_; }  // holds secrets: never shown
  void set_fingerprint(std::string fingerprint) { fingerprint_ = std::move(fingerprint); }

 private:
  struct Entry {
    OptionType type;
    Value value;
    bool given;
  };
  const Entry& entry(std::string_view option, std::initializer_list<OptionType> types) const;

  std::string instance_;
  std::string fingerprint_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, bool, std::less<>> switches_;  // not of the fingerprint: who compares
                                                       // instances compares these themselves
  std::shared_ptr<const Declarations> declarations_;
};

}  // namespace basewatch
