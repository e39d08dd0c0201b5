#include "agent/status/instance_card.h"

#include <algorithm>

#include "agent/base/strings.h"
#include "agent/status/chart.h"
#include "agent/status/remedy.h"

namespace basewatch::status {
namespace {

Health health_of(RunState state) {
  switch (state) {
    case RunState::done:
      return Health::fine;
    case RunState::failed:
    case RunState::stuck:
      return Health::broken;
    case RunState::absent:
    case RunState::pending:
      break;
  }
  return Health::waiting;
}

class Writer {
 public:
  explicit Writer(Html& html) : html_(html) {}

  void card(const scrape::InstanceStatus& instance, const InstanceVerdict& verdict) {
    const auto id = id_of(instance);
    html_.line("<article class=\"card\" id=\"{0}\"><div class=\"head\"><h3>{0}</h3>{1}</div>",
               html_text(id), tag(verdict.health, verdict_words(verdict)));
    html_.line("<p class=\"meta\">{}</p>", instance_facts(instance, verdict));
    charts(instance);
    for (const auto& [topic, text] : instance.notes) note(instance, topic, text);
    collectors(instance, verdict);
    html_.line("</article>");
  }

 private:
  static std::string verdict_words(const InstanceVerdict& verdict) {
    const auto all = verdict.good + verdict.bad + verdict.absent + verdict.pending;
    switch (verdict.health) {
      case Health::fine:
        return "works";
      case Health::waiting:
        return "not asked yet";
      case Health::degraded:
        return fmt::format("{} of {} fail", verdict.bad, all);
      case Health::broken:
        return "yields nothing";
    }
    return {};
  }

  std::string instance_facts(const scrape::InstanceStatus& instance,
                             const InstanceVerdict& verdict) const {
    auto out = count_words(verdict.series, "series", "series");
    out += instance.asked ? fmt::format("; scraped {}", html_.ago(*instance.asked))
                          : "; not scraped yet";
    if (instance.capped > 0) {
      out += fmt::format("; {} series left out above the cap", instance.capped);
    }
    if (instance.duplicates > 0) {
      out += fmt::format("; {} duplicate series left out", instance.duplicates);
    }
    return out +
           fmt::format("; <a href=\"/metrics/{0}\">/metrics/{0}</a>", html_text(id_of(instance)));
  }

  void charts(const scrape::InstanceStatus& instance) {
    std::vector<std::vector<scrape::Minute>> hours;
    for (const auto& collector : instance.collectors) hours.push_back(collector.last_hour);
    const auto hour = merged(hours);
    const auto failing = failing_minutes(hour);
    std::size_t most = 0;
    for (const auto& minute : hour) most = std::max(most, minute.series.value_or(0));
    html_.line(
        "<div class=\"charts\"><figure>{}<figcaption><span>Longest run of each minute, last "
        "hour{}</span><span>{} "
        "at most</span></figcaption></figure>",
        duration_chart(hour, false),
        failing > 0 ? fmt::format("; failures in {}", count_words(failing, "minute", "minutes"))
                    : std::string(),
        duration_words(longest_of(hour)));
    html_.line(
        "<figure>{}<figcaption><span>Series, last hour</span><span>{} at most</span></figcaption>"
        "</figure></div>",
        series_chart(hour), most);
  }

  void note(const scrape::InstanceStatus& instance, const std::string& topic,
            const std::string& text) {
    const auto what = remedy_for_note(instance.exporter, topic, text);
    html_.line("<div class=\"note\"><b>{}:</b> <span class=\"reason\">{}</span>{}</div>",
               html_text(topic), html_text(without_secrets(text)),
               what.empty() ? std::string()
                            : fmt::format("<p><b>What to do:</b> {}</p>", html_with_code(what)));
  }

  void collectors(const scrape::InstanceStatus& instance, const InstanceVerdict& verdict) {
    if (instance.collectors.empty()) return;
    html_.line("<details{}><summary>{}</summary>", verdict.bad > 0 ? " open" : "",
               collectors_words(verdict));
    html_.line(
        "<table role=\"table\"><thead><tr><th scope=\"col\">Collector<th scope=\"col\">State<th "
        "scope=\"col\" class=\"num\">Last run<th scope=\"col\" class=\"num\">Series<th "
        "scope=\"col\" class=\"hour\">Durations, last hour</tr></thead><tbody>");
    for (const auto& collector : instance.collectors) row(collector);
    html_.line("</tbody></table></details>");
  }

  static std::string collectors_words(const InstanceVerdict& verdict) {
    const auto all = verdict.good + verdict.bad + verdict.absent + verdict.pending;
    std::vector<std::string> parts;
    if (verdict.bad > 0) parts.push_back(fmt::format("{} failing", verdict.bad));
    if (verdict.absent > 0) parts.push_back(fmt::format("{} absent here", verdict.absent));
    if (verdict.pending > 0) parts.push_back(fmt::format("{} not run yet", verdict.pending));
    if (parts.empty()) parts.emplace_back(all == 1 ? "works" : "all work");
    return fmt::format("{}: {}", count_words(all, "collector", "collectors"), join(parts, ", "));
  }

  void row(const scrape::CollectorStatus& collector) {
    const bool failing = is_failure(collector.state);
    const bool known = collector.state != RunState::pending;
    html_.line("<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}<td role=\"cell\">{}",
               html_text(collector.collector),
               tag(health_of(collector.state), name_of(collector.state)));
    html_.line("<td role=\"cell\" class=\"num\">{}<td role=\"cell\" class=\"num series\">{}",
               known ? duration_words(collector.duration) : "\u2013",
               known ? std::to_string(collector.series) : "\u2013");
    html_.line("<td role=\"cell\" class=\"hour\">{}", duration_chart(collector.last_hour, true));
    const auto more = details_of(collector, failing);
    if (!more.empty()) {
      html_.line(
          "</tr><tr role=\"row\" class=\"more\"><td role=\"cell\" class=\"wide\" colspan=\"5\">{}",
          more);
    }
    html_.line("</tr>");
  }

  std::string details_of(const scrape::CollectorStatus& collector, bool failing) const {
    std::vector<std::string> parts;
    if (!collector.reason.empty() && collector.state != RunState::done) {
      parts.push_back(fmt::format("<div class=\"reason\">{}</div>",
                                  html_text(without_secrets(collector.reason))));
    }
    std::vector<std::string> facts;
    if (collector.every > Duration::zero()) {
      facts.push_back(
          fmt::format("runs in the background every {}", format_duration(collector.every)));
      if (collector.series > 0) {
        facts.push_back(
            fmt::format("the values on the page are {} old", span_words(collector.age)));
      }
    }
    if (failing && collector.failing_since) {
      facts.push_back("fails for " + html_.since(*collector.failing_since));
    }
    if (failing) {
      facts.push_back(collector.worked ? "worked the last time " + html_.ago(*collector.worked)
                                       : "has not worked since the agent was started");
    }
    if (!facts.empty()) {
      parts.push_back(fmt::format("<div class=\"dim\">{}</div>", join(facts, "; ")));
    }
    return join(parts, "");
  }

  Html& html_;
};

}  // namespace

void write_instance(Html& html, const scrape::InstanceStatus& instance,
                    const InstanceVerdict& verdict) {
  Writer(html).card(instance, verdict);
}

}  // namespace basewatch::status
