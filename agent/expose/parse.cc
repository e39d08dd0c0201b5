#include "agent/expose/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "agent/base/hash.h"
#include "agent/base/strings.h"
#include "agent/expose/line_reader.h"
#include "agent/plugin/escape.h"

namespace basewatch::expose {
namespace {

struct Known {
  std::optional<MetricType> type;  // fixed by TYPE, or by the first sample
  std::optional<std::string> help;
};
using Families = std::unordered_map<std::string_view, Known, KeyedHash, std::equal_to<>>;

// The types of the format, and those of OpenMetrics, which some programs write into it.
std::optional<MetricType> read_type(std::string_view word) {
  constexpr std::pair<std::string_view, MetricType> kTypes[] = {
      {"counter", MetricType::counter},
      {"gauge", MetricType::gauge},
      {"histogram", MetricType::histogram},
      {"summary", MetricType::summary},
      {"untyped", MetricType::untyped},
      {"unknown", MetricType::untyped},
      {"info", MetricType::gauge},
      {"stateset", MetricType::gauge},
      {"gaugehistogram", MetricType::untyped},
      {"gauge_histogram", MetricType::untyped},
  };
  std::string lower(word);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const auto& [name, type] : kTypes) {
    if (name == lower) return type;
  }
  return std::nullopt;
}

// Help is for people: an escape that is none stays as it is instead of costing the whole text.
std::string read_help(std::string_view raw) {
  std::string help;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char next = raw[i] == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    if (next == '\\' || next == '"' || next == 'n') {
      help += next == 'n' ? '\n' : next;
      ++i;
    } else {
      help += raw[i];
    }
  }
  return help;
}

class Parser {
 public:
  Parser(std::string_view text, const std::function<void(const ForeignSample&)>& sink,
         const ParseLimits& limits)
      : reader_(text), sink_(sink), limits_(limits) {}

  void run() {
    while (reader_.next_line()) {
      if (reader_.take('#')) {
        read_comment();
      } else {
        read_sample();
      }
    }
  }

 private:
  void read_comment() {
    const auto keyword = reader_.take_word();
    if (keyword != "HELP" && keyword != "TYPE") return;
    reader_.skip_blanks();
    if (reader_.at_end()) return;
    const auto name = reader_.take('"') ? plain_name(reader_.take_quoted("metric name"))
                                        : reader_.take_name(true);
    if (name.empty() || (!reader_.at_end() && !reader_.at_blank())) {
      reader_.fail(fmt::format("{} is not followed by a metric name", keyword));
    }
    auto& family = families_.try_emplace(name).first->second;
    last_family_ = nullptr;  // from now on its name may be taken more exactly
    reader_.skip_blanks();
    if (reader_.at_end()) return;
    if (keyword == "HELP") {
      // Pages that were put together repeat it; the first stays.
      if (!family.help) family.help = read_help(reader_.take_rest());
    } else {
      set_type(name, family, trim(reader_.take_rest()));
    }
  }

  void set_type(std::string_view name, Known& family, std::string_view word) {
    const auto type = read_type(word);
    if (!type) {
      reader_.fail(
          fmt::format("\"{}\" is no metric type: write counter, gauge, histogram, summary or "
                      "untyped",
                      printable(word)));
    }
    if (family.type && *family.type != *type) {
      reader_.fail(
          fmt::format("{} has the type {} already: TYPE has to stand once, before its samples",
                      name, type_name(*family.type)));
    }
    family.type = type;
  }

  void read_sample() {
    if (!reader_.ends_with_newline()) {
      reader_.fail("the text ends within this line, so it may be cut off: end it with a newline");
    }
    if (++samples_ > limits_.samples) {
      reader_.fail(fmt::format("there are more than {} samples", limits_.samples));
    }
    labels_.clear();
    std::string_view name;
    if (reader_.front() != '{') {
      name = reader_.take_name(true);
      if (name.empty()) reader_.fail("the line begins with no metric name");
      if (!reader_.at_end() && !reader_.at_blank() && reader_.front() != '{') {
        reader_.fail(fmt::format("after the metric name {} a blank or '{{' has to follow", name));
      }
      reader_.skip_blanks();
    }
    if (reader_.take('{')) read_labels(name);
    if (name.empty()) reader_.fail("the sample has no metric name");
    ForeignSample sample{};
    read_value(name, sample);
    resolve(name);
    sample.family = last_family_->first;
    sample.type = *last_family_->second.type;
    if (last_family_->second.help) sample.help = *last_family_->second.help;
    sample.kind = last_kind_;
    sample.labels = labels_;
    check_bound(name, sample);
    sink_(sample);
  }

