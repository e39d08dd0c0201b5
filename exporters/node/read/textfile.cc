#include "exporters/node/read/textfile.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "agent/base/strings.h"
#include "agent/base/unique_fd.h"
#include "agent/expose/parse.h"
#include "exporters/node/read/error_text.h"
#include "exporters/node/read/source.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kMaxSamples = 200'000;  // of one file

}  // namespace

std::vector<std::string> folders_of(const std::string& pattern) {
  std::vector<std::string> folders;
  if (pattern.empty()) return folders;
  if (pattern.find_first_of("*?[") != std::string::npos) {
    glob_t found{};
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      folders.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    globfree(&found);
  }
  if (folders.empty()) folders.push_back(pattern);
  return folders;
}

int list_prom_files(const std::string& folder, std::size_t limit, std::vector<std::string>& names,
                    bool& is_cut) {
  names.clear();
  is_cut = false;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.c_str()), closedir);
  if (!dir) return errno;
  while (const auto* entry = readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (!name.ends_with(".prom")) continue;
    is_cut = names.size() == limit;
    if (is_cut) break;
    names.emplace_back(name);
  }
  std::ranges::sort(names);
  return 0;
}

std::string read_regular_file(const std::string& path, std::size_t limit, std::string& text,
                              std::time_t& modified, bool& is_gone) {
  is_gone = false;
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    const int error = errno;
    struct ::stat link {};
    is_gone = error == ENOENT && ::lstat(path.c_str(), &link) != 0;  // else a link into the void
    return fmt::format("cannot be opened: {}", error_text(error));
  }
  struct ::stat info {};
  if (::fstat(fd.get(), &info) != 0) return error_text(errno);
  if (!S_ISREG(info.st_mode)) return "is no regular file";
  const auto too_large = [&] { return fmt::format("is larger than {} bytes", limit); };
  if (static_cast<std::size_t>(info.st_size) > limit) return too_large();
  text.resize(static_cast<std::size_t>(info.st_size) + 1);  // one more, to see the end
  std::size_t size = 0;
  while (true) {
    if (size == text.size()) {
      if (size > limit) return too_large();  // it grows while it is read
      text.resize(std::min(size * 2, limit + 1));
    }
    const auto got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fmt::format("cannot be read: {}", error_text(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limit) return too_large();
  text.resize(size);
  modified = info.st_mtim.tv_sec;
  return {};
}

namespace {

bool is_bound(SampleKind kind, std::string_view label) {
  return (kind == SampleKind::bucket && label == "le") ||
         (kind == SampleKind::quantile && label == "quantile");
}

// le="1.0" becomes le="1", as node_exporter writes it: bounds are numbers, compared as texts.
std::string shortest_number(std::string_view text) {
  const auto number = parse_double(text);
  return number ? format_double(*number) : std::string(text);
}

}  // namespace

void ParsedTextfile::parse(std::string_view text, const std::string& path) {
  families_.clear();
  by_name_.clear();
  samples_.clear();
  labels_.clear();
  arena_.clear();
  try {
    expose::parse_text(
        text,
        [&](const expose::ForeignSample& sample) {
          if (sample.timestamp_ms) {
            throw ReadError(fmt::format("{}: '{}' has a timestamp; write the value alone", path,
                                        printable(sample.family, 100)));
          }
          const auto first = labels_.size();
          for (const auto& [name, value] : sample.labels) {
            labels_.emplace_back(
                keep(name),
                keep(is_bound(sample.kind, name) ? shortest_number(value) : std::string(value)));
          }
          samples_.push_back({family_of(sample.family, sample.type, sample.help), sample.kind,
                              sample.value, first, sample.labels.size()});
        },
        {.samples = kMaxSamples});
  } catch (const expose::ParseError& error) {
    throw ReadError(fmt::format("{}:{}: {}", path, error.line(), error.what()));
  }
}

std::size_t ParsedTextfile::family_of(std::string_view name, MetricType type,
                                      std::string_view help) {
  if (!samples_.empty() && families_[samples_.back().family].name == name) {
    return samples_.back().family;  // a family's samples follow each other
  }
  const auto [found, is_new] = by_name_.emplace(name, families_.size());
  if (is_new) families_.push_back({std::string(name), type, std::string(help)});
  return found->second;
}

ParsedTextfile::Piece ParsedTextfile::keep(std::string_view text) {
  const auto offset = arena_.size();
  arena_ += text;
  return {offset, text.size()};
}

void ParsedTextfile::add_to(Page& page, const std::vector<bool>& wanted) const {
  std::vector<Page::Label> labels;
  for (const auto& sample : samples_) {
    if (!wanted[sample.family]) continue;
    labels.clear();
    for (std::size_t i = 0; i < sample.labels; ++i) {
      const auto& [name, value] = labels_[sample.first_label + i];
      labels.emplace_back(view(name), view(value));
    }
    const auto& family = families_[sample.family];
    page.add_foreign(family.type, family.name, family.help, sample.kind, labels, sample.value);
  }
}

std::vector<bool> TextfileFamilies::admit(std::vector<ParsedTextfile::Family>& families,
                                          const std::string& path, std::string& problem) {
  std::vector<bool> wanted;
  for (auto& family : families) {
    const auto* declared = declarations_.find(family.name);
    if (declared && family.type == MetricType::untyped) family.type = declared->type;
    if (declared && family.help.empty()) family.help = declared->help;

    const auto [found, is_new] = known_.emplace(family.name, Known{family.type, family.help, path});
    auto& known = found->second;
    const bool same_type = known.type == family.type;
    const bool same_help = known.help.empty() || family.help.empty() || known.help == family.help;
    wanted.push_back(same_type && same_help);
    if (!wanted.back()) {
      problem = fmt::format("{}: the {} of '{}' is not that of {}; the metric is left out", path,
                            same_type ? "help" : "type", family.name, known.path);
    } else if (known.help.empty()) {
      known.help = family.help;
    }
    if (family.help.empty()) family.help = fmt::format("Read from {}.", known.path);
  }
  return wanted;
}

}  // namespace basewatch::node
