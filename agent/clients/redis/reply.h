#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace basewatch::clients {

// What a Redis server answered to one command.
struct RedisReply {
  enum class Kind : std::uint8_t { nil, text, error, integer, array };

  Kind kind = Kind::nil;
  std::string text;  // of a text or an error
  std::int64_t integer = 0;
  std::vector<RedisReply> items;

  bool is_text() const { return kind == Kind::text; }
  bool is_error() const { return kind == Kind::error; }
  bool is_array() const { return kind == Kind::array; }
  // The first word of an error, "NOPERM"; empty when it is none.
  std::string_view error_code() const;
  // A number, whether it came as one or as its text.
  std::optional<double> number() const;
  // Of an array of names and values: the value behind `name`, or null.
  const RedisReply* find(std::string_view name) const;
};

struct RedisLimits {
  std::size_t bytes = 64u << 20;   // of all replies to one batch of commands together
  std::size_t elements = 500'000;  // likewise
};

// Cuts replies out of the bytes of a connection. hiredis knows the grammar; the objects are ours,
// so that nothing is allocated before the limits are looked at: "*100000000\r\n" costs nothing. One
// thread at a time.
class RedisReader {
 public:
  explicit RedisReader(RedisLimits limits);
  ~RedisReader();
  RedisReader(const RedisReader&) = delete;

  // Throws std::runtime_error when the limit of bytes is passed.
  void feed(std::string_view bytes);
  // The next whole reply, or nothing yet. Throws std::runtime_error for what is no reply of a Redis
  // server, or passes the limits; the connection is then of no further use.
  std::optional<RedisReply> next();
  // Whether bytes of an unfinished reply are waiting.
  bool is_idle() const;
  // A new batch: the limits count from zero.
  void begin_batch();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The bytes of one command.
void append_command(std::string& out, const std::vector<std::string>& arguments);

}  // namespace basewatch::clients
