#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>

#include "agent/base/thread.h"
#include "agent/base/version.h"
#include "agent/commands/access_keeper.h"
#include "agent/commands/commands.h"
#include "agent/commands/log_metrics.h"
#include "agent/commands/reloader.h"
#include "agent/commands/reloads.h"
#include "agent/commands/request_counters.h"
#include "agent/commands/seen.h"
#include "agent/commands/service.h"
#include "agent/discover/watch.h"
#include "agent/plugin/builtin.h"
#include "agent/serve/endpoints.h"
#include "agent/serve/listener.h"
#include "agent/serve/server.h"
#include "metrics/agent.h"

namespace basewatch::commands {
namespace {

using namespace std::chrono_literals;

// In all less than five seconds, which is what we promise.
constexpr std::chrono::milliseconds kDrain = 2s, kReload = 500ms, kExit = 4500ms;

// Signals are taken by sigwait in the main thread: a handler could do next to nothing.
sigset_t block_signals() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int one : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ours, one);
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  return ours;
}

// What the signals mean, until one of them means the end.
void serve_signals(const sigset_t& ours, const std::function<void()>& reload) {
  while (true) {
    int received = 0;
    if (sigwait(&ours, &received) != 0) continue;
    if (received != SIGHUP) return;
    reload();
  }
}

// Whatever hangs in the way out, the process is gone in time, and with the status of a good end.
void start_exit_timer() {
  try {
    start_thread("exit", [] {
      std::this_thread::sleep_for(kExit);
      std::_Exit(kFine);
    }).detach();
  } catch (
      const std::system_error&) {  // no thread is left: the kernel's timer, then, with its status
    ::alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(kExit).count()));
  }
}

std::string instances_text(const Setup& setup) {
  std::string out;
  for (const auto& plan : setup.plans) {
    out += fmt::format("{}{}/{}", out.empty() ? "" : ", ", plan.plugin->name, plan.name);
  }
  return out.empty() ? "none" : out;
}

// Runs that hang outlive everything, and may still want to say something.
Log& leaked_log() {
  static auto& log = *new Log(Clock::system());
  return log;
}

class Agent {
 public:
  Agent(const std::string& path, const Setup& setup, const ServiceManager& manager)
      : manager_(manager),
        log_(leaked_log()),
        engine_(Clock::system(), log_, setup.node),
        endpoints_(engine_, Clock::system(), log_, options(path, setup)),
        server_(
            log_, [this](const serve::Call& call) { return endpoints_.answer(call); }, {},
            events()),
        access_(server_, Clock::system(), log_, self_),
        reloader_(path, builtin_plugins(), engine_, Clock::system(), log_, self_, reload_step()),
        watch_(
            Clock::system(), [roots = roots_of(setup)] { return discover::look(roots); },
            path.empty() ? tell_seen(setup) : nullptr) {
    engine_.add_own(self_.registry());
    engine_.add_own(std::make_shared<LogMetrics>(log_));
  }

  // What is wrong, or empty.
  std::string start(const Setup& setup, const Diagnostics& diagnostics) {
    for (const auto& warning : diagnostics.sorted()) log_.warning("config", "{}", warning.text());
    auto wrong = reloader_.start(setup, diagnostics);
    if (!wrong.empty()) return wrong;
    const auto& server = setup.config.server;
    try {
      server_.start(server.host, server.port);
    } catch (const std::runtime_error& error) {
      return fmt::format("{}\n", error.what());
    }
    endpoints_.set_ready(true);
    log_.info("agent", "basewatch {} on node {} listens on {}; instances: {}", version(),
              setup.node, serve::address_text(server.host, server_.port()), instances_text(setup));
    {
      std::lock_guard guard(reload_);  // one may have been asked for by now, over HTTP
      status_ = fmt::format("{} listens on {}", setup.node,
                            serve::address_text(server.host, server_.port()));
      manager_.ready(status_);
    }
    if (const auto period = manager_.watchdog()) start_feeding(*period);
    return {};
  }

  std::string reload() {
    std::lock_guard guard(reload_);  // by signal and over HTTP
    manager_.reloading();
    auto wrong = reloader_.reload();
    manager_.ready(wrong.empty() ? status_
                                 : status_ + "; the last reload was refused, see the log");
    return wrong;
  }

  void stop() {
    manager_.stopping();
    log_.info("agent", "stops");
    endpoints_.set_ready(false);
    stop_feeding();
    if (!server_.stop(kDrain)) {
      log_.warning("agent", "requests that were still running are cut off");
      log_.flush();
      std::_Exit(kFine);  // a worker may still use what our destructor would take away
    }
  }

  Log& log() { return log_; }

 private:
  // Feeds the service manager's watchdog while timer and reception make progress; a thread that
  // hangs in asking them feeds it no more. It ends with the process, and before what it asks.
  void start_feeding(Duration period) {
    feeding_ = start_thread("watchdog", [this, period] {
      Liveness parts({[this] { return engine_.pulse(); }, [this] { return server_.pulse(); }});
      std::unique_lock lock(feeding_mutex_);
      while (!feeding_ended_.wait_for(lock, period / 4, [this] { return ended_; })) {
        lock.unlock();
        if (parts.moved()) manager_.feed_watchdog();
        lock.lock();
      }
    });
  }

