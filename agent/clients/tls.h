#pragma once

#include <memory>
#include <string>

namespace basewatch::clients {

// How to speak TLS to a server; the files are read at each connect, so that a rotated certificate
// takes effect with the next connection.
struct TlsOptions {
  std::string ca_file;              // empty: the system's
  std::string cert_file, key_file;  // ours, for servers that ask for one
  std::string server_name;          // empty: the host's name
  bool verify = true;
  bool operator==(const TlsOptions&) const = default;
};

// One side of a TLS connection over a non-blocking socket that somebody else owns. One thread at a
// time. Throws std::runtime_error with a sentence when a file cannot be used.
class TlsSession {
 public:
  TlsSession(const TlsOptions& options, const std::string& host, int fd);
  ~TlsSession();

  enum class Step { done, wants_read, wants_write, closed, failed };
  Step handshake();
  Step read(char* to, std::size_t size, std::size_t& got);
  Step write(const char* from, std::size_t size, std::size_t& sent);
  // Why the last step failed: "the certificate has expired".
  const std::string& problem() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace basewatch::clients
