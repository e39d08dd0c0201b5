#include "agent/status/page.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "agent/base/strings.h"
#include "agent/base/version.h"
#include "agent/status/chart.h"
#include "agent/status/remedy.h"
#include "agent/status/style.h"
#include "agent/status/words.h"

namespace basewatch::status {
namespace {

constexpr std::string_view kAgent = "agent";

std::string_view sign_of(Health health) {
  switch (health) {
    case Health::fine:
      return "\u2713";
    case Health::waiting:
      return "\u2026";
    case Health::degraded:
      return "!";
    case Health::broken:
      return "\u2715";
  }
  return "";
}

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

std::string tag(Health health, std::string_view words) {
  return fmt::format("<span class=\"tag {}\"><span aria-hidden=\"true\">{}</span> {}</span>",
                     name_of(health), sign_of(health), html_text(words));
}

// Writes the parts of the page one after the other.
class Writer {
 public:
  Writer(const Facts& facts, const Report& report) : facts_(facts), report_(report) {}

  std::string run() {
    begin();
    problems();
    line("<h2 id=\"instances\">Instances</h2>");
    for (std::size_t i = 0; i < facts_.instances.size(); ++i) {
      instance(facts_.instances[i], report_.instances[i]);
    }
    seen();
    configuration();
    about();
    line("</main></body></html>");
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  // "4 min ago", with the moment for who points at it.
  std::string ago(WallTime when) const {
    const auto moment = format_utc(when);
    return fmt::format("<time datetime=\"{0}\" title=\"{0}\">{1} ago</time>", moment,
                       span_words(facts_.now - when));
  }

  // "4 min", with the moment since when.
  std::string since(WallTime when) const {
    const auto moment = format_utc(when);
    return fmt::format("<time datetime=\"{0}\" title=\"since {0}\">{1}</time>", moment,
                       span_words(facts_.now - when));
  }

  void begin() {
    line("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    line("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    line("<meta name=\"color-scheme\" content=\"light dark\">");
    line("<title>{} {} \u2013 basewatch</title><style>{}</style></head><body>",
         sign_of(report_.health), html_text(facts_.node), kStyle);
    line("<div class=\"top\"><b>basewatch</b><span class=\"dim\">node <b>{}</b></span></div><main>",
         html_text(facts_.node));
    line("<section class=\"card verdict {}\" aria-label=\"Is it fine?\">", name_of(report_.health));
    line("<h1><span aria-hidden=\"true\">{}</span> {}</h1>", sign_of(report_.health),
         html_text(report_.headline));
    line("<p>{}</p></section>", summary());
  }

  std::string summary() const {
    std::size_t watched = 0, series = 0;
    std::optional<WallTime> asked;
    for (std::size_t i = 0; i < facts_.instances.size(); ++i) {
      const auto& instance = facts_.instances[i];
      if (instance.exporter != kAgent) ++watched;
      series += report_.instances[i].series;
      if (instance.asked && (!asked || *asked < *instance.asked)) asked = instance.asked;
    }
    auto out = fmt::format("{}, {}", count_words(watched, "instance", "instances"),
                           count_words(series, "series", "series"));
    out += asked ? fmt::format("; last scrape {}", ago(*asked)) : "; no scrape yet";
    if (report_.notes > 0) {
      out += fmt::format("; <a href=\"#instances\">{} to read</a>",
                         count_words(report_.notes, "note", "notes"));
    }
    return out + fmt::format(". As of {}.", format_utc(facts_.now));
  }

  void problems() {
    if (report_.problems.empty()) return;
    line("<h2>What is wrong, and what to do</h2>");
    for (const auto& problem : report_.problems) {
      line("<article class=\"card problem {}\"><div class=\"head\"><h3>{}</h3>",
           name_of(problem.health), linked(problem));
      line("<span class=\"dim\">{}</span></div>",
           problem.since ? "for " + since(*problem.since) : std::string());
      line("<p class=\"reason\">{}</p>", html_text(problem.reason));
      line("<p><b>What to do:</b> {}</p></article>", html_with_code(problem.remedy));
    }
  }

  static std::string linked(const Problem& problem) {
    const auto& id = problem.instance;
    if (id.empty() || !problem.what.starts_with(id)) return html_text(problem.what);
    return fmt::format("<a href=\"#{0}\">{0}</a>{1}", html_text(id),
                       html_text(problem.what.substr(id.size())));
  }

  void instance(const scrape::InstanceStatus& instance, const InstanceVerdict& verdict) {
    const auto id = id_of(instance);
    line("<article class=\"card\" id=\"{0}\"><div class=\"head\"><h3>{0}</h3>{1}</div>",
         html_text(id), tag(verdict.health, verdict_words(verdict)));
    line("<p class=\"meta\">{}</p>", instance_facts(instance, verdict));
    charts(instance);
    for (const auto& [topic, text] : instance.notes) note(instance, topic, text);
    collectors(instance, verdict);
    line("</article>");
  }

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
    out += instance.asked ? fmt::format("; scraped {}", ago(*instance.asked)) : "; not scraped yet";
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
    line(
        "<div class=\"charts\"><figure>{}<figcaption><span>Longest run of each minute, last "
        "hour{}</span><span>{} "
        "at most</span></figcaption></figure>",
        duration_chart(hour, false),
        failing > 0 ? fmt::format("; failures in {}", count_words(failing, "minute", "minutes"))
                    : std::string(),
        duration_words(longest_of(hour)));
    line(
        "<figure>{}<figcaption><span>Series, last hour</span><span>{} at most</span></figcaption>"
        "</figure></div>",
        series_chart(hour), most);
  }

  void note(const scrape::InstanceStatus& instance, const std::string& topic,
            const std::string& text) {
    const auto what = remedy_for_note(instance.exporter, topic, text);
    line("<div class=\"note\"><b>{}:</b> <span class=\"reason\">{}</span>{}</div>",
         html_text(topic), html_text(without_secrets(text)),
         what.empty() ? std::string()
                      : fmt::format("<p><b>What to do:</b> {}</p>", html_with_code(what)));
  }

  void collectors(const scrape::InstanceStatus& instance, const InstanceVerdict& verdict) {
    if (instance.collectors.empty()) return;
    line("<details{}><summary>{}</summary>", verdict.bad > 0 ? " open" : "",
         collectors_words(verdict));
    line(
        "<table role=\"table\"><thead><tr><th scope=\"col\">Collector<th scope=\"col\">State<th "
        "scope=\"col\" class=\"num\">Last run<th scope=\"col\" class=\"num\">Series<th "
        "scope=\"col\" class=\"hour\">Durations, last hour</tr></thead><tbody>");
    for (const auto& collector : instance.collectors) row(collector);
    line("</tbody></table></details>");
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
    line("<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}<td role=\"cell\">{}",
         html_text(collector.collector), tag(health_of(collector.state), name_of(collector.state)));
    line("<td role=\"cell\" class=\"num\">{}<td role=\"cell\" class=\"num series\">{}",
         known ? duration_words(collector.duration) : "\u2013",
         known ? std::to_string(collector.series) : "\u2013");
    line("<td role=\"cell\" class=\"hour\">{}", duration_chart(collector.last_hour, true));
    const auto more = details_of(collector, failing);
    if (!more.empty()) {
      line("</tr><tr role=\"row\" class=\"more\"><td role=\"cell\" class=\"wide\" colspan=\"5\">{}",
           more);
    }
    line("</tr>");
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
      facts.push_back("fails for " + since(*collector.failing_since));
    }
    if (failing) {
      facts.push_back(collector.worked ? "worked the last time " + ago(*collector.worked)
                                       : "has not worked since the agent was started");
    }
    if (!facts.empty()) {
      parts.push_back(fmt::format("<div class=\"dim\">{}</div>", join(facts, "; ")));
    }
    return join(parts, "");
  }

