#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/unique_fd.h"
#include "exporters/node/read/source.h"

namespace basewatch::node {

// A text of sysfs as it was read, without the blanks around it, or the errno that says why not.
struct Attribute {
  int error = 0;
  std::string text;

  bool ok() const { return error == 0; }
  // There is no such attribute, or its device has just gone.
  bool is_missing() const;
  // It is there, but not for this user.
  bool is_forbidden() const;
  // Anything else is the driver's answer: EINVAL (the speed of a link that is down), EIO, ENODATA
  // ...
};

// A folder of sysfs, open: attributes are read relative to it, which walks one name instead of a
// whole path and costs openat, read and close. Nothing is kept between scrapes: sysfs does not tell
// by a folder's time or link count that devices came or went, and names may be swapped between
// devices, so a scrape lists anew.
//
// A name may have several parts ("device/model"). What is missing, a link into nothing or a loop is
// nothing; a folder that is there and cannot be read throws ReadError, and so does a number that is
// none. One thread at a time.
class SysFolder {
 public:
  static constexpr std::size_t kMaxNames = 100'000;  // in one folder
  static constexpr std::size_t kMaxText = 16'383;    // of an attribute; longer ones are EFBIG

  // Nothing when there is no such folder: no such hardware.
  static std::optional<SysFolder> open(std::string path);
  std::optional<SysFolder> folder(std::string_view name) const;

  // What is in it, sorted by bytes, as node_exporter goes through it.
  std::vector<std::string> names() const;
  // Without what is surely no folder.
  std::vector<std::string> folder_names() const;

  bool has(std::string_view name) const;
  Attribute read(std::string_view name) const;
  // Nothing when it cannot be read, whatever the reason; an empty text is a text.
  std::optional<std::string> text(std::string_view name) const;
  // Nothing when it cannot be read or is empty. Decimal, or hexadecimal with 0x.
  std::optional<std::uint64_t> whole(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<double> number(std::string_view name) const;
  // What a link points to, and the last part of it: the name of a driver, a subsystem, a device.
  std::optional<std::string> target(std::string_view name) const;
  std::optional<std::string> link(std::string_view name) const;

  const std::string& path() const { return path_; }
  // Where the folder really is, without links; empty when it has gone.
  std::string real_path() const;
  std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Throws ReadError "path: message".
  [[noreturn]] void fail(std::string_view name, std::string_view message) const;

 private:
  SysFolder(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  static std::optional<SysFolder> open_at(int parent, std::string_view name, std::string path);
  template <typename T>
  std::optional<T> parsed(std::string_view name, std::optional<T> (*parse)(std::string_view)) const;

  std::vector<std::string> list(bool only_folders) const;

  UniqueFd fd_;
  std::string path_;
  mutable bool is_listed_ = false;
};

// A number of sysfs: decimal, or hexadecimal with 0x. Nothing for anything else, also inf and nan.
std::optional<std::uint64_t> parse_whole_attribute(std::string_view text);
std::optional<std::int64_t> parse_integer_attribute(std::string_view text);
std::optional<double> parse_number_attribute(std::string_view text);

}  // namespace basewatch::node
