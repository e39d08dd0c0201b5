#include "agent/status/html.h"

#include <iterator>

#include "agent/base/strings.h"

namespace basewatch::status {

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

std::string tag(Health health, std::string_view words) {
  return fmt::format("<span class=\"tag {}\"><span aria-hidden=\"true\">{}</span> {}</span>",
                     name_of(health), sign_of(health), html_text(words));
}

std::string Html::ago(WallTime when) const {
  const auto moment = format_utc(when);
  return fmt::format("<time datetime=\"{0}\" title=\"{0}\">{1} ago</time>", moment,
                     span_words(now_ - when));
}

std::string Html::since(WallTime when) const {
  const auto moment = format_utc(when);
  return fmt::format("<time datetime=\"{0}\" title=\"since {0}\">{1}</time>", moment,
                     span_words(now_ - when));
}

void Html::append(fmt::string_view format, fmt::format_args args) {
  fmt::vformat_to(std::back_inserter(out_), format, args);
  out_ += '\n';
}

}  // namespace basewatch::status
