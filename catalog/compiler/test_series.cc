#include "catalog/compiler/test_series.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/strings.h"
#include "catalog/compiler/promql/parser.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

constexpr std::uint64_t kMostValues = 100'000;

constexpr std::string_view kNode = "db-1";

// The subject whose exporter is scraped under this job.
const Subject* subject_of_job(const Program& program, const std::string& job) {
  for (const auto* subject : program.subjects()) {
    const auto* jobs = jobs_of(program.site(), subject->exporter);
    if (jobs && std::ranges::find(*jobs, job) != jobs->end()) return subject;
  }
  return nullptr;
}

class SeriesParser {
 public:
  SeriesParser(const Program& program, const Text& name, Diagnostics& diagnostics)
      : program_(program), name_(name), diagnostics_(diagnostics) {}

  std::optional<TestSeries> run() {
    const auto expansion = expand_series(name_, program_.site(), diagnostics_);
    if (expansion.broken) return std::nullopt;
    promql::ExprPtr tree;
    try {
      tree = promql::parse(expansion.text.value);
    } catch (const promql::SyntaxError& error) {
      report(diagnostics_, expansion.text.at(error.offset()), "syntax", error.what());
      return std::nullopt;
    }
    if (tree->kind != promql::Kind::selector || tree->text.empty() || tree->offset ||
        tree->at_modifier) {
      fail(name_.where, "test-series",
           "a series of a test is a name, with labels where they matter: node_load1 or "
           "'up{job=\"{{job.node}}\"}'");
      return std::nullopt;
    }
    series_.name = tree->text;
    const auto* declared = find(tree->text, expansion.text.at(tree->begin));
    if (!declared) return std::nullopt;
    for (const auto& matcher : tree->matchers) {
      add_label(*declared, matcher, expansion.text.at(matcher.offset));
    }
    return ok_ && fill_in(*declared) ? std::optional(std::move(series_)) : std::nullopt;
  }

 private:
  void fail(const Location& where, std::string_view code, std::string message) {
    report(diagnostics_, where, code, std::move(message));
    ok_ = false;
  }

  const Series* find(const std::string& name, const Location& where) {
    if (program_.recorded(name)) {
      fail(where, "test-series",
           fmt::format("{} is recorded by a rule: give the test the metrics that the rule reads",
                       name));
      return nullptr;
    }
    const auto* declared = program_.series().find(name);
    if (!declared) {
      fail(where, "unknown-metric", program_.why_unknown(name));
    } else if (declared->info.labels.open) {
      fail(where, "test-series",
           fmt::format("{} is made by Prometheus: give the test the metrics behind the alert",
                       name));
      return nullptr;
    }
    return declared;
  }

  void add_label(const Series& declared, const promql::Matcher& matcher, const Location& where) {
    const auto& names = declared.info.labels.names;
    if (matcher.op != promql::MatchOp::equal) {
      fail(where, "test-series",
           fmt::format("a series has one value of the label '{}': write = and the value",
                       matcher.label));
    } else if (!names.contains(matcher.label)) {
      const std::vector<std::string_view> known(names.begin(), names.end());
      const auto guess = nearest(matcher.label, known);
      fail(where, "unknown-label",
           guess.empty() ? fmt::format("{} has no label '{}'; it has {}", series_.name,
                                       matcher.label, join(known, ", "))
                         : fmt::format("{} has no label '{}': did you mean '{}'?", series_.name,
                                       matcher.label, guess));
    } else if (!series_.labels.emplace(matcher.label, matcher.value).second) {
      fail(where, "test-series", fmt::format("the label '{}' stands twice", matcher.label));
    }
  }

  bool fill_in(const Series& declared) {
    auto& labels = series_.labels;
    const auto* subject = declared.subject;
    if (!subject && !labels.contains("job")) {
      fail(name_.where, "test-series",
           fmt::format("{0} comes from every job: write '{0}{{job=\"{{{{job.EXPORTER}}}}\"}}'",
                       series_.name));
      return false;
    }
    if (!subject) subject = subject_of_job(program_, labels.at("job"));
    if (!labels.contains("job")) {
      const auto* jobs = jobs_of(program_.site(), subject->exporter);
      labels["job"] = jobs ? jobs->front() : subject->exporter;
    }
    labels.emplace("node", kNode);
    const auto& node = labels.at("node");
    const bool host_wide = !subject || subject->host_wide;
    labels.emplace("instance", host_wide ? node : node + "/main");
    std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
    return true;
  }

  const Program& program_;
  const Text& name_;
  Diagnostics& diagnostics_;
  TestSeries series_;
  bool ok_ = true;
};

// Takes a number off the front; false when there is none.
bool take_number(std::string_view& text) {
  auto rest = text;
  if (rest.starts_with('+') || rest.starts_with('-')) rest.remove_prefix(1);
  if (rest.starts_with("Inf") || rest.starts_with("NaN")) {
    text = rest.substr(3);
    return true;
  }
  const auto digits = [](std::string_view in, std::size_t at) {
    while (at < in.size() && in[at] >= '0' && in[at] <= '9') ++at;
    return at;
  };
  auto end = digits(rest, 0);
  if (end == 0) return false;
  if (end < rest.size() && rest[end] == '.') end = digits(rest, end + 1);
  if (end < rest.size() && (rest[end] == 'e' || rest[end] == 'E')) {
    auto exponent = end + 1;
    if (exponent < rest.size() && (rest[exponent] == '+' || rest[exponent] == '-')) ++exponent;
    const auto last = digits(rest, exponent);
    if (last == exponent) return false;
    end = last;
  }
  text = rest.substr(end);
  return true;
}

// The number of values that a word stands for; 0 when promtool would not understand it.
std::uint64_t values_in(std::string_view word) {
  const auto times = [](std::string_view text) -> std::uint64_t {
    if (!text.starts_with('x')) return 0;
    const auto count = parse_uint(text.substr(1));
    return count ? std::min(*count, kMostValues) + 1 : 0;
  };
  if (word == "_" || word == "stale") return 1;
  if (word.starts_with("_x")) return times(word.substr(1));
  if (!take_number(word)) return 0;
  if (word.empty()) return 1;
  if ((word.front() == '+' || word.front() == '-') && !take_number(word)) return 0;
  return times(word);
}

}  // namespace

std::string TestSeries::text() const {
  std::string out;
  for (const auto& [label, value] : labels) {
    out += fmt::format("{}{}=\"", out.empty() ? "" : ",", label);
    for (const char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    out += '"';
  }
  return name + "{" + out + "}";
}

std::optional<TestSeries> parse_test_series(const Program& program, const Text& name,
                                            Diagnostics& diagnostics) {
  return SeriesParser(program, name, diagnostics).run();
}

void check_test_values(const Text& values, Diagnostics& diagnostics) {
  std::uint64_t count = 0;
  std::string_view rest = values.value;
  for (auto word = next_word(rest); !word.empty(); word = next_word(rest)) {
    const auto more = values_in(word);
    count += more;
    if (more > 0 && count <= kMostValues) continue;
    report(diagnostics, values.where, "test-values",
           more > 0
               ? fmt::format("more than {} values", kMostValues)
               : fmt::format("'{}' is no value of a test: write numbers, 5x30 (5, thirty times "
                             "more), 0+10x30 (counting up), _ (nothing) or stale",
                             printable(word)));
    return;
  }
  if (count == 0) {
    report(diagnostics, values.where, "test-values",
           "a series of a test needs values, such as 5x30");
  }
}

}  // namespace basewatch::catalog
