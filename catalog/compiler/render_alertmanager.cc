#include <fmt/format.h>

#include "agent/base/strings.h"
#include "catalog/compiler/alertmanager_templates.h"
#include "catalog/compiler/render.h"
#include "catalog/compiler/routes.h"
#include "catalog/compiler/yaml_writer.h"

namespace basewatch::catalog {
namespace {

// A list of strings under a key; nothing when there are none.
template <typename List>
void write_list(YamlWriter& yaml, std::string_view key, const List& list) {
  if (list.empty()) return;
  yaml.key(key);
  for (const auto& text : list) yaml.entry(text);
  yaml.close();
}

std::string equals(std::string_view label, std::string_view value) {
  return fmt::format("{}=\"{}\"", label, value);
}

// One matcher for any of the values. Names are letters, digits and '_', so nothing needs an escape.
std::string any_of(std::string_view label, const std::vector<std::string>& values) {
  if (values.size() == 1) return equals(label, values.front());
  return fmt::format("{}=~\"{}\"", label, join(values, "|"));
}

std::vector<std::string> values_of(const std::vector<Text>& texts) {
  std::vector<std::string> values;
  for (const auto& text : texts) values.push_back(text.value);
  return values;
}

class ConfigFile {
 public:
  explicit ConfigFile(const Routing& routing) : routing_(routing) {}

  std::string render() {
    yaml_.comment("How each receiver is reached stands in your site.yml: docs/alerting.md.");
    yaml_.key("templates");
    yaml_.entry("templates/*.tmpl");
    yaml_.close();
    write_routes();
    write_inhibitions();
    write_time_intervals();
    yaml_.key("receivers");
    for (const auto& receiver : routing_.receivers) write_receiver(receiver);
    yaml_.close();
    return std::string(kGenerated) + yaml_.text();
  }

 private:
  void write_routes() {
    yaml_.key("route");
    yaml_.value("receiver", routing_.fallback);
    write_list(yaml_, "group_by", std::vector<std::string>{"alertname", "node"});
    yaml_.plain("group_wait", "30s");
    yaml_.plain("group_interval", "5m");
    yaml_.plain("repeat_interval", "4h");
    yaml_.key("routes");
    for (const auto& route : routing_.routes) write_route(route);
    yaml_.close();
    yaml_.close();
  }

  void write_route(const Route& route) {
    yaml_.comment(fmt::format("{}: {}", route.name, route.help));
    yaml_.item();
    yaml_.key("matchers");
    yaml_.entry(any_of("priority", route.priorities));
    yaml_.close();
    yaml_.value("receiver", route.receiver);
    write_list(yaml_, "group_by", route.group_by);
    write_waits(route.group_wait, route.group_interval);
    yaml_.plain("repeat_interval", format_duration(route.repeat));
    write_times(route);
    if (route.goes_on) yaml_.plain("continue", "true");
    if (route.instant) {
      yaml_.key("routes");
      yaml_.item();
      yaml_.key("matchers");
      yaml_.entry(equals("class", "instant"));
      yaml_.close();
      write_waits(route.instant->group_wait, route.instant->group_interval);
      write_times(route);  // a route does not inherit these
      yaml_.close();
      yaml_.close();
    }
    yaml_.close();
  }

  void write_waits(Duration group_wait, Duration group_interval) {
    yaml_.plain("group_wait", format_duration(group_wait));
    yaml_.plain("group_interval", format_duration(group_interval));
  }

  void write_times(const Route& route) {
    write_list(yaml_, "active_time_intervals", route.active);
    write_list(yaml_, "mute_time_intervals", route.muted);
  }

  void write_inhibitions() {
    if (routing_.inhibitions.empty()) return;
    yaml_.key("inhibit_rules");
    for (const auto& inhibition : routing_.inhibitions) {
      yaml_.comment(inhibition.help);
      yaml_.item();
      yaml_.key("source_matchers");
      yaml_.entry(any_of("alertname", values_of(inhibition.sources)));
      yaml_.close();
      yaml_.key("target_matchers");
      if (!inhibition.targets.empty()) {
        yaml_.entry(any_of("alertname", values_of(inhibition.targets)));
      } else {
        yaml_.entry(fmt::format("alertname!~\"{}\"", join(values_of(inhibition.sources), "|")));
      }
      // A label that both sides lack counts as equal, and would silence everything.
      for (const auto& label : inhibition.equal) yaml_.entry(label.value + "!=\"\"");
      yaml_.close();
      write_list(yaml_, "equal", values_of(inhibition.equal));
      yaml_.close();
    }
    yaml_.close();
  }

  void write_time_intervals() {
    if (routing_.time_intervals.empty()) return;
    yaml_.key("time_intervals");
    for (const auto& interval : routing_.time_intervals) {
      yaml_.comment(interval.help);
      yaml_.item();
      yaml_.value("name", interval.name);
      if (interval.spans.empty()) {
        yaml_.empty_list("time_intervals");  // never
      } else {
        yaml_.key("time_intervals");
        for (const auto& span : interval.spans) write_span(span);
        yaml_.close();
      }
      yaml_.close();
    }
    yaml_.close();
  }

