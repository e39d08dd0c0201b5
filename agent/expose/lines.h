#pragma once

#include <array>
#include <string>
#include <string_view>

#include "agent/expose/writer.h"
#include "agent/plugin/page.h"

namespace basewatch::expose {

// Writes the lines of one family after the other. What lines of a kind begin with is made once a
// family: name, suffix and the target's labels. One thread.
class Lines {
 public:
  explicit Lines(Writer& writer) : writer_(writer) {}

  // From now on lines of this family; both views outlive the lines.
  void begin(std::string_view name, std::string_view block) {
    name_ = name;
    block_ = block;
    for (auto& head : heads_) head.clear();
  }

  void write(const Page::Sample& sample, std::string_view labels) {
    std::string& head = heads_[sample.kind];
    if (head.empty()) {
      head.append(name_).append(sample_suffix(static_cast<SampleKind>(sample.kind)));
      head.append("{").append(block_);
      if (!block_.empty()) head.append(",");
    }
    if (!labels.empty()) {
      writer_.line(head, labels, "} ", sample.value);
    } else {  // without the brace or comma at the end of the head
      const std::string_view bare = std::string_view(head).substr(0, head.size() - 1);
      writer_.line(bare, "", block_.empty() ? " " : "} ", sample.value);
    }
  }

 private:
  Writer& writer_;
  std::string_view name_, block_;
  std::array<std::string, 5> heads_;
};

}  // namespace basewatch::expose
