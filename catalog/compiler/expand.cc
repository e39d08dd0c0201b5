#include "catalog/compiler/expand.h"

#include <fmt/format.h>

#include "agent/base/strings.h"
#include "catalog/compiler/promql_text.h"
#include "catalog/compiler/report.h"

namespace basewatch::catalog {
namespace {

constexpr std::string_view kNameBytes =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

enum class Use { expression, series, annotation };

std::string regex_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

template <typename Map>
std::string guess_in(const std::string& word, const Map& map) {
  std::vector<std::string_view> known;
  for (const auto& [name, value] : map) known.push_back(name);
  const auto guess = nearest(word, known);
  if (!guess.empty()) return fmt::format("did you mean '{}'?", guess);
  return known.empty() ? "there are none" : "there are " + join(known, ", ");
}

class Expander {
 public:
  Expander(const Text& source, const Site& site, Use use, Diagnostics& diagnostics)
      : source_(source), site_(site), use_(use), diagnostics_(diagnostics) {
    out_.text.where = source.where;
  }

  Expansion run() {
    const std::string_view text = source_.value;
    while (true) {
      const auto open = text.find("{{", copied_);
      const auto close = open == text.npos ? text.npos : text.find("}}", open);
      if (close == text.npos) {
        if (open != text.npos && use_ != Use::annotation) unknown(open, "");
        copy_until(text.size());
        return std::move(out_);
      }
      const std::string name(trim(text.substr(open + 2, close - open - 2)));
      if (name.starts_with("threshold.")) {
        threshold(name.substr(10), open, close + 2);
      } else if (name == "named_targets" && use_ == Use::expression) {
        named_targets(open, close + 2);
      } else if (name.starts_with("job.") && use_ != Use::annotation) {
        job(name.substr(4), open, close + 2);
      } else {
        if (use_ != Use::annotation) unknown(open, name);
        copy_until(close + 2);
      }
    }
  }

 private:
  void unknown(std::size_t at, const std::string& name) {
    out_.broken = true;
    report(
        diagnostics_, source_.at(at), "unknown-template",
        fmt::format("{{{{{}}}}} is unknown here: write {{{{threshold.NAME}}}} for a number of the "
                    "site, or job=\"{{{{job.EXPORTER}}}}\"",
                    printable(name)));
  }

  void threshold(const std::string& name, std::size_t begin, std::size_t end) {
    const auto found = site_.thresholds.find(name);
    copy_until(begin);
    if (found == site_.thresholds.end()) {
      report(diagnostics_, source_.at(begin), "unknown-threshold",
             fmt::format("the site has no threshold '{}': {}", printable(name),
                         guess_in(name, site_.thresholds)));
    } else {
      out_.thresholds.insert(name);
    }
    replace_until(end, format_double(found == site_.thresholds.end() ? 0 : found->second.value));
  }

  // The matcher is replaced from its operator to the closing quote, because several jobs make a
  // regular expression of it.
  void job(const std::string& exporter, std::size_t begin, std::size_t end) {
    const std::string_view text = source_.value;
    auto head = text.substr(0, begin);
    const char quote = head.empty() ? '\0' : head.back();
    const bool quoted = (quote == '"' || quote == '\'') && end < text.size() && text[end] == quote;
    std::string_view op;
    if (quoted) {
      head.remove_suffix(1);
      head = head.substr(0, head.find_last_not_of(" \t\r\n") + 1);
      for (const std::string_view candidate : {"=~", "!~", "!=", "="}) {
        if (!head.ends_with(candidate)) continue;
        op = candidate;
        head.remove_suffix(op.size());
        break;
      }
    }
    const auto label = head.substr(0, head.find_last_not_of(" \t\r\n") + 1);
    const auto name = label.substr(label.find_last_not_of(kNameBytes) + 1);
    if (op.empty() || name != "job" || head.size() < copied_) {
      report(
          diagnostics_, source_.at(begin), "literal-job",
          fmt::format("{{{{job.{0}}}}} stands for all jobs of an exporter: write it as the whole "
                      "matcher job=\"{{{{job.{0}}}}}\"",
                      printable(exporter)));
      out_.broken = true;
      copy_until(end);
      return;
    }
    const auto* jobs = jobs_of(site_, exporter);
    if (!jobs) {
      report(diagnostics_, source_.at(begin), "unknown-job",
             fmt::format("there is no exporter '{}' whose jobs could be matched: {}",
                         printable(exporter), guess_in(exporter, site_.jobs)));
    }
    copy_until(head.size());
    out_.job_operators.push_back(out_.text.value.size());
    replace_until(end + 1,
                  matcher(jobs ? *jobs : std::vector<std::string>{exporter}, op[0] == '!'));
  }

