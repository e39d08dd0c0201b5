#include "agent/expose/gzip.h"

#include <libdeflate.h>

#include <memory>
#include <mutex>
#include <new>
#include <optional>

#include "agent/base/strings.h"

namespace basewatch::expose {
namespace {

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};
using Compressor = std::unique_ptr<libdeflate_compressor, FreeCompressor>;

// One compressor waits for the next page. They are large, and the server has many threads of which
// few compress at a time, so one for each thread would be memory for nothing.
class Spare {
 public:
  Compressor take() {
    {
      const std::lock_guard lock(mutex_);
      if (spare_) return std::move(spare_);
    }
    Compressor fresh(libdeflate_alloc_compressor(1));
    if (!fresh) throw std::bad_alloc();
    return fresh;
  }
  void give_back(Compressor compressor) {
    const std::lock_guard lock(mutex_);
    if (!spare_) spare_ = std::move(compressor);
  }

 private:
  std::mutex mutex_;
  Compressor spare_;
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
  static Spare spare;
  Compressor compressor = spare.take();
  const std::size_t bound = libdeflate_gzip_compress_bound(compressor.get(), text.size());
  const std::unique_ptr<char[]> buffer(new char[bound]);  // not zero-filled, unlike a string's
  const std::size_t size =
      libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), buffer.get(), bound);
  spare.give_back(std::move(compressor));
  return {buffer.get(), size};
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
