#include "agent/config/secret_file.h"

#include <fmt/format.h>

#include <stdexcept>

#include "agent/base/small_file.h"
#include "agent/base/strings.h"

namespace basewatch::config {
namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;

}  // namespace

std::string read_secret(const std::string& path) {
  std::string problem;
  auto text = read_small_file(path, kMaxBytes, problem);
  if (!text) {
    throw std::runtime_error(
        fmt::format("the secret file '{}' cannot be read: {}", printable(path), problem));
  }
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return *text;
}

}  // namespace basewatch::config