  void seen() {
    line("<h2>Seen on this host, not watched</h2><section class=\"card\">");
    if (!facts_.looked) {
      line("<p class=\"dim\">The first look around has not ended yet.</p></section>");
      return;
    }
    if (facts_.seen.empty()) {
      line("<p>Nothing that basewatch knows of is left unwatched.</p>");
    } else {
      line("<p class=\"dim\">Nothing of it was connected to. {}</p>", where_to_add());
    }
    line("<p class=\"meta\">Looked {}.{}</p></section>", ago(*facts_.looked),
         facts_.closed_processes > 0
             ? fmt::format(" The sockets of {} could not be seen: that takes CAP_SYS_PTRACE.",
                           count_words(facts_.closed_processes, "process", "processes"))
             : std::string());
    for (const auto& one : facts_.seen) {
      line(
          "<article class=\"card\"><div class=\"head\"><h3>{}</h3><span "
          "class=\"dim\">{}</span></div>",
          html_text(one.title), html_text(one.where));
      line("<p>{}</p>", html_text(one.advice));
      if (!one.lines.empty()) line("<pre>{}</pre>", html_text(one.lines));
      line("</article>");
    }
  }

  std::string where_to_add() const {
    const bool any =
        std::ranges::any_of(facts_.seen, [](const auto& one) { return !one.lines.empty(); });
    if (!any) return {};
    return facts_.config.path.empty()
               ? "Lines that are suggested go below <code>exporters:</code> of a configuration "
                 "(<code>version: 1</code> is its first line; name <code>node: {}</code> there, "
                 "too, or "
                 "it is no longer watched), which is given by <code>--config</code>."
               : fmt::format(
                     "Lines that are suggested go below <code>exporters:</code> in "
                     "<code>{}</code>; then reload.",
                     html_text(facts_.config.path));
  }

