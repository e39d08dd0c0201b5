#include "agent/expose/relabel.h"

#include <algorithm>
#include <limits>

namespace basewatch::expose {
namespace {

bool is_standard(std::string_view label) {
  return label == "job" || label == "instance" || label == "node";
}

struct OwnLabel {
  std::string name, value;
};

// The reverse of what a Page writes: name="value",name="value" with three escapes.
std::vector<OwnLabel> read_back(std::string_view labels) {
  std::vector<OwnLabel> result;
  std::size_t i = 0;
  while (i < labels.size()) {
    OwnLabel label;
    const auto equals = labels.find('=', i);
    label.name = labels.substr(i, equals - i);
    for (i = equals + 2; labels[i] != '"'; ++i) {
      if (labels[i] != '\\') {
        label.value += labels[i];
      } else {
        ++i;
        label.value += labels[i] == 'n' ? '\n' : labels[i];
      }
    }
    i += 2;  // the quote and the comma
    result.push_back(std::move(label));
  }
  return result;
}

void rename_taken(std::vector<OwnLabel>& labels, const TargetLabels& target) {
  const auto of_target = [&](std::string_view name) {
    return std::ranges::any_of(target.pairs(),
                               [&](const auto& pair) { return pair.first == name; });
  };
  for (auto& label : labels) {
    if (!of_target(label.name)) continue;
    std::string name = label.name;
    do {
      name.insert(0, "exported_");
    } while (of_target(name) || std::ranges::find(labels, name, &OwnLabel::name) != labels.end());
    label.name = std::move(name);
  }
}

}  // namespace

namespace {

bool has_label(std::string_view labels, std::string_view start) {
  const auto at = labels.find(start);  // a quote in a value has a backslash before it
  return at == 0 ||
         (at != labels.npos && (labels[at - 1] == ',' || has_label(labels.substr(at + 1), start)));
}

}  // namespace

bool may_collide(const Page& page, const TargetLabels& target) {
  for (const auto& [name, value] : target.pairs()) {
    const std::string start = name + "=\"";
    for (const auto& family : page.families()) {
      for (const auto& sample : family.samples) {
        if (has_label(page.labels(sample), start)) return true;
        // These come only from the catalog's own descriptors, where a family is of one shape.
        if (is_standard(name)) break;
      }
    }
  }
  return false;
}

Page exported_copy(const Page& page, const TargetLabels& target) {
  constexpr auto kUnlimited = std::numeric_limits<std::size_t>::max();
  Page copy({kUnlimited, kUnlimited});
  std::vector<Page::Label> views;
  for (const auto& family : page.families()) {
    // The page holds the help as it is written; written twice it must not be escaped twice.
    std::string help(page.help(family));
    for (std::size_t i = 0; (i = help.find('\\', i)) != std::string::npos; ++i) {
      help.erase(i, 1);
      if (help[i] == 'n') help[i] = '\n';
    }
    for (const auto& sample : family.samples) {
      auto labels = read_back(page.labels(sample));
      rename_taken(labels, target);
      views.clear();
      for (const auto& label : labels) views.emplace_back(label.name, label.value);
      copy.add_foreign(family.type, page.name(family), help, static_cast<SampleKind>(sample.kind),
                       views, sample.value);
    }
  }
  copy.seal();
  return copy;
}

}  // namespace basewatch::expose
