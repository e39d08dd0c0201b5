#include "agent/serve/request.h"

#include <doctest/doctest.h>

namespace basewatch::serve {
namespace {

Request parsed(const std::string& line, const std::string& headers = {}) {
  return parse_request(line + "\r\n" + headers + "\r\n");
}

int status(const std::string& line, const std::string& headers = {}) {
  return parsed(line, headers).refusal;
}

std::string params(const std::string& target) {
  std::string out;
  for (const auto& [name, value] : parsed("GET " + target + " HTTP/1.1").call.params) {
    out += name + "=" + value + ";";
  }
  return out;
}

}  // namespace

TEST_CASE("a request is taken apart") {
  const auto request = parsed(
      "GET /a%20b%2Fc?x=1#part HTTP/1.1",
      "Host: agent:1\r\nACCEPT: text/plain\r\naccept:\t*/*;q=0.1 \r\nAccept-Encoding: gzip\r\n"
      "X-Prometheus-Scrape-Timeout-Seconds: 5\r\nAuthorization: Basic eA==\r\n"
      "Authorization: Basic eQ==\r\nOrigin: http://o\r\nSec-Fetch-Site: none\r\nX-Other:\r\n");
  CHECK(request.refusal == 0);
  CHECK(request.keep);
  CHECK(!request.old);
  const auto& call = request.call;
  CHECK(call.method == "GET");
  CHECK(call.path == "/a b/c");
  CHECK(call.params == std::vector<std::pair<std::string, std::string>>{{"x", "1"}});
  CHECK(call.host == "agent:1");
  CHECK(call.accept == "text/plain, */*;q=0.1");
  CHECK(call.accept_encoding == "gzip");
  CHECK(call.scrape_timeout == "5");
  CHECK(call.authorization == "Basic eA==");
  CHECK(call.origin == "http://o");
  CHECK(call.fetch_site == "none");
  CHECK(!call.forwarded);
}

TEST_CASE("parameters come decoded and in their order") {
  CHECK(params("/") == "");
  CHECK(params("/?") == "");
  CHECK(params("/?b=2&a=1&b=3") == "b=2;a=1;b=3;");
  CHECK(params("/?c%5B%5D=a+b&c[]=%2B&&d&=e&f=g=h?i") == "c[]=a b;c[]=+;d=;=e;f=g=h?i;");
  CHECK(parsed("GET /a+b HTTP/1.1").call.path == "/a+b");
}

TEST_CASE("an address may be one that is meant for a proxy") {
  CHECK(parsed("GET http://agent:1/metrics?x=1 HTTP/1.1").call.path == "/metrics");
  CHECK(parsed("GET HTTPS://agent HTTP/1.1").call.path == "/");
  CHECK(status("GET ftp://agent/ HTTP/1.1") == 400);
  CHECK(status("OPTIONS * HTTP/1.1") == 400);
}

TEST_CASE("who hands a request on says so") {
  for (const auto* name :
       {"Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-Real-IP", "Via"}) {
    CHECK_MESSAGE(parsed("GET / HTTP/1.1", std::string(name) + ": x\r\n").call.forwarded, name);
  }
}

TEST_CASE("a connection stays where both versions of HTTP let it") {
  const auto keeps = [](const std::string& version, const std::string& headers) {
    return parsed("GET / HTTP/" + version, headers).keep;
  };
  CHECK(keeps("1.1", ""));
  CHECK(keeps("1.1", "Connection: keep-alive\r\n"));
  CHECK(!keeps("1.1", "Connection: close\r\n"));
  CHECK(!keeps("1.1", "connection: Upgrade, Close\r\n"));
  CHECK(!keeps("1.0", ""));
  CHECK(keeps("1.0", "Connection: Keep-Alive\r\n"));
  CHECK(parsed("GET / HTTP/1.0").old);
  // Behind a body that nobody reads there is no next request.
  CHECK(keeps("1.1", "Content-Length: 0\r\n"));
  CHECK(!keeps("1.1", "Content-Length: 1\r\n"));
  CHECK(!keeps("1.1", "Transfer-Encoding: identity\r\n"));
}

TEST_CASE("what could be understood in two ways is refused") {
  CHECK(status("GET / HTTP/1.1") == 0);
  for (const std::string line :
       {"", "GET", "GET /", "GET / ", "GET / HTTP/9.9", "GET / http/1.1", "GET  / HTTP/1.1",
        "GET /  HTTP/1.1", " GET / HTTP/1.1", "get / HTTP/1.1", "BREW / HTTP/1.1",
        "GET metrics HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /\xc3\xa4 HTTP/1.1",
        "GET /%zz HTTP/1.1", "GET /%4 HTTP/1.1", "GET /% HTTP/1.1", "GET /?a=%f HTTP/1.1",
        "GET / HTTP/1.1 x", "GET\t/\tHTTP/1.1"}) {
    CHECK_MESSAGE(status(line) == 400, line);
  }
  CHECK(status(std::string("GET /\0 HTTP/1.1", 15)) == 400);
  for (const std::string header :
       {"no colon", ": no name", "two words: x", "Host : x", " Host: x", "a: b\r\n folded",
        "a: b\rc", "a: b\nHost: c", "a: \x01", "a: \x7f", "Content-Length: x",
        "Content-Length: -1", "Content-Length: 1, 1", "Content-Length: 1\r\nContent-Length: 2",
        "Host: a\r\nHost: b"}) {
    CHECK_MESSAGE(status("GET / HTTP/1.1", header + "\r\n") == 400, header);
  }
  CHECK(status("GET / HTTP/1.1", std::string("a: \0\r\n", 6)) == 400);
  CHECK(status("GET / HTTP/1.1", "Content-Length: 1\r\nContent-Length: 1\r\n") == 0);
  CHECK(status("GET / HTTP/1.1", "a: \xff\r\n") == 0);
  CHECK(status("GET /" + std::string(8191, 'x') + " HTTP/1.1") == 0);
  CHECK(status("GET /" + std::string(8192, 'x') + " HTTP/1.1") == 414);
  CHECK(!parsed("GET / HTTP/9.9").keep);
  CHECK(parsed("GET / HTTP/9.9").why == "this is no request of HTTP/1.1");
}

}  // namespace basewatch::serve
