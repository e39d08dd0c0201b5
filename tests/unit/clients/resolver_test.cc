#include "agent/clients/resolver.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

namespace basewatch::clients {
namespace {

using namespace std::chrono_literals;

Deadline soon(Duration span) {
  return Deadline::in(Clock::system(), span);
}

TEST_CASE("a name is looked up once and then known") {
  std::atomic<int> lookups = 0;
  Resolver resolver([&](const std::string& host) {
    ++lookups;
    CHECK(host == "db");
    return std::vector<std::string>{"10.0.0.1", "10.0.0.2"};
  });
  CHECK(resolver.resolve("db", soon(10s)) == std::vector<std::string>{"10.0.0.1", "10.0.0.2"});
  CHECK(resolver.resolve("db", soon(0s)).size() == 2);
  CHECK(lookups == 1);
}

TEST_CASE("a name server that hangs costs the deadline and one thread, not one for each try") {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> lookups = 0;
  Resolver resolver([&, released](const std::string&) {
    ++lookups;
    released.wait();
    return std::vector<std::string>{"10.0.0.1"};
  });
  CHECK_THROWS_WITH_AS(resolver.resolve("db", soon(1ms)), "the name server has not answered for db",
                       ResolveError);
  CHECK_THROWS_AS(resolver.resolve("db", soon(1ms)), ResolveError);
  release.set_value();
  CHECK(resolver.resolve("db", soon(10s)).front() == "10.0.0.1");
  CHECK(lookups == 1);
}

TEST_CASE("a failure is told and tried again, and does not forget what was known") {
  std::atomic<int> lookups = 0;
  Resolver resolver([&](const std::string&) -> std::vector<std::string> {
    if (++lookups == 1) throw ResolveError("no such host");
    return {"::1"};
  });
  CHECK_THROWS_WITH_AS(resolver.resolve("db", soon(10s)), "no such host", ResolveError);
  CHECK(resolver.resolve("db", soon(10s)).front() == "::1");
}

}  // namespace
}  // namespace basewatch::clients
