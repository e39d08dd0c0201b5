#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin/page.h"

namespace basewatch::expose {

// One sample line of a foreign exposition; the views live until the callback returns.
struct ForeignSample {
  MetricType type;           // of its family; untyped when the text does not say
  std::string_view family;   // without _bucket, _sum, _count
  std::string_view help;     // unescaped; empty when the text does not say
  SampleKind kind;
  std::span<const Page::Label> labels;  // values unescaped
  double value;
  std::optional<std::int64_t> timestamp_ms;
};

// Text that breaks the format; what() says what is wrong, line() where.
class ParseError : public std::runtime_error {
 public:
  ParseError(int line, const std::string& message) : std::runtime_error(message), line_(line) {}
  int line() const { return line_; }

 private:
  int line_;
};

struct ParseLimits {
  std::size_t samples = 1'000'000;
  std::size_t labels = 64;  // in one sample
};

// Reads the text format 0.0.4 as other programs write it: a textfile, Kong's /metrics. Calls `sink`
// for each sample in order. Throws ParseError at the first line that breaks the format, as
// node_exporter does, or when a limit is passed. Pure; any thread.
void parse_text(std::string_view text, const std::function<void(const ForeignSample&)>& sink,
                const ParseLimits& limits = {});

}  // namespace basewatch::expose
