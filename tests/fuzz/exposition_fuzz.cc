// What the parser takes is a page, and what the page writes the parser takes: the same samples.
// Twice, without and with labels of a target, so that the renaming of labels is tried as well.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "agent/base/strings.h"
#include "agent/expose/gzip.h"
#include "agent/expose/openmetrics.h"
#include "agent/expose/parse.h"
#include "agent/expose/text.h"
#include "agent/plugin/page.h"

namespace {

using namespace basewatch;

[[noreturn]] void fail(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
  std::abort();
}

std::optional<Page> page_of(std::string_view text, const PageLimits& limits) {
  Page page(limits);
  try {
    expose::parse_text(text, [&](const expose::ForeignSample& sample) {
      page.add_foreign(sample.type, sample.family, sample.help, sample.kind, sample.labels,
                       sample.value);
    });
  } catch (const expose::ParseError& error) {
    if (error.line() < 1 || std::strlen(error.what()) == 0) fail("an error says nothing", "");
    return std::nullopt;
  } catch (const PageTooLarge&) {
    return std::nullopt;
  }
  page.seal();
  return page;
}

std::string written(const Page& page, const expose::TargetLabels* target = nullptr) {
  const expose::Part part{&page, target};
  std::string out;
  const auto result = expose::write_text({&part, 1}, out);
  if (result.series + result.dropped != page.samples()) fail("samples got lost", out);
  return out;
}

// Every series with the bytes of its value.
std::map<std::string, std::string> series_of(const Page& page) {
  std::map<std::string, std::string> result;
  for (const auto& family : page.families()) {
    for (const auto& sample : family.samples) {
      std::string key(page.name(family));
      key.append(sample_suffix(static_cast<SampleKind>(sample.kind))).append("{");
      key.append(page.labels(sample)).append("}");
      std::string value(reinterpret_cast<const char*>(&sample.value), sizeof sample.value);
      if (sample.value != sample.value) value = "NaN";
      if (!result.emplace(std::move(key), std::move(value)).second) {
        fail("a sealed page has a series twice", written(page));
      }
    }
  }
  return result;
}

// The lines that are no comments.
std::multiset<std::string_view> lines_of(std::string_view text) {
  std::multiset<std::string_view> out;
  std::string_view line;
  while (next_line(text, line)) {
    if (!line.starts_with('#')) out.insert(line);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  expose::accepts_gzip(text);
  expose::prefers_openmetrics(text);
  const auto page = page_of(text, {.samples = 10'000, .bytes = 1 << 20});
  if (!page) return 0;

  const std::string once = written(*page);
  const auto again = page_of(once, {});
  if (!again) fail("what the page wrote is refused", once);
  if (series_of(*page) != series_of(*again))
    fail("the series differ", once + "\n" + written(*again));

  const expose::TargetLabels target({{"job", "fuzz"}, {"a", "\"\n\\"}, {"x", ""}});
  std::string other;
  const expose::Part part{&*page};
  expose::write_openmetrics({&part, 1}, other);
  if (lines_of(other) != lines_of(once)) fail("OpenMetrics has other series", once + "\n" + other);

  const std::string labelled = written(*page, &target);
  if (!page_of(labelled, {})) fail("what the page wrote with labels is refused", labelled);
  return 0;
}
