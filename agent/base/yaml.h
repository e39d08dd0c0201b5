#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/diagnostics.h"

// YAML as the agent reads it: every node knows its place, keys are unique, depth and size are
// bounded, and nothing is coerced before somebody asks for a type. yaml-cpp stays inside yaml.cc.
namespace basewatch::yaml {

enum class Kind { null, scalar, sequence, mapping };
std::string_view kind_name(Kind kind);  // "a list", for messages

class Node {
 public:
  Kind kind = Kind::null;
  Location where;
  std::string scalar;                                 // kind scalar
  bool quoted = false;                                // "5" is a string, 5 a number
  std::vector<Anchor> anchors;                        // of a scalar: where its bytes stand
  std::vector<Node> items;                            // kind sequence
  std::vector<std::pair<Node, Node>> entries;         // kind mapping, in the order of the file

  const Node* find(std::string_view key) const;       // the value of a mapping's key, or nullptr
  Location at(std::size_t offset) const { return place_in(where, anchors, offset); }
};

struct Limits {
  std::size_t bytes = 4u << 20;
  std::size_t nodes = 200'000;
  std::size_t depth = 32;
};

// Reads one document. Broken syntax, a duplicate key, a second document, a tag and an alias are
// errors in `diagnostics`; what could be read is returned all the same, a null node at worst.
Node parse(std::string_view text, std::string_view file, Diagnostics& diagnostics,
           const Limits& limits = {});

// Reads a file from disk; one that cannot be read is an error naming the reason.
Node parse_file(const std::string& path, Diagnostics& diagnostics, const Limits& limits = {});

// Takes a mapping apart: ask for each key that may stand there, then call finish(), which reports
// every key that nobody asked for, with the nearest one that was.
//
//   Mapping entry(node, "an alert", diagnostics);
//   alert.name = entry.required_string("alert");
//   alert.hold = entry.duration("for", 2min);
//   entry.finish();
class Mapping {
 public:
  // `what` names the thing for messages: "an alert", "server". A node of another kind is an error,
  // and then the mapping is empty.
  Mapping(const Node& node, std::string what, Diagnostics& diagnostics);

  const Node* find(std::string_view key);      // nullptr when absent or null
  const Node* required(std::string_view key);  // absent is an error

  std::string string(std::string_view key, std::string_view fallback = {});
  std::string required_string(std::string_view key);
  bool flag(std::string_view key, bool fallback);
  double number(std::string_view key, double fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                       std::int64_t most);
  Duration duration(std::string_view key, Duration fallback);
  std::vector<std::string> strings(std::string_view key);  // a sequence of scalars, or one scalar

  // A value out of a fixed set: `options` are the words, the result is the index of the one written.
  std::size_t choice(std::string_view key, std::size_t fallback,
                     const std::vector<std::string_view>& options);

  Location where(std::string_view key) const;  // of the value, or of the mapping when absent
  const Location& where() const { return node_->where; }
  void finish();

 private:
  const Node* node_;
  std::string what_;
  Diagnostics* diagnostics_;
  std::vector<std::string> asked_;
};

// One scalar as a type; an error names `what` and shows what to write.
std::optional<std::string> as_string(const Node& node, std::string_view what, Diagnostics&);
std::optional<bool> as_flag(const Node& node, std::string_view what, Diagnostics&);
std::optional<double> as_number(const Node& node, std::string_view what, Diagnostics&);
std::optional<Duration> as_duration(const Node& node, std::string_view what, Diagnostics&);

}  // namespace basewatch::yaml
