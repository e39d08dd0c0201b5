#pragma once

#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin/page.h"
#include "agent/plugin/settings.h"

// The pieces of the collector textfile that can be tried one by one.
namespace basewatch::node {

// The folders that a text of collectors.textfile.directory names: what its pattern (* ? [a-z])
// matches, in order; itself when it matches nothing, so that a missing folder is an error.
std::vector<std::string> folders_of(const std::string& pattern);

// The names of a folder that end in .prom, in order; at most `limit` of them, and then `is_cut`.
// Returns 0 or an errno.
int list_prom_files(const std::string& folder, std::size_t limit, std::vector<std::string>& names,
                    bool& is_cut);

// Reads a regular file into `text`, never waiting for a pipe or device. What is wrong, in words for
// "<path>: ...", is the result; empty when nothing is. `is_gone` when it vanished since it was
// listed.
std::string read_regular_file(const std::string& path, std::size_t limit, std::string& text,
                              std::time_t& modified, bool& is_gone);

// The samples of one textfile, kept until it is known that the whole of it can be used. The memory
// is used again for the next file.
class ParsedTextfile {
 public:
  // Throws ReadError "path:line: ..." for a text that breaks the format, has timestamps (as
  // node_exporter does) or too many samples.
  void parse(std::string_view text, const std::string& path);

  struct Family {
    std::string name;
    MetricType type;
    std::string help;
  };
  std::vector<Family>& families() { return families_; }

  // Adds the samples of the families for which `wanted` (one entry a family) is true.
  void add_to(Page& page, const std::vector<bool>& wanted) const;

 private:
  struct Piece {
    std::size_t offset, size;
  };
  struct Sample {
    std::size_t family;
    SampleKind kind;
    double value;
    std::size_t first_label, labels;
  };
  std::size_t family_of(std::string_view name, MetricType type, std::string_view help);
  Piece keep(std::string_view text);
  std::string_view view(const Piece& piece) const {
    return {arena_.data() + piece.offset, piece.size};
  }

  std::vector<Family> families_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  std::vector<Sample> samples_;
  std::vector<std::pair<Piece, Piece>> labels_;
  std::string arena_;
};

// Brings the families of several files under one roof: the first file that has a family says its
// type and help; another one that contradicts it is left out. What a user's site declares fills the
// gaps.
class TextfileFamilies {
 public:
  explicit TextfileFamilies(const Declarations& declarations) : declarations_(declarations) {}

  // Which families of the file may be added; for one that may not, `problem` says why. Sets the
  // type and help that are not in the file.
  std::vector<bool> admit(std::vector<ParsedTextfile::Family>& families, const std::string& path,
                          std::string& problem);

 private:
  struct Known {
    MetricType type;
    std::string help, path;
  };
  const Declarations& declarations_;
  std::map<std::string, Known, std::less<>> known_;
};

}  // namespace basewatch::node
