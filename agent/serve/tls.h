#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "agent/base/access_settings.h"
#include "agent/base/clock.h"

namespace basewatch::serve {

struct Free {
  void operator()(SSL_CTX* one) const { SSL_CTX_free(one); }
  void operator()(SSL* one) const { SSL_free(one); }
  void operator()(X509* one) const { X509_free(one); }
  void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
  void operator()(BIO* one) const { BIO_free(one); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// What is served, for those who ask before a client does.
struct Certificate {
  std::string names;     // "db-1.example.org, 10.0.0.5", or the subject when it lists none
  WallTime from, until;  // `until`: the earliest end of the certificates that are sent along
};

// A context made of the files; nullptr after an error at its place in `diagnostics`. A certificate
// that has ended or soon will is a warning: the agent is of use all the same.
Owned<SSL_CTX> make_tls(const TlsSettings& settings, WallTime now, Certificate& certificate,
                        Diagnostics& diagnostics);

// Whether the client of a connection showed a certificate and proved that an authority of ours
// vouches for it.
bool client_is_verified(const SSL* ssl);

// The first of OpenSSL's complaints in words; empties its list.
std::string tls_error();

}  // namespace basewatch::serve
