// The parsers of the node exporter. The first byte of the input picks one, the rest is its text.
// They may refuse anything with a ReadError that says something; they must not do anything else.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "agent/plugin/page.h"
#include "exporters/node/read/cpu.h"
#include "exporters/node/read/mounts.h"
#include "exporters/node/read/net.h"
#include "exporters/node/read/textfile.h"

namespace {

using namespace basewatch;
using namespace basewatch::node;

void parse_textfile(std::string_view text) {
  ParsedTextfile file;
  file.parse(text, "fuzz.prom");
  Page page;
  file.add_to(page, std::vector<bool>(file.families().size(), true));
  page.seal();
}

void check_mounts(std::string_view text) {
  for (const auto& mount : parse_mounts(text)) {
    const auto stripped = strip_root(mount.mountpoint, "/host");
    if (!mount.mountpoint.ends_with(stripped) && stripped != "/") std::abort();
  }
}

void check_cpu_list(std::string_view text) {
  if (parse_cpu_list(text).size() > 70'000) std::abort();
}

void parse(char which, std::string_view text) {
  std::vector<CpuTimes> times;
  std::vector<Device> devices;
  switch (which) {
    case 's':
      return parse_cpu_times(text, times);
    case 'l':
      return check_cpu_list(text);
    case 'c':
      parse_cpu_info(text);
      return;
    case 'm':
      return check_mounts(text);
    case 'd':
      parse_net_dev(text);
      return;
    case 'n':
      parse_links(text, devices);
      return;
    case 't':
      return parse_textfile(text);
    case 'r':
      for_each_row(text, [&](std::string_view key, std::string_view) {
        if (key.empty()) std::abort();
      });
      return;
    default:
      leading_numbers<3>(text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // A copy of its own size: the sanitizer sees every byte that is read beyond it.
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    parse(static_cast<char>(data[0]), text);
  } catch (const ReadError& error) {
    if (std::strlen(error.what()) == 0) std::abort();
  } catch (const PageTooLarge&) {
  }
  return 0;
}
