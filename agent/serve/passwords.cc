#include "agent/serve/passwords.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace basewatch::serve {
namespace {

constexpr auto kPatience = std::chrono::seconds(5);

Digest process_key() {
  Digest key;
  if (RAND_bytes(key.data(), key.size()) != 1) throw std::runtime_error("no random numbers");
  return key;
}

}  // namespace

Digest keyed_digest(std::string_view text) {
  static const Digest key = process_key();
  Digest out;
  unsigned int size = out.size();
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size)) {
    throw std::runtime_error("SHA-256 is not to be had");
  }
  return out;
}

bool equal(const Digest& a, const Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool matches_bcrypt(const std::string& password, const std::string& hash) {
  crypt_data data{};
  const auto* made = ::crypt_r(password.c_str(), hash.c_str(), &data);
  // A password with a NUL would match by what stands before it.
  const bool whole = password.find('\0') == std::string::npos;
  const bool same = made && equal(keyed_digest(made), keyed_digest(hash));
  OPENSSL_cleanse(&data, sizeof data);
  return whole && same;
}

void Passwords::Memory::add(const Digest& digest) {
  if (!known_.insert(digest).second) return;
  order_.push_back(digest);
  if (order_.size() <= kRemembered) return;
  known_.erase(order_.front());
  order_.pop_front();
}

Passwords::Passwords(Clock& clock, Compare compare)
    : clock_(clock), compare_(compare ? std::move(compare) : matches_bcrypt) {}

std::size_t Passwords::waiting_of(const IpAddress& client) const {
  const auto found = waiting_.find(client);
  return found == waiting_.end() ? 0 : found->second;
}

Password Passwords::check(const std::string& user, const std::string& password,
                          const std::string& hash, const std::string& decoy,
                          const IpAddress& client) {
  const auto& against = hash.empty() ? decoy : hash;
  // Its parts cannot be shifted against each other: neither a name nor a hash has a colon.
  const auto digest = keyed_digest(against + ":" + user + ":" + password);
  const auto until = clock_.now() + kPatience;
  std::unique_lock lock(mutex_);
  if (asked_.contains(digest)) {  // somebody else is finding out the same
    if (followers_ >= kFollowing) return Password::busy;
    ++followers_;
    while (asked_.contains(digest) && clock_.now() < until) {
      clock_.wait_until(changed_, lock, until);
    }
    --followers_;
  }
  if (right_.has(digest)) return hash.empty() ? Password::wrong : Password::right;
  if (wrong_.has(digest)) return Password::wrong;
  if (asked_.contains(digest) || asked_.size() >= kWaiting || waiting_of(client) >= kWaitingOfOne) {
    return Password::busy;
  }
  ++waiting_[client];
  asked_.insert(digest);
  while ((comparing_ || clock_.now() < next_) && clock_.now() < until) {
    clock_.wait_until(changed_, lock, comparing_ ? until : std::min(next_, until));
  }
  auto verdict = Password::busy;
  if (!comparing_ && clock_.now() >= next_) {
    comparing_ = true;
    lock.unlock();
    const auto begin = clock_.now();
    const bool same = compare_(password, against);
    const auto end = clock_.now();
    lock.lock();
    comparing_ = false;
    (same ? right_ : wrong_).add(digest);
    verdict = same && !hash.empty() ? Password::right : Password::wrong;
    if (verdict == Password::wrong) next_ = end + 3 * (end - begin);
  }
  asked_.erase(digest);
  if (--waiting_[client] == 0) waiting_.erase(client);
  changed_.notify_all();
  return verdict;
}

}  // namespace basewatch::serve
