// Metrics that others write into files: every *.prom of the configured folders. A file that cannot
// be used costs only itself; what is wrong with it is logged once and stands on the status page.
#include <fmt/format.h>

#include "exporters/node/collector.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/source.h"
#include "exporters/node/read/textfile.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kTextfileOptions[] = {
    {"collectors.textfile.directory", OptionType::texts, "",
     "Folders with *.prom files; a name may be a pattern (* ? [a-z])."},
};

constexpr std::size_t kMaxFiles = 1000;  // of all folders together
constexpr std::size_t kMaxFileBytes = 16u << 20;
constexpr std::size_t kMaxProblems = 100;  // remembered, logged and shown

class Textfile final : public NodeCollector {
 public:
  explicit Textfile(const Setup& setup)
      : folders_(setup.settings.texts("collectors.textfile.directory")),
        settings_(setup.settings),
        host_(setup.host) {}

  Outcome run(Page& page, const Deadline& deadline) override {
    problems_.clear();
    modified_.clear();
    TextfileFamilies families(settings_.declarations());
    for (const auto& pattern : folders_) {
      for (const auto& folder : folders_of(pattern)) {
        read_folder(folder, families, page, deadline);
      }
    }
    for (const auto& [path, time] : modified_) {
      page.add(metrics::node::textfile_mtime_seconds, static_cast<double>(time), path);
    }
    page.add(metrics::node::textfile_scrape_error, problems_.empty() ? 0 : 1);
    tell_changes();
    return done();
  }

 private:
  void read_folder(const std::string& folder, TextfileFamilies& families, Page& page,
                   const Deadline& deadline) {
    std::vector<std::string> names;
    bool is_cut = false;
    if (const int error = list_prom_files(folder, kMaxFiles, names, is_cut)) {
      add_problem(folder, fmt::format("{} cannot be listed: {}", folder, error_text(error)));
    }
    for (const auto& name : names) {
      if (deadline.passed()) throw ReadError("the deadline has passed while textfiles were read");
      if (is_cut || modified_.size() >= kMaxFiles) {
        add_problem(folder, fmt::format("there are more than {} textfiles; the rest, or the folder "
                                        "{} as a whole, is not read",
                                        kMaxFiles, folder));
        return;
      }
      read_file(folder.ends_with('/') ? folder + name : folder + '/' + name, families, page);
    }
  }

  void read_file(const std::string& path, TextfileFamilies& families, Page& page) {
    std::time_t modified = 0;
    bool is_gone = false;
    if (auto error = read_regular_file(path, kMaxFileBytes, text_, modified, is_gone);
        !error.empty()) {
      if (!is_gone) add_problem(path, fmt::format("{} {}", path, error));
      return;
    }
    try {
      file_.parse(text_, path);
    } catch (const ReadError& error) {
      add_problem(path, error.what());
      return;
    }
    std::string problem;
    const auto wanted = families.admit(file_.families(), path, problem);
    file_.add_to(page, wanted);
    if (!problem.empty()) add_problem(path, std::move(problem));
    modified_.emplace(path, modified);
  }

  void add_problem(const std::string& path, std::string message) {
    if (problems_.size() < kMaxProblems) problems_.emplace(path, std::move(message));
  }

  // One line of the log for each change, none for a scrape.
  void tell_changes() {
    if (problems_ == told_) return;
    std::string note;
    for (const auto& [path, message] : problems_) {
      if (note.size() < 2000) note += (note.empty() ? "" : "; ") + message;
      const auto before = told_.find(path);
      if (before == told_.end() || before->second != message) {
        host_->log(LogLevel::warning, "textfile: " + message);
      }
    }
    for (const auto& [path, message] : told_) {
      if (!problems_.contains(path))
        host_->log(LogLevel::info, "textfile: " + path + " is fine again");
    }
    host_->note("textfile", note);
    told_ = problems_;
  }

  std::vector<std::string> folders_;
  Settings settings_;
  std::shared_ptr<HostLink> host_;
  std::string text_;
  ParsedTextfile file_;
  std::map<std::string, std::time_t> modified_;
  std::map<std::string, std::string> problems_, told_;
};

}  // namespace

// Its folders may lie on a file system that hangs.
constinit const CollectorKind textfile_collector{"textfile", kOwnLane, true, kTextfileOptions,
                                                 create<Textfile>};

}  // namespace basewatch::node
