#include "agent/expose/gzip.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <random>
#include <thread>
#include <vector>

namespace basewatch::expose {
namespace {

std::string unzipped(const std::string& data, std::size_t size) {
  std::string out(size + 1, '?');  // one byte more than there should be
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);  // a gzip member, whose checksum is compared
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const auto result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0 && stream.total_out == size;
  inflateEnd(&stream);
  out.resize(size);
  return whole ? out : "broken";
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

TEST_CASE("gzip takes texts of every size, and what cannot be made smaller") {
  std::mt19937 random(7);
  std::string noise(200'000, ' ');
  for (auto& c : noise) c = static_cast<char>(random());
  CHECK(gzip(noise).size() < noise.size() + noise.size() / 10);
  for (std::size_t size = 0; size < noise.size(); size = size * 5 / 4 + 1) {
    const auto piece = noise.substr(0, size), same = std::string(size, 'x');
    CHECK(unzipped(gzip(piece), size) == piece);
    CHECK(unzipped(gzip(same), size) == same);
  }
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
