#include <cstdlib>
#include <string>

#include "agent/serve/access.h"
#include "agent/serve/exchange.h"

namespace {

using namespace basewatch;

// One user, whose password is "test"; hashing it every time would leave nothing of the run.
struct Door {
  serve::Passwords passwords{Clock::system(), [](const std::string& password, const std::string&) {
                               return password == "test";
                             }};
  std::shared_ptr<const serve::Access> access;
  Door() {
    AccessSettings settings;
    settings.users = {{"test", "$2y$04$zWbUwGZf1vdLauSnfov1x.Uvf4a.LdZj6ROiL6kasLe3bK9SrJIUS", {}}};
    Diagnostics diagnostics;
    access = serve::Access::make(settings, {}, diagnostics);
    if (!access) std::abort();
  }
};

}  // namespace

// Whatever stands before the empty line is answered by one HTTP answer, and nobody gets past the
// door without the password.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Door door;
  std::string header(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 16 * 1024));
  header.erase(std::min(header.find("\r\n\r\n"), header.size()));
  const bool knows = header.find("dGVzdDp0ZXN0") != std::string::npos;  // test:test
  const serve::Exchange exchange([&](serve::Call& call) -> serve::Answer {
    if (auto refusal = door.access->refuse(call, door.passwords)) return refusal->answer;
    const bool open = call.path == "/-/healthy" || call.path == "/-/ready";
    if (!open && (!knows || !call.authenticated)) std::abort();
    if (open && call.authenticated) std::abort();
    return {200, "text/plain", serve::why_not_act(call), {}};
  });
  std::string text;
  exchange.run(header + "\r\n\r\n", {}, false, text);
  if (!text.starts_with("HTTP/1.1 ")) std::abort();
  if (text.find("\r\n\r\n") == std::string::npos) std::abort();
  return 0;
}
