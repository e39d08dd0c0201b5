#include "agent/status/remedy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "agent/base/strings.h"

namespace basewatch::status {
namespace {

// {exporter} and {collector} are filled in. The first whose words are all in the reason is taken.
struct Entry {
  std::vector<std::string_view> words;  // in lower case
  std::string_view text;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      // What the engine says.
      {{"older than", "intervals of"},
       "Its runs do not end in time. Give it more time between them (`collectors: {{{collector}: "
       "{{every: ...}}}}`) or find out why the system is slow."},
      {{"runs from before the last reloads still hang"},
       "What they wait for is still gone. Repair that, then restart the agent."},
      {{"holds the lane"}, "It waits its turn: see to the collector that is named first."},
      {{"no thread was free"},
       "The machine gives the agent no threads: see TasksMax= of its unit, pids.max of its "
       "container, and `ulimit -u`."},
      {{"above the cap of"},
       "Raise `max_series` of the instance if the number is honest; otherwise narrow down what it "
       "reads, or switch collectors off."},
      {{"longer than the"},
       "If it is always slow, move it into the background (`collectors: {{{collector}: {{every: "
       "60s}}}}`); scrapes then get its last result. If it is new, the system itself is slow: look "
       "at its load and its disks."},
      {{"not finished in time"},
       "Give the scrape more time (scrape_timeout in Prometheus), or move it into the background "
       "(`collectors: {{{collector}: {{every: 60s}}}}`)."},
      // PostgreSQL.
      {{"password authentication failed"},
       "The server refuses user or password: compare the instance's password_file with `ALTER ROLE "
       "... PASSWORD`."},
      {{"no pg_hba.conf entry"},
       "Allow the agent's user and address in pg_hba.conf, then `SELECT pg_reload_conf()`."},
      {{"peer authentication failed"},
       "By socket the server wants a system user of the same name: add a line in pg_ident.conf, or "
       "connect by TCP with a password."},
      {{"permission denied for"},
       "The agent's role lacks the right: `GRANT pg_monitor TO` it, for what is your own `GRANT "
       "SELECT`."},
      {{"connection slots"},
       "The server has no connection left: find who holds them in pg_stat_activity, or raise "
       "max_connections."},
      {{"too many clients"},
       "The server has no connection left: find who holds them in pg_stat_activity, or raise "
       "max_connections."},
      {{"pg_stat_statements"},
       "Put pg_stat_statements into shared_preload_libraries, restart the server and `CREATE "
       "EXTENSION pg_stat_statements`."},
      {{"role", "does not exist"}, "Create the role, or correct user= of the instance."},
      {{"database", "does not exist"}, "Correct dbname= of the instance."},
      {{"the database system is starting up"}, "It recovers; wait, and look at its log."},
      // Redis.
      {{"asks for a password"}, "The server wants a password: set password_file of the instance."},
      {{"does not accept the user or the password"},
       "The server refuses user or password: compare user and password_file with `ACL LIST`. A "
       "changed file is read at the next connect; nothing has to be restarted."},
      {{"give its user +info"},
       "The agent's Redis user lacks the right: `ACL SETUSER` ... +info; docs/redis.md lists all."},
      {{"script kill"},
       "A script holds up every client: `CLIENT LIST` shows whose (cmd=eval), `SCRIPT KILL` ends "
       "it."},
      {{"maxclients"},
       "Find who holds the connections in `CLIENT LIST`, or raise maxclients by `CONFIG SET`."},
      {{"protected mode"},
       "Give the server a password (requirepass or an ACL) and the instance its password_file."},
      {{"no redis protocol"},
       "Something else listens there: correct url of the instance; a TLS port wants rediss://."},
      {{"does not answer in time"},
       "No answer came: is the server stopped, swapping, or busy with a slow command (`SLOWLOG "
       "GET`)?"},
      // The network.
      {{"connection refused"},
       "Nothing listens there: start the service, or correct the address of the instance."},
      {{"name or service not known"},
       "The name cannot be resolved: correct it, or see to the DNS."},
      {{"could not resolve"}, "The name cannot be resolved: correct it, or see to the DNS."},
      {{"could not translate host name"},
       "The name cannot be resolved: correct it, or see to the DNS."},
      {{"no route to host"},
       "The address cannot be reached from here: see to routes and firewall."},
      {{"network is unreachable"},
       "The address cannot be reached from here: see to routes and firewall."},
      {{"certificate"},
       "The certificate is not accepted: is it expired, for another name, or from an authority "
       "that "
       "the instance is not told of?"},
      {{"timed out"},
       "No answer came: is the service overloaded or stopped, or does a firewall drop the "
       "packets?"},
      {{"timeout expired"},
       "No answer came: is the service overloaded or stopped, or does a firewall drop the "
       "packets?"},
      {{" 401"}, "It wants a login: set the password or token of the instance."},
      {{" 403"}, "The login is known and lacks the right: allow it what it asks for."},
      // The machine.
      {{"/proc/", "/fd", "permission denied"},
       "Other users' processes are closed to the agent: give it CAP_SYS_PTRACE "
       "(AmbientCapabilities= in its unit)."},
      {{"permission denied"},
       "The agent's user may not read it: put the user into the group that owns the file, or give "
       "the agent CAP_DAC_READ_SEARCH (AmbientCapabilities= in its unit). `basewatch check`, run "
       "as "
       "the same user, says which."},
      {{"netlink", "operation not permitted"},
       "The kernel wants CAP_NET_ADMIN for this (AmbientCapabilities= in the agent's unit)."},
      {{"operation not permitted"},
       "The kernel wants a capability for this; in a container its runtime or seccomp may be what "
       "refuses."},
      {{"too many open files"}, "Raise LimitNOFILE= of the agent's unit."},
      {{"cannot allocate memory"},
       "The machine or the agent's memory limit is full: see MemoryMax= of its unit."},
      {{"input/output error"}, "The device has errors: see `dmesg -T`, and take a backup now."},
      {{"stale file handle"}, "Mount it anew: `umount -l`, then `mount`."},
      {{"no such file or directory"},
       "It is not where it was looked for. In a container: mount the host's folder and name it "
       "under "
       "`paths:`. If this machine does not have it, switch the collector off: `collectors: "
       "{{{collector}: false}}`."},
      {{"is a directory"},
       "A folder lies where a file should be: correct the path under `paths:`, or what made it."},
      {{"not a directory"},
       "A file lies where a folder should be: correct the path under `paths:`, or what made it."},
      {{"cannot be listed"}, "Correct the name of the folder, or make it."},
      {{"is larger than"}, "Something writes far too much into it: find out what, and shorten it."},
  };
  return all;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) {
    return static_cast<char>(c < 0x80 ? std::tolower(c) : c);
  });
  return out;
}

