#include "exporters/redis/redis.h"

#include <algorithm>

#include "exporters/redis/options.h"
#include "exporters/redis/server/server.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;

class RedisExporter final : public Exporter {
 public:
  explicit RedisExporter(const Settings& settings)
      : server_(std::make_shared<Server>(read_options(settings), host_, Clock::system())) {
    collectors_.push_back({"server", "server", true, on_scrape,
                           [server = server_](Page& page, const Deadline& deadline) {
                             return server->run(page, deadline);
                           }});
  }

  std::span<const Collector> collectors() override { return collectors_; }

  // The peer's own names.
  void summarize(Page& page, std::span<const CollectorResult> results) override {
    const auto server = std::ranges::find(results, "server", &CollectorResult::collector);
    if (server == results.end()) return;
    const bool is_up = server->state == RunState::done;
    page.add(m::up, is_up ? 1 : 0);
    page.add(m::exporter_last_scrape_error, is_up ? 0 : 1,
             is_up ? std::string_view() : std::string_view(server->reason));
    page.add(m::exporter_last_scrape_duration_seconds, seconds(server->duration));
    page.add(m::exporter_last_scrape_connect_time_seconds, server_->connect_seconds());
  }

  void start(Host& host) override { host_->connect(&host); }
  void stop() noexcept override { host_->connect(nullptr); }

 private:
  std::shared_ptr<HostLink> host_ = std::make_shared<HostLink>();
  std::shared_ptr<Server> server_;
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
};

}  // namespace basewatch::redis
