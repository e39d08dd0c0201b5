#include "agent/config/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "agent/base/strings.h"
#include "agent/base/unique_fd.h"

namespace basewatch::config {
namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;

[[noreturn]] void fail(const std::string& path, std::string_view reason) {
  throw std::runtime_error(
      fmt::format("the secret file '{}' cannot be read: {}", printable(path), reason));
}

}  // namespace

std::string read_secret(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) fail(path, std::strerror(errno));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) fail(path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) fail(path, "it is not a regular file");
  std::string text(kMaxBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxBytes) fail(path, "it is larger than 64 KiB");
  text.resize(size);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace basewatch::config