const Entry* find(std::string_view reason) {
  const auto text = lower(reason);
  const auto found = std::ranges::find_if(entries(), [&](const Entry& entry) {
    return std::ranges::all_of(
        entry.words, [&](std::string_view word) { return text.find(word) != std::string::npos; });
  });
  return found == entries().end() ? nullptr : &*found;
}

std::string filled(std::string_view text, std::string_view exporter, std::string_view collector) {
  return fmt::format(fmt::runtime(text), fmt::arg("exporter", exporter),
                     fmt::arg("collector", collector));
}

constexpr std::string_view kStuck =
    "A call that it made to the system does not come back; most often a mount whose server is "
    "gone, "
    "or a process the kernel holds. Repair that: for a mount `umount -l` it. The collector is not "
    "started again before, and nothing else is delayed. What it waits for: `cat /proc/$(pidof "
    "basewatch)/task/*/wchan`.";
constexpr std::string_view kTextfile =
    "Correct the file. Whoever writes it should write to another name in the same folder and "
    "rename "
    "it at the end, so that no half of it is ever read.";
constexpr std::string_view kUnknown =
    "The reason is all that is known here. `basewatch check` tries it again at once; a collector "
    "that "
    "nobody needs is switched off by `collectors: {{{collector}: false}}`.";

}  // namespace

std::string remedy(std::string_view exporter, std::string_view collector, RunState state,
                   std::string_view reason) {
  if (state == RunState::stuck) return std::string(kStuck);
  const auto* entry = find(reason);
  return filled(entry ? entry->text : kUnknown, exporter, collector);
}

std::string remedy_for_note(std::string_view exporter, std::string_view topic,
                            std::string_view note) {
  if (const auto* entry = find(note)) return filled(entry->text, exporter, topic);
  return std::string(topic == "textfile" ? kTextfile : std::string_view());
}

std::string without_secrets(std::string_view text) {
  constexpr std::string_view kHidden = "***";
  std::string out(text);
  for (auto at = out.find("://"); at != std::string::npos; at = out.find("://", at)) {
    at += 3;
    const auto end = std::min(out.find_first_of("/ \t\"'?#", at), out.size());
    const auto host = out.rfind('@', end);
    const auto colon = out.find(':', at);
    if (host == std::string::npos || host < at || colon >= host) continue;
    out.replace(colon + 1, host - colon - 1, kHidden);
  }
  for (const std::string_view key : {"password=", "passwd=", "secret=", "token="}) {
    for (auto at = lower(out).find(key); at != std::string::npos; at = lower(out).find(key, at)) {
      at += key.size();
      const bool quoted = at < out.size() && (out[at] == '\'' || out[at] == '"');
      const auto end = quoted ? out.find(out[at], at + 1) : out.find_first_of(" \t&;,\"'", at);
      out.replace(
          at, std::min(end == std::string::npos ? end : end + (quoted ? 1 : 0), out.size()) - at,
          kHidden);
    }
  }
  return out;
}

}  // namespace basewatch::status