  void write_span(const TimeSpan& span) {
    yaml_.item();
    if (!span.times.empty()) {
      yaml_.key("times");
      for (const auto& [begin, end] : span.times) {
        yaml_.item();
        yaml_.value("start_time", clock_text(begin));
        yaml_.value("end_time", clock_text(end));
        yaml_.close();
      }
      yaml_.close();
    }
    write_list(yaml_, "weekdays", span.weekdays);
    write_list(yaml_, "days_of_month", span.days_of_month);
    write_list(yaml_, "months", span.months);
    write_list(yaml_, "years", span.years);
    yaml_.value("location", routing_.time_zone);
    yaml_.close();
  }

  void write_receiver(const Receiver& receiver) {
    yaml_.comment(receiver.help);
    yaml_.item();
    yaml_.value("name", receiver.name);
    write_targets("slack_configs", receiver, receiver.slack);
    write_targets("pagerduty_configs", receiver, receiver.pagerduty);
    write_targets("email_configs", receiver, receiver.email);
    write_targets("webhook_configs", receiver, receiver.webhook);
    yaml_.close();
  }

  template <typename Target>
  void write_targets(std::string_view key, const Receiver& receiver,
                     const std::vector<Target>& targets) {
    if (targets.empty()) return;
    yaml_.key(key);
    for (const auto& target : targets) {
      yaml_.item();
      write_target(target);
      yaml_.plain("send_resolved", receiver.send_resolved ? "true" : "false");
      yaml_.close();
    }
    yaml_.close();
  }

  void write_target(const SlackTarget& slack) {
    yaml_.value("api_url_file", slack.api_url_file);
    yaml_.value("channel", slack.channel);
    write_template("color", "slack.color");
    write_template("title", "slack.title");
    write_template("fallback", "slack.title");
    write_template("text", "slack.text");
  }

  void write_target(const PagerDutyTarget& pagerduty) {
    yaml_.value("routing_key_file", pagerduty.routing_key_file);
    if (!pagerduty.url.empty()) yaml_.value("url", pagerduty.url);
    write_template("description", "title");
    write_template("severity", "pagerduty.severity");
    yaml_.value("class", "{{ .CommonLabels.alertname }}");
    yaml_.value("component", "{{ .CommonLabels.job }}");
    yaml_.value("group", "{{ .CommonLabels.node }}");
    yaml_.key("details");
    yaml_.value("firing", "{{ template \"basewatch.plain\" .Alerts.Firing }}");
    yaml_.value("resolved", "{{ template \"basewatch.plain\" .Alerts.Resolved }}");
    yaml_.close();
    yaml_.key("links");
    write_link("runbook", "Runbook");
    write_link("dashboard", "Dashboard");
    write_link("silence", "Silence");
    yaml_.close();
  }

  void write_link(std::string_view name, std::string_view text) {
    yaml_.item();
    write_template("href", fmt::format("pagerduty.{}", name));
    yaml_.value("text", text);
    yaml_.close();
  }

  void write_target(const EmailTarget& email) {
    yaml_.value("to", email.to);
    yaml_.value("from", email.from);
    yaml_.value("smarthost", email.smarthost);
    if (!email.username.empty()) {
      yaml_.value("auth_username", email.username);
      yaml_.value("auth_password_file", email.password_file);
    }
    yaml_.plain("require_tls", email.require_tls ? "true" : "false");
    yaml_.key("headers");
    write_template("Subject", "email.subject");
    yaml_.close();
    write_template("html", "email.html");
  }

  void write_target(const WebhookTarget& webhook) {
    yaml_.value("url", webhook.url);
    if (webhook.credentials_file.empty()) return;
    yaml_.key("http_config");
    yaml_.key("authorization");
    yaml_.value("credentials_file", webhook.credentials_file);
    yaml_.close();
    yaml_.close();
  }

  void write_template(std::string_view key, std::string_view name) {
    yaml_.value(key, fmt::format("{{{{ template \"basewatch.{}\" . }}}}", name));
  }

  const Routing& routing_;
  YamlWriter yaml_;
};

}  // namespace

std::vector<Artefact> render_alertmanager(const Program& program) {
  const auto& routing = program.site().routing;
  if (routing.receivers.empty()) return {};  // a catalog without routing.yml
  return {
      {"alertmanager/alertmanager.yml", ConfigFile(routing).render()},
      {"alertmanager/templates/basewatch.tmpl",
       fmt::format("{{{{- /* {} */ -}}}}", kGeneratedMark) + std::string(kAlertmanagerTemplates)},
      {"alertmanager/tests/cases.json", render_routing_cases(program)}};
}

}  // namespace basewatch::catalog
