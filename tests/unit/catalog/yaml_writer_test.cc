#include "catalog/compiler/yaml_writer.h"

#include <doctest/doctest.h>

#include "agent/base/yaml.h"

namespace basewatch::catalog {

TEST_CASE("what is written reads back byte for byte") {
  const std::string texts[] = {"plain",
                               "two words",
                               "",
                               " ",
                               "a ",
                               " a",
                               "a: b",
                               "a:",
                               "a #b",
                               "#b",
                               "- a",
                               "yes",
                               "No",
                               "null",
                               "~",
                               "1",
                               "1.5",
                               "-5",
                               ".5",
                               "0x10",
                               "1e6",
                               "12:30",
                               "2020-01-01",
                               "'quoted'",
                               "\"quoted\"",
                               "back\\slash",
                               "{{ $value }}",
                               "[a]",
                               "{a}",
                               "*a",
                               "&a",
                               "!a",
                               "|",
                               ">",
                               "%a",
                               "@a",
                               "`a`",
                               "a\nb",
                               "a\nb\n",
                               "\na",
                               "a\n\n  b\n c",
                               "a\r\nb",
                               "tab\tin",
                               "\x01\x7f",
                               "\xc3\xa9t\xc3\xa9",
                               "line \xe2\x80\xa8 separator",
                               "true",
                               "Infinity",
                               "=",
                               "a,b",
                               "a]b",
                               "null ",
                               "?",
                               "? a",
                               std::string(200, 'x'),
                               std::string(100, 'x') + "\n  y: z # no comment",
                               std::string(90, ' ') + "x"};
  YamlWriter yaml;
  yaml.key("list");
  for (const auto& text : texts) {
    yaml.item();
    yaml.value("text", text);
    yaml.value("again", text);
    yaml.close();
  }
  yaml.close();
  Diagnostics diagnostics;
  const auto root = yaml::parse(yaml.text(), "out.yml", diagnostics);
  REQUIRE(diagnostics.text() == "");
  const auto* list = root.find("list");
  REQUIRE(list);
  REQUIRE(list->items.size() == std::size(texts));
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    CHECK(list->items[i].find("text")->scalar == texts[i]);
    CHECK(list->items[i].find("again")->scalar == texts[i]);
  }
}

TEST_CASE("it looks like written by hand") {
  YamlWriter yaml;
  yaml.key("groups");
  yaml.item();
  yaml.value("name", "a");
  yaml.plain("interval", "10s");
  yaml.key("rules");
  yaml.comment("Says\nwhat.");
  yaml.item();
  yaml.value("expr", "a\n  > b");
  yaml.empty_list("none");
  yaml.close();
  yaml.close();
  yaml.close();
  yaml.close();
  yaml.key("files");
  yaml.entry("../a.yml");
  CHECK(yaml.text() == R"(groups:
  - name: a
    interval: 10s
    rules:
      # Says\x0awhat.
      - expr: |-
          a
            > b
        none: []
files:
  - "../a.yml"
)");
}

}  // namespace basewatch::catalog
