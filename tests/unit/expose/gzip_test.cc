#include "agent/expose/gzip.h"

#include <doctest/doctest.h>
#include <libdeflate.h>

#include <thread>
#include <vector>

namespace basewatch::expose {
namespace {

std::string unzipped(const std::string& data, std::size_t size) {
  auto* decompressor = libdeflate_alloc_decompressor();
  std::string out(size, '?');
  std::size_t actual = 0;
  const auto result = libdeflate_gzip_decompress(decompressor, data.data(), data.size(), out.data(),
                                                 out.size(), &actual);
  libdeflate_free_decompressor(decompressor);
  return result == LIBDEFLATE_SUCCESS && actual == size ? out : "broken";
}

}  // namespace

TEST_CASE("gzip gives the text back, also from many threads") {
  std::string text;
  for (int i = 0; i < 20'000; ++i)
    text += "node_cpu_seconds_total{cpu=\"" + std::to_string(i) + "\"} 1\n";
  for (const auto& piece : {std::string(), std::string("x"), text}) {
    CHECK(unzipped(gzip(piece), piece.size()) == piece);
  }
  CHECK(gzip(text).size() < text.size() / 5);
  std::vector<std::string> results(4);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) threads.emplace_back([&] { result = gzip(text); });
  }
  for (const auto& result : results) CHECK(unzipped(result, text.size()) == text);
}

TEST_CASE("Accept-Encoding is read with its weights") {
  for (const auto* yes :
       {"gzip", "GZIP", "deflate, gzip;q=0.5", "gzip;q=1.0, identity;q=0.1", "*", "x-gzip",
        " gzip ; q = 0.001 ", "br;q=1.0, *;q=0.1", "gzip,*;q=0", "gzip;level=1", "gzip;Q=1"}) {
    CHECK_MESSAGE(accepts_gzip(yes), yes);
  }
  for (const auto* no :
       {"", "identity", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "gzipped", "deflate",
        "gzip;q=much", "gzip;q=-1", "gzip;q=nan", ",,;", "g zip"}) {
    CHECK_MESSAGE(!accepts_gzip(no), no);
  }
}

}  // namespace basewatch::expose
