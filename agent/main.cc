#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "agent/base/strings.h"
#include "agent/base/version.h"
#include "agent/commands/commands.h"
#include "agent/commands/completion.h"
#include "agent/commands/man.h"
#include "agent/commands/output.h"

// Subcommands and their options; what they do is in agent/commands/.
namespace {

using namespace basewatch::commands;

constexpr auto kConfigHelp =
    "The configuration file; without it: the node exporter on 127.0.0.1:9777";

std::string version_text() {
  const std::string revision(basewatch::revision());
  return "basewatch " + std::string(basewatch::version()) +
         (revision.empty() ? "" : " (revision " + revision + ")") + ", built with " +
         std::string(basewatch::compiler()) + "\n";
}

struct Arguments {
  std::string config, metric, folder, words, format = "text";
  std::vector<std::string> names;
  GenerateOptions generate;
  ExplainOptions explain;
  bool dry_run = false;
  bool force = false, version = false;
};

using Action = std::function<int()>;

// Declares one subcommand after the other; each sets `action` when it is chosen.
void declare(CLI::App& app, Arguments& args, Action& action) {
  const auto command = [&](CLI::App& parent, const char* name, const char* help,
                           const char* examples, Action does) {
    auto* added = parent.add_subcommand(name, help);
    added->footer(examples);
    added->callback([&action, does = std::move(does)] { action = does; });
    return added;
  };
  const auto with_config = [&](CLI::App* added) {
    added->add_option("--config", args.config, kConfigHelp)->type_name("FILE");
  };

  with_config(
      command(app, "run", "Watch, and serve what is seen until SIGTERM; SIGHUP reloads",
              "Examples:\n"
              "  basewatch run                                      this host, on 127.0.0.1:9777\n"
              "  basewatch run --config /etc/basewatch/basewatch.yml\n\n"
              "Exit status: 0 after SIGTERM or SIGINT, 2 when the configuration is wrong or the\n"
              "address is taken. The log goes to standard error.",
              [&] { return run(args.config); }));

  auto* once_command = command(
      app, "once", "Look once and print the page",
      "Examples:\n"
      "  basewatch once node                                what node_exporter would say\n"
      "  basewatch once postgres/main --config mine.yml\n"
      "  basewatch once --format openmetrics\n\n"
      "Exit status: 0 fine, 3 some collectors failed, 1 all did, 2 usage or configuration.\n"
      "What failed stands on standard error.",
      [&] { return once(args.names, args.config, args.format); });
  once_command
      ->add_option("instance", args.names,
                   "EXPORTER or EXPORTER/NAME: the page of that instance; none: all, labelled")
      ->type_name("");
  once_command->add_option("--format", args.format, "How to write it; default: text (0.0.4)")
      ->type_name("text|openmetrics")
      ->check(CLI::IsMember({"text", "openmetrics"}).description(""));
  with_config(once_command);

  with_config(command(
      app, "check", "Check the configuration and try every collector once",
      "Examples:\n"
      "  basewatch check\n"
      "  basewatch check --config /etc/basewatch/basewatch.yml && systemctl reload basewatch\n\n"
      "Exit status: 0 all works, 1 a collector or a module failed, 2 the configuration is wrong.",
      [&] { return check(args.config); }));

  auto* generate_command = command(
      app, "generate", "Write rules, alerts, boards, routes, runbooks and reference",
      "Examples:\n"
      "  basewatch generate --config /etc/basewatch/basewatch.yml --out /etc/prometheus/basewatch\n"
      "  basewatch generate --site site.yml --check         in CI: are the files current?\n"
      "  basewatch generate --site site.yml --dry-run --prometheus http://127.0.0.1:9090\n\n"
      "Exit status: 0 fine, 1 a file is not current (--check) or cannot be written, or Prometheus\n"
      "does not answer (--dry-run), 2 usage or configuration, 3 some alerts could not be "
      "evaluated.",
      [&] {
        if (!args.dry_run) args.generate.prometheus.clear();
        return generate(args.generate);
      });
  const auto with_release = [](CLI::App* added, ReleaseOptions& release) {
    auto* config = added->add_option("--config", release.config,
                                     "Take site, jobs and targets from this configuration");
    config->type_name("FILE");
    added->add_option("--site", release.site, "Take this site file")
        ->type_name("FILE")
        ->excludes(config);
    added->add_option("--catalog", release.catalog, "A catalog in place of the built-in one")
        ->type_name("DIR");
  };
  with_release(generate_command, args.generate.release);
  generate_command->add_option("--out", args.generate.out, "Where to write; default: here")
      ->type_name("DIR");
  generate_command->add_flag("--check", args.generate.check_only,
                             "Write nothing; list what is not current, then with status 1");
  auto* dry = generate_command->add_flag(
      "--dry-run", args.dry_run,
      "Write nothing; tell what the alerts would have done, by Prometheus' data of the last days");
  generate_command
      ->add_option("--prometheus", args.generate.prometheus,
                   "Whose data; default: http://127.0.0.1:9090")
      ->type_name("URL")
      ->needs(dry);
  generate_command->add_option("--days", args.generate.days, "How far back; default: 7")
      ->type_name("DAYS")
      ->check(CLI::Range(1, 400).description(""))
      ->needs(dry);

  auto* explain_command =
      command(app, "explain", "One alert: what it means, its limits, its values now, what to do",
              "Examples:\n"
              "  basewatch explain RedisDown\n"
              "  basewatch explain NodeMemoryLow --site site.yml --prometheus "
              "https://prometheus.example.org\n\n"
              "Exit status: 0 fine, 2 there is no such alert, 3 Prometheus does not answer.",
              [&] { return explain(args.explain); });
  explain_command->add_option("alert", args.explain.alert, "Its name")->required()->type_name("");
  auto* whose =
      explain_command->add_option("--prometheus", args.explain.prometheus,
                                  "Where it is evaluated; default: http://127.0.0.1:9090");
  whose->type_name("URL");
  explain_command->add_flag("--offline", args.explain.offline, "Ask no Prometheus")
      ->excludes(whose);
  with_release(explain_command, args.explain.release);

  auto* flags = app.add_subcommand("node-flags", "Make a configuration of node_exporter's flags");
  flags->callback(
      [&action, flags] { action = [flags] { return node_flags(flags->remaining()); }; });
  flags->prefix_command();  // what follows is not ours to understand
  flags->footer(
      "basewatch node-flags FLAGS...\n"
      "prints a complete configuration that does what node_exporter does with these flags.\n\n"
      "Example: basewatch node-flags --no-collector.arp --web.listen-address=:9100 > "
      "basewatch.yml");

  auto* catalog = app.add_subcommand("catalog", "Show the metrics that basewatch knows");
  catalog->require_subcommand(1);
  command(*catalog, "list", "Every metric with type, labels and subject",
          "Example: basewatch catalog list | grep filesystem", [] { return catalog_list(); });
  command(*catalog, "show", "One metric: what it is and who uses it",
          "Example: basewatch catalog show node_load1\n\n"
          "Exit status: 0 fine, 2 there is no such metric.",
          [&] { return catalog_show(args.metric); })
      ->add_option("metric", args.metric, "Its name")
      ->required()
      ->type_name("");
  auto* exporting = command(
      *catalog, "export", "Write the built-in catalog to a folder",
      "Example: basewatch catalog export my-catalog\n\n"
      "Exit status: 0 fine, 1 a file there has other content (see --force) or cannot be written.",
      [&] { return catalog_export(args.folder, args.force); });
  exporting->add_option("dir", args.folder, "The folder")->required()->type_name("");
  exporting->add_flag("--force", args.force, "Overwrite files that differ");

  auto* completion =
      command(app, "completion", "Print what a shell needs to complete basewatch's commands",
              "Examples:\n"
              "  source <(basewatch completion bash)\n"
              "  basewatch completion bash > /etc/bash_completion.d/basewatch\n\n"
              "`instances`, `alerts` and `metrics` list the words that the script offers.",
              [&] { return complete(app, args.words, args.config); });
  completion->add_option("what", args.words, "bash, instances, alerts or metrics")
      ->required()
      ->type_name("bash|instances|alerts|metrics")
      ->check(CLI::IsMember({"bash", "instances", "alerts", "metrics"}).description(""));
  with_config(completion);
  command(app, "man", "Print the manual page (man -l -)", "Example: basewatch man | man -l -",
          [&] { return print_out(man_page(app)) ? kFine : kFailed; });
}

// The chosen subcommand that is deepest, or the program itself.
const CLI::App* chosen(const CLI::App& app) {
  const CLI::App* of = &app;
  for (auto below = app.get_subcommands(); !below.empty(); below = of->get_subcommands()) {
    of = below.front();
  }
  return of;
}

// The words before a command's own name: "basewatch catalog".
std::string path_above(const CLI::App& command) {
  const auto* parent = command.get_parent();
  if (!parent) return {};
  return parent->get_parent() ? path_above(*parent) + " " + parent->get_name() : parent->get_name();
}

// What was probably meant by the first word that nobody knows: " did you mean 'run'?", or nothing.
std::string guess(const CLI::App& app) {
  const auto* of = chosen(app);
  auto left = of->remaining();
  if (left.empty()) left = app.remaining();
  if (left.empty()) return {};
  std::vector<std::string> known;
  if (left.front().starts_with('-')) {
    for (const auto* option : of->get_options()) {
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
  } else {
    for (const auto* command : of->get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(command->get_name());
    }
  }
  const auto word = left.front().substr(0, left.front().find('='));
  const auto meant = basewatch::nearest(word, {known.begin(), known.end()});
  return meant.empty() ? "" : "; did you mean '" + std::string(meant) + "'?";
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("Watches a self-hosted Supabase: one small agent in place of many exporters.",
               "basewatch");
  Arguments args;
  Action action;
  app.add_flag("--version", args.version, "Print the version");
  app.footer(
      "`basewatch COMMAND --help` has examples.\n"
      "Exit status: 0 fine, 1 what was checked failed, 2 usage or configuration, 3 partly.");
  declare(app, args, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto* of = chosen(app);
    return print_out(of->help(path_above(*of))) ? kFine : kFailed;
  } catch (const CLI::ParseError& error) {
    const auto* of = chosen(app);
    std::fprintf(stderr, "basewatch: %s%s\n`basewatch%s --help` lists what there is\n",
                 error.what(), guess(app).c_str(),
                 of == &app ? "" : (" " + of->get_name()).c_str());
    return kUsage;
  }
  if (args.version) return print_out(version_text()) ? kFine : kFailed;
  if (action) return action();
  std::fputs(app.help().c_str(), stderr);
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of that write, not our end
  int status = kFailed;
  try {
    status = parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "basewatch: %s\n", error.what());
  }
  // A run that hangs may come back at any time: what it uses must not be destroyed under it.
  std::fflush(nullptr);
  std::_Exit(status);
}
