#include "agent/serve/tls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "agent/base/small_file.h"
#include "agent/base/strings.h"

namespace basewatch::serve {
namespace {

constexpr std::size_t kMaxBytes = 1u << 20;
constexpr auto kSoon = std::chrono::hours(24 * 14);

// Forward secrecy and authenticated encryption, as Go and Mozilla's intermediate list have them.
constexpr auto kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr auto kGroups = "X25519:P-256:P-384";
constexpr unsigned char kSessions[] = "basewatch";
constexpr unsigned char kHttp[] = "\x08http/1.1";

std::string name_of(const Pem& pem) {
  return pem.path.empty() ? "the text given here" : fmt::format("'{}'", printable(pem.path));
}

// The PEM text as a BIO over `text`, which has to stay; nullptr after an error.
Owned<BIO> open_pem(const Pem& pem, std::string& text, Diagnostics& diagnostics) {
  if (pem.path.empty()) {
    text = pem.text;
  } else {
    std::string problem;
    auto read = read_small_file(pem.path, kMaxBytes, problem);
    if (!read) {
      diagnostics.error(pem.where, fmt::format("{} cannot be read: {}", name_of(pem), problem));
      return nullptr;
    }
    text = std::move(*read);
  }
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::vector<Owned<X509>> read_certificates(const Pem& pem, Diagnostics& diagnostics) {
  std::vector<Owned<X509>> out;
  std::string text;
  const auto bio = open_pem(pem, text, diagnostics);
  if (!bio) return out;
  ERR_clear_error();
  while (auto* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) out.emplace_back(one);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (at_end && !out.empty()) return out;
  diagnostics.error(
      pem.where,
      fmt::format("{} {}: it must be PEM, '-----BEGIN CERTIFICATE-----' and so on", name_of(pem),
                  at_end ? "holds no certificate" : "has a certificate that cannot be read"));
  out.clear();
  return out;
}

int no_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Owned<EVP_PKEY> read_key(const Pem& pem, Diagnostics& diagnostics) {
  std::string text;
  const auto bio = open_pem(pem, text, diagnostics);
  if (!bio) return nullptr;
  bool asked = false;
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &asked));
  ERR_clear_error();
  OPENSSL_cleanse(text.data(), text.size());
  if (!key) {
    diagnostics.error(pem.where,
                      asked ? fmt::format("{} is encrypted: write the key without a password "
                                          "(openssl pkey -in ... -out ...), readable by the agent "
                                          "alone",
                                          name_of(pem))
                            : fmt::format("{} holds no private key: it must be PEM, "
                                          "'-----BEGIN PRIVATE KEY-----' and so on",
                                          name_of(pem)));
  }
  struct stat info {};
  if (key && !pem.path.empty() && ::stat(pem.path.c_str(), &info) == 0 &&
      (info.st_mode & S_IROTH) != 0) {
    diagnostics.warning(pem.where, fmt::format("every user of this machine can read the key {}: "
                                               "chmod 600",
                                               name_of(pem)));
  }
  return key;
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

// Every name that stands in the certificate's list, as Go writes them.
std::vector<std::string> alternative_names(const X509* certificate) {
  std::vector<std::string> out;
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const auto* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_IPADD) {
      const auto* ip = name->d.iPAddress;
      char text[INET6_ADDRSTRLEN] = "";
      ::inet_ntop(ip->length == 4 ? AF_INET : AF_INET6, ip->data, text, sizeof text);
      if (ip->length == 4 || ip->length == 16) out.emplace_back(text);
    } else if (name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI) {
      const auto* text = name->d.ia5;  // with its length: a NUL inside ends nothing
      out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
    }
  }
  GENERAL_NAMES_free(list);
  return out;
}

std::string names_of(const X509* certificate) {
  auto names = join(alternative_names(certificate), ", ");
  if (!names.empty()) return printable(names);
  char subject[256] = "";
  X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
  return printable(subject);
}

void tell_validity(const Pem& pem, const Certificate& certificate, WallTime now,
                   Diagnostics& diagnostics) {
  const auto until = format_utc(certificate.until);
  if (now >= certificate.until) {
    diagnostics.warning(pem.where, fmt::format("the certificate for {} has expired, on {}: clients "
                                               "refuse it; renew it",
                                               certificate.names, until));
  } else if (certificate.until - now < kSoon) {
    diagnostics.warning(pem.where,
                        fmt::format("the certificate for {} expires in less than {} "
                                    "days, on {}: renew it",
                                    certificate.names,
                                    (certificate.until - now) / std::chrono::hours(24) + 1, until));
  } else if (now < certificate.from) {
    diagnostics.warning(pem.where, fmt::format("the certificate for {} is not valid before {}",
                                               certificate.names, format_utc(certificate.from)));
  }
}

