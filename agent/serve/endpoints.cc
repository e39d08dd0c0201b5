#include "agent/serve/endpoints.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "agent/base/strings.h"
#include "agent/expose/gzip.h"
#include "agent/serve/access.h"
#include "agent/expose/openmetrics.h"
#include "agent/serve/discovery.h"
#include "agent/serve/status_page.h"

namespace basewatch::serve {
namespace {

constexpr std::size_t kWorthCompressing = 1024;

Answer text(int status, std::string body) {
  Answer out;
  out.status = status;
  out.body = std::move(body) + "\n";
  return out;
}

bool is_read(const Call& call) {
  return call.method == "GET" || call.method == "HEAD";
}

Answer only(std::string_view methods) {
  auto out = text(405, fmt::format("only {} is answered here", methods));
  out.headers.emplace_back("Allow", methods);
  return out;
}

// A slot among the scrapes that may run at once.
class Slot {
 public:
  Slot(std::atomic<std::size_t>& used, std::size_t limit) : used_(used), had_(++used <= limit) {}
  ~Slot() { --used_; }
  Slot(const Slot&) = delete;
  bool had() const { return had_; }

 private:
  std::atomic<std::size_t>& used_;
  const bool had_;
};

}  // namespace

Duration scrape_deadline(std::string_view header, Duration fallback) {
  const auto given = parse_double(trim(header));
  if (!given || !(*given > 0) || *given > 3600) return fallback;
  // A timeout that the way back would eat up whole still leaves half of it for the work.
  const double left = std::max(*given - std::max(0.05 * *given, 0.25), *given / 2);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(left));
}

Endpoints::Endpoints(scrape::Engine& engine, Clock& clock, Log& log, EndpointOptions options)
    : engine_(engine),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      advertise_(options_.advertise),
      openmetrics_(options_.openmetrics),
      most_scrapes_(options_.scrapes) {}

void Endpoints::set_advertise(std::string advertise) {
  std::lock_guard guard(mutex_);
  advertise_ = std::move(advertise);
}

Answer Endpoints::answer(const Call& call) {
  std::string_view endpoint = "other";
  const auto begin = clock_.now();
  auto out = route(call, endpoint);
  if (options_.count) options_.count(endpoint, out.status, clock_.now() - begin);
  return out;
}

Answer Endpoints::route(const Call& call, std::string_view& endpoint) {
  const std::string_view path = call.path;
  const auto is = [&](std::string_view known) {
    if (path != known) return false;
    endpoint = known;
    return true;
  };
  if (is("/-/reload")) return reload(call);
  const bool pages = path == "/metrics" || path.starts_with("/metrics/");
  if (pages) endpoint = "/metrics";
  if (pages) return is_read(call) ? metrics(call) : only("GET, HEAD");
  if (is("/sd")) return is_read(call) ? service_discovery(call) : only("GET, HEAD");
  if (is("/-/healthy")) return is_read(call) ? text(200, "healthy") : only("GET, HEAD");
  if (is("/-/ready")) {
    if (!is_read(call)) return only("GET, HEAD");
    return ready_ ? text(200, "ready") : text(503, "not ready");
  }
  if (is("/")) return is_read(call) ? status_html(facts(), call) : only("GET, HEAD");
  if (is("/api/v1/status")) {
    return is_read(call) ? status_json(facts(), call) : only("GET, HEAD");
  }
  auto own = exporters_own(call);
  if (own.status != 404) endpoint = "exporter";
  return own;
}

Answer Endpoints::exporters_own(const Call& call) {
  const auto handler = engine_.endpoint(call.path);
  if (!handler) {
    return text(404,
                fmt::format("there is no {} here; / lists what there is", printable(call.path)));
  }
  if (!is_read(call)) return only("GET, HEAD");
  auto reply = handler({call.path, call.params});
  return {reply.status, std::move(reply.content_type), std::move(reply.body), {}};
}

