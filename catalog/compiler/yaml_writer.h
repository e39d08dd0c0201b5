#pragma once

#include <string>
#include <string_view>

namespace basewatch::catalog {

// Writes the YAML of generated files: block style, two blanks a level, every scalar a string that
// reads back byte for byte, whatever it holds.
//
//   YamlWriter yaml;
//   yaml.key("groups");
//   yaml.item();                      // "- " before the next line
//   yaml.value("name", "x");
//   yaml.close();                     // of the item
//   yaml.close();                     // of groups
class YamlWriter {
 public:
  void comment(std::string_view text);                      // one line
  void key(std::string_view key);                           // what follows stands below it
  void item();                                              // a mapping in a list
  void close();                                             // of the last key() or item()
  void value(std::string_view key, std::string_view text);  // a string, in a block when long
  void plain(std::string_view key, std::string_view text);  // a number or duration, as it is
  void empty_list(std::string_view key);
  void entry(std::string_view text);  // a string in a list

  const std::string& text() const { return out_; }

 private:
  void indent();
  void block(std::string_view text);

  std::string out_;
  std::size_t depth_ = 0;
  bool after_dash_ = false;
};

// The text as one YAML scalar on one line: plain where that is safe, else in double quotes.
std::string yaml_scalar(std::string_view text);

}  // namespace basewatch::catalog
