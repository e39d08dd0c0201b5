#include "exporters/redis/probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "agent/expose/text.h"
#include "exporters/redis/keys/glob.h"
#include "exporters/redis/server/server.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;
using namespace std::chrono_literals;

constexpr int kAtOnce = 4;
constexpr Duration kTime = 8s;

}  // namespace

void add_summary(Page& page, const Summary& summary) {
  page.add(m::up, summary.up ? 1 : 0);
  page.add(m::exporter_last_scrape_error, summary.up ? 0 : 1, summary.problem);
  page.add(m::exporter_last_scrape_duration_seconds, summary.duration_seconds);
  page.add(m::exporter_last_scrape_connect_time_seconds, summary.connect_seconds);
  if (summary.ping_seconds) {
    page.add(m::exporter_last_scrape_ping_time_seconds, *summary.ping_seconds);
  }
}

bool Probe::allows(const clients::RedisUrl& url) const {
  if (!url.socket.empty()) return false;  // a way into the file system
  const auto with_port = fmt::format("{}:{}", url.host, url.port);
  return std::ranges::any_of(options_.probe_allow, [&](const std::string& pattern) {
    return glob_matches(pattern, url.host) || glob_matches(pattern, with_port);
  });
}

HttpReply Probe::refuse(int status, std::string why) {
  ++errors_;
  HttpReply out;
  out.status = status;
  out.body = std::move(why) + "\n";
  return out;
}

HttpReply Probe::answer(const HttpRequest& request, Clock& clock) {
  const auto target = request.param("target");
  if (!target || target->empty()) {
    return refuse(400, "say which server: /probe?target=redis://HOST:PORT");
  }
  std::string problem;
  const auto url = clients::parse_redis_url(*target, problem);
  if (!url) return {404, {}, "target " + problem + "\n"};
  if (!allows(*url)) {
    ++errors_;
    return {404,
            {},
            fmt::format("no instance of the exporter redis allows {}: see probe_allow\n",
                        printable(identity_of(*url)))};
  }
  struct Slot {
    explicit Slot(std::atomic<int>& used) : used(used), had(++used <= kAtOnce) {}
    ~Slot() { --used; }
    std::atomic<int>& used;
    const bool had;
  } slot(running_);
  if (!slot.had) return refuse(503, "too many probes run already: ask less often");

  auto options = options_;
  const auto own = options.target.url;
  options.target.url = *url;
  // The login is the configuration's alone.
  options.target.url.user = own.user;
  options.target.url.password = own.password;
  options.find_replicas = options.find_cluster = options.find_by_sentinel = false;
  Server server(std::move(options), std::make_shared<HostLink>(), clock);
  Page page;
  const auto begin = clock.now();
  Summary summary;
  try {
    server.run(page, Deadline::in(clock, kTime));
    summary.up = true;
  } catch (const std::exception&) {
    page = Page();  // all or nothing
  }
  const auto last = server.last();
  summary.problem = last.problem;
  summary.duration_seconds = seconds(clock.now() - begin);
  summary.connect_seconds = last.connect_seconds;
  summary.ping_seconds = last.ping_seconds;
  add_summary(page, summary);
  page.seal();
  HttpReply out;
  out.content_type = expose::kTextContentType;
  const expose::Part parts[] = {{&page}};
  expose::write_text(parts, out.body);
  return out;
}

}  // namespace basewatch::redis
