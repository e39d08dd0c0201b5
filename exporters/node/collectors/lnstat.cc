// The statistics of the network's caches, of /proc/net/stat.
#include <map>

#include "exporters/node/collector.h"
#include "exporters/node/number_label.h"
#include "exporters/node/read/kept_file.h"
#include "exporters/node/read/sysfs.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

class Lnstat final : public NodeCollector {
 public:
  explicit Lnstat(const Setup& setup) : folder_(setup.proc("net/stat")) {}

  Outcome run(Page& page, const Deadline&) override {
    const auto folder = SysFolder::open(folder_);
    if (!folder) return done();  // as node_exporter: nothing is a result, too
    for (const auto& name : folder->names()) {
      auto file = files_.try_emplace(name, folder->path_of(name)).first;
      if (const auto source = file->second.read_if_there()) {
        add_file(page, *source, name);
      } else {
        files_.erase(file);
      }
    }
    return done();
  }

 private:
  void add_file(Page& page, const Source& source, std::string_view subsystem) {
    std::string_view rest = source.text, line;
    if (!next_line(rest, line)) return;
    split_words(line, names_);
    for (std::size_t cpu = 0; next_line(rest, line); ++cpu) {
      for (const auto name : names_) {
        const auto word = next_word(line);
        if (word.empty()) break;
        page.add(metrics::node::lnstat_total, name, static_cast<double>(source.hex(word)),
                 subsystem, NumberLabel(cpu));
      }
      if (!next_word(line).empty()) source.fail(line, "there are more numbers than names");
    }
  }

  std::string folder_;
  std::map<std::string, KeptFile> files_;
  std::vector<std::string_view> names_;
};

}  // namespace

constinit const CollectorKind lnstat_collector{"lnstat", kProcLane, false, {}, create<Lnstat>};

}  // namespace basewatch::node