  void read_labels(std::string_view& name) {
    while (true) {
      reader_.skip_blanks();
      if (reader_.take('}')) return;
      if (reader_.take('"')) {
        const auto quoted = reader_.take_quoted("name");
        reader_.skip_blanks();
        if (reader_.take('=')) {
          add_label(name, reader_.hold(valid_label_name(quoted)));
        } else if (name.empty()) {
          name = plain_name(quoted);
        } else {
          reader_.fail(
              fmt::format("the sample of {} has a second name \"{}\"", name, printable(quoted)));
        }
      } else {
        const auto label = reader_.take_name(false);
        if (label.empty()) reader_.fail(fmt::format("{}: a label name is missing", name));
        reader_.skip_blanks();
        if (!reader_.take('=')) {
          reader_.fail(fmt::format("{}: after the label name {} a '=' has to follow", name, label));
        }
        add_label(name, label);
      }
      reader_.skip_blanks();
      if (reader_.take(',')) continue;
      if (reader_.take('}')) return;
      reader_.fail(fmt::format("{}: after a label a ',' or '}}' has to follow", name));
    }
  }

  void add_label(std::string_view name, std::string_view label) {
    reader_.skip_blanks();
    if (!reader_.take('"')) {
      reader_.fail(
          fmt::format("{}: the value of the label {} has to stand in quotes", name, label));
    }
    const auto value = reader_.take_quoted("label value");
    if (label == "__name__") reader_.fail("the label name __name__ is reserved");
    if (std::ranges::find(labels_, label, &Page::Label::first) != labels_.end()) {
      reader_.fail(fmt::format("{} has the label {} twice", name, label));
    }
    if (labels_.size() >= limits_.labels) {
      reader_.fail(fmt::format("{} has more than {} labels", name, limits_.labels));
    }
    labels_.emplace_back(label, value);
  }

  void read_value(std::string_view name, ForeignSample& sample) {
    const auto value = reader_.take_word();
    if (value.empty()) reader_.fail(fmt::format("{} has no value", name));
    const auto number = read_number(value);
    if (!number) {
      reader_.fail(fmt::format("the value \"{}\" of {} is no number", printable(value), name));
    }
    sample.value = *number;
    auto time = reader_.take_word();
    if (time.empty()) return;
    auto digits = time;
    if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
    sample.timestamp_ms = parse_int(digits);
    if (!sample.timestamp_ms) {
      reader_.fail(fmt::format("the timestamp \"{}\" of {} is no whole number of milliseconds",
                               printable(time), name));
    }
    if (!reader_.take_word().empty()) {
      reader_.fail(fmt::format("after the timestamp of {} nothing may follow", name));
    }
  }

  // Finds the family that the line belongs to: one that is called like it, else the histogram or
  // summary whose line it can be, else a new one.
  void resolve(std::string_view name) {
    if (last_family_ && last_name_ == name) return;
    last_name_ = name;
    last_kind_ = SampleKind::value;
    auto found = families_.find(name);
    for (const auto kind : {SampleKind::bucket, SampleKind::sum, SampleKind::count}) {
      const auto suffix = sample_suffix(kind);
      if (found != families_.end()) break;
      if (name.size() <= suffix.size() || !name.ends_with(suffix)) continue;
      const auto base = families_.find(name.substr(0, name.size() - suffix.size()));
      if (base == families_.end()) continue;
      const auto type = base->second.type;
      if (type == MetricType::histogram ||
          (type == MetricType::summary && kind != SampleKind::bucket)) {
        found = base;
        last_kind_ = kind;
      }
    }
    if (found == families_.end()) found = families_.try_emplace(name).first;
    if (!found->second.type) found->second.type = MetricType::untyped;
    last_family_ = &*found;
  }

  void check_bound(std::string_view name, ForeignSample& sample) const {
    const bool histogram = sample.type == MetricType::histogram;
    if (!histogram && sample.type != MetricType::summary) return;
    const std::string_view wanted = histogram ? "le" : "quantile";
    const auto bound = std::ranges::find(labels_, wanted, &Page::Label::first);
    if (bound == labels_.end()) return;
    if (!read_number(bound->second)) {
      reader_.fail(fmt::format("the label {} of {} is \"{}\", which is no number", wanted, name,
                               printable(bound->second)));
    }
    if (!histogram && sample.kind == SampleKind::value) sample.kind = SampleKind::quantile;
  }

  // Metric names in quotes may have any character; the plain format has '_' instead of it.
  std::string_view plain_name(std::string_view quoted) {
    std::string name = valid_metric_name(quoted);
    const auto known = families_.find(name);
    return known != families_.end() ? known->first : names_.emplace_back(std::move(name));
  }

  LineReader reader_;
  const std::function<void(const ForeignSample&)>& sink_;
  const ParseLimits& limits_;
  std::size_t samples_ = 0;
  std::vector<Page::Label> labels_;
  std::deque<std::string> names_;  // those that stood in quotes
  Families families_;
  // Lines come in runs of one name.
  std::string_view last_name_;
  Families::value_type* last_family_ = nullptr;
  SampleKind last_kind_ = SampleKind::value;
};

}  // namespace

void parse_text(std::string_view text, const std::function<void(const ForeignSample&)>& sink,
                const ParseLimits& limits) {
  Parser(text, sink, limits).run();
}

}  // namespace basewatch::expose
