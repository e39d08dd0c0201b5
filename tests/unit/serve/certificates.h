#pragma once

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "agent/serve/tls.h"

namespace basewatch::serve {

// A folder with keys and certificates that a test makes as it needs them.
class Certificates {
 public:
  Certificates() {
    std::string name = "/tmp/basewatch-tls-XXXXXX";
    REQUIRE(::mkdtemp(name.data()));
    folder_ = name;
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }
  Certificates(const Certificates&) = delete;

  std::string path(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    ::chmod(path(name).c_str(), 0600);
  }

  // <name>.crt, signed by itself, and <name>.key; valid from a day ago for `days`.
  void make(const std::string& name, long days, const std::string& alternative_names) const {
    const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
    const Owned<X509> one(X509_new());
    X509_set_version(one.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(one.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(one.get()), -86400);
    X509_gmtime_adj(X509_getm_notAfter(one.get()), 86400 * days);
    X509_set_pubkey(one.get(), key.get());
    auto* subject = X509_get_subject_name(one.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
    X509_set_issuer_name(one.get(), subject);
    if (!alternative_names.empty()) {
      auto* extension =
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_names.c_str());
      X509_add_ext(one.get(), extension, -1);
      X509_EXTENSION_free(extension);
    }
    REQUIRE(X509_sign(one.get(), key.get(), EVP_sha256()) > 0);
    const Owned<BIO> certificate(BIO_new_file(path(name + ".crt").c_str(), "w"));
    PEM_write_bio_X509(certificate.get(), one.get());
    write_key(name + ".key", key.get(), nullptr);
    write_key(name + "-encrypted.key", key.get(), "secret");
  }

 private:
  void write_key(const std::string& name, EVP_PKEY* key, const char* password) const {
    const Owned<BIO> file(BIO_new_file(path(name).c_str(), "w"));
    PEM_write_bio_PKCS8PrivateKey(file.get(), key, password ? EVP_aes_128_cbc() : nullptr, password,
                                  password ? 6 : 0, nullptr, nullptr);
    ::chmod(path(name).c_str(), 0600);
  }

  std::filesystem::path folder_;
};

}  // namespace basewatch::serve
