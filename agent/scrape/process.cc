#include "agent/scrape/process.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "agent/base/strings.h"
#include "metrics/agent.h"

namespace basewatch::scrape {
namespace {

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.empty()) throw std::runtime_error("cannot read " + path);
  return text;
}

double number(std::string_view word, const std::string& path) {
  const auto value = parse_double(word);
  if (!value) {
    throw std::runtime_error(fmt::format("{} has \"{}\" for a number", path, printable(word)));
  }
  return *value;
}

double boot_time(const std::string& path) {
  const auto text = read(path);
  std::string_view rest = text, line;
  while (next_line(rest, line)) {
    if (next_word(line) == "btime") return number(next_word(line), path);
  }
  throw std::runtime_error(path + " has no line btime");
}

double limit_of(int resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0)
    throw std::runtime_error("cannot read the process's limits");
  return static_cast<double>(limit.rlim_cur);
}

void read_stat(ProcessUsage& usage, const std::string& proc) {
  const auto path = proc + "/self/stat";
  const auto text = read(path);
  // The program's name stands in parentheses and may hold any character, also parentheses.
  const auto end_of_name = text.rfind(')');
  std::string_view rest = text;
  rest.remove_prefix(end_of_name == std::string::npos ? text.size() : end_of_name + 1);
  // proc(5) counts the fields from 1, and the state after the name is the third.
  constexpr std::size_t kFirst = 3, kUserTime = 14, kSystemTime = 15, kThreads = 20, kStart = 22,
                        kVirtual = 23, kResident = 24;
  std::array<std::string_view, kResident + 1> fields;
  for (auto i = kFirst; i <= kResident; ++i) fields[i] = trim(next_word(rest));

  const auto field = [&](std::size_t i) { return number(fields[i], path); };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  usage.cpu_seconds = (field(kUserTime) + field(kSystemTime)) / ticks;
  usage.threads = field(kThreads);
  usage.virtual_bytes = field(kVirtual);
  usage.resident_bytes = field(kResident) * static_cast<double>(sysconf(_SC_PAGESIZE));
  usage.start_time = boot_time(proc + "/stat") + field(kStart) / ticks;
}

}  // namespace

ProcessUsage read_process(const std::string& proc) {
  ProcessUsage usage;
  read_stat(usage, proc);
  // The folder is one descriptor while it is read.
  const auto open = std::distance(std::filesystem::directory_iterator(proc + "/self/fd"), {}) - 1;
  usage.open_fds = static_cast<double>(open);
  usage.max_fds = limit_of(RLIMIT_NOFILE);
  usage.virtual_max_bytes = limit_of(RLIMIT_AS);
  return usage;
}

void add_process(Page& page, const std::string& proc) {
  namespace own = metrics::agent;
  const auto usage = read_process(proc);
  page.add(own::process_cpu_seconds_total, usage.cpu_seconds);
  page.add(own::process_threads, usage.threads);
  page.add(own::process_virtual_memory_bytes, usage.virtual_bytes);
  page.add(own::process_virtual_memory_max_bytes, usage.virtual_max_bytes);
  page.add(own::process_resident_memory_bytes, usage.resident_bytes);
  page.add(own::process_start_time_seconds, usage.start_time);
  page.add(own::process_open_fds, usage.open_fds);
  page.add(own::process_max_fds, usage.max_fds);
}

}  // namespace basewatch::scrape
