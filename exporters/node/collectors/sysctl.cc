// Settings of the kernel that the configuration names, of /proc/sys.
#include <fmt/format.h>

#include <algorithm>

#include "exporters/node/collector.h"
#include "exporters/node/number_label.h"
#include "exporters/node/read/kept_file.h"
#include "metrics/node.h"

namespace basewatch::node {
namespace {

constexpr Option kSysctlOptions[] = {
    {"collectors.sysctl.include", OptionType::texts, "",
     "Numbers to show, such as fs.file-nr or fs.file-nr:allocated,free,max."},
    {"collectors.sysctl.include_info", OptionType::texts, "",
     "Texts to show as the labels of node_sysctl_info."},
};

// What is no letter, digit or '_', together with the '_' around it, becomes one '_'.
std::string metric_part(std::string_view name) {
  std::string out;
  bool is_open = false;  // something that becomes '_' is pending
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_word || (c == '_' && !is_open)) {
      out += c;
      is_open = false;
    } else if (c != '_' && !is_open) {
      while (out.ends_with('_')) out.pop_back();
      out += '_';
      is_open = true;
    }
  }
  return out;
}

// One text of the options: "fs.file-nr", or "fs.file-nr:allocated,free,max".
struct Sysctl {
  std::string name, part;         // part: of the metric's name
  std::vector<std::string> keys;  // for each of its numbers, if it has several
  std::size_t file;               // its place among the files
};

// What several texts of the options may name.
struct SysctlFile {
  KeptFile file;
  std::string text;  // as it was read in the run under way
  bool is_read = false;
};

class SysctlCollector final : public NodeCollector {
 public:
  explicit SysctlCollector(const Setup& setup)
      : numbers_(parsed(setup, kSysctlOptions[0].name)),
        texts_(parsed(setup, kSysctlOptions[1].name)) {}

  Outcome run(Page& page, const Deadline&) override {
    for (auto& file : files_) file.is_read = false;
    for (auto& sysctl : numbers_) add_numbers(page, sysctl);
    for (auto& sysctl : texts_) add_texts(page, sysctl);
    return done();
  }

 private:
  std::size_t file_of(std::string path) {
    const auto known =
        std::ranges::find(files_, path, [](const auto& one) -> auto& { return one.file.path(); });
    if (known != files_.end()) return static_cast<std::size_t>(known - files_.begin());
    files_.push_back({KeptFile(std::move(path)), {}});
    return files_.size() - 1;
  }

  std::vector<Sysctl> parsed(const Setup& setup, std::string_view option) {
    std::vector<Sysctl> out;
    for (const auto& text : setup.settings.texts(option)) {
      const auto colon = text.find(':');
      std::vector<std::string> keys;
      if (colon != text.npos) {
        for (const auto key : split(std::string_view(text).substr(colon + 1), ',')) {
          keys.emplace_back(key);
        }
      }
      const auto name = text.substr(0, colon);
      auto path = name;
      std::ranges::replace(path, '.', '/');
      if (name.empty() || path.find("//") != path.npos || path.starts_with('/')) {
        throw SettingError(std::string(option), fmt::format("'{}' is no name of a sysctl: write it "
                                                            "as kernel.threads-max",
                                                            printable(text)));
      }
      if (!keys.empty() && option == kSysctlOptions[1].name) {
        throw SettingError(std::string(option),
                           fmt::format("'{}': only numbers may have keys", printable(text)));
      }
      out.push_back(
          {name, metric_part(name), std::move(keys), file_of(setup.proc("sys/" + path))});
    }
    return out;
  }

  // The whole text is read before anything is put on the page: a value that has more parts than
  // keys is a mistake in the configuration.
  std::size_t read(const Sysctl& sysctl) {
    auto& [file, text, is_read] = files_[sysctl.file];
    if (!is_read) {
      text.assign(file.read().text);
      std::ranges::replace(text, '\n', ' ');
      is_read = true;
    }
    split_words(text, words_);
    if (words_.empty()) throw ReadError(fmt::format("{} is empty", file.path()));
    return words_.size();
  }

  void add_numbers(Page& page, const Sysctl& sysctl) {
    const auto count = read(sysctl);
    const auto& path = files_[sysctl.file].file.path();
    const auto& keys = sysctl.keys;
    if (!keys.empty() && (count == 1 || count != keys.size())) {
      throw ReadError(fmt::format("{} has {} values, but the configuration names {}", path, count,
                                  keys.size()));
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = parse_int(words_[i]);
      if (!value) {
        throw ReadError(
            fmt::format("{}: '{}' is no whole number", path, printable(words_[i], 40)));
      }
      add_number(page, sysctl, keys.empty() ? "" : keys[i], count > 1 && keys.empty(), i,
                 static_cast<double>(*value));
    }
  }

  // The label `index` is only there where several numbers have one name.
  static void add_number(Page& page, const Sysctl& sysctl, std::string_view key, bool has_index,
                         std::size_t index, double value) {
    constexpr std::string_view kIndex[] = {"index"};
    const auto field = key.empty() ? sysctl.part : fmt::format("{}_{}", sysctl.part, key);
    const auto name = metrics::node::sysctl.spec.name(field);
    const auto help = fmt::format("The kernel's setting {}.", sysctl.name);
    const MetricSpec spec{
        MetricType::untyped, name, help, {}, std::span(kIndex).first(has_index ? 1 : 0)};
    const NumberLabel label(index);
    const std::string_view labels[] = {label};
    page.add(spec, value, std::span(labels).first(has_index ? 1 : 0));
  }

  void add_texts(Page& page, const Sysctl& sysctl) {
    const auto count = read(sysctl);
    for (std::size_t i = 0; i < count; ++i) {
      page.add(metrics::node::sysctl_info, 1, sysctl.name, words_[i], NumberLabel(i));
    }
  }

  std::vector<SysctlFile> files_;  // before those that name them
  std::vector<Sysctl> numbers_, texts_;
  std::vector<std::string_view> words_;
};

}  // namespace

constinit const CollectorKind sysctl_collector{"sysctl", kProcLane, false, kSysctlOptions,
                                               create<SysctlCollector>};

}  // namespace basewatch::node
