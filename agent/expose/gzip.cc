#include "agent/expose/gzip.h"

#include <isa-l/igzip_lib.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "agent/base/strings.h"

namespace basewatch::expose {
namespace {

// Level 1: half the time of level 3, and as small within a twentieth.
constexpr int kLevel = 1;

// With all the memory that it takes: half a megabyte, of which a small page touches little.
struct Compressor {
  isal_zstream stream;
  std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> matches;
  std::array<std::uint8_t, 32 * 1024> out;

  void compress(std::string_view text, std::string& to) {
    isal_deflate_init(&stream);
    stream.level = kLevel;
    stream.level_buf = matches.data();
    stream.level_buf_size = static_cast<std::uint32_t>(matches.size());
    stream.gzip_flag = IGZIP_GZIP;
    stream.end_of_stream = 1;
    stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // reads only
    stream.avail_in = static_cast<std::uint32_t>(text.size());
    do {
      stream.next_out = out.data();
      stream.avail_out = static_cast<std::uint32_t>(out.size());
      if (isal_deflate(&stream) != COMP_OK) throw std::runtime_error("gzip failed");
      to.append(reinterpret_cast<const char*>(out.data()), out.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
};

// One compressor waits for the next page. They are large, and the server has many threads of which
// few compress at a time, so one for each thread would be memory for nothing.
class Spare {
 public:
  std::unique_ptr<Compressor> take() {
    {
      const std::lock_guard lock(mutex_);
      if (spare_) return std::move(spare_);
    }
    return std::unique_ptr<Compressor>(new Compressor);  // nothing of it filled with zeros
  }
  void give_back(std::unique_ptr<Compressor> compressor) {
    const std::lock_guard lock(mutex_);
    if (!spare_) spare_ = std::move(compressor);
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<Compressor> spare_;
};

bool same_word(std::string_view word, std::string_view lower_case) {
  if (word.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower_case[i]) return false;
  }
  return true;
}

// Whether the parameters behind a coding let it be used: q is 1 when absent; nonsense forbids,
// since plain text is always understood.
bool is_wanted(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto end = parameters.find(';');
    const auto parameter = trim(parameters.substr(0, end));
    parameters.remove_prefix(end == std::string_view::npos ? parameters.size() : end + 1);
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos || !same_word(trim(parameter.substr(0, equals)), "q")) {
      continue;
    }
    const auto weight = parse_double(trim(parameter.substr(equals + 1)));
    return weight && *weight > 0 && *weight <= 1;
  }
  return true;
}

}  // namespace

std::string gzip(std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::length_error("a page of more than 4 GB");
  }
  static Spare spare;
  auto compressor = spare.take();
  std::string out;
  out.reserve(text.size() / 5 + 256);  // a page becomes a fifth to an eighth
  compressor->compress(text, out);
  spare.give_back(std::move(compressor));
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> named, any;
  while (!accept_encoding.empty()) {
    const auto end = accept_encoding.find(',');
    auto coding = accept_encoding.substr(0, end);
    accept_encoding.remove_prefix(end == std::string_view::npos ? accept_encoding.size() : end + 1);
    const auto semicolon = coding.find(';');
    const auto name = trim(coding.substr(0, semicolon));
    const bool wanted =
        semicolon == std::string_view::npos || is_wanted(coding.substr(semicolon + 1));
    if (same_word(name, "gzip") || same_word(name, "x-gzip")) {
      named = named.value_or(false) || wanted;
    } else if (name == "*") {
      any = wanted;
    }
  }
  return named.value_or(any.value_or(false));
}

}  // namespace basewatch::expose
