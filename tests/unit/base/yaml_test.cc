#include "agent/base/yaml.h"

#include <doctest/doctest.h>

#include "agent/base/strings.h"

using namespace std::chrono_literals;

namespace basewatch::yaml {
namespace {

struct Read {
  Diagnostics diagnostics;
  Node root;
  explicit Read(std::string_view text, const Limits& limits = {})
      : root(parse(text, "f.yml", diagnostics, limits)) {}
};

}  // namespace

TEST_CASE("every node knows its place") {
  Read read("a: 1\nb:\n  - x\n  - {c: 'q'}\n");
  REQUIRE(read.diagnostics.ok());
  const auto* b = read.root.find("b");
  REQUIRE(b);
  CHECK(b->items[0].where.text() == "f.yml:3:5");
  const auto* c = b->items[1].find("c");
  REQUIRE(c);
  CHECK(c->quoted);
  CHECK(c->where.text() == "f.yml:4:9");
}

TEST_CASE("every byte of a scalar knows its place") {
  struct Case {
    std::string text, word;
    int line, column;
  };
  const Case cases[] = {
      {"k: one two three\n", "three", 1, 12},
      {"k: 'it''s in quotes'\n", "in", 1, 11},
      {"k: \"a \\\"b\\\" \\u00e9 \\x41 word\"\n", "word", 1, 25},
      {"k: |\n  one\n  two three\n", "three", 3, 7},
      {"k: |-\n\n  one\n    two three\n", "three", 4, 9},
      {"k: >-\n  one\n  two\n\n  three four\n", "four", 5, 9},
      {"k: >2\n    one\n  two\n", "two", 3, 3},
      {"k:\n  one\n  two\n  three four\n", "four", 4, 9},
      {"k: 'one\n  two\n  three four'\n", "four", 3, 9},
      {"k: \"one\n  two \\\n  three four\"\n", "four", 3, 9},
      {"k: one\r\n  two\r\n  three\r\n", "three", 3, 3},
      {"\nlist:\n  - {k: one, l: two}\n  - a b\nk: [x,\n  'y three']\n", "three", 6, 6},
  };
  for (const auto& c : cases) {
    const Read read(c.text);
    REQUIRE_MESSAGE(read.diagnostics.ok(), c.text);
    const auto* node = read.root.find("k");
    if (node->kind == Kind::sequence) node = &node->items.back();
    const auto offset = node->scalar.find(c.word);
    REQUIRE_MESSAGE(offset != std::string::npos, c.text);
    const Location expected{"f.yml", c.line, c.column};
    CHECK_MESSAGE(node->at(offset).text() == expected.text(), c.text);
  }
}

TEST_CASE("broken input is one clear error each") {
  struct Case {
    std::string text, error;
  };
  const Case cases[] = {
      {"a: 1\na: 2\n", "f.yml:2:1: error: duplicate key 'a': it already stands in line 1\n"},
      {"a: &x 1\nb: *x\n",
       "f.yml:2:4: error: aliases (*name) are not supported: write the value out\n"},
      {"a: !!int 1\n", "f.yml:1:4: error: tags (tag:yaml.org,2002:int) are not supported: remove it\n"},
      {"a: 1\n---\nb: 2\n", "f.yml:3:1: error: a second document (---): write one file for each\n"},
      {"a: [1\n", "f.yml:2:1: error: not valid YAML: end of sequence flow not found\n"},
      {"? [a]\n: 1\n", "f.yml:1:3: error: a key must be a single word, not a list\n"},
      {"\xff", "f.yml: error: the file is not UTF-8 text\n"},
  };
  for (const auto& c : cases) CHECK(Read(c.text).diagnostics.text() == c.error);
}

TEST_CASE("size and depth are bounded") {
  CHECK(!Read(std::string(200'000, '[')).diagnostics.ok());
  CHECK(!Read(std::string(200'000, '{')).diagnostics.ok());
  std::string dashes, indent;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  CHECK(!Read(dashes).diagnostics.ok());
  for (int i = 0; i < 1000; ++i) {
    indent.append(static_cast<std::size_t>(i), ' ') += "a:\n";
  }
  CHECK(!Read(indent).diagnostics.ok());
  std::string wide = "a: [";
  for (int i = 0; i < 100; ++i) wide += "1, ";
  CHECK(Read(wide + "1]").diagnostics.ok());
  CHECK(!Read(wide + "1]", {.nodes = 50}).diagnostics.ok());
  CHECK(!Read(wide + "1]", {.bytes = 50}).diagnostics.ok());
}

TEST_CASE("a mapping reports unknown keys, wrong types and missing ones") {
  Read read("nmae: x\nport: abc\nwait: 5\non: yes\n");
  Mapping map(read.root, "server", read.diagnostics);
  map.required_string("name");
  map.integer("port", 1, 1, 65535);
  map.duration("wait", 1s);
  map.flag("on", false);
  map.finish();
  CHECK(read.diagnostics.text() ==
        "f.yml:1:1: error: server needs a 'name'\n"
        "f.yml:1:1: error: unknown key 'nmae' in server: did you mean 'name'?\n"
        "f.yml:2:7: error: port must be a whole number from 1 to 65535, not 'abc'\n"
        "f.yml:3:7: error: wait must be a duration such as 30s, 5m or 1h30m, not '5'\n"
        "f.yml:4:5: error: on must be true or false, not 'yes'\n");
}

}  // namespace basewatch::yaml
