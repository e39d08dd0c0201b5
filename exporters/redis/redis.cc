#include "exporters/redis/redis.h"

#include <algorithm>
#include <atomic>

#include "exporters/redis/extras/extras.h"
#include "exporters/redis/keys/keys.h"
#include "exporters/redis/options.h"
#include "exporters/redis/probe.h"
#include "exporters/redis/server/server.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;

constexpr Duration kEvery = std::chrono::seconds(60);

class RedisExporter final : public Exporter {
 public:
  explicit RedisExporter(const Settings& settings) : RedisExporter(read_options(settings)) {}

  std::span<const Collector> collectors() override { return collectors_; }
  std::string identity() const override { return identity_; }

  // The peer's own names.
  void summarize(Page& page, std::span<const CollectorResult> results) override {
    const auto server = std::ranges::find(results, "server", &CollectorResult::collector);
    if (server == results.end()) return;
    const auto last = server_->last();
    Summary summary;
    summary.up = server->state == RunState::done;
    if (!summary.up) {
      const bool overdue = server->state != RunState::failed || last.problem.empty();
      summary.problem = overdue ? "it does not answer in time" : last.problem;
    }
    summary.duration_seconds = seconds(server->duration);
    summary.connect_seconds = last.connect_seconds;
    summary.ping_seconds = last.ping_seconds;
    add_summary(page, summary);
    page.add(m::exporter_scrapes_total, static_cast<double>(++scrapes_));
    page.add(m::target_scrape_request_errors_total, probe_->errors());
  }

  void start(Host& host) override {
    host_->connect(&host);
    if (!may_probe_) return;
    for (const auto* path : {"/probe", "/scrape"}) {  // ours, and the peer's
      host.endpoint(path, [probe = probe_, clock = &host.clock()](const HttpRequest& request) {
        return probe->answer(request, *clock);
      });
    }
  }
  void stop() noexcept override {
    host_->connect(nullptr);
    keys_->stop();
  }

 private:
  explicit RedisExporter(const Options& options)
      : identity_(identity_of(options.target.url)),
        may_probe_(!options.probe_allow.empty()),
        server_(std::make_shared<Server>(options, host_, Clock::system())),
        keys_(std::make_shared<Keys>(options.target, options.keys, host_, server_->databases(),
                                     Clock::system())),
        scripts_(
            std::make_shared<Scripts>(options.target, options.scripts, options.scripts_read_only)),
        search_(std::make_shared<Search>(options.target, options.search_include)),
        probe_(std::make_shared<Probe>(options)) {
    // Each owns what it runs with: a run may outlive the exporter.
    const auto add = [&](std::string_view name, bool on, Schedule schedule, auto part) {
      collectors_.push_back(
          {name, name, on, schedule,
           [part](Page& page, const Deadline& deadline) { return part->run(page, deadline); }});
    };
    add("server", true, on_scrape, server_);
    add("keys", options.keys.any(), every(kEvery), keys_);
    add("scripts", !options.scripts.empty(), every(kEvery), scripts_);
    add("search", false, every(kEvery), search_);
  }

  const std::shared_ptr<HostLink> host_ = std::make_shared<HostLink>();
  const std::string identity_;
  const bool may_probe_;
  const std::shared_ptr<Server> server_;
  const std::shared_ptr<Keys> keys_;
  const std::shared_ptr<Scripts> scripts_;
  const std::shared_ptr<Search> search_;
  const std::shared_ptr<Probe> probe_;
  std::atomic<std::uint64_t> scrapes_ = 0;
  std::vector<Collector> collectors_;
};

}  // namespace

const Plugin plugin{
    .name = "redis",
    .summary = "Redis, Valkey, KeyDB and Sentinel.",
    .default_job = "redis",
    .options = option_list(),
    .create = [](const Settings& settings) -> std::unique_ptr<Exporter> {
      return std::make_unique<RedisExporter>(settings);
    },
    .finds_instances = true,
};

}  // namespace basewatch::redis
