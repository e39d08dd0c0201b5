#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/fake_clock.h"
#include "agent/expose/text.h"
#include "exporters/node/collector.h"
#include "exporters/node/node.h"

// What the tests of the node exporter share: a folder that plays the system, a host that listens,
// and a run of some collectors.
namespace basewatch::node {

// A temporary folder with files in it, removed at the end.
class Tree {
 public:
  Tree() {
    std::string pattern = std::filesystem::temp_directory_path() / "basewatch-node-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  Tree(const Tree&) = delete;

  std::string path(std::string_view name = "") const {
    return name.empty() ? root_.string() : (root_ / name).string();
  }
  void write(std::string_view name, std::string_view text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  // Files below a folder: {name, text}.
  void write_all(const std::string& folder,
                 std::initializer_list<std::pair<const char*, const char*>> files) const {
    for (const auto& [name, text] : files) write(folder + "/" + name, text);
  }

  // Settings in which this folder is the whole system.
  Settings settings(std::map<std::string, Settings::Value> values = {}) const {
    values.emplace("paths.procfs", path("proc"));
    values.emplace("paths.sysfs", path("sys"));
    return Settings::make(plugin.options, std::move(values));
  }

 private:
  std::filesystem::path root_;
};

class ListeningHost final : public Host {
 public:
  Clock& clock() override { return clock_; }
  void log(LogLevel, std::string_view message) override { lines.emplace_back(message); }
  void note(std::string_view topic, std::string message) override {
    notes[std::string(topic)] = std::move(message);
  }
  void endpoint(std::string, std::function<HttpReply(const HttpRequest&)>) override {}

  std::vector<std::string> lines;
  std::map<std::string, std::string> notes;

 private:
  FakeClock clock_;
};

inline Deadline soon() {
  return Deadline::in(Clock::system(), std::chrono::seconds(20));
}

// The page as text, without the lines that begin with '#'.
inline std::string samples(Page& page) {
  page.seal();
  const expose::Part part{&page};
  std::string text, out;
  expose::write_text({&part, 1}, text);
  std::string_view rest = text, line;
  while (next_line(rest, line)) {
    if (!line.starts_with('#')) out.append(line) += '\n';
  }
  return out;
}

// One run of one collector of a fresh exporter.
inline std::string run(Exporter& exporter, std::string_view collector) {
  for (const auto& candidate : exporter.collectors()) {
    if (candidate.name != collector) continue;
    Page page;
    const auto outcome = candidate.run(page, soon());
    return outcome.is_absent ? "absent: " + outcome.reason + "\n" : samples(page);
  }
  throw std::logic_error("there is no such collector");
}

inline std::string run(const Settings& settings, std::string_view collector) {
  return run(*plugin.create(settings), collector);
}

// The message of the exception that `action` throws; empty when it throws none.
template <typename Action>
std::string thrown(Action&& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace basewatch::node
