#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "agent/base/strings.h"
#include "agent/base/version.h"
#include "agent/status/page.h"
#include "agent/status/remedy.h"

namespace basewatch::status {
namespace {

// An object or array that is written piece by piece.
class Json {
 public:
  void open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void key(std::string_view name) {
    separate();
    out_ += json_string(name) + ": ";
    first_ = true;  // its value follows without a comma
  }
  void raw(std::string_view value) {
    separate();
    out_ += value;
  }

  void text(std::string_view name, std::string_view value) {
    key(name);
    raw(json_string(value));
  }
  template <typename T>
  void number(std::string_view name, T value) {
    key(name);
    raw(fmt::format("{}", value));
  }
  void flag(std::string_view name, bool value) {
    key(name);
    raw(value ? "true" : "false");
  }
  void time(std::string_view name, const std::optional<WallTime>& value) {
    key(name);
    raw(value ? json_string(format_utc(*value)) : "null");
  }
  template <typename Range, typename Write>
  void list(std::string_view name, const Range& values, Write write) {
    key(name);
    open('[');
    for (const auto& value : values) write(value);
    close(']');
  }
  std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (!first_) out_ += ", ";
    first_ = false;
  }
  std::string out_;
  bool first_ = true;
};

void write_hour(Json& out, const std::vector<scrape::Minute>& hour) {
  out.key("last_hour");
  out.open('{');
  out.list("runs", hour, [&](const auto& minute) { out.raw(std::to_string(minute.runs)); });
  out.list("failures", hour, [&](const auto& minute) { out.raw(std::to_string(minute.failures)); });
  out.list("longest_seconds", hour, [&](const auto& minute) {
    out.raw(minute.runs > 0 ? fmt::format("{}", seconds(minute.longest)) : "null");
  });
  out.list("series", hour, [&](const auto& minute) {
    out.raw(minute.series ? std::to_string(*minute.series) : "null");
  });
  out.close('}');
}

void write_collector(Json& out, const scrape::InstanceStatus& instance,
                     const scrape::CollectorStatus& collector) {
  out.open('{');
  out.text("name", collector.collector);
  out.text("state", name_of(collector.state));
  out.text("reason", collector.state == RunState::done ? "" : without_secrets(collector.reason));
  out.text("remedy", is_failure(collector.state) ? remedy(instance.exporter, collector.collector,
                                                          collector.state, collector.reason)
                                                 : std::string());
  out.number("duration_seconds", seconds(collector.duration));
  out.number("age_seconds", seconds(collector.age));
  out.number("series", collector.series);
  out.number("every_seconds", seconds(collector.every));
  out.time("ended", collector.ended);
  out.time("worked", collector.worked);
  out.time("failing_since", collector.failing_since);
  write_hour(out, collector.last_hour);
  out.close('}');
}

void write_instance(Json& out, const scrape::InstanceStatus& instance,
                    const InstanceVerdict& verdict) {
  out.open('{');
  out.text("exporter", instance.exporter);
  out.text("name", instance.name);
  out.text("health", name_of(verdict.health));
  out.key("labels");
  out.open('{');
  for (const auto& [name, value] : instance.target->pairs()) out.text(name, value);
  out.close('}');
  out.number("series", verdict.series);
  out.number("series_left_out_duplicate", instance.duplicates);
  out.number("series_left_out_cap", instance.capped);
  out.time("scraped", instance.asked);
  out.list("notes", instance.notes, [&](const auto& note) {
    out.open('{');
    out.text("topic", note.first);
    out.text("text", without_secrets(note.second));
    out.text("remedy", remedy_for_note(instance.exporter, note.first, note.second));
    out.close('}');
  });
  out.list("collectors", instance.collectors,
           [&](const auto& collector) { write_collector(out, instance, collector); });
  out.close('}');
}

void write_agent(Json& out, const Facts& facts) {
  out.key("agent");
  out.open('{');
  out.text("version", version());
  out.text("revision", revision());
  out.text("compiler", compiler());
  out.text("listen", facts.listen);
  out.time("started", facts.started);
  if (facts.usage) {
    out.number("cpu_seconds", facts.usage->cpu_seconds);
    out.number("resident_bytes", facts.usage->resident_bytes);
    out.number("threads", facts.usage->threads);
    out.number("open_files", facts.usage->open_fds);
    out.number("max_files", facts.usage->max_fds);
  }
  out.number("log_lines_lost", facts.log_lines_lost);
  out.close('}');
}

void write_config(Json& out, const ConfigFacts& config) {
  const auto text = [&](const std::string& one) { out.raw(json_string(without_secrets(one))); };
  out.key("config");
  out.open('{');
  out.text("path", config.path);
  out.flag("last_reload_successful", config.errors.empty());
  out.time("last_reload", config.tried);
  out.time("in_force_since", config.taken);
  out.list("errors", config.errors, text);
  out.list("warnings", config.warnings, text);
  out.close('}');
}

}  // namespace

std::string json(const Facts& facts, const Report& report) {
  Json out;
  out.open('{');
  out.number("version", 1);
  out.text("health", name_of(report.health));
  out.text("headline", report.headline);
  out.text("node", facts.node);
  out.time("time", facts.now);
  out.list("problems", report.problems, [&](const Problem& problem) {
    out.open('{');
    out.text("health", name_of(problem.health));
    out.text("what", problem.what);
    out.text("reason", problem.reason);
    out.text("remedy", problem.remedy);
    out.text("instance", problem.instance);
    out.time("since", problem.since);
    out.close('}');
  });
  out.key("instances");
  out.open('[');
  for (std::size_t i = 0; i < facts.instances.size(); ++i) {
    write_instance(out, facts.instances[i], report.instances[i]);
  }
  out.close(']');
  out.list("seen", facts.seen, [&](const discover::Seen& seen) {
    out.open('{');
    out.text("key", seen.key);
    out.text("title", seen.title);
    out.text("where", seen.where);
    out.text("advice", seen.advice);
    out.text("lines", seen.lines);
    out.close('}');
  });
  out.time("looked", facts.looked);
  out.list("log_sources", std::vector<int>(), [](int) {});
  write_config(out, facts.config);
  write_agent(out, facts);
  out.close('}');
  return out.take() + "\n";
}

}  // namespace basewatch::status
