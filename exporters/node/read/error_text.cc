#include "exporters/node/read/error_text.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace basewatch::node {

std::string error_text(int error) {
  if (error == ESTALE) return "stale NFS file handle";  // the older wording, kept by Go
  const char* words = strerrordesc_np(error);           // never translated, unlike strerror
  if (!words) return fmt::format("errno {}", error);
  std::string text = words;
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() > 1 && upper(text[0]) && !upper(text[1])) text[0] |= 0x20;  // "RPC ..." stays
  return text;
}

}  // namespace basewatch::node
