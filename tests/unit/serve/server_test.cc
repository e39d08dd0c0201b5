#include "agent/serve/server.h"

#include <doctest/doctest.h>

#include <future>
#include <latch>
#include <memory>
#include <vector>

#include "agent/serve/listener.h"
#include "tests/unit/serve/client.h"

using namespace std::chrono_literals;

namespace basewatch::serve {
namespace {

struct Running {
  std::string lines;
  Log log{Clock::system(), LogLevel::info,
          [](void* to, std::string_view line) { *static_cast<std::string*>(to) += line; }, &lines};
  Server server;

  explicit Running(Handler handler, ServerLimits limits = {})
      : server(log, std::move(handler), limits) {
    server.start("127.0.0.1", 0);
  }
  Client client() { return Client(server.port()); }
};

Answer echo(const Call& call) {
  std::string body = call.method + " " + call.path;
  for (const auto& [name, value] : call.params) body += " " + name + "=" + value;
  body += " host=" + call.host + " gzip=" + call.accept_encoding + " t=" + call.scrape_timeout;
  body += call.from_loopback ? " loopback" : " remote";
  return {200, "text/plain", body, {{"X-Own", "1"}}};
}

}  // namespace

TEST_CASE("a request reaches the handler, and its answer the client") {
  Running running(echo);
  auto client = running.client();
  const auto answer = client.get("/a%20b?x=1&c%5B%5D=y&c[]=z",
                                 "Accept-Encoding: gzip\r\n"
                                 "X-Prometheus-Scrape-Timeout-Seconds: 5\r\n");
  CHECK(status_of(answer) == 200);
  CHECK(answer.find("X-Own: 1\r\n") != std::string::npos);
  CHECK(answer.find("Content-Encoding") == std::string::npos);
  CHECK(body_of(answer) == "GET /a b x=1 c[]=y c[]=z host=agent:1 gzip=gzip t=5 loopback");
  CHECK(body_of(client.get("/again")) == "GET /again host=agent:1 gzip= t= loopback");
}

TEST_CASE("HEAD has the header of GET and no body") {
  Running running(echo);
  auto client = running.client();
  const auto length = body_of(client.get("/x", "", "GET")).size() + 1;  // one letter more: HEAD
  const auto answer = client.get("/x", "", "HEAD");
  CHECK(answer.find("Content-Length: " + std::to_string(length) + "\r\n") != std::string::npos);
  CHECK(body_of(answer) == "");
  CHECK(body_of(client.get("/y")).starts_with("GET /y"));
}

TEST_CASE("ranges and bodies are left alone") {
  Running running(echo);
  auto client = running.client();
  const auto ranged = client.get("/x", "Range: bytes=0-1\r\nrange: bytes=2-3\r\n");
  CHECK(status_of(ranged) == 200);
  CHECK(body_of(ranged).starts_with("GET /x"));
  CHECK(client.send("POST /p HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /"));
  const auto posted = client.answer();
  CHECK(body_of(posted).starts_with("POST /p"));
  CHECK(posted.find("Connection: close\r\n") != std::string::npos);
  CHECK(client.rest() == "");
}

TEST_CASE("requests may come in pieces, or many at once") {
  Running running(echo);
  auto client = running.client();
  const std::string request = "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const char c : request) CHECK(client.send(std::string_view(&c, 1)));
  CHECK(body_of(client.answer()).starts_with("GET /slow"));
  CHECK(client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTT"));
  CHECK(body_of(client.answer()).starts_with("GET /1"));
  CHECK(body_of(client.answer()).starts_with("GET /2"));
  CHECK(client.send("P/1.1\r\nConnection: close\r\n\r\n"));
  CHECK(body_of(client.answer()).starts_with("GET /3"));
  CHECK(client.rest() == "");
}

TEST_CASE("HTTP/1.0 is answered, and told whether the connection stays") {
  Running running(echo);
  auto client = running.client();
  client.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(client.answer().find("Connection: keep-alive\r\n") != std::string::npos);
  client.send("GET /2 HTTP/1.0\r\n\r\n");
  const auto last = client.rest();
  CHECK(last.find("Connection: close\r\n") != std::string::npos);
  CHECK(body_of(last).starts_with("GET /2"));
}

TEST_CASE("the thread that holds the connections is woken once for a request, not by its answer") {
  constexpr std::uint64_t kRequests = 50;
  const auto turns = [](Duration idle_time) {
    Running running(echo, {.idle_time = idle_time});
    auto client = running.client();
    CHECK(status_of(client.get("/")) == 200);
    const auto before = running.server.pulse();
    for (std::uint64_t i = 0; i < kRequests; ++i) CHECK(status_of(client.get("/")) == 200);
    return running.server.pulse() - before;
  };
  CHECK(turns(120s) < kRequests + kRequests / 2);
  // Where it would not look in time by itself, it has to be told.
  CHECK(turns(10s) > kRequests + kRequests / 2);
}

TEST_CASE("what is no HTTP is answered by 400 and the door") {
  Running running(echo);
  const std::string bad[] = {"hello\r\n\r\n",
                             "GET /\r\n\r\n",
                             "GET / HTTP/9.9\r\n\r\n",
                             "BREW / HTTP/1.1\r\n\r\n",
                             std::string("GET /\0x HTTP/1.1\r\n\r\n", 20),
                             "\r\n\r\n"};
  for (const auto& request : bad) {
    CAPTURE(request);
    auto client = running.client();
    CHECK(client.send(request));
    CHECK(status_of(client.rest()) == 400);
  }
  auto client = running.client();
  client.send("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n");
  CHECK(client.rest().starts_with("HTTP/1.1 431 "));
  auto other = running.client();
  other.send("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n");
  CHECK(status_of(other.rest()) == 414);
}

TEST_CASE("a TLS client at a port without TLS is told so at once") {
  Running running(echo);
  auto client = running.client();
  client.send("\x16\x03\x01\x02");
  CHECK(client.rest().find("this port speaks no TLS") != std::string::npos);
}

TEST_CASE("who expects to be told to send a body gets its answer instead") {
  Running running(echo);
  auto client = running.client();
  client.send("POST /x HTTP/1.1\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.rest().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a handler that throws is a 500, and a line in the log") {
  Running running([](const Call&) -> Answer { throw std::runtime_error("no luck"); });
  auto client = running.client();
  const auto answer = client.get("/");
  CHECK(status_of(answer) == 500);
  CHECK(answer.find("no luck") == std::string::npos);
  running.server.stop(5s);
  CHECK(running.lines.find("no luck") != std::string::npos);
}

TEST_CASE("connections that send nothing, or half a header, cost no worker and time out") {
  Running running(echo, {.header_time = 200ms, .idle_time = 200ms});
  std::vector<Client> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(running.client());
    if (i % 2) slow.back().send("GET / HTTP/1.1\r\nHost");
  }
  CHECK(running.server.threads() == 0);
  auto client = running.client();
  CHECK(status_of(client.get("/")) == 200);
  CHECK(running.server.threads() == 1);
  for (int i = 0; i < 100; ++i) {
    const auto said = slow[static_cast<std::size_t>(i)].rest();
    CHECK(said.starts_with(i % 2 ? "HTTP/1.1 408 " : ""));
    CHECK(said.empty() == (i % 2 == 0));
  }
  CHECK(client.rest() == "");  // idle for too long
}

TEST_CASE("the connection that waits longest makes room") {
  Running running(echo, {.connections = 3});
  auto first = running.client();
  auto second = running.client();
  CHECK(status_of(second.get("/")) == 200);
  auto third = running.client();
  CHECK(status_of(third.get("/")) == 200);
  auto fourth = running.client();
  CHECK(status_of(fourth.get("/")) == 200);
  CHECK(first.rest() == "");  // had never asked for anything
  CHECK(status_of(second.get("/")) == 200);
  CHECK(status_of(third.get("/")) == 200);
}

TEST_CASE("requests are answered in parallel, by no more workers than needed") {
  std::latch met(3);
  Running running([&](const Call& call) {
    if (call.path == "/meet") met.arrive_and_wait();
    return echo(call);
  });
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(running.client());
    clients.back().send("GET /meet HTTP/1.1\r\n\r\n");
  }
  for (auto& client : clients) CHECK(status_of(client.answer()) == 200);
  CHECK(running.server.threads() == 3);
  for (int i = 0; i < 20; ++i) CHECK(status_of(clients[0].get("/")) == 200);
  CHECK(running.server.threads() == 3);
}

TEST_CASE("stopping answers what is at work and closes the rest") {
  std::promise<void> inside, go;
  Running running([&](const Call& call) {
    inside.set_value();
    go.get_future().wait();
    return echo(call);
  });
  auto idle = running.client();
  auto busy = running.client();
  busy.send("GET /busy HTTP/1.1\r\n\r\n");
  inside.get_future().wait();
  auto stopped = std::async([&] { return running.server.stop(10s); });
  CHECK(idle.rest() == "");
  go.set_value();
  CHECK(status_of(busy.rest()) == 200);
  CHECK(stopped.get());
}

TEST_CASE("a handler that hangs does not keep the server from stopping") {
  struct Shared {  // outlives the test's stack, as the contract of stop() asks for
    std::promise<void> inside, go, out;
    std::shared_future<void> gone = go.get_future().share();
  };
  const auto shared = std::make_shared<Shared>();
  {
    Running running([shared](const Call&) {
      shared->inside.set_value();
      shared->gone.wait();
      shared->out.set_value();
      return Answer{};
    });
    auto client = running.client();
    client.send("GET / HTTP/1.1\r\n\r\n");
    shared->inside.get_future().wait();
    const auto begin = std::chrono::steady_clock::now();
    CHECK(!running.server.stop(100ms));
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
  }
  shared->go.set_value();
  shared->out.get_future().wait();
}

namespace {

// Serves eight megabytes at /long to clients that do not read them, and keeps why clients were let
// go.
struct SlowReaders {
  const std::string long_text = std::string(24u << 20, 'x');
  std::string reasons;  // written under the server's lock, read after its end
  std::latch refused;
  Log log{Clock::system(), LogLevel::error};
  Server server;

