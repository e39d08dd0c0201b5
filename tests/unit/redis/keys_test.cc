#include <doctest/doctest.h>

#include "exporters/redis/discover.h"
#include "exporters/redis/keys/glob.h"
#include "exporters/redis/keys/groups.h"
#include "exporters/redis/keys/lua_pattern.h"
#include "exporters/redis/keys/pace.h"
#include "exporters/redis/keys/pass.h"

using namespace basewatch;
using namespace basewatch::redis;
using namespace std::chrono_literals;
using clients::RedisReply;

namespace {

RedisReply text(std::string value) {
  RedisReply out;
  out.kind = RedisReply::Kind::text;
  out.text = std::move(value);
  return out;
}

RedisReply integer(std::int64_t value) {
  RedisReply out;
  out.kind = RedisReply::Kind::integer;
  out.integer = value;
  return out;
}

RedisReply list(std::vector<RedisReply> items) {
  RedisReply out;
  out.kind = RedisReply::Kind::array;
  out.items = std::move(items);
  return out;
}

// What SELECT and SCAN answer.
std::vector<RedisReply> scanned(std::string cursor, const std::vector<std::string>& keys) {
  std::vector<RedisReply> items;
  for (const auto& key : keys) items.push_back(text(key));
  return {text("OK"), list({text(std::move(cursor)), list(std::move(items))})};
}

std::string group_of(const std::string& pattern, std::string_view key) {
  return LuaPattern(pattern).captures_of(key).value_or("-");
}

std::string wrong_with(const std::string& pattern) {
  try {
    LuaPattern one(pattern);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a glob matches as the server's own MATCH") {
  CHECK(glob_matches("session:*", "session:1"));
  CHECK(glob_matches("session:*", "session:"));
  CHECK_FALSE(glob_matches("session:*", "sessions:1"));
  CHECK(glob_matches("*a*b*", "xxaxxbxx"));
  CHECK_FALSE(glob_matches("*a*b", "xxaxxbxx"));
  CHECK(glob_matches("h?llo", "hello"));
  CHECK_FALSE(glob_matches("h?llo", "hllo"));
  CHECK(glob_matches("h[ae]llo", "hallo"));
  CHECK(glob_matches("h[^e]llo", "hallo"));
  CHECK_FALSE(glob_matches("h[^e]llo", "hello"));
  CHECK(glob_matches("k[c-a]", "kb"));
  CHECK(glob_matches("a\\*", "a*"));
  CHECK_FALSE(glob_matches("a\\*", "ab"));
  CHECK(glob_matches("[abc", "a"));
  CHECK(glob_matches("", ""));
  CHECK_FALSE(glob_matches("", "a"));
  CHECK(glob_matches("***", ""));
  // Much backtracking, and over in no time.
  CHECK_FALSE(glob_matches("*a*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST_CASE("a Lua pattern groups a key by its captures") {
  CHECK(group_of("^(.*)_[^_]+$", "user_profile_17") == "user_profile");
  CHECK(group_of("^([^:]+):", "session:4711") == "session");
  CHECK(group_of("^(%a+)(%d+)$", "abc123") == "abc123");
  CHECK(group_of("%d+", "a1") == "");  // matches, and captures nothing: as Lua's string.find
  CHECK(group_of("^%d", "a1") == "-");
  CHECK(group_of("(a-)b", "aaab") == "aaa");
  CHECK(group_of("()b", "aab") == "3");
  CHECK(group_of("%b()", "f(a(b)c)") == "");
  CHECK(group_of("(%b<>)", "x<a<b>>y") == "<a<b>>");
  CHECK(group_of("%f[%w](%w+)%f[%W]", "--key--") == "key");
  CHECK(group_of("(%w+)=%1", "same=same") == "same");
  CHECK(group_of("([%]%-]+)", "a]-]b") == "]-]");
  CHECK(group_of("([]]+)", "a]]") == "]]");
  CHECK(group_of("^([^%s]+)", "one two") == "one");
  CHECK(group_of("colou?r:(.+)", "color:red") == "red");
  CHECK(group_of("x*(y)", "xxxy") == "y");
  CHECK(group_of("$", "") == "");
  CHECK(group_of("a$b", "a$b") == "");
}

TEST_CASE("what is no Lua pattern is refused, and one that never ends is no match") {
  CHECK(wrong_with("(") == "has a '(' without its ')'");
  CHECK(wrong_with(")") == "has a ')' without its '('");
  CHECK(wrong_with("[a") == "has a '[' without its ']'");
  CHECK(wrong_with("[") == "has a '[' without its ']'");
  CHECK(wrong_with("a%") == "ends with a '%'");
  CHECK(wrong_with("%b(") == "has a %b without its two signs");
  CHECK(wrong_with("%f") == "has a %f without a '[' behind it");
  CHECK(wrong_with("%1") == "refers to a capture that is not there");
  CHECK(wrong_with("^(.*)$") == "");
  CHECK(group_of("(.-)(.-)(.-)(.-)(.-)(.-)b", std::string(400, 'a')) == "-");
  CHECK(group_of("(.*)", std::string(100'000, 'a')) == "-");
}

TEST_CASE("few groups are exact, and many do not take more memory") {
  GroupTable few;
  few.add("a", 10);
  few.add("a", 10);
  few.add("b", 50);
  few.add("c", 1);
  const auto top = few.top(2);
  REQUIRE(top.size() == 3);
  CHECK(top[0].name == "b");
  CHECK(top[1].keys == 2);
  CHECK(top[1].bytes == 20);
  CHECK(top[2].name == "overflow");
  CHECK(top[2].keys == 1);
  CHECK(few.distinct() == 3);

  GroupTable many;
  for (int i = 0; i < 100'000; ++i) many.add("group" + std::to_string(i), 1);
  for (int i = 0; i < 50; ++i) many.add("big", 1000);
  const auto biggest = many.top(5);
  CHECK(biggest.front().name == "big");
  CHECK(biggest.front().bytes == 50'000);
  CHECK(many.distinct() == doctest::Approx(100'001).epsilon(0.06));
  std::uint64_t keys = 0;
  for (const auto& group : many.top(20'000)) keys += group.keys;
  CHECK(keys == 100'050);  // nothing is lost, it is only lumped together
  CHECK(many.top(20'000).size() <= GroupTable::kMostTracked + 1);
}

TEST_CASE("the walk rests so long that its share of the server stays small") {
  const Pace pace{10'000, 0.05};
  CHECK(pace.rest_after(1ms, 0) == 19ms);
  CHECK(pace.rest_after(1ms, 1000) == 99ms);  // ten thousand keys a second
  CHECK(pace.rest_after(0ms, 0) == 0ms);
  CHECK(pace.rest_after(10s, 0) == 5s);
  CHECK(Pace{1e7, 1}.rest_after(1ms, 1000) == 0ms);
}

TEST_CASE("a walk counts, finds and groups, database by database, and goes on where it stopped") {
  KeyOptions options;
  options.count = {{0, "a*"}, {3, "*"}, {7, "*"}};
  options.check = {{0, "ab*"}};
  options.most_keys = 2;
  Pass pass(options, {{0, 4}, {1, 9}, {3, 1}});
  CHECK(pass.scan() ==
        std::vector<clients::RedisCommand>{{"SELECT", "0"}, {"SCAN", "0", "COUNT", "1000"}});
  pass.take_scan(scanned("17", {"ab1", "ab2", "ab2"}));
  CHECK_FALSE(pass.is_done());
  CHECK(pass.memory().empty());
  CHECK(pass.progress() == doctest::Approx(3.0 / 5));
  CHECK(pass.scan()[1][1] == "17");
  pass.take_scan(scanned("0", {"ab3", "b"}));
  // Of the last database one pattern is wanted, which the server sorts out itself.
  CHECK(pass.scan() == std::vector<clients::RedisCommand>{
                           {"SELECT", "3"}, {"SCAN", "0", "MATCH", "*", "COUNT", "1000"}});
  pass.take_scan(scanned("0", {"x"}));
  CHECK(pass.is_done());
  CHECK(pass.result().counts == std::vector<double>{4, 1, 0});
  CHECK(pass.result().keys.size() == 2);
  CHECK(pass.result().left_out == 1);
  CHECK_THROWS(pass.take_scan(std::vector<RedisReply>{text("OK"), text("nonsense")}));
}

TEST_CASE("groups take the memory of each key") {
  KeyOptions options;
  options.groups.emplace_back("^([^:]+):");
  Pass pass(options, {{2, 3}});
  pass.take_scan(scanned("0", {"a:1", "a:2", "other"}));
  CHECK_FALSE(pass.is_done());
  CHECK(pass.memory().size() == 4);
  RedisReply gone;
  pass.take_memory(std::vector<RedisReply>{text("OK"), integer(50), gone, integer(7)});
  CHECK(pass.is_done());
  const auto top = pass.result().groups.at(2).top(10);
  REQUIRE(top.size() == 2);
  CHECK(top[0].name == "a");
  CHECK(top[0].keys == 2);
  CHECK(top[0].bytes == 50);
  CHECK(top[1].name == "unclassified");
}

TEST_CASE("a key says which database it is in") {
  CHECK(parse_db_key("a=b")->key == "a=b");
  CHECK(parse_db_key("db3=a=b")->key == "a=b");
  CHECK(parse_db_key("db3=a")->db == 3);
  CHECK(parse_db_key("5=a")->db == 5);
  CHECK(parse_db_key("session:*")->db == 0);
  CHECK_FALSE(parse_db_key("db999999999=a"));
}

TEST_CASE("the members of a Cluster, but for the one that tells") {
  const auto members = cluster_members(
      "07c3 127.0.0.1:30004@31004,host4 slave e7d1 0 1426238317239 4 connected\n"
      "67ed ::1:30002@31002 master - 0 1426238316232 2 connected 5461-10922\n"
      "e7d1 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460\n"
      "aaaa :0@0 master,noaddr - 0 0 1 disconnected\n"
      "bbbb 10.0.0.1/../x:1@2 master - 0 0 1 connected\n"
      "broken\n\n");
  CHECK(members == std::vector<Address>{{"127.0.0.1", 30004}, {"::1", 30002}});
}

TEST_CASE("what a Sentinel tells of never gets the Sentinel's password") {
  Options options;
  options.target.url = {.host = "s", .tls = true};
  options.target.user = "watcher";
  options.discover_user = "reader";
  options.discover_password = [] { return std::string("other"); };
  const auto found =
      as_instances({{"10.0.0.7", 6379}, {"10.0.0.7", 6379}, {"::1", 7}}, options, true);
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == "10.0.0.7-6379");
  CHECK(found[0].identity == "10.0.0.7:6379");
  CHECK(std::get<std::string>(found[0].changes.at("url")) == "rediss://10.0.0.7:6379");
  CHECK(std::get<std::string>(found[0].changes.at("user")) == "reader");
  CHECK(std::get<std::function<std::string()>>(found[0].changes.at("password"))() == "other");
  CHECK(std::get<bool>(found[0].changes.at("discover.cluster")) == false);
  CHECK(found[1].identity == "[::1]:7");
}
