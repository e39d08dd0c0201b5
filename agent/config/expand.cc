#include "agent/config/expand.h"

#include <fmt/format.h>

#include "agent/base/strings.h"

namespace basewatch::config {

void Expander::expand(yaml::Node& node) {
  if (node.kind == yaml::Kind::scalar && node.scalar.find('$') != std::string::npos) {
    auto text = expand_text(node.scalar, node.where);
    if (text == node.scalar) return;
    written_[{node.where.line, node.where.column}] = std::exchange(node.scalar, std::move(text));
  }
  for (auto& item : node.items) expand(item);
  for (auto& [key, value] : node.entries) expand(value);
}

std::string Expander::shown(const yaml::Node& scalar) const {
  const auto found = written_.find({scalar.where.line, scalar.where.column});
  return printable(found == written_.end() ? scalar.scalar : found->second);
}

// A $ that starts neither ${ nor $$ is itself, so that regular expressions need no escape.
std::string Expander::expand_text(const std::string& text, const Location& where) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '$' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '$') {
      out += '$';
      ++i;
    } else if (next == '{') {
      const auto end = text.find('}', i);
      if (end == std::string::npos) {
        diagnostics_.error(where, "'${' without its '}': write ${NAME}, or $${ for the characters");
        return out;
      }
      out += variable(text.substr(i + 2, end - i - 2), where);
      i = end;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Expander::variable(const std::string& inside, const Location& where) {
  const auto separator = inside.find(":-");
  const auto name = inside.substr(0, separator);
  if (!is_label_name(name)) {  // the same letters as a shell's variable
    diagnostics_.error(where, fmt::format("'${{{}}}' names no variable: write ${{NAME}} or "
                                          "${{NAME:-default}}, or $${{ for the characters",
                                          printable(inside, 60)));
    return {};
  }
  const auto value = environment_(name);
  if (separator != std::string::npos) {
    return value && !value->empty() ? *value : inside.substr(separator + 2);
  }
  if (!value) {
    diagnostics_.error(where,
                       fmt::format("the environment variable {} is not set: set it, or write "
                                   "${{{}:-default}}",
                                   name, name));
    return {};
  }
  return *value;
}

}  // namespace basewatch::config
