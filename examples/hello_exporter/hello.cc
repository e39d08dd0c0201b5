// An exporter outside of basewatch's tree: counts its own runs and measures how old a file is.
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "agent/plugin/module.h"

namespace hello {
namespace {

using namespace basewatch;

// The metrics, each once: type, name, help and the names of its labels.
constexpr auto runs_total =
    metrics::metric(metrics::counter, "hello_runs_total", "How often the hello exporter has looked.",
                    metrics::labels("greeting"));
constexpr auto age_seconds = metrics::metric(
    metrics::gauge, "hello_file_age_seconds", "How long ago the file was written.", metrics::labels("file"));

// What may stand in basewatch.yml below `exporters: {hello: ...}`; the agent checks it by this table.
constexpr Option kOptions[] = {
    {"greeting", OptionType::text, "hello", "What the counter is labelled with."},
    {"file", OptionType::path, "/etc/hostname", "The file whose age is measured."},
};

// What the runs use is shared with them: a run may outlive the exporter.
struct State {
  std::string greeting, file;
  std::atomic<double> runs = 0;
};

Outcome count(State& state, Page& page) {
  state.runs = state.runs + 1;
  page.add(runs_total, state.runs, state.greeting);
  return done();
}

Outcome measure(const State& state, Page& page) {
  struct stat info {};
  if (::stat(state.file.c_str(), &info) != 0) {
    if (errno == ENOENT) return absent(state.file + " does not exist");
    throw std::runtime_error(state.file + ": " + std::strerror(errno));  // this run has failed
  }
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  page.add(age_seconds, static_cast<double>(now - info.st_mtim.tv_sec), state.file);
  return done();
}

class Hello final : public Exporter {
 public:
  explicit Hello(const Settings& settings) : state_(std::make_shared<State>()) {
    state_->greeting = settings.text("greeting");
    state_->file = settings.text("file");
    // A setting that has the right type and is wrong all the same is reported at its line.
    if (state_->greeting.empty()) throw SettingError("greeting", "greeting must not be empty");
    collectors_ = {Collector{.name = "runs",
                             .lane = {},
                             .on_by_default = true,
                             .schedule = on_scrape,
                             .run = [state = state_](Page& page, const Deadline&) {
                               return count(*state, page);
                             }},
                   Collector{.name = "file",
                             .lane = {},
                             .on_by_default = true,
                             .schedule = on_scrape,
                             .run = [state = state_](Page& page, const Deadline&) {
                               return measure(*state, page);
                             }}};
  }
  std::span<const Collector> collectors() override { return collectors_; }

 private:
  std::shared_ptr<State> state_;
  std::array<Collector, 2> collectors_;
};

std::unique_ptr<Exporter> create(const Settings& settings) {
  return std::make_unique<Hello>(settings);
}

constexpr Plugin kPlugin = {.name = "hello",
                            .summary = "Greets, and looks at a file.",
                            .default_job = "hello",
                            .host_wide = false,
                            .single = false,
                            .options = kOptions,
                            .create = create};

}  // namespace
}  // namespace hello

BASEWATCH_MODULE(hello::kPlugin);
