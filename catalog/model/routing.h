#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "catalog/model/text.h"

// Who is told about an alert, when and how often, as plain structs: what stands in routing.yml,
// with the receivers and hours of the site in it. The words are Alertmanager's (0.25).
namespace basewatch::catalog {

// Ways to tell somebody. A secret is always the path of a file on Alertmanager's machine.
struct SlackTarget {
  std::string api_url_file, channel;
};
struct PagerDutyTarget {
  std::string routing_key_file;
  std::string url;  // empty: Alertmanager's own default
};
struct EmailTarget {
  std::string to, from, smarthost;
  std::string username, password_file;  // both or none
  bool require_tls = true;
};
struct WebhookTarget {
  std::string url;
  std::string credentials_file;  // sent as a bearer token; empty: none
};

// Somebody to tell. The catalog declares who there is, the site how each is reached; one whom
// nobody configured hears nothing.
struct Receiver {
  std::string name, help;
  bool send_resolved = true;  // false: is told of what fires only
  std::vector<SlackTarget> slack;
  std::vector<PagerDutyTarget> pagerduty;
  std::vector<EmailTarget> email;
  std::vector<WebhookTarget> webhook;
  Location where;

  bool reachable() const {
    return !slack.empty() || !pagerduty.empty() || !email.empty() || !webhook.empty();
  }
};

// Times that all hold at once; what is empty holds always. Ranges are written as Alertmanager reads
// them ("monday:friday"), clock times as minutes of the day.
struct TimeSpan {
  struct Times {
    int begin = 0, end = 0;
  };
  std::vector<Times> times;
  std::vector<std::string> weekdays, days_of_month, months, years;
};

struct TimeInterval {
  std::string name, help;
  std::vector<TimeSpan> spans;  // none: never
  Location where;
};

struct Route {
  std::string name, help;
  std::vector<std::string> priorities;
  std::string receiver;
  std::vector<std::string> group_by;  // "..." alone: every alert by itself
  Duration group_wait{}, group_interval{}, repeat{};
  struct Instant {
    Duration group_wait{}, group_interval{};
  };
  std::optional<Instant> instant;   // other waits for alerts of class instant
  std::vector<std::string> active;  // names of time intervals: only then
  std::vector<std::string> muted;   // and never then
  bool goes_on = false;             // later routes are tried, too (`continue`)
  Location where;

  bool takes(const std::string& priority) const {
    for (const auto& own : priorities) {
      if (own == priority) return true;
    }
    return false;
  }
};

// While one of `sources` fires, its targets with equal labels are not notified.
struct Inhibition {
  std::string help;
  std::vector<Text> sources;
  std::vector<Text> targets;  // empty: every alert that carries the labels of `equal`
  std::vector<Text> equal;
  Location where;
};

struct Routing {
  std::vector<Receiver> receivers;
  std::string fallback;  // the receiver of alerts that no route takes
  std::string time_zone = "UTC";
  std::vector<TimeInterval> time_intervals;
  std::vector<Route> routes;  // tried in this order
  std::vector<Inhibition> inhibitions;
  Duration instant_within = std::chrono::seconds(60);  // what an alert of class instant may take
  Duration delivery = std::chrono::seconds(5);         // ... of which the receiver's network
  Location where;

  const Receiver* receiver(const std::string& name) const {
    for (const auto& own : receivers) {
      if (own.name == name) return &own;
    }
    return nullptr;
  }
};

}  // namespace basewatch::catalog
