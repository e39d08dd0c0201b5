#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "exporters/node/read/stamped_file.h"

namespace basewatch::node {

// What udev keeps about one device, of /run/udev/data/b8:0. Nothing where udev does not run, or
// keeps nothing of this device. One thread at a time.
class UdevProperties {
 public:
  explicit UdevProperties(std::string path) : file_(std::move(path)) {}

  // Reads the file if it has changed. What cannot be read is nothing: it only adorns what is shown.
  void refresh();

  std::string_view operator[](std::string_view name) const;  // empty when there is none
  std::string_view first_of(std::initializer_list<std::string_view> names) const;

 private:
  StampedFile file_;
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace basewatch::node