// /metrics, /metrics/<exporter>, /metrics/<exporter>/<name>
Answer Endpoints::metrics(const Call& call) {
  auto parts = split(call.path, '/');  // "", "metrics", ...
  if (parts.size() > 4) {
    return text(404, "write /metrics, /metrics/<exporter> or /metrics/<exporter>/<name>");
  }
  parts.resize(4);
  if (call.path.ends_with('/')) {
    return text(404, fmt::format("write {} without the slash at its end",
                                 printable(call.path.substr(0, call.path.size() - 1))));
  }
  return page(call, parts[2], parts[3]);
}

// Throws std::invalid_argument for a format that there is not.
Format Endpoints::format_of(const Call& call) const {
  const auto asked = call.all("format");
  if (asked.empty()) {
    return openmetrics_ && expose::prefers_openmetrics(call.accept) ? Format::openmetrics
                                                                    : Format::text;
  }
  if (asked.back() == "openmetrics") return Format::openmetrics;
  if (asked.back() == "text") return Format::text;
  throw std::invalid_argument(
      fmt::format("there is no format '{}': write text or openmetrics", printable(asked.back())));
}

Answer Endpoints::page(const Call& call, std::string_view exporter, std::string_view name) {
  const std::size_t most = most_scrapes_;
  const Slot slot(scraping_, most);
  if (!slot.had()) {
    auto busy = text(503, fmt::format("{} scrapes are running already: ask less often", most));
    busy.headers.emplace_back("Retry-After", "5");
    return busy;
  }
  const auto time = scrape_deadline(call.scrape_timeout, options_.default_deadline);
  const scrape::Request request{.exporter = exporter,
                                .name = name,
                                .collect = call.all("collect[]"),
                                .exclude = call.all("exclude[]"),
                                .deadline = Deadline::in(clock_, time)};
  std::vector<scrape::InstanceResult> results;
  Format format = Format::text;
  try {
    format = format_of(call);
    results = engine_.scrape(request);
  } catch (const scrape::NoSuchInstance& error) {
    return text(404, error.what());
  } catch (const std::invalid_argument& error) {
    return text(400, error.what());
  }
  Answer out;
  out.content_type =
      format == Format::text ? expose::kTextContentType : expose::kOpenMetricsContentType;
  const auto written = write_page(results, exporter.empty() ? Labelling::targets : Labelling::none,
                                  format, out.body);
  if (written.dropped > 0) {
    log_.warning("http", "{} leaves out series that another instance has already, such as {}",
                 printable(call.path), printable(written.first_dropped));
  }
  out.headers.emplace_back("Vary", openmetrics_ ? "Accept, Accept-Encoding" : "Accept-Encoding");
  if (out.body.size() >= kWorthCompressing && expose::accepts_gzip(call.accept_encoding)) {
    out.body = expose::gzip(out.body);
    out.headers.emplace_back("Content-Encoding", "gzip");
  }
  return out;
}

Answer Endpoints::service_discovery(const Call& call) {
  std::string address;
  {
    std::lock_guard guard(mutex_);
    address = advertise_;
  }
  if (address.empty()) address = is_host(call.host) ? call.host : options_.listen;
  Answer out;
  out.content_type = "application/json";
  out.body = discovery_json(engine_.targets(), call.secure ? "https" : "http", address);
  return out;
}

Answer Endpoints::reload(const Call& call) {
  if (call.method != "POST") return only("POST");
  if (const auto why = why_not_act(call); !why.empty()) return text(403, why);
  if (!options_.reload) return text(404, "this agent was started without a configuration file");
  const auto wrong = options_.reload();
  return wrong.empty() ? text(200, "reloaded")
                       : Answer{500, "text/plain; charset=utf-8", wrong, {}};
}

status::Facts Endpoints::facts() const {
  auto out = options_.facts ? options_.facts() : status::Facts();
  out.instances = engine_.snapshot();
  out.now = clock_.wall_now();
  out.listen = options_.listen;
  return out;
}

}  // namespace basewatch::serve
