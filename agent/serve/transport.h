#pragma once

#include <string_view>

#include "agent/base/unique_fd.h"
#include "agent/serve/tls.h"

namespace basewatch::serve {

enum class Io { done, wants_read, wants_write, closed };

// A connected, non-blocking socket, with TLS over it or not. Nothing here waits: what cannot be
// done at once says what to poll for. One thread at a time.
class Transport {
 public:
  Transport() = default;
  // `tls` null: in the clear. The context may go away later: OpenSSL counts who uses it.
  Transport(UniqueFd fd, SSL_CTX* tls);

  int fd() const { return fd_.get(); }
  bool secure() const { return ssl_ != nullptr; }

  // To be repeated until it is done. closed: it never will be, and failure() says why.
  Io handshake();
  // A word for a metric's label: plain_http, version, client_certificate, refused_by_client, ...
  std::string_view failure() const { return failure_; }
  bool client_verified() const { return ssl_ && client_is_verified(ssl_.get()); }

  Io read(char* to, std::size_t size, std::size_t& got);
  Io write(std::string_view from, std::size_t& sent);
  // Bytes were read off the socket that nobody has asked for yet: poll would not tell.
  bool pending() const { return ssl_ && SSL_has_pending(ssl_.get()); }

  // Past TLS, for an answer to those who do not speak it. Best effort.
  void write_in_the_clear(std::string_view text);
  // Tells the other end that nothing more will come; reading goes on.
  void finish_writing();

 private:
  Io outcome(int result);

  UniqueFd fd_;
  Owned<SSL> ssl_;
  bool broken_ = false;
  std::string_view failure_;
};

}  // namespace basewatch::serve