  void fact(std::string_view name, std::string_view html) {
    line("<dt>{}</dt><dd>{}</dd>", name, html);
  }

  void configuration() {
    const auto& config = facts_.config;
    line("<h2>Configuration</h2><section class=\"card\"><dl class=\"facts\">");
    fact("File", config.path.empty() ? "none: the node exporter with its defaults"
                                     : fmt::format("<code>{}</code>", html_text(config.path)));
    fact("In force", "for " + since(config.taken));
    if (!config.path.empty()) {
      fact("Last read",
           ago(config.tried) + (config.errors.empty() ? " " + tag(Health::fine, "taken over")
                                                      : " " + tag(Health::degraded, "refused")));
    }
    for (const auto& error : config.errors) {
      fact("Error",
           fmt::format("<span class=\"reason\">{}</span>", html_text(without_secrets(error))));
    }
    for (const auto& warning : config.warnings) {
      fact("Warning",
           fmt::format("<span class=\"reason\">{}</span>", html_text(without_secrets(warning))));
    }
    line("</dl></section>");
  }

  void about() {
    line("<h2>This agent</h2><section class=\"card\"><dl class=\"facts\">");
    fact("Version", html_text(version()) +
                        (revision().empty() ? "" : ", revision " + html_text(revision())) +
                        ", built with " + html_text(compiler()));
    fact("Node", html_text(facts_.node));
    fact("Listens on", html_text(facts_.listen));
    fact("Started", ago(facts_.started));
    if (facts_.usage) {
      const auto& usage = *facts_.usage;
      const auto up = std::max(1.0, seconds(facts_.now - facts_.started));
      fact("Memory", bytes_words(usage.resident_bytes));
      fact("CPU", fmt::format("{:.1f} s since the start, {:.2f} % of one processor",
                              usage.cpu_seconds, 100 * usage.cpu_seconds / up));
      fact("Threads, files", fmt::format("{:.0f} threads, {:.0f} open files of {:.0f}",
                                         usage.threads, usage.open_fds, usage.max_fds));
    }
    if (facts_.log_lines_lost > 0) {
      fact("Log", fmt::format("{} lost: nobody reads the agent's standard error",
                              count_words(facts_.log_lines_lost, "line", "lines")));
    }
    line("</dl></section>");
    line(
        "<footer><a href=\"/metrics\">/metrics</a> \u00b7 <a href=\"/sd\">/sd</a> (targets for "
        "Prometheus) \u00b7 <a href=\"/api/v1/status\">/api/v1/status</a> (this page for programs) "
        "\u00b7 <a href=\"/-/healthy\">/-/healthy</a> \u00b7 <a "
        "href=\"/-/ready\">/-/ready</a></footer>");
  }

  const Facts& facts_;
  const Report& report_;
  std::string out_;
};

}  // namespace

std::string page(const Facts& facts, const Report& report) {
  return Writer(facts, report).run();
}

const std::string& content_security_policy() {
  static const std::string policy = [] {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(kStyle.data()), kStyle.size(), digest.data());
    std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> text{};
    EVP_EncodeBlock(text.data(), digest.data(), digest.size());
    return fmt::format(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action "
        "'none'; frame-ancestors 'none'",
        reinterpret_cast<const char*>(text.data()));
  }();
  return policy;
}

}  // namespace basewatch::status
