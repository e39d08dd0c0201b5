#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/load/routing.h"

namespace basewatch::catalog {
namespace {

// Reads one target of a receiver. Where a secret belongs, the key ends in _file; the same key
// without it gets an answer of its own, because that is what Alertmanager's documentation shows
// first.
class TargetReader {
 public:
  TargetReader(const yaml::Node& node, std::string what, Diagnostics& diagnostics)
      : diagnostics_(diagnostics), entry_(node, std::move(what), diagnostics) {}
  ~TargetReader() { entry_.finish(); }
  TargetReader(const TargetReader&) = delete;
  TargetReader& operator=(const TargetReader&) = delete;

  std::string text(std::string_view key) { return plain(key, entry_.required_string(key)); }
  std::string optional_text(std::string_view key) { return plain(key, entry_.string(key)); }
  bool flag(std::string_view key, bool fallback) { return entry_.flag(key, fallback); }

  std::string secret_file(std::string_view key, bool required) {
    const auto inline_key = key.substr(0, key.size() - std::string_view("_file").size());
    if (entry_.find(inline_key)) {
      error(inline_key,
            fmt::format("a secret never stands in a site file: write it into a file that "
                        "Alertmanager may read, and that file's path as '{}'",
                        key));
      if (!entry_.find(key)) return "";  // one mistake, one message
    }
    const auto path = required ? entry_.required_string(key) : entry_.string(key);
    if (!path.empty() && (!path.starts_with('/') || !is_plain(path))) {
      error(key, fmt::format("{} must be an absolute path on Alertmanager's machine, not '{}'", key,
                             printable(path)));
    }
    return path;
  }

  std::string url(std::string_view key, bool required) {
    auto url = required ? entry_.required_string(key) : entry_.string(key);
    if (url.empty()) return url;
    const auto scheme = url.find("://");
    const bool web = url.starts_with("http://") || url.starts_with("https://");
    if (!web || scheme + 3 == url.size() ||
        url.find_first_of(" \t\r\n\"'<>{}") != std::string::npos) {
      error(key, fmt::format("{} must begin with https:// or http:// and hold no blanks, quotes or "
                             "braces",
                             key));
      return "";
    }
    const auto authority = url.substr(0, url.find_first_of("/?#", scheme + 3));
    if (authority.find('@') != std::string::npos) {
      error(key, fmt::format("{} must hold no user and password: write credentials_file", key));
      return "";
    }
    return url;
  }

  void error(std::string_view key, std::string message) {
    diagnostics_.error(entry_.where(key), std::move(message));
  }

 private:
  static bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
  }

  // {{ in a receiver's field would be a template of Alertmanager's.
  std::string plain(std::string_view key, std::string text) {
    if (!is_plain(text) || text.find("{{") != std::string::npos) {
      error(key, fmt::format("{} must be one line of plain text without '{{{{'", key));
    }
    return text;
  }

  Diagnostics& diagnostics_;
  yaml::Mapping entry_;
};

SlackTarget read_slack(const yaml::Node& node, Diagnostics& diagnostics) {
  TargetReader reader(node, "slack", diagnostics);
  SlackTarget target{reader.secret_file("api_url_file", true), reader.text("channel")};
  const bool named = target.channel.empty() || target.channel.find_first_of("#@CGU") == 0;
  if (!named) {
    reader.error("channel", fmt::format("channel must be \"#name\", \"@name\" or an id of Slack's, "
                                        "not '{}'; an unquoted # begins a comment",
                                        printable(target.channel)));
  }
  return target;
}

PagerDutyTarget read_pagerduty(const yaml::Node& node, Diagnostics& diagnostics) {
  TargetReader reader(node, "pagerduty", diagnostics);
  return {reader.secret_file("routing_key_file", true), reader.url("url", false)};
}

EmailTarget read_email(const yaml::Node& node, Diagnostics& diagnostics) {
  TargetReader reader(node, "email", diagnostics);
  EmailTarget target;
  target.to = reader.text("to");
  target.from = reader.text("from");
  target.smarthost = reader.text("smarthost");
  target.username = reader.optional_text("username");
  target.password_file = reader.secret_file("password_file", !target.username.empty());
  target.require_tls = reader.flag("require_tls", true);
  if (target.username.empty() && !target.password_file.empty()) {
    reader.error("password_file", "password_file needs a username beside it");
  }
  const auto colon = target.smarthost.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : parse_uint(target.smarthost.substr(colon + 1));
  if (!target.smarthost.empty() && (!port || *port == 0 || *port > 65535 || colon == 0)) {
    reader.error("smarthost",
                 fmt::format("smarthost must be host:port, as in mail.example.org:587, "
                             "not '{}'",
                             printable(target.smarthost)));
  }
  for (const auto& [key, address] : {std::pair{"to", target.to}, {"from", target.from}}) {
    if (!address.empty() && address.find('@') == std::string::npos) {
      reader.error(
          key, fmt::format("{} must be an address with an '@', not '{}'", key, printable(address)));
    }
  }
  return target;
}

WebhookTarget read_webhook(const yaml::Node& node, Diagnostics& diagnostics) {
  TargetReader reader(node, "webhook", diagnostics);
  return {reader.url("url", true), reader.secret_file("credentials_file", false)};
}

// One target, or a list of them.
template <typename Target>
bool read_list(yaml::Mapping& entry, std::string_view key, std::vector<Target>& targets,
               Target (*read)(const yaml::Node&, Diagnostics&), Diagnostics& diagnostics) {
  const auto* node = entry.find(key);
  if (!node) return false;
  targets.clear();
  if (node->kind == yaml::Kind::sequence) {
    for (const auto& item : node->items) targets.push_back(read(item, diagnostics));
  } else {
    targets.push_back(read(*node, diagnostics));
  }
  return true;
}

}  // namespace

void read_targets(yaml::Mapping& entry, Receiver& receiver, Diagnostics& diagnostics) {
  read_list(entry, "slack", receiver.slack, read_slack, diagnostics);
  read_list(entry, "pagerduty", receiver.pagerduty, read_pagerduty, diagnostics);
  read_list(entry, "email", receiver.email, read_email, diagnostics);
  read_list(entry, "webhook", receiver.webhook, read_webhook, diagnostics);
  receiver.send_resolved = entry.flag("send_resolved", receiver.send_resolved);
}

}  // namespace basewatch::catalog
