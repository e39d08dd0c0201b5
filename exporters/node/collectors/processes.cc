// How many processes and threads there are, and in which states.
#include <array>
#include <cerrno>

#include "exporters/node/collector.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/sysfs.h"
#include "exporters/node/read/task_stat.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

// The states of tasks, by their letter.
using States = std::array<int, 256>;

void add_states(Page& page, const Metric<1>& metric, const States& states) {
  for (std::size_t letter = 0; letter < states.size(); ++letter) {
    const auto name = static_cast<char>(letter);
    if (states[letter] > 0) page.add(metric, states[letter], std::string_view(&name, 1));
  }
}

class Processes final : public NodeCollector {
 public:
  explicit Processes(const Setup& setup)
      : folder_(setup.settings.text("paths.procfs")),
        max_threads_(setup.proc("sys/kernel/threads-max")),
        max_pids_(setup.proc("sys/kernel/pid_max")) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    const auto procfs = SysFolder::open(folder_);
    if (!procfs) throw ReadError("there is no " + folder_);
    pids_ = threads_ = 0;
    processes_ = tasks_ = States{};
    for (const auto& name : procfs->names()) {
      if (name.front() < '0' || name.front() > '9') continue;
      if (deadline.passed()) throw ReadError("the deadline has passed while processes were read");
      add_process(*procfs, name);
    }
    page.add(metrics::node::processes_threads, threads_);
    page.add(metrics::node::processes_max_threads, leading_numbers<1>(max_threads_.read())[0]);
    add_states(page, metrics::node::processes_state, processes_);
    add_states(page, metrics::node::processes_threads_state, tasks_);
    page.add(metrics::node::processes_pids, pids_);
    page.add(metrics::node::processes_max_processes, leading_numbers<1>(max_pids_.read())[0]);
    return done();
  }

 private:
  void add_process(const SysFolder& procfs, const std::string& pid) {
    const auto task = read_task(procfs, pid + "/stat");
    if (!task) return;
    ++pids_;
    ++processes_[task->state];
    threads_ += static_cast<double>(task->threads);
    if (task->threads == 1) {  // nearly all of them: their only thread has been seen
      if (procfs.has(pid + "/task")) ++tasks_[task->state];
      return;
    }
    const auto folder = procfs.folder(pid + "/task");
    if (!folder) return;
    for (const auto& tid : folder->names()) {
      if (tid == pid) {
        ++tasks_[task->state];
      } else if (const auto thread = read_task(*folder, tid + "/stat")) {
        ++tasks_[thread->state];
      }
    }
  }

  // Nothing for a task that has ended since it was listed.
  static std::optional<TaskStat> read_task(const SysFolder& folder, const std::string& name) {
    const auto stat = folder.read(name);
    if (stat.ok()) return parse_task_stat({stat.text, folder.path_of(name)});
    if (stat.is_missing() || stat.error == ESRCH) return std::nullopt;
    folder.fail(name, "cannot be read: " + error_text(stat.error));
  }

  std::string folder_;
  KeptFile max_threads_, max_pids_;
  double pids_ = 0, threads_ = 0;
  States processes_{}, tasks_{};
};

}  // namespace

constinit const CollectorKind processes_collector{
    "processes", kOwnLane, false, {}, create<Processes>};

}  // namespace basewatch::node
