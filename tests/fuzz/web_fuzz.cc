#include <cstdlib>

#include "agent/config/web_config.h"

// A web configuration of any bytes either is read, twice the same, or refused with a message; what
// is read holds nothing that could not be used: users have hashes, TLS has its files, headers are
// one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace basewatch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  AccessSettings first, second;
  Diagnostics one, two;
  config::read_web_config_text(text, "web.yml", first, one);
  config::read_web_config_text(text, "web.yml", second, two);
  if (one.text() != two.text() || !(first == second)) std::abort();
  for (const auto& user : first.users) {
    if (user.hash.size() != 60 || one.text().find(user.hash) != std::string::npos) std::abort();
  }
  for (const auto& [name, value] : first.headers) {
    if (value.find_first_of("\r\n") != std::string::npos) std::abort();
  }
  if (!one.ok()) return 0;
  if (first.tls.on && (!first.tls.certificate.given() || !first.tls.key.given())) std::abort();
  if (first.tls.least > first.tls.most || first.tls.least < 2) std::abort();
  return 0;
}
