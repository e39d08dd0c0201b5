#include "agent/serve/transport.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>

namespace basewatch::serve {
namespace {

std::string_view failure_of(unsigned long code) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return "other";
  switch (ERR_GET_REASON(code)) {
    case SSL_R_HTTP_REQUEST:
      return "plain_http";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "version";
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return "cipher";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return "client_certificate";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return "refused_by_client";
    default:
      return "other";
  }
}

}  // namespace

Transport::Transport(UniqueFd fd, SSL_CTX* tls) : fd_(std::move(fd)) {
  if (!tls) return;
  ssl_.reset(SSL_new(tls));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_.get()) != 1) {
    broken_ = true;
    failure_ = "other";
    return;
  }
  SSL_set_accept_state(ssl_.get());
}

// The errors of a thread stand in one list, whichever connection they are of: it is emptied before
// each call, and here.
Io Transport::outcome(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return Io::done;
    case SSL_ERROR_WANT_READ:
      return Io::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return Io::wants_write;
    case SSL_ERROR_SSL:
      failure_ = failure_of(ERR_peek_error());
      broken_ = true;  // nothing may be written any more, not even a farewell
      break;
    case SSL_ERROR_SYSCALL:
      broken_ = true;
      [[fallthrough]];
    default:
      failure_ = "closed";
  }
  ERR_clear_error();
  return Io::closed;
}

Io Transport::handshake() {
  if (broken_) return Io::closed;
  if (!ssl_) return Io::done;
  ERR_clear_error();
  return outcome(SSL_do_handshake(ssl_.get()));
}

Io Transport::read(char* to, std::size_t size, std::size_t& got) {
  got = 0;
  if (broken_) return Io::closed;
  if (ssl_) {
    ERR_clear_error();
    return outcome(SSL_read_ex(ssl_.get(), to, size, &got));
  }
  while (true) {
    const auto result = ::recv(fd_.get(), to, size, MSG_DONTWAIT);
    if (result < 0 && errno == EINTR) continue;
    if (result < 0 && errno == EAGAIN) return Io::wants_read;
    if (result <= 0) return Io::closed;
    got = static_cast<std::size_t>(result);
    return Io::done;
  }
}

Io Transport::write(std::string_view from, std::size_t& sent) {
  sent = 0;
  if (broken_) return Io::closed;
  if (from.empty()) return Io::done;
  if (ssl_) {
    ERR_clear_error();
    return outcome(SSL_write_ex(ssl_.get(), from.data(), from.size(), &sent));
  }
  while (true) {
    const auto result = ::send(fd_.get(), from.data(), from.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (result < 0 && errno == EINTR) continue;
    if (result < 0 && errno == EAGAIN) return Io::wants_write;
    if (result < 0) return Io::closed;
    sent = static_cast<std::size_t>(result);
    return Io::done;
  }
}

void Transport::write_in_the_clear(std::string_view text) {
  if (::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
}

void Transport::finish_writing() {
  if (ssl_ && !broken_ && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());  // sends the farewell; the other end's is not waited for
    ERR_clear_error();
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

}  // namespace basewatch::serve
