#include "agent/expose/text.h"

#include "agent/expose/lines.h"
#include "agent/expose/merge.h"
#include "agent/expose/writer.h"
#include "agent/plugin/escape.h"

namespace basewatch::expose {
namespace {

void write_comments(const Merge& merge, const Merge::Group& group, Writer& writer) {
  if (const auto help = merge.help(group); !help.empty()) {
    for (const auto piece : {std::string_view("# HELP "), group.name(), std::string_view(" "), help,
                             std::string_view("\n")}) {
      writer.text(piece);
    }
  }
  for (const auto piece : {std::string_view("# TYPE "), group.name(), std::string_view(" "),
                           type_name(group.type()), std::string_view("\n")}) {
    writer.text(piece);
  }
}

}  // namespace

TargetLabels::TargetLabels(std::vector<std::pair<std::string, std::string>> labels)
    : pairs_(std::move(labels)) {
  for (const auto& [name, value] : pairs_) {
    if (!block_.empty()) block_ += ',';
    block_.append(name).append("=\"");
    append_label_value(block_, value);
    block_ += '"';
  }
}

Written write_text(std::span<const Part> parts, std::string& out) {
  Merge merge(parts);
  out.reserve(out.size() + merge.estimate());  // strings that were reused need no growth at all
  Writer writer(out);
  Lines lines(writer);
  for (const auto& group : merge.groups()) {
    write_comments(merge, group, writer);
    merge.visit(
        group, Merge::kAllKinds,
        [&](const Merge::Entry& entry) { lines.begin(entry.name, merge.source(entry).block); },
        [&](const Page::Sample& sample, std::string_view labels) { lines.write(sample, labels); });
  }
  writer.flush();
  return merge.written();
}

}  // namespace basewatch::expose