  void stop_feeding() {
    {
      std::lock_guard guard(feeding_mutex_);
      ended_ = true;
    }
    feeding_ended_.notify_all();
    if (feeding_.joinable()) feeding_.join();
  }

  // Whoever starts without a configuration hears what he could have in one.
  std::function<void(const discover::Look&)> tell_seen(const Setup& setup) {
    return [this, configured = configured_of(setup)](const discover::Look& look) {
      for (const auto& one : discover::unwatched(look.view, builtin_plugins(), configured)) {
        const auto lines = one.one_line.empty() ? std::string()
                                                : fmt::format(" Below exporters: {}", one.one_line);
        log_.info("seen", "{} {}, not watched. {}{}", one.title, one.where, one.advice, lines);
      }
    };
  }

  serve::EndpointOptions options(const std::string& path, const Setup& setup) {
    serve::EndpointOptions out;
    const auto& server = setup.config.server;
    out.listen = serve::address_text(server.host.empty() ? setup.node : server.host, server.port);
    out.advertise = server.advertise;
    out.openmetrics = server.openmetrics;
    if (!path.empty()) out.reload = [this] { return reload(); };
    out.facts = [this] { return facts(); };
    out.count = [this](std::string_view endpoint, int status, Duration time) {
      requests_.count(endpoint, status, time);
    };
    return out;
  }

  serve::ServerEvents events() {
    const auto counting = [this](MetricSpec spec) {
      return [this, spec](std::string_view reason) { self_.counter(spec, {reason}).Increment(); };
    };
    return {counting(metrics::agent::http_connections_refused_total.spec()),
            counting(metrics::agent::tls_handshake_failures_total.spec()),
            counting(metrics::agent::http_auth_failures_total.spec())};
  }

  // Everything of `server:` but the address follows a reload.
  ReloadStep reload_step() {
    return {[this](const Setup& next, Diagnostics& diagnostics) {
              warn_of_open_door(next.config.server, diagnostics);
              return access_.prepare(next.config.server, diagnostics) != nullptr;
            },
            [this](const Setup& next) {
              const auto& limits = next.config.server.limits;
              endpoints_.set_advertise(next.config.server.advertise);
              endpoints_.set_openmetrics(next.config.server.openmetrics);
              endpoints_.set_scrapes(limits.scrapes);
              server_.set_limits({limits.connections, limits.workers, limits.header_bytes,
                                  limits.unsent_bytes, limits.header_time, limits.idle_time,
                                  limits.answer_time});
              access_.commit();
            }};
  }

  status::Facts facts() const {
    status::Facts out;
    auto standing = reloader_.standing();
    out.started = started_;
    out.node = std::move(standing.node);
    out.config = std::move(standing.config);
    out.log_lines_lost = log_.lost();
    try {
      out.usage = scrape::read_process();
    } catch (const std::exception&) {
      // The page goes without it; the collector `process` says why.
    }
    if (const auto look = watch_.last()) {
      out.seen = discover::unwatched(look->view, builtin_plugins(), standing.configured);
      out.looked = look->when;
      out.closed_processes = look->view.closed;
    }
    return out;
  }

  const ServiceManager& manager_;
  std::string status_;
  std::mutex reload_;
  std::mutex feeding_mutex_;
  std::condition_variable feeding_ended_;
  bool ended_ = false;  // guarded by feeding_mutex_
  std::thread feeding_;
  const WallTime started_ = Clock::system().wall_now();
  Log& log_;
  Self self_;
  RequestCounters requests_{self_};
  scrape::Engine engine_;
  serve::Endpoints endpoints_;
  serve::Server server_;
  AccessKeeper access_;
  Reloader reloader_;
  discover::Watch watch_;
};

int run_agent(const std::string& config_path) {
  const auto signals = block_signals();
  const auto manager = ServiceManager::from_environment();
  Diagnostics diagnostics;
  const auto setup = make_setup(config_path, builtin_plugins(), diagnostics);
  if (!diagnostics.ok()) {
    fmt::print(stderr, "{}", diagnostics.text());
    return kUsage;
  }
  Agent agent(config_path, setup, manager);
  if (const auto wrong = agent.start(setup, diagnostics); !wrong.empty()) {
    fmt::print(stderr, "{}", wrong);
    return kUsage;
  }
  Reloads reloads([&] { agent.reload(); });
  serve_signals(signals, [&] {
    if (config_path.empty()) {
      agent.log().info("config", "nothing to reload: started without a configuration file");
    } else {
      reloads.ask();
    }
  });
  start_exit_timer();
  const bool reloaded = reloads.stop(kReload);
  agent.stop();
  if (!reloaded) {  // the reload that hangs still uses the agent
    agent.log().flush();
    std::_Exit(kFine);
  }
  return kFine;
}

}  // namespace

int run(const std::string& config_path) {
  const auto status = run_agent(config_path);
  leaked_log().flush();
  return status;
}

}  // namespace basewatch::commands
