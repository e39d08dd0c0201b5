#include "agent/commands/completion.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <vector>

#include "agent/base/strings.h"
#include "agent/commands/commands.h"
#include "agent/commands/output.h"
#include "agent/commands/setup.h"
#include "agent/plugin/builtin.h"
#include "catalog/load/embedded.h"
#include "catalog/load/load.h"

namespace basewatch::commands {
namespace {

// What does not depend on the commands. `words` is called with what the generated part found out.
constexpr auto kHead = R"(# bash completion for basewatch; printed by `basewatch completion bash`.
_basewatch() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path="" config="" kind="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path ${COMP_WORDS[i]}" in
)";
constexpr auto kMiddle = R"(    esac
    if [[ ${COMP_WORDS[i]} == --config ]]; then
      config=${COMP_WORDS[i+1]}
      [[ $config != "=" ]] || config=${COMP_WORDS[i+2]}
    fi
  done
  # bash takes --option=value apart at the equals sign.
  if [[ $cur == "=" ]]; then cur=""; elif [[ $prev == "=" ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  case "$path:$prev" in
)";
constexpr auto kTail = R"(  esac
  COMPREPLY=()
  case "$kind" in
    FILE) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    DIR) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    *)
      case "$kind" in
        INSTANCE) kind=$("${COMP_WORDS[0]}" completion instances ${config:+--config "$config"} 2>/dev/null) ;;
        ALERT) kind=$("${COMP_WORDS[0]}" completion alerts 2>/dev/null) ;;
        METRIC) kind=$("${COMP_WORDS[0]}" completion metrics 2>/dev/null) ;;
      esac
      mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$cur")
      ;;
  esac
}
complete -F _basewatch basewatch
)";

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// "text|openmetrics" are the words themselves, FILE and DIR are found by the shell, and the words
// of positional arguments by their name.
std::string kind_of(const CLI::Option& option) {
  auto kind = option.get_type_name();
  if (option.get_positional() && kind.empty()) {
    kind = option.get_name(true);
    std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return std::toupper(c); });
  }
  std::ranges::replace(kind, '|', ' ');
  return kind;
}

class Script {
 public:
  explicit Script(const CLI::App& app) { add(app, ""); }

  std::string text() const {
    return kHead + paths_ + kMiddle + values_ + "    *) case \"$path\" in\n" + words_ +
           "    esac ;;\n" + kTail;
  }

 private:
  void add(const CLI::App& app, const std::string& path) {
    std::vector<std::string> options, words;
    std::string positional;
    for (const auto* option : app.get_options()) {
      for (const auto& name : option->get_lnames()) {
        options.push_back("--" + name);
        if (option->get_items_expected_max() > 0) {
          values_ += fmt::format("    \"{}:--{}\") kind=\"{}\" ;;\n", path, name, kind_of(*option));
        }
      }
      if (option->get_positional()) positional = kind_of(*option);
    }
    for (const auto* command : commands_of(app)) {
      const auto& name = command->get_name();
      words.push_back(name);
      paths_ += fmt::format("      \"{0} {1}\") path=\"{0}{2}{1}\" ;;\n", path, name,
                            path.empty() ? "" : " ");
      add(*command, path.empty() ? name : path + " " + name);
    }
    words_ += fmt::format(
        "      \"{}\") if [[ $cur == -* ]]; then kind=\"{}\"; else kind=\"{}\"; fi ;;\n", path,
        join(options, " "), words.empty() ? positional : join(words, " "));
  }

  std::string paths_, values_, words_;
};

catalog::Catalog shipped_catalog() {
  Diagnostics diagnostics;
  return catalog::load(catalog::embedded_files(), "catalog/", diagnostics);
}

std::string alert_names() {
  const auto catalog = shipped_catalog();
  std::string out;
  for (const auto& subject : catalog.subjects) {
    for (const auto& alert : subject.alerts) out += alert.name.value + "\n";
  }
  return out;
}

std::string metric_names() {
  const auto catalog = shipped_catalog();
  std::string out;
  for (const auto& subject : catalog.subjects) {
    for (const auto& metric : subject.metrics) out += std::string(metric.spec.name) + "\n";
    for (const auto& family : subject.families) {
      for (const auto known : family.spec.known) out += family.spec.name(known) + "\n";
    }
  }
  return out;
}

std::string instance_names(const std::string& config_path) {
  Diagnostics diagnostics;
  const auto setup = make_setup(config_path, builtin_plugins(), diagnostics);
  std::string out = "agent\n";
  for (const auto& plan : setup.plans) {
    const auto same = std::ranges::count(setup.plans, plan.plugin, &scrape::InstancePlan::plugin);
    if (same == 1) out += fmt::format("{}\n", plan.plugin->name);
    out += fmt::format("{}/{}\n", plan.plugin->name, plan.name);
  }
  return out;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  return Script(app).text();
}

int complete(const CLI::App& app, const std::string& what, const std::string& config_path) {
  const auto text = what == "bash"      ? bash_completion(app)
                    : what == "alerts"  ? alert_names()
                    : what == "metrics" ? metric_names()
                                        : instance_names(config_path);
  return print_out(text) ? kFine : kFailed;
}

}  // namespace basewatch::commands
