#include <fmt/format.h>

#include "catalog/compiler/render.h"

// Where an alert leads: its page in the runbooks and its panel in Grafana.
namespace basewatch::catalog {
namespace {

// As Go's url.QueryEscape, which Prometheus' template function urlquery is.
std::string url_query(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += static_cast<char>(c);
    } else {
      out += c == ' ' ? std::string("+") : fmt::format("%{:02X}", c);
    }
  }
  return out;
}

// A label of the alert in an address: a template, or what becomes of it when it fires.
std::string in_url(const std::string& label, const std::map<std::string, std::string>* fired) {
  if (!fired) return fmt::format("{{{{ $labels.{} | urlquery }}}}", label);
  const auto found = fired->find(label);
  return found == fired->end() ? std::string() : url_query(found->second);
}

}  // namespace

std::string runbook_url(const Program& program, const AlertEntry& alert) {
  const auto& base = program.site().runbook_url;
  if (base.empty()) return {};
  return fmt::format("{}{}{}.md", base, base.ends_with('/') ? "" : "/", alert.name.value);
}

std::string panel_url(const Program& program, const AlertEntry& alert) {
  const auto& base = program.site().grafana_url;
  const auto* panel = program.panel_of(alert);
  if (base.empty() || !panel) return {};
  return fmt::format("{}{}d/{}?viewPanel={}", base, base.ends_with('/') ? "" : "/", panel->uid,
                     panel->id);
}

std::string dashboard_url(const Program& program, const AlertEntry& alert,
                          const std::map<std::string, std::string>* fired) {
  auto url = panel_url(program, alert);
  if (url.empty()) return url;
  const auto& labels = program.of(alert).analysis.labels;
  const auto carries = [&](const char* name) {
    return labels.names.contains(name) && !labels.maybe.contains(name);
  };
  if (carries("node")) url += "&var-node=" + in_url("node", fired);
  if (program.panel_of(alert)->by_instance && carries("instance")) {
    url += "&var-instance=" + in_url("instance", fired);
  }
  return url;
}

}  // namespace basewatch::catalog
