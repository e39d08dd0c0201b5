#include "agent/serve/endpoints.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "agent/base/strings.h"
#include "agent/serve/discovery.h"
#include "agent/serve/server.h"
#include "tests/unit/scrape/world.h"
#include "tests/unit/serve/client.h"

using namespace std::chrono_literals;

namespace basewatch::serve {
namespace {

using scrape::collector;
using scrape::plan;
using scrape::yields;

// Two instances of an exporter, one of a host-wide one, and the endpoints over them.
struct Site : scrape::World {
  std::vector<std::string> counted;
  std::string reload_says;
  Endpoints endpoints{engine, clock, log, options()};

  EndpointOptions options() {
    return {.listen = "127.0.0.1:9777",
            .advertise = {},
            .reload = [this] { return reload_says; },
            .count =
                [this](std::string_view endpoint, int status, Duration) {
                  counted.push_back(std::string(endpoint) + " " + std::to_string(status));
                }};
  }

  Site() {
    auto other = plan({collector("one", yields(3, "other_value"))}, "replica");
    other.labels = {{"tier", "a \"b\""}};
    auto host = plan({collector("cpu", yields(1, "host_value"))});
    host.plugin = &scrape::kHostPlugin;
    engine.apply({plan({collector("one", yields(2)), collector("two", yields(1, "second_value"))}),
                  other, host});
  }

