#include "agent/base/yaml_anchors.h"

#include <algorithm>

namespace basewatch::yaml {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void add(std::vector<Anchor>& anchors, const Anchor& next) {
  if (!anchors.empty()) {
    const auto& last = anchors.back();
    const auto columns = static_cast<int>(next.offset - last.offset);
    if (last.line == next.line && last.column + columns == next.column) return;
  }
  anchors.push_back(next);
}

}  // namespace

std::vector<Anchor> Aligner::align(const Location& where, const std::string& scalar) {
  const auto line = static_cast<std::size_t>(where.line - 1);
  if (where.line < 1 || line >= lines_.size() || scalar.empty()) return {};
  at_ = std::min(lines_[line] + static_cast<std::size_t>(where.column - 1), text_.size());
  line_ = line;
  quote_ = 0;
  const char first = at_ < text_.size() ? text_[at_] : '\0';
  if (first == '\'' || first == '"') {
    quote_ = first;
    ++at_;
  } else if (first == '|' || first == '>') {
    at_ = std::min(text_.find('\n', at_), text_.size());
  }
  std::vector<Anchor> anchors;
  for (std::size_t i = 0; i < scalar.size(); ++i) {
    const bool blank = is_blank(scalar[i]);
    if (!blank) skip_blanks();
    if (at_ >= text_.size()) break;
    add(anchors, {i, static_cast<int>(line_) + 1, static_cast<int>(at_ - lines_[line_]) + 1});
    const auto [raw, decoded] = take(scalar[i]);
    if (raw == 0) break;
    // A blank may stand for a folded line, whose indentation the next word skips.
    if (!blank || is_blank(text_[at_])) advance(raw);
    i += decoded - 1;
  }
  if (anchors.size() == 1 && anchors[0] == Anchor{0, where.line, where.column}) anchors.clear();
  return anchors;
}

void Aligner::advance(std::size_t count) {
  at_ = std::min(at_ + count, text_.size());
  while (line_ + 1 < lines_.size() && lines_[line_ + 1] <= at_) ++line_;
}

void Aligner::skip_blanks() {
  while (at_ < text_.size()) {
    const bool folded =
        quote_ == '"' && text_[at_] == '\\' && at_ + 1 < text_.size() && is_blank(text_[at_ + 1]);
    if (!folded && !is_blank(text_[at_])) return;
    advance(folded ? 2 : 1);
  }
}

// How many bytes of the text stand for how many of the scalar; 0 when they are not the same.
std::pair<std::size_t, std::size_t> Aligner::take(char wanted) const {
  if (is_blank(wanted)) return {1, 1};
  if (quote_ == '\'' && text_.substr(at_).starts_with("''")) return {2, 1};
  if (quote_ != '"' || text_[at_] != '\\') return {text_[at_] == wanted ? 1 : 0, 1};
  const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  const auto lead = static_cast<unsigned char>(wanted);
  return {2 + digits, lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4};
}

}  // namespace basewatch::yaml
