#include <doctest/doctest.h>

#include "agent/clients/redis/url.h"

using basewatch::clients::parse_redis_url;
using basewatch::clients::RedisUrl;

namespace {

RedisUrl good(std::string_view text) {
  std::string problem;
  const auto url = parse_redis_url(text, problem);
  REQUIRE_MESSAGE(url, text << " " << problem);
  return *url;
}

std::string problem_of(std::string_view text) {
  std::string problem;
  CHECK_MESSAGE(!parse_redis_url(text, problem), text);
  return problem;
}

}  // namespace

TEST_CASE("a URL of Redis is taken apart") {
  CHECK(good("redis://cache:6380/3") == RedisUrl{.host = "cache", .port = 6380, .database = 3});
  CHECK(good("redis://cache") == RedisUrl{.host = "cache"});
  CHECK(good("cache:6380") == RedisUrl{.host = "cache", .port = 6380});
  CHECK(good("valkeys://[::1]:6380") == RedisUrl{.host = "::1", .port = 6380, .tls = true});
  CHECK(good("rediss://u:p%40ss%2Fword@h").password == "p@ss/word");
  CHECK(good("redis://:secret@h").user.empty());
  CHECK(good("redis://:se:cret@h").password == "se:cret");
  CHECK(good("redis://u:a@b@h").password == "a@b");
  CHECK(good("unix:///run/r.sock?db=2") == RedisUrl{.socket = "/run/r.sock", .database = 2});
  CHECK(good("/run/r.sock").socket == "/run/r.sock");
}

TEST_CASE("what it shows holds no password") {
  CHECK(good("redis://u:secret@h:1").shown() == "h:1");
  CHECK(good("redis://[fe80::1]").shown() == "[fe80::1]:6379");
  CHECK(good("unix:///run/r.sock").shown() == "/run/r.sock");
}

TEST_CASE("a wrong URL is refused with what to write") {
  CHECK(problem_of("http://h").find("unknown scheme 'http'") != std::string::npos);
  CHECK(problem_of("redis://").find("names no host") != std::string::npos);
  CHECK(problem_of("redis://h:0").find("no port between 1 and 65535") != std::string::npos);
  CHECK(problem_of("redis://h:70000").find("no port") != std::string::npos);
  CHECK(problem_of("redis://h:6379/x").find("number of a database") != std::string::npos);
  CHECK(problem_of("redis://[::1").find("[ without ]") != std::string::npos);
  CHECK(problem_of("unix://relative").find("whole path") != std::string::npos);
  CHECK(problem_of("unix:///r?x=1").find("?db=NUMBER") != std::string::npos);
  CHECK(problem_of("unix:///" + std::string(200, 'a')).find("107 bytes") != std::string::npos);
  CHECK(problem_of("redis://u:se%zzcret@h").find("secret") == std::string::npos);
  CHECK(problem_of("redis://a b").find("names no host") != std::string::npos);
}
