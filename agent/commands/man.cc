#include "agent/commands/man.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "agent/base/strings.h"
#include "agent/base/version.h"

namespace basewatch::commands {
namespace {

// Text as troff takes it: backslashes and hyphens escaped, no line a request.
std::string troff(std::string_view text) {
  std::string out;
  bool at_begin = true;
  for (const char c : text) {
    if (at_begin && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    at_begin = c == '\n';
  }
  return out;
}

std::string option_text(const CLI::Option& option) {
  std::string head;
  for (const auto& name : option.get_snames()) head += (head.empty() ? "-" : ", -") + name;
  for (const auto& name : option.get_lnames()) head += (head.empty() ? "--" : ", --") + name;
  if (head.empty()) head = option.get_name(true);
  const bool takes_value = option.get_items_expected_max() > 0;
  return fmt::format(
      ".TP\n.B {}{}\n{}\n", troff(head),
      takes_value && !option.get_positional() ? " " + troff(option.get_type_name()) : "",
      troff(option.get_description()));
}

std::string command_text(const CLI::App& command, const std::string& path) {
  std::string usage = path;
  for (const auto* option : command.get_options()) {
    if (option->get_positional()) usage += fmt::format(" {}", option->get_name(true));
  }
  auto out =
      fmt::format(".SS \"basewatch {}\"\n{}.\n", troff(usage), troff(command.get_description()));
  for (const auto* option : command.get_options()) {
    const auto& names = option->get_lnames();
    if (std::ranges::find(names, "help") == names.end()) out += option_text(*option);
  }
  if (const auto footer = command.get_footer(); !footer.empty()) {
    out += ".PP\n.nf\n" + troff(footer) + "\n.fi\n";
  }
  for (const auto* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    out += command_text(*below, path + " " + below->get_name());
  }
  return out;
}

constexpr auto kRest = R"(.SH SIGNALS
.TP
.B SIGTERM, SIGINT
End: requests under way are answered, and after five seconds at most the process is gone.
.TP
.B SIGHUP
Read the configuration anew: all of it, or with any error nothing.
.SH ENVIRONMENT
.TP
.B NOTIFY_SOCKET, WATCHDOG_USEC
Set by systemd for a service of Type=notify with WatchdogSec.
.SH FILES
.TP
.I /etc/basewatch/basewatch.yml
The configuration by custom; nothing is read that is not named by \-\-config.
.SH SEE ALSO
.BR prometheus (1),
.BR systemctl (1)
)";

}  // namespace

std::string man_page(const CLI::App& app) {
  auto out = fmt::format(
      ".TH BASEWATCH 1 \"\" \"basewatch {}\" \"User Commands\"\n.SH NAME\nbasewatch \\- watches a "
      "self\\-hosted Supabase\n.SH SYNOPSIS\n.B basewatch\n.I COMMAND\n[ARGUMENTS]\n.SH "
      "DESCRIPTION\n{}\n",
      version(), troff(app.get_description()));
  for (const auto* option : app.get_options()) out += option_text(*option);
  out += ".SH COMMANDS\n";
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    out += command_text(*command, command->get_name());
  }
  return out + ".SH \"EXIT STATUS\"\n.nf\n" + troff(app.get_footer()) + "\n.fi\n" + kRest;
}

}  // namespace basewatch::commands
