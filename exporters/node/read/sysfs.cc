#include "exporters/node/read/sysfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "exporters/node/read/error_text.h"

namespace basewatch::node {
namespace {

constexpr std::size_t kListBuffer = 32'768;

bool means_missing(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENODEV || error == ENXIO;
}

// A name with the NUL that the kernel wants.
struct CName {
  char bytes[PATH_MAX];
  bool fits;

  explicit CName(std::string_view name) : fits(name.size() < sizeof bytes) {
    if (!fits) return;
    std::memcpy(bytes, name.data(), name.size());
    bytes[name.size()] = '\0';
  }
};

int open_text(int folder, std::string_view name) {
  const CName c_name(name);
  if (!c_name.fits) {
    errno = ENAMETOOLONG;
    return -1;
  }
  // O_NONBLOCK: a pipe somebody put there must not hold the scrape; no effect on anything else.
  return openat(folder, c_name.bytes, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

// Reads the text into `buffer`; 0 or an errno. One read: sysfs gives all it has at once, and a
// second one would only say that this was the end.
int read_text(int folder, std::string_view name, std::span<char> buffer, std::string_view& text) {
  const UniqueFd fd(open_text(folder, name));
  if (!fd) return errno;
  ssize_t got;
  do {
    got = ::read(fd.get(), buffer.data(), buffer.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) return errno;
  if (static_cast<std::size_t>(got) == buffer.size()) return EFBIG;
  text = trim({buffer.data(), static_cast<std::size_t>(got)});
  return 0;
}

}  // namespace

bool Attribute::is_missing() const {
  return means_missing(error);
}

bool Attribute::is_forbidden() const {
  return error == EACCES || error == EPERM;
}

std::optional<SysFolder> SysFolder::open_at(int parent, std::string_view name, std::string path) {
  const CName c_name(name);
  if (!c_name.fits) return std::nullopt;
  UniqueFd fd(openat(parent, c_name.bytes, O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (fd) return SysFolder(std::move(fd), std::move(path));
  if (means_missing(errno)) return std::nullopt;
  throw ReadError(fmt::format("cannot read {}: {}", path, error_text(errno)));
}

std::optional<SysFolder> SysFolder::open(std::string path) {
  const std::string name = path;
  return open_at(AT_FDCWD, name, std::move(path));
}

std::optional<SysFolder> SysFolder::folder(std::string_view name) const {
  return open_at(fd_.get(), name, path_of(name));
}

std::vector<std::string> SysFolder::names() const {
  return list(false);
}

std::vector<std::string> SysFolder::folder_names() const {
  return list(true);
}

std::vector<std::string> SysFolder::list(bool only_folders) const {
  std::vector<std::string> names;
  if (is_listed_ && lseek(fd_.get(), 0, SEEK_SET) < 0) fail("", error_text(errno));
  is_listed_ = true;
  alignas(dirent64) char buffer[kListBuffer];
  while (true) {
    const auto got = getdents64(fd_.get(), buffer, sizeof buffer);
    if (got < 0 && means_missing(errno)) break;  // its device has just gone
    if (got < 0) {
      throw ReadError(fmt::format("cannot list {}: {}", path_, error_text(errno)));
    }
    if (got == 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (only_folders && entry->d_type == DT_REG) continue;
      names.emplace_back(name);
    }
    if (names.size() > kMaxNames) {
      throw ReadError(fmt::format("{} holds more than {} names and is not read", path_, kMaxNames));
    }
  }
  std::ranges::sort(names);
  return names;
}

bool SysFolder::has(std::string_view name) const {
  const CName c_name(name);
  return c_name.fits && faccessat(fd_.get(), c_name.bytes, F_OK, 0) == 0;
}

Attribute SysFolder::read(std::string_view name) const {
  char buffer[kMaxText + 1];
  std::string_view text;
  Attribute attribute;
  attribute.error = read_text(fd_.get(), name, buffer, text);
  if (attribute.ok()) attribute.text = text;
  return attribute;
}

std::optional<std::string> SysFolder::text(std::string_view name) const {
  auto attribute = read(name);
  if (!attribute.ok()) return std::nullopt;
  return std::move(attribute.text);
}

template <typename T>
std::optional<T> SysFolder::parsed(std::string_view name,
                                   std::optional<T> (*parse)(std::string_view)) const {
  char buffer[kMaxText + 1];
  std::string_view text;
  if (read_text(fd_.get(), name, buffer, text) != 0 || text.empty()) return std::nullopt;
  const auto value = parse(text);
  if (!value) fail(name, fmt::format("'{}' is no number", printable(text, 40)));
  return value;
}

std::optional<std::uint64_t> SysFolder::whole(std::string_view name) const {
  return parsed(name, parse_whole_attribute);
}

std::optional<std::int64_t> SysFolder::integer(std::string_view name) const {
  return parsed(name, parse_integer_attribute);
}

std::optional<double> SysFolder::number(std::string_view name) const {
  return parsed(name, parse_number_attribute);
}

std::optional<std::string> SysFolder::target(std::string_view name) const {
  const CName c_name(name);
  char buffer[PATH_MAX];
  const auto size = c_name.fits ? readlinkat(fd_.get(), c_name.bytes, buffer, sizeof buffer) : -1;
  if (size <= 0) return std::nullopt;
  std::string_view target(buffer, static_cast<std::size_t>(size));
  while (target.ends_with('/')) target.remove_suffix(1);
  return std::string(target);
}

std::optional<std::string> SysFolder::link(std::string_view name) const {
  auto target = this->target(name);
  if (target) target->erase(0, target->rfind('/') + 1);
  return target;
}

std::string SysFolder::real_path() const {
  const auto link = fmt::format("/proc/self/fd/{}", fd_.get());
  char buffer[PATH_MAX];
  const auto size = readlink(link.c_str(), buffer, sizeof buffer);
  std::string path(buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return path.ends_with(" (deleted)") ? "" : path;
}

void SysFolder::fail(std::string_view name, std::string_view message) const {
  throw ReadError(fmt::format("{}: {}", name.empty() ? path_ : path_of(name), message));
}

std::optional<std::uint64_t> parse_whole_attribute(std::string_view text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return parse_uint(text);
  text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value, 16);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_integer_attribute(std::string_view text) {
  if (const auto whole = parse_whole_attribute(text)) {
    if (*whole > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(*whole);
  }
  return parse_int(text);
}

std::optional<double> parse_number_attribute(std::string_view text) {
  if (const auto whole = parse_whole_attribute(text)) return static_cast<double>(*whole);
  const auto value = parse_double(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace basewatch::node
