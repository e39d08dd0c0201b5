#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/access_settings.h"
#include "agent/serve/http.h"
#include "agent/serve/passwords.h"
#include "agent/serve/tls.h"

namespace basewatch::serve {

// Why a request was refused: the label of a metric, and a line for the log.
struct Refusal {
  Answer answer;
  std::string_view reason;
  std::string message;
};

// Who may come in, made ready from the settings and the files they name. It never changes; a reload
// makes another one. Any thread.
class Access {
 public:
  // nullptr after an error at its place in `diagnostics`; warnings do not hinder.
  static std::shared_ptr<const Access> make(const AccessSettings& settings, WallTime now,
                                            Diagnostics& diagnostics);
  // Everybody, in the clear.
  static std::shared_ptr<const Access> open();

  bool admits(const IpAddress& client) const;
  SSL_CTX* tls() const { return tls_.get(); }

  // Nothing when the request may come in; then call.authenticated says whether we know from whom.
  // May take as long as a comparison of passwords.
  std::optional<Refusal> refuse(Call& call, Passwords& passwords) const;

  const std::vector<std::pair<std::string, std::string>>& headers() const {
    return settings_.headers;
  }
  // Of the server itself; only with TLS.
  const std::optional<Certificate>& certificate() const { return certificate_; }
  // Connections that were let in under other rules for clients have to shake hands anew.
  bool same_clients(const Access& other) const { return client_rules_ == other.client_rules_; }

 private:
  explicit Access(AccessSettings settings) : settings_(std::move(settings)) {}
  bool read_tokens(Diagnostics& diagnostics);
  std::optional<Refusal> check_basic(const Call& call, std::string_view encoded,
                                     Passwords& passwords) const;
  bool knows_token(std::string_view token) const;
  bool within_rate() const;

  const AccessSettings settings_;
  Owned<SSL_CTX> tls_;
  std::optional<Certificate> certificate_;
  std::string client_rules_, decoy_;
  std::vector<Digest> tokens_;
  mutable std::mutex mutex_;
  mutable double rate_left_ = 0;  // guarded by mutex_
  mutable MonoTime rate_at_{};    // likewise
};

// Why a request may not make the agent do something, or empty: it has to be authenticated, or come
// from this machine and nowhere else, and never from another site's page in somebody's browser.
std::string why_not_act(const Call& call);

}  // namespace basewatch::serve
