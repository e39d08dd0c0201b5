#include "exporters/node/read/mounts.h"

#include <algorithm>

namespace basewatch::node {
namespace {

bool octal(char c) {
  return c >= '0' && c <= '7';
}

std::string unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' && octal(text[i + 1]) &&
        octal(text[i + 2]) && octal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const auto comma = std::min(options.find(','), options.size());
    if (options.substr(0, comma) == wanted) return true;
    options.remove_prefix(std::min(comma + 1, options.size()));
  }
  return false;
}

// "36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/sda1 rw,errors=continue"
Mount parse_line(const Source& source, std::string_view line) {
  // Exactly one blank stands between two fields, and a field may be empty (the device of some FUSE
  // file systems), so blanks are not folded.
  const auto whole = line;
  const auto next = [&]() -> std::string_view {
    const auto end = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
  };
  next();  // its id
  next();  // its parent's
  const auto number = next();
  next();  // the root within the file system
  Mount mount;
  mount.mountpoint = unescaped(next());
  const auto options = next();
  while (!line.empty() && next() != "-") {
  }  // any number of tags such as shared:7
  mount.type = next();
  mount.device = next();
  const auto super = next();
  const auto colon = number.find(':');
  if (colon == std::string_view::npos || !parse_uint(number.substr(0, colon)) ||
      !parse_uint(number.substr(colon + 1)) || mount.type.empty() || super.empty()) {
    source.fail(whole, "this is no line of mountinfo");
  }
  mount.major = number.substr(0, colon);
  mount.minor = number.substr(colon + 1);
  mount.super_options = super;
  // ext4 that stopped writing after an error says so only here, and its other options stay "rw".
  mount.is_read_only =
      has_option(options, "ro") || has_option(super, "ro") || has_option(super, "emergency_ro");
  return mount;
}

}  // namespace

std::vector<Mount> parse_mounts(const Source& mountinfo) {
  std::vector<Mount> mounts;
  std::string_view rest = mountinfo.text, line;
  while (next_line(rest, line)) {
    if (!line.empty()) mounts.push_back(parse_line(mountinfo, line));
  }
  return mounts;
}

std::string_view strip_root(std::string_view path, std::string_view root) {
  while (root.ends_with('/')) root.remove_suffix(1);
  if (root.empty() || !path.starts_with(root)) return path;
  const auto rest = path.substr(root.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : path;  // /hostel does not lie below /host
}

}  // namespace basewatch::node