  SlowReaders(int expected, const ServerLimits& limits)
      : refused(expected),
        server(log,
               [this](const Call& call) {
                 return Answer{200, "text/plain", call.path == "/long" ? long_text : "short", {}};
               },
               limits,
               {.connection_refused =
                    [this](std::string_view reason) {
                      reasons += std::string(reason) + " ";
                      refused.count_down();
                    },
                .handshake_failed = nullptr,
                .request_refused = nullptr}) {
    server.start("127.0.0.1", 0);
  }
  Client ask() {
    Client out(server.port());
    out.send("GET /long HTTP/1.1\r\n\r\n");
    return out;
  }
};

}  // namespace

TEST_CASE("clients that do not read their answers hold no worker, and little memory") {
  SlowReaders world(2, {.workers = 2, .unsent_bytes = 36u << 20});
  std::vector<Client> slow;
  for (int i = 0; i < 3; ++i) slow.push_back(world.ask());
  Client client(world.server.port());
  for (int i = 0; i < 100; ++i) CHECK(body_of(client.get("/")) == "short");
  world.refused.wait();
  std::size_t whole = 0;
  for (auto& one : slow) whole += body_of(one.answer()) == world.long_text ? 1 : 0;
  CHECK(whole == 1);
  CHECK(world.server.stop(10s));
  CHECK(world.reasons == "slow_reader slow_reader ");
}

TEST_CASE("an answer has its time") {
  SlowReaders world(1, {.write_time = 100ms});
  auto slow = world.ask();
  world.refused.wait();
  CHECK(slow.rest().size() < world.long_text.size());
  CHECK(world.server.stop(10s));
  CHECK(world.reasons == "answer_timeout ");
}

TEST_CASE("a long answer arrives whole, also while the server stops") {
  const std::string long_text(8u << 20, 'x');
  std::promise<void> inside;
  Running running([&](const Call&) {
    inside.set_value();
    return Answer{200, "text/plain", long_text, {}};
  });
  auto client = running.client();
  client.send("GET / HTTP/1.1\r\n\r\n");
  inside.get_future().wait();
  auto stopped = std::async([&] { return running.server.stop(10s); });
  CHECK(body_of(client.rest()) == long_text);
  CHECK(stopped.get());
}

TEST_CASE("an address that cannot be had is explained") {
  Running running(echo);
  Log log(Clock::system());
  Server other(log, echo);
  const auto port = running.server.port();
  CHECK_THROWS_WITH_AS(other.start("127.0.0.1", port),
                       ("cannot listen on 127.0.0.1:" + std::to_string(port) +
                        ": Address already in use; another program has this port (ss -ltnp shows "
                        "which): stop it, or choose another server.listen")
                           .c_str(),
                       std::runtime_error);
  CHECK_THROWS_WITH_AS(
      other.start("192.0.2.1", 9777),
      "cannot listen on 192.0.2.1:9777: Cannot assign requested address; no network "
      "interface of this machine has that address: correct server.listen",
      std::runtime_error);
  CHECK(address_text("::1", 5) == "[::1]:5");
}

}  // namespace basewatch::serve