bool use_certificate(SSL_CTX* context, const TlsSettings& settings, WallTime now,
                     Certificate& certificate, Diagnostics& diagnostics) {
  const auto chain = read_certificates(settings.certificate, diagnostics);
  const auto key = read_key(settings.key, diagnostics);
  if (chain.empty() || !key) return false;
  certificate = {names_of(chain[0].get()), time_of(X509_get0_notBefore(chain[0].get())),
                 WallTime::max()};
  for (const auto& one : chain) {
    certificate.until = std::min(certificate.until, time_of(X509_get0_notAfter(one.get())));
  }
  if (X509_check_private_key(chain[0].get(), key.get()) != 1) {
    ERR_clear_error();
    diagnostics.error(settings.key.where,
                      fmt::format("the key {} belongs to another certificate than {}, whose first "
                                  "one has to be the server's own",
                                  name_of(settings.key), name_of(settings.certificate)));
    return false;
  }
  bool fine = SSL_CTX_use_certificate(context, chain[0].get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  for (std::size_t i = 1; fine && i < chain.size(); ++i) {
    fine = SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  }
  if (fine) {
    tell_validity(settings.certificate, certificate, now, diagnostics);
  } else {
    diagnostics.error(
        settings.certificate.where,
        fmt::format("{} cannot be served: {}", name_of(settings.certificate), tls_error()));
  }
  return fine;
}

int accept_any(int, X509_STORE_CTX*) {
  return 1;
}

// Runs after the chain was verified, or instead where nobody asked for that.
int check_names(X509_STORE_CTX* store, void* given) {
  const auto* settings = static_cast<const TlsSettings*>(given);
  const bool verifies = settings->client_ca.given();
  if (verifies && X509_verify_cert(store) != 1) return 0;
  const auto* certificate = X509_STORE_CTX_get0_cert(store);
  if (settings->client_sans.empty()) return 1;
  for (const auto& name : alternative_names(certificate)) {
    if (std::ranges::find(settings->client_sans, name) != settings->client_sans.end()) return 1;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

void free_settings(void*, void* settings, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<TlsSettings*>(settings);
}

bool ask_clients(SSL_CTX* context, const TlsSettings& settings, Diagnostics& diagnostics) {
  using enum ClientCertificate;
  if (settings.client == none) return true;
  const bool required = settings.client == require_any || settings.client == require_and_verify;
  const bool verifies = settings.client == verify_if_given || settings.client == require_and_verify;
  const int mode = SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
  SSL_CTX_set_verify(context, mode, verifies ? nullptr : accept_any);
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_settings);
  auto* kept = new TlsSettings(settings);
  if (!verifies) kept->client_ca = {};
  SSL_CTX_set_ex_data(context, index, kept);
  SSL_CTX_set_cert_verify_callback(context, check_names, kept);
  if (!verifies) return true;
  const auto authorities = read_certificates(settings.client_ca, diagnostics);
  for (const auto& one : authorities) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get());
    SSL_CTX_add_client_CA(context, one.get());
  }
  // An intermediate authority may stand in the file without its root, as Go takes it.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return !authorities.empty();
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                    unsigned int in_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, kHttp, sizeof kHttp - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

bool set_protocol(SSL_CTX* context, const TlsSettings& settings, Diagnostics& diagnostics) {
  const auto version = [](int minor) { return TLS1_VERSION + minor; };
  SSL_CTX_set_min_proto_version(context, version(settings.least));
  SSL_CTX_set_max_proto_version(context, version(settings.most));
  auto options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET;
  if (settings.server_order) options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
  SSL_CTX_set_options(context, options);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // Scrapers keep their connections: sessions to resume are nothing but memory and risk.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_id_context(context, kSessions, sizeof kSessions - 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  const auto* ciphers = settings.ciphers.empty() ? kCiphers : settings.ciphers.c_str();
  const auto* groups = settings.groups.empty() ? kGroups : settings.groups.c_str();
  if (SSL_CTX_set_cipher_list(context, ciphers) == 1 &&
      SSL_CTX_set1_groups_list(context, groups) == 1) {
    return true;
  }
  diagnostics.error(settings.where,
                    fmt::format("this OpenSSL refuses the ciphers or curves: {}", tls_error()));
  return false;
}

}  // namespace

Owned<SSL_CTX> make_tls(const TlsSettings& settings, WallTime now, Certificate& certificate,
                        Diagnostics& diagnostics) {
  Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  if (!context) {
    diagnostics.error(settings.where, "OpenSSL cannot be used: " + tls_error());
    return nullptr;
  }
  const bool fine = set_protocol(context.get(), settings, diagnostics) &
                    use_certificate(context.get(), settings, now, certificate, diagnostics) &
                    ask_clients(context.get(), settings, diagnostics);
  return fine ? std::move(context) : nullptr;
}

bool client_is_verified(const SSL* ssl) {
  // Of a mode that takes any certificate the store is empty: nobody has vouched for it.
  return SSL_get0_peer_certificate(ssl) != nullptr && SSL_get_verify_result(ssl) == X509_V_OK &&
         SSL_get0_verified_chain(ssl) != nullptr;
}

std::string tls_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const auto* reason = ERR_reason_error_string(code);
  return reason ? reason : "no reason given";
}

}  // namespace basewatch::serve
