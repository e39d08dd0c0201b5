#include <doctest/doctest.h>

#include <stdexcept>

#include "agent/clients/redis/reply.h"

using basewatch::clients::append_command;
using basewatch::clients::RedisLimits;
using basewatch::clients::RedisReader;
using basewatch::clients::RedisReply;
using Kind = RedisReply::Kind;

TEST_CASE("replies are cut out of bytes that come in any pieces") {
  const std::string bytes =
      "+OK\r\n:42\r\n$5\r\nhe\r\no\r\n$-1\r\n-NOPERM no\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n*-1\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    RedisReader reader({});
    std::vector<RedisReply> replies;
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
      reader.feed(std::string_view(bytes).substr(i, piece));
      while (auto reply = reader.next()) replies.push_back(std::move(*reply));
    }
    REQUIRE(replies.size() == 7);
    CHECK(replies[0].text == "OK");
    CHECK(replies[1].number() == 42);
    CHECK(replies[2].text == "he\r\no");
    CHECK(replies[3].kind == Kind::nil);
    CHECK(replies[4].error_code() == "NOPERM");
    REQUIRE(replies[5].items.size() == 2);
    CHECK(replies[5].find("a")->items[0].integer == 1);
    CHECK(replies[6].kind == Kind::nil);
  }
}

TEST_CASE("a reply that is declared too large costs nothing and is refused") {
  RedisReader many({.bytes = 1000, .elements = 100});
  many.feed("*100000000\r\n");
  CHECK_THROWS_WITH_AS((void)many.next(),
                       "the server sends more than 100 elements; nothing that is asked for is so "
                       "large",
                       std::runtime_error);

  RedisReader nested({.bytes = 1000, .elements = 100});
  nested.feed("*99\r\n*99\r\n");
  CHECK_THROWS_AS((void)nested.next(), std::runtime_error);

  RedisReader negative({.bytes = 1000, .elements = 100});
  negative.feed("*-2\r\n");
  CHECK_THROWS_AS((void)negative.next(), std::runtime_error);

  RedisReader large({.bytes = 1 << 20, .elements = 100});
  large.feed("$536870912\r\n");
  CHECK(!large.next());
  const std::string megabyte(1 << 20, 'x');
  CHECK_THROWS_AS(large.feed(megabyte), std::runtime_error);
}

TEST_CASE("a new batch has the whole limit again") {
  RedisReader reader({.bytes = 100, .elements = 2});
  for (int i = 0; i < 10; ++i) {
    reader.begin_batch();
    reader.feed("*1\r\n:1\r\n");
    CHECK(reader.next());
  }
}

TEST_CASE("what is no Redis protocol is called so") {
  RedisReader reader({});
  reader.feed("HTTP/1.1 400 Bad Request\r\n\r\n");
  CHECK_THROWS_WITH_AS((void)reader.next(), "what answers there speaks no Redis protocol",
                       std::runtime_error);
}

TEST_CASE("a command carries any bytes") {
  std::string bytes;
  append_command(bytes, {"SET", "a b", std::string("\0\r\n", 3)});
  CHECK(bytes == std::string("*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$3\r\n\0\r\n\r\n", 31));
}
