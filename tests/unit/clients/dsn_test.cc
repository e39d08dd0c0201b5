#include "agent/clients/postgres/dsn.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/clients/postgres/error.h"

namespace basewatch::clients {
namespace {

std::string refusal(const std::string& dsn) {
  try {
    read_dsn(dsn);
  } catch (const DsnError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("keywords and URLs lead to the same place") {
  for (const std::string dsn :
       {"host=db.example user=me dbname=app port=6543", "postgresql://me@db.example:6543/app"}) {
    const auto target = read_dsn(dsn);
    CAPTURE(dsn);
    REQUIRE(target.hosts.size() == 1);
    CHECK(target.hosts[0].name == "db.example");
    CHECK(target.hosts[0].port == "6543");
    CHECK(!target.hosts[0].is_socket());
    CHECK(target.shown() == "me@db.example/app");
  }
}

TEST_CASE("special characters, and no password anywhere") {
  const auto target =
      read_dsn("postgresql://m%40e:p%40ss%2Fword@[::1]:5432/a%20b?sslmode=verify-full");
  CHECK(target.user == "m@e");
  CHECK(target.database == "a b");
  CHECK(target.has_password);
  CHECK(target.shown() == "m@e@::1/a b");
  CHECK(read_dsn("host=x user=u password='it\\'s' dbname=d").shown().find("it") ==
        std::string::npos);
}

TEST_CASE("lists of hosts, addresses and sockets") {
  const auto list =
      read_dsn("host=a,b,/run/pg port=1,2,3 user=u dbname=d target_session_attrs=primary");
  REQUIRE(list.hosts.size() == 3);
  CHECK(list.hosts[1].name == "b");
  CHECK(list.hosts[1].port == "2");
  CHECK(list.hosts[2].is_socket());
  CHECK(list.shown() == "u@a,b,/run/pg/d");
  const auto given = read_dsn("hostaddr=10.0.0.1,10.0.0.2 user=u dbname=d port=5");
  REQUIRE(given.hosts.size() == 2);
  CHECK(given.hosts[1].address == "10.0.0.2");
  CHECK(given.hosts[1].port == "5");
  CHECK(!given.hosts[0].is_socket());
}

TEST_CASE("a service file is read, and one that lacks the service is told") {
  const auto file = std::filesystem::temp_directory_path() / "basewatch-dsn-test.conf";
  std::ofstream(file) << "[app]\nhost=service.example\nuser=s\ndbname=from_service\n";
  ::setenv("PGSERVICEFILE", file.c_str(), 1);
  CHECK(read_dsn("service=app").shown() == "s@service.example/from_service");
  CHECK(refusal("service=nope").find("nope") != std::string::npos);
  ::unsetenv("PGSERVICEFILE");
  std::filesystem::remove(file);
}

TEST_CASE("what libpq cannot read is refused without a secret") {
  CHECK(refusal("hots=db") == "invalid connection option \"hots\"");
  CHECK(refusal("host=a,b port=1,2,3").find("could not match 3 port numbers") != std::string::npos);
  for (const std::string dsn :
       {"host=db password=se cret=x", "postgresql://u:se%zzcret@db/x", "password=secret hots=db"}) {
    CAPTURE(dsn);
    const auto reason = refusal(dsn);
    CHECK(reason != "");
    CHECK(reason.find("cret") == std::string::npos);
  }
  CHECK(refusal(std::string("host=a\0b", 8)) == "the dsn holds a byte 0");
}

}  // namespace
}  // namespace basewatch::clients
