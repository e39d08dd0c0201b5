#include "agent/commands/access_keeper.h"

#include <fmt/format.h>
#include <prometheus/gauge.h>

#include <limits>

#include "agent/base/small_file.h"
#include "agent/base/strings.h"
#include "agent/base/thread.h"
#include "agent/config/server.h"
#include "agent/serve/listener.h"
#include "metrics/agent.h"

namespace basewatch::commands {
namespace {

constexpr auto kEvery = std::chrono::seconds(1);

bool is_loopback(const std::string& host) {
  const auto address = parse_ip(host);
  return host == "localhost" || (address && address->is_loopback());
}

}  // namespace

AccessKeeper::AccessKeeper(serve::Server& server, Clock& clock, Log& log, Self& self)
    : server_(server),
      clock_(clock),
      log_(log),
      expiry_(self.gauge(metrics::agent::tls_certificate_expiry_timestamp_seconds.spec())),
      successful_(self.gauge(metrics::agent::access_last_change_successful.spec())) {
  expiry_.Set(std::numeric_limits<double>::infinity());
  successful_.Set(1);
}

AccessKeeper::~AccessKeeper() {
  {
    std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

AccessKeeper::Signatures AccessKeeper::look_at_files(const config::Server& settings) {
  Signatures out;
  for (const auto& path : config::access_files(settings)) out[path] = file_signature(path);
  return out;
}

std::shared_ptr<const serve::Access> AccessKeeper::prepare(const config::Server& settings,
                                                           Diagnostics& diagnostics) {
  State next{settings, nullptr, look_at_files(settings)};
  next.access = serve::Access::make(settings.access, clock_.wall_now(), diagnostics);
  std::lock_guard guard(mutex_);
  prepared_ = next;
  return next.access;
}

void AccessKeeper::commit() {
  std::lock_guard guard(mutex_);
  if (prepared_.access) put_in_force(std::exchange(prepared_, {}));
  if (thread_.joinable() || config::access_files(current_.settings).empty()) return;
  thread_ = start_thread("access", [this] { watch(); });
}

void AccessKeeper::put_in_force(State state) {
  const auto& certificate = state.access->certificate();
  const auto& before = current_.access ? current_.access->certificate() : std::nullopt;
  if (certificate &&
      (!before || before->until != certificate->until || before->names != certificate->names)) {
    log_.info("http", "serves TLS with the certificate for {}, valid until {}", certificate->names,
              format_utc(certificate->until));
  }
  expiry_.Set(certificate ? unix_seconds(certificate->until)
                          : std::numeric_limits<double>::infinity());
  successful_.Set(1);
  server_.set_access(state.access);
  seen_ = state.files;
  current_ = std::move(state);
}

void AccessKeeper::watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto next = clock_.now() + kEvery;
    while (!stopping_ && clock_.now() < next) clock_.wait_until(changed_, lock, next);
    if (!stopping_) look();
  }
}

// A certificate and its key are two files: between the two there is a moment in which they do not
// fit, so nothing is read before both have stood still.
void AccessKeeper::look() {
  const auto now = look_at_files(current_.settings);
  if (std::exchange(seen_, now) != now || now == current_.files) return;
  std::vector<std::string> changed;
  for (const auto& [path, what] : now) {
    const auto before = current_.files.find(path);
    if (before == current_.files.end() || before->second != what) changed.push_back(path);
  }
  const auto paths = printable(join(changed, ", "), 500);
  auto next = current_;
  next.files = now;
  Diagnostics diagnostics;
  next.settings.access = config::read_access(current_.settings, diagnostics);
  next.access = diagnostics.ok()
                    ? serve::Access::make(next.settings.access, clock_.wall_now(), diagnostics)
                    : nullptr;
  for (const auto& one : diagnostics.sorted()) {
    log_.write(one.severity == Severity::error ? LogLevel::error : LogLevel::warning, "http",
               one.text());
  }
  if (next.access) {
    put_in_force(std::move(next));
    log_.info("http", "took over what has changed: {}", paths);
    return;
  }
  log_.error("http", "cannot use what has changed: {}; goes on as before", paths);
  successful_.Set(0);
  current_.files = now;
}

void warn_of_open_door(const config::Server& server, Diagnostics& diagnostics) {
  if (is_loopback(server.host)) return;
  const auto& access = server.access;
  const auto address = serve::address_text(server.host, server.port);
  const bool certificates = access.tls.client == ClientCertificate::require_and_verify;
  if (access.needs_password() && !access.tls.on) {
    diagnostics.warning(
        server.listen_where,
        fmt::format("{} can be reached from other machines, and passwords and tokens "
                    "go there in the clear: add server.tls",
                    address));
  } else if (!access.needs_password() && !certificates && access.allow.empty()) {
    diagnostics.warning(
        server.listen_where,
        fmt::format("{} can be reached from other machines, and whoever reaches it reads every "
                    "metric: listen on 127.0.0.1, or add server.auth, server.tls with "
                    "client_ca_file, or server.allow (docs/security.md)",
                    address));
  }
}

}  // namespace basewatch::commands
