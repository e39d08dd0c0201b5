#include "agent/clients/tls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <stdexcept>

namespace basewatch::clients {
namespace {

std::string last_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "it cannot be used";
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : fmt::format("error {}", code);
}

[[noreturn]] void fail(std::string_view what, const std::string& path) {
  throw std::runtime_error(fmt::format("the {} '{}' cannot be used: {}", what, path, last_error()));
}

bool is_address(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace

struct TlsSession::State {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{nullptr, SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, SSL_free};
  std::string problem;

  // What a return value of OpenSSL asks for.
  Step step(int result) {
    if (result > 0) return Step::done;
    switch (SSL_get_error(ssl.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return Step::wants_read;
      case SSL_ERROR_WANT_WRITE:
        return Step::wants_write;
      case SSL_ERROR_ZERO_RETURN:
        return Step::closed;
      case SSL_ERROR_SYSCALL:
        if (errno == 0) return Step::closed;
        problem = std::strerror(errno);
        return Step::failed;
      default:
        describe();
        return Step::failed;
    }
  }

  void describe() {
    const auto verdict = SSL_get_verify_result(ssl.get());
    problem = verdict != X509_V_OK ? fmt::format("its certificate is not accepted: {}",
                                                 X509_verify_cert_error_string(verdict))
                                   : fmt::format("TLS fails: {}", last_error());
    ERR_clear_error();
  }
};

TlsSession::TlsSession(const TlsOptions& options, const std::string& host, int fd)
    : state_(std::make_unique<State>()) {
  ERR_clear_error();
  state_->context.reset(SSL_CTX_new(TLS_client_method()));
  auto* context = state_->context.get();
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context,
                      SSL_OP_IGNORE_UNEXPECTED_EOF);  // a server that was killed has closed
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!options.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
      fail("CA file", options.ca_file);
    }
  } else if (options.verify) {
    SSL_CTX_set_default_verify_paths(context);
  }
  if (!options.cert_file.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1) {
      fail("certificate file", options.cert_file);
    }
    const auto& key = options.key_file.empty() ? options.cert_file : options.key_file;
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
      fail("key file", key);
    }
  }
  state_->ssl.reset(SSL_new(context));
  auto* ssl = state_->ssl.get();
  if (!ssl || SSL_set_fd(ssl, fd) != 1) throw std::bad_alloc();
  SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const auto& name = options.server_name.empty() ? host : options.server_name;
  if (is_address(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
  } else if (!name.empty()) {
    SSL_set_tlsext_host_name(ssl, name.c_str());
    SSL_set1_host(ssl, name.c_str());
  }
  SSL_set_connect_state(ssl);
}

TlsSession::~TlsSession() = default;

const std::string& TlsSession::problem() const {
  return state_->problem;
}

TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  errno = 0;
  return state_->step(SSL_do_handshake(state_->ssl.get()));
}

TlsSession::Step TlsSession::read(char* to, std::size_t size, std::size_t& got) {
  ERR_clear_error();
  errno = 0;
  return state_->step(SSL_read_ex(state_->ssl.get(), to, size, &got));
}

TlsSession::Step TlsSession::write(const char* from, std::size_t size, std::size_t& sent) {
  ERR_clear_error();
  errno = 0;
  return state_->step(SSL_write_ex(state_->ssl.get(), from, size, &sent));
}

}  // namespace basewatch::clients
