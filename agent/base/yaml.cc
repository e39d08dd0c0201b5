#include "agent/base/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "agent/base/strings.h"
#include "agent/base/yaml_anchors.h"

namespace basewatch::yaml {

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "a single value";
    case Kind::sequence:
      return "a list";
    case Kind::mapping:
      return "a mapping";
  }
  return "";
}

namespace {

// Ends the parser's run from inside an event; caught in parse().
struct Stop {};

// Builds our tree from yaml-cpp's events. Its own Node keeps duplicate keys silently and follows
// aliases without a bound.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, std::string_view file, Diagnostics& diagnostics,
          const Limits& limits)
      : file_(file), diagnostics_(diagnostics), limits_(limits), aligner_(text, lines_) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') lines_.push_back(i + 1);
    }
  }

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { leaf(at(mark, Kind::null)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    diagnostics_.error(place(mark), "aliases (*name) are not supported: write the value out");
    leaf(at(mark, Kind::null));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    refuse_tag(mark, tag);
    Node node = at(mark, Kind::scalar);
    node.quoted = tag == "!";
    node.scalar = value;
    const bool is_null = !node.quoted && (value.empty() || value == "~" || value == "null");
    if (is_null) node.kind = Kind::null;
    node.anchors = aligner_.align(node.where, node.scalar);
    leaf(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(at(mark, Kind::sequence));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(at(mark, Kind::mapping));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::optional<Node> key;  // of a mapping, waiting for its value
    std::set<std::string, std::less<>> keys;
  };

  Location place(const YAML::Mark& mark) const {
    return {std::string(file_), mark.line + 1, mark.column + 1};
  }
  Node at(const YAML::Mark& mark, Kind kind) const {
    Node node;
    node.kind = kind;
    node.where = place(mark);
    return node;
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.size() > 1) {  // "?" and "!" only say plain and quoted
      diagnostics_.error(place(mark),
                         fmt::format("tags ({}) are not supported: remove it", printable(tag)));
    }
  }
  void count(const Location& where) {
    if (++nodes_ > limits_.nodes) {
      diagnostics_.error(where, fmt::format("the file has more than {} values", limits_.nodes));
      throw Stop{};
    }
  }
  void open(Node node) {
    count(node.where);
    if (stack_.size() >= limits_.depth) {
      diagnostics_.error(node.where, fmt::format("nested more than {} levels deep", limits_.depth));
      throw Stop{};
    }
    stack_.push_back({std::move(node), std::nullopt, {}});
  }
  void close() {
    Node done = std::move(stack_.back().node);
    stack_.pop_back();
    place_in_parent(std::move(done));
  }
  void leaf(Node node) {
    count(node.where);
    place_in_parent(std::move(node));
  }
  void place_in_parent(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& parent = stack_.back();
    if (parent.node.kind == Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      add_entry(parent, std::move(node));
    }
  }
  void add_entry(Open& parent, Node value) {
    Node key = std::move(*parent.key);
    parent.key.reset();
    if (key.kind != Kind::scalar) {
      diagnostics_.error(key.where,
                         fmt::format("a key must be a single word, not {}", kind_name(key.kind)));
      return;
    }
    if (!parent.keys.insert(key.scalar).second) {
      const auto& first = std::ranges::find(parent.node.entries, key.scalar, [](const auto& entry) {
                            return entry.first.scalar;
                          })->first;
      diagnostics_.error(key.where, fmt::format("duplicate key '{}': it already stands in line {}",
                                                printable(key.scalar), first.where.line));
      return;
    }
    parent.node.entries.emplace_back(std::move(key), std::move(value));
  }

  std::string_view file_;
  Diagnostics& diagnostics_;
  const Limits& limits_;
  std::vector<Open> stack_;
  Node root_;
  std::size_t nodes_ = 0;
  std::vector<std::size_t> lines_{0};  // where each line of the text begins
  Aligner aligner_;
};

// yaml-cpp recurses once per nesting level, so a hostile "[[[[..." is stopped before it gets there.
bool too_deep(std::string_view text, std::size_t limit) {
  std::size_t run = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') {
      if (++run > limit * 8) return true;
    } else if (c == ']' || c == '}') {
      run = run == 0 ? 0 : run - 1;
    }
  }
  return false;
}

bool too_many_indicators_in_a_line(std::string_view text, std::size_t limit) {
  std::string_view line;
  while (next_line(text, line)) {
    std::size_t dashes = 0;
    for (std::size_t i = 0; i + 1 < line.size(); ++i) {
      const bool indicator =
          (line[i] == '-' || line[i] == '?' || line[i] == ':') && line[i + 1] == ' ';
      if (indicator) ++dashes;
      if (!indicator && line[i] != ' ') break;
    }
    if (dashes > limit) return true;
  }
  return false;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.scalar == key) return &value;
  }
  return nullptr;
}

Node parse(std::string_view text, std::string_view file, Diagnostics& diagnostics,
           const Limits& limits) {
  Node empty;
  empty.where = {std::string(file), 1, 1};
  if (text.size() > limits.bytes) {
    diagnostics.error({std::string(file), 0, 0},
                      fmt::format("the file is larger than {} bytes", limits.bytes));
    return empty;
  }
  if (!is_valid_utf8(text)) {
    diagnostics.error({std::string(file), 0, 0}, "the file is not UTF-8 text");
    return empty;
  }
  if (too_deep(text, limits.depth) || too_many_indicators_in_a_line(text, limits.depth)) {
    diagnostics.error({std::string(file), 0, 0},
                      fmt::format("nested more than {} levels deep", limits.depth));
    return empty;
  }
  Builder builder(text, file, diagnostics, limits);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return empty;
    Node root = builder.take();
    if (root.where.line == 0) root.where = empty.where;
    Builder rest(text, file, diagnostics, limits);
    if (parser.HandleNextDocument(rest)) {
      diagnostics.error(rest.take().where, "a second document (---): write one file for each");
    }
    return root;
  } catch (const Stop&) {
    return empty;
  } catch (const YAML::Exception& error) {
    diagnostics.error({std::string(file), error.mark.line + 1, error.mark.column + 1},
                      fmt::format("not valid YAML: {}", printable(error.msg)));
    return empty;
  }
}

Node parse_file(const std::string& path, Diagnostics& diagnostics, const Limits& limits) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  if (in) {
    text.resize(limits.bytes + 1);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof() && !in.good()) {
    diagnostics.error({path, 0, 0}, fmt::format("cannot be read: {}", std::strerror(errno)));
    Node empty;
    empty.where = {path, 1, 1};
    return empty;
  }
  return parse(text, path, diagnostics, limits);
}

}  // namespace basewatch::yaml