  // Absent by name, whatever the agent says. The agent's own target is written by hand, so only its
  // job and node are known; without it nothing is known about the others, and it speaks for them.
  void named_targets(std::size_t begin, std::size_t end) {
    copy_until(begin);
    out_.named_targets = true;
    if (site_.targets.empty()) return replace_until(end, "");
    std::string agents, others;
    for (const auto& target : site_.targets) {
      auto& list = target.is_agent ? agents : others;
      list += (list.empty() ? "" : "\n or ") + absent(target);
    }
    const auto* jobs = jobs_of(site_, "agent");
    if (!others.empty() && jobs) {
      others =
          fmt::format("(\n{}\n) and on (node) up{{job{}}} == 1", others, matcher(*jobs, false));
    }
    const auto both = agents.empty() || others.empty() ? "" : "\nor on (job, instance, node) ";
    const auto text =
        fmt::format("\nor on (job, instance, node) (\n{}{}{}\n)", agents, both, others);
    const auto base = out_.text.value.size();
    for (auto at = text.find("{job="); at != text.npos; at = text.find("{job=", at + 1)) {
      out_.job_operators.push_back(base + at + std::string_view("{job").size());
    }
    replace_until(end, text);
  }

  static std::string absent(const NamedTarget& target) {
    std::string selector = "up{job=" + promql_string(target.job);
    if (!target.is_agent) selector += ", instance=" + promql_string(target.instance);
    auto out = fmt::format("absent({}, node={}}})", selector, promql_string(target.node));
    const auto set = [&](std::string_view label, std::string_view value) {
      out = fmt::format("label_replace({}, \"{}\", {}, \"\", \"\")", out, label,
                        promql_string(without_groups(value)));
    };
    if (target.is_agent) set("instance", target.instance);
    set("exporter", target.exporter);
    set("name", target.name);
    return out;
  }

  std::string matcher(const std::vector<std::string>& jobs, bool negated) const {
    if (jobs.size() == 1 || use_ == Use::series) {
      return (negated ? "!=" : "=") + promql_string(jobs.front());
    }
    std::vector<std::string> escaped;
    for (const auto& job : jobs) escaped.push_back(regex_escaped(job));
    return (negated ? "!~" : "=~") + promql_string(join(escaped, "|"));
  }

  void anchor(std::size_t source_offset) {
    const auto place = source_.at(source_offset);
    out_.text.anchors.push_back({out_.text.value.size(), place.line, place.column});
  }

  void copy_until(std::size_t end) {
    if (end <= copied_) return;
    anchor(copied_);
    for (const auto& inner : source_.anchors) {
      if (inner.offset <= copied_ || inner.offset >= end) continue;
      out_.text.anchors.push_back(
          {out_.text.value.size() + inner.offset - copied_, inner.line, inner.column});
    }
    out_.text.value.append(source_.value, copied_, end - copied_);
    copied_ = end;
  }

  void replace_until(std::size_t end, const std::string& replacement) {
    for (const char c : replacement) {
      anchor(copied_);
      out_.text.value += c;
    }
    copied_ = end;
  }

  const Text& source_;
  const Site& site_;
  const Use use_;
  Diagnostics& diagnostics_;
  Expansion out_;
  std::size_t copied_ = 0;  // up to where the source is in `out_`
};

}  // namespace

Expansion expand_expression(const Text& text, const Site& site, Diagnostics& diagnostics) {
  return Expander(text, site, Use::expression, diagnostics).run();
}

Expansion expand_series(const Text& text, const Site& site, Diagnostics& diagnostics) {
  return Expander(text, site, Use::series, diagnostics).run();
}

Expansion expand_annotation(const Text& text, const Site& site, Diagnostics& diagnostics) {
  return Expander(text, site, Use::annotation, diagnostics).run();
}

const std::vector<std::string>* jobs_of(const Site& site, const std::string& exporter) {
  const auto found = site.jobs.find(exporter);
  return found == site.jobs.end() || found->second.empty() ? nullptr : &found->second;
}

}  // namespace basewatch::catalog
