#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "agent/base/version.h"
#include "agent/commands/commands.h"
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
  std::string config, metric, folder;
  std::vector<std::string> names;
  GenerateOptions generate;
  bool force = false, version = false;
};

using Action = std::function<int()>;

// Declares one subcommand after the other; each sets `action` when it is chosen.
void declare(CLI::App& app, Arguments& args, Action& action) {
  const auto command = [&](CLI::App& parent, const char* name, const char* help, Action does) {
    auto* added = parent.add_subcommand(name, help);
    added->callback([&action, does = std::move(does)] { action = does; });
    return added;
  };
  const auto with_config = [&](CLI::App* added) {
    added->add_option("--config", args.config, kConfigHelp)->type_name("FILE");
  };

  with_config(command(app, "run", "Watch, and serve what is seen until SIGTERM; SIGHUP reloads",
                      [&] { return run(args.config); }));

  auto* once_command = command(app, "once", "Look once and print the page",
                               [&] { return once(args.names, args.config); });
  once_command
      ->add_option("instance", args.names,
                   "EXPORTER or EXPORTER/NAME: the page of that instance; none: all, labelled")
      ->type_name("");
  with_config(once_command);

  with_config(command(app, "check", "Check the configuration and try every collector once",
                      [&] { return check(args.config); }));

  auto* generate_command =
      command(app, "generate", "Write rules, alerts, boards, routes, runbooks and reference",
              [&] { return generate(args.generate); });
  auto* config = generate_command->add_option(
      "--config", args.generate.config, "Take site, jobs and targets from this configuration");
  config->type_name("FILE");
  generate_command->add_option("--site", args.generate.site, "Take this site file")
      ->type_name("FILE")
      ->excludes(config);
  generate_command
      ->add_option("--catalog", args.generate.catalog, "A catalog in place of the built-in one")
      ->type_name("DIR");
  generate_command->add_option("--out", args.generate.out, "Where to write; default: here")
      ->type_name("DIR");
  generate_command->add_flag("--check", args.generate.check_only,
                             "Write nothing; list what is not current, then with status 1");

  auto* catalog = app.add_subcommand("catalog", "Show the metrics that basewatch knows");
  catalog->require_subcommand(1);
  command(*catalog, "list", "Every metric with type, labels and subject",
          [] { return catalog_list(); });
  command(*catalog, "show", "One metric: what it is and who uses it",
          [&] { return catalog_show(args.metric); })
      ->add_option("metric", args.metric, "Its name")
      ->required()
      ->type_name("");
  auto* exporting = command(*catalog, "export", "Write the built-in catalog to a folder",
                            [&] { return catalog_export(args.folder, args.force); });
  exporting->add_option("dir", args.folder, "The folder")->required()->type_name("");
  exporting->add_flag("--force", args.force, "Overwrite files that differ");
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("Watches a self-hosted Supabase: one small agent in place of many exporters.",
               "basewatch");
  Arguments args;
  Action action;
  app.add_flag("--version", args.version, "Print the version");
  app.footer("Exit status: 0 fine, 1 what was checked failed, 2 usage or configuration, 3 partly.");
  declare(app, args, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    const CLI::App* of = &app;
    for (auto below = chosen; !below.empty(); below = of->get_subcommands()) of = below.front();
    return print_out(of->help("basewatch")) ? kFine : kFailed;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "basewatch: %s\nbasewatch --help lists what there is\n", error.what());
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