  Answer get(std::string path, std::string method = "GET") {
    Call call;
    call.method = std::move(method);
    call.path = std::move(path);
    call.host = "agent.example.org:9777";
    call.from_loopback = true;
    return endpoints.answer(call);
  }
};

bool has(const Answer& answer, std::string_view text) {
  return answer.body.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("the deadline is what Prometheus waits, less the way back") {
  const auto of = [](std::string_view header) { return scrape_deadline(header, 8s); };
  CHECK(of("5") == 4750ms);
  CHECK(of("10.0") == 9500ms);
  CHECK(of("60") == 57s);
  CHECK(of("1") == 750ms);
  CHECK(of("0.2") == 100ms);
  for (const auto* bad : {"", "x", "-1", "0", "NaN", "+Inf", "1e300", "5s", "1,5", "3601"}) {
    CHECK_MESSAGE(of(bad) == 8s, bad);
  }
}

TEST_CASE("an instance has a page of its own, without labels of the target") {
  Site site;
  const auto page = site.get("/metrics/test/main");
  CHECK(page.status == 200);
  CHECK(page.content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(has(page, "test_value{i=\"0\"} 0\n"));
  CHECK(has(page, "second_value{"));
  CHECK(!has(page, "job="));
  CHECK(!has(page, "other_value"));
  CHECK(has(site.get("/metrics/test/replica"), "other_value{i=\"2\"} 2\n"));
  CHECK(has(site.get("/metrics/host"), "host_value"));
  CHECK(has(site.get("/metrics/agent"), "basewatch_instance_up"));
}

TEST_CASE("/metrics has everything with its labels, and an up for every instance but the agent") {
  Site site;
  const auto page = site.get("/metrics");
  CHECK(page.status == 200);
  CHECK(has(page, R"(test_value{job="test-job",instance="db-1/main",node="db-1",i="0"} 0)"));
  CHECK(has(page, R"(up{job="test-job",instance="db-1/main",node="db-1"} 1)"));
  CHECK(has(page, R"(up{job="test-job",instance="db-1/replica",node="db-1",tier="a \"b\""} 1)"));
  CHECK(has(page, R"(up{job="host",instance="db-1",node="db-1"} 1)"));
  CHECK(!has(page, "\nup{job=\"basewatch\""));
  CHECK(has(page, R"(job="basewatch",instance="db-1",node="db-1")"));
}

TEST_CASE("what does not exist is answered by what does") {
  Site site;
  CHECK(site.get("/metrics/nothing").status == 404);
  CHECK(has(site.get("/metrics/nothing"), "test"));
  CHECK(site.get("/metrics/test").status == 404);  // which of the two?
  CHECK(has(site.get("/metrics/test"), "main"));
  CHECK(has(site.get("/metrics/test"), "replica"));
  CHECK(site.get("/metrics/test/nothing").status == 404);
  CHECK(site.get("/metrics/test/main/x").status == 404);
  CHECK(site.get("/metrics/test/").status == 404);
  CHECK(site.get("/metrics/").status == 404);
  CHECK(site.get("/metricsx").status == 404);
  CHECK(site.get("/nothing\n").body == "there is no /nothing\\x0a here; / lists what there is\n");
}

TEST_CASE("collectors can be chosen, and a wrong choice is a 400") {
  Site site;
  Call call;
  call.method = "GET";
  call.path = "/metrics/test/main";
  call.params = {{"collect[]", "two"}};
  const auto chosen = site.endpoints.answer(call);
  CHECK(chosen.status == 200);
  CHECK(has(chosen, "second_value"));
  CHECK(!has(chosen, "test_value"));
  call.params = {{"exclude[]", "two"}};
  CHECK(!has(site.endpoints.answer(call), "second_value"));
  call.params = {{"collect[]", "three"}};
  CHECK(site.endpoints.answer(call).status == 400);
  CHECK(has(site.endpoints.answer(call), "three"));
  call.params = {{"collect[]", "one"}, {"exclude[]", "two"}};
  CHECK(site.endpoints.answer(call).status == 400);
}

TEST_CASE("methods") {
  Site site;
  for (const auto* path :
       {"/metrics", "/metrics/test/main", "/sd", "/-/healthy", "/-/ready", "/"}) {
    CAPTURE(path);
    const auto answer = site.get(path, "POST");
    CHECK(answer.status == 405);
    CHECK(answer.headers[0].second == "GET, HEAD");
    CHECK(site.get(path, "HEAD").status != 405);
  }
  CHECK(site.get("/-/reload", "GET").status == 405);
  CHECK(site.get("/-/reload", "GET").headers[0].second == "POST");
}

TEST_CASE("/sd lists every instance but the agent") {
  Site site;
  const auto answer = site.get("/sd");
  CHECK(answer.content_type == "application/json");
  CHECK(answer.body == R"([
 {"targets": ["agent.example.org:9777"], "labels": {"__scheme__": "http", "__metrics_path__": "/metrics/test/main", "job": "test-job", "instance": "db-1/main", "node": "db-1"}},
 {"targets": ["agent.example.org:9777"], "labels": {"__scheme__": "http", "__metrics_path__": "/metrics/test/replica", "job": "test-job", "instance": "db-1/replica", "node": "db-1", "tier": "a \"b\""}},
 {"targets": ["agent.example.org:9777"], "labels": {"__scheme__": "http", "__metrics_path__": "/metrics/host/main", "job": "host", "instance": "db-1", "node": "db-1"}}
]
)");
  Call call;
  call.method = "GET";
  call.path = "/sd";
  for (const auto* host : {"", "a b", "evil\"", "x/y", "a@b"}) {
    call.host = host;
    CHECK(has(site.endpoints.answer(call), R"("targets": ["127.0.0.1:9777"])"));
  }
  call.secure = true;
  CHECK(has(site.endpoints.answer(call), R"("__scheme__": "https")"));
  call.host = "[::1]:9777";
  CHECK(has(site.endpoints.answer(call), R"("targets": ["[::1]:9777"])"));
  site.endpoints.set_advertise("db-1:9999");
  CHECK(has(site.endpoints.answer(call), R"("targets": ["db-1:9999"])"));
  site.engine.apply({});
  CHECK(site.get("/sd").body == "[\n]\n");
}

TEST_CASE("series that only collide across the parts of a page are counted") {
  scrape::World world;
  Endpoints endpoints(world.engine, world.clock, world.log, {});
  // Two collectors of one instance, and its labels make them one series each.
  world.engine.apply(
      {plan({collector("one", yields(2, "same")), collector("two", yields(3, "same"))})});
  Call call;
  call.method = "GET";
  call.path = "/metrics/test/main";
  CHECK(endpoints.answer(call).status == 200);
  CHECK(world.engine.snapshot().at(0).duplicates == 2);
  call.path = "/metrics";
  CHECK(has(endpoints.answer(call), "same{job="));
  CHECK(world.engine.snapshot().at(0).duplicates == 4);
  CHECK(world.engine.snapshot().at(1).duplicates == 0);
}

TEST_CASE("the status page does what it may only, and the same facts are there as JSON") {
  Site site;
  const auto page = site.get("/");
  CHECK(page.status == 200);
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(has(page, "id=\"test/replica\""));
  const auto header = [&](const Answer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
      if (key == name) return value;
    }
    return std::string();
  };
  CHECK(header(page, "Content-Security-Policy")
            .starts_with("default-src 'none'; style-src 'sha256-"));
  CHECK(header(page, "X-Content-Type-Options") == "nosniff");
  CHECK(header(page, "Referrer-Policy") == "no-referrer");
  const auto json = site.get("/api/v1/status");
  CHECK(json.content_type == "application/json");
  CHECK(has(json, R"("listen": "127.0.0.1:9777")"));
  CHECK(site.get("/", "POST").status == 405);
  CHECK(site.get("/api/v1/status", "DELETE").status == 405);
}

TEST_CASE("JSON strings are escaped") {
  CHECK(json_string("a\"b\\c\n\x01\x7f\xff\xc3\xa9") ==
        "\"a\\\"b\\\\c\\u000a\\u0001\\u007f\xEF\xBF\xBD\xc3\xa9\"");
}

TEST_CASE("ready when told, healthy always") {
  Site site;
  CHECK(site.get("/-/healthy").status == 200);
  CHECK(site.get("/-/ready").status == 503);
  site.endpoints.set_ready(true);
  CHECK(site.get("/-/ready").status == 200);
  site.endpoints.set_ready(false);
  CHECK(site.get("/-/ready").status == 503);
}

TEST_CASE("a reload is taken from this machine only, and says what was wrong") {
  Site site;
  Call call;
  call.method = "POST";
  call.path = "/-/reload";
  CHECK(site.endpoints.answer(call).status == 403);
  call.from_loopback = true;
  CHECK(site.endpoints.answer(call).status == 200);
  site.reload_says = "c.yml:1:1: error: no\n";
  const auto failed = site.endpoints.answer(call);
  CHECK(failed.status == 500);
  CHECK(failed.body == "c.yml:1:1: error: no\n");
}

TEST_CASE("exporters answer at paths of their own") {
  Site site;
  scrape::TestExporter::Hooks hooks;
  hooks.start = [](Host& host) {
    host.endpoint("/probe", [](const HttpRequest& request) {
      return HttpReply{201, "text/x",
                       fmt::format("{}: {} {}", request.path, request.param("target").value_or(""),
                                   request.param("x").has_value())};
    });
  };
  site.engine.apply({plan({collector("one", yields())}, "own", hooks)});
  Call call;
  call.method = "GET";
  call.path = "/probe";
  call.params = {{"module", "m"}, {"target", "redis://t?a=b&c"}, {"target", "u"}};
  const auto answer = site.endpoints.answer(call);
  CHECK(answer.status == 201);
  CHECK(answer.content_type == "text/x");
  CHECK(answer.body == "/probe: redis://t?a=b&c false");
  call.method = "PUT";
  CHECK(site.endpoints.answer(call).status == 405);
  site.engine.apply({});
  call.method = "GET";
  CHECK(site.endpoints.answer(call).status == 404);
}

TEST_CASE("every answer is counted by its kind") {
  Site site;
  for (const auto* path : {"/metrics", "/metrics/x", "/sd", "/-/ready", "/x", "/y", "/"}) {
    site.get(path);
  }
  CHECK(site.counted == std::vector<std::string>{"/metrics 200", "/metrics 404", "/sd 200",
                                                 "/-/ready 503", "other 404", "other 404",
                                                 "/ 200"});
}

TEST_CASE("the first page links to the others") {
  Site site;
  const auto answer = site.get("/");
  CHECK(answer.content_type == "text/html; charset=utf-8");
  CHECK(has(answer, "<a href=\"/metrics/test/replica\">"));
  CHECK(has(answer, "<a href=\"/metrics/agent/main\">") == true);
}

TEST_CASE("a long page is compressed for those who accept it") {
  Site site;
  site.engine.apply({plan({collector("one", yields(500))}, "long")});
  Call call;
  call.method = "GET";
  call.path = "/metrics/test";
  const auto plain = site.endpoints.answer(call);
  call.accept_encoding = "gzip";
  const auto packed = site.endpoints.answer(call);
  CHECK(packed.body.size() < plain.body.size() / 3);
  CHECK(packed.body.starts_with("\x1f\x8b"));
  CHECK(packed.headers.back() == std::pair<std::string, std::string>("Content-Encoding", "gzip"));
  call.accept_encoding = "gzip;q=0";
  CHECK(site.endpoints.answer(call).body == plain.body);
}

TEST_CASE("the format is text unless it is asked for otherwise") {
  Site site;
  site.engine.apply({plan({collector("one", yields(1))})});
  Call call;
  call.method = "GET";
  call.path = "/metrics/test";
  call.accept = "application/openmetrics-text;version=1.0.0,*/*;q=0.1";
  const auto is_open = [&](const Answer& answer) {
    const bool ends = answer.body.ends_with("# EOF\n");
    CHECK(ends ==
          (answer.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"));
    return ends;
  };
  const auto vary = [](const Answer& answer) { return answer.headers.front().second; };
  const auto plain = site.endpoints.answer(call);
  CHECK(!is_open(plain));
  CHECK(vary(plain) == "Accept-Encoding");
  site.endpoints.set_openmetrics(true);
  CHECK(is_open(site.endpoints.answer(call)));
  CHECK(vary(site.endpoints.answer(call)) == "Accept, Accept-Encoding");
  call.params = {{"format", "text"}};
  CHECK(!is_open(site.endpoints.answer(call)));
  call.accept = "text/plain";
  call.params = {{"format", "openmetrics"}};
  CHECK(is_open(site.endpoints.answer(call)));
  site.endpoints.set_openmetrics(false);
  CHECK(is_open(site.endpoints.answer(call)));
  call.params = {{"format", "xml"}};
  const auto refused = site.endpoints.answer(call);
  CHECK(refused.status == 400);
  CHECK(refused.body == "there is no format 'xml': write text or openmetrics\n");
}

TEST_CASE("scrapes beyond the limit are turned away, everything else is answered") {
  Site site;
  scrape::Count entered;
  scrape::Event release;
  site.engine.apply({plan({collector("slow", scrape::blocks(entered, release))}, "slow")});
  auto options = site.options();
  options.scrapes = 1;
  Endpoints narrow(site.engine, site.clock, site.log, options);
  Call call;
  call.method = "GET";
  call.path = "/metrics/test";
  auto first = std::async(std::launch::async, [&] { return narrow.answer(call); });
  entered.await(1);
  const auto second = narrow.answer(call);
  CHECK(second.status == 503);
  CHECK(second.headers[0].first == "Retry-After");
  call.path = "/-/healthy";
  CHECK(narrow.answer(call).status == 200);
  release.happen();
  CHECK(first.get().status == 200);
}

TEST_CASE(
    "over the wire: a hanging collector costs its own series, and stopping does not wait for it") {
  scrape::Event release;
  scrape::Count entered;
  Log log(Clock::system(), LogLevel::error);
  {
    scrape::Engine engine(Clock::system(), log, "db-1");
    engine.apply({plan({collector("good", yields(100, "good_value")),
                        collector("stuck", scrape::blocks(entered, release))})});
    Endpoints endpoints(engine, Clock::system(), log, {});
    Server server(log, [&](const Call& call) { return endpoints.answer(call); });
    server.start("127.0.0.1", 0);
    Client client(server.port());
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = client.get("/metrics/test", "X-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n");
    CHECK(std::chrono::steady_clock::now() - begin < 2s);
    CHECK(status_of(answer) == 200);
    CHECK(body_of(answer).find("good_value") != std::string::npos);
    CHECK(body_of(answer).find("test_value") == std::string::npos);
    const auto packed = client.get("/metrics/test", "Accept-Encoding: gzip\r\n");
    CHECK(packed.find("Content-Encoding: gzip\r\n") != std::string::npos);
    CHECK(body_of(packed).starts_with("\x1f\x8b"));
    CHECK(server.stop(5s));
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
  }
  release.happen();
}

}  // namespace basewatch::serve
