#include "agent/status/page.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "agent/base/strings.h"
#include "agent/base/version.h"
#include "agent/status/html.h"
#include "agent/status/instance_card.h"
#include "agent/status/remedy.h"
#include "agent/status/style.h"

namespace basewatch::status {
namespace {

constexpr std::string_view kAgent = "agent";

// Writes the parts of the page one after the other.
class Writer {
 public:
  Writer(const Facts& facts, const Report& report) : facts_(facts), report_(report) {}

  std::string run() {
    begin();
    problems();
    html_.line("<h2 id=\"instances\">Instances</h2>");
    for (std::size_t i = 0; i < facts_.instances.size(); ++i) {
      write_instance(html_, facts_.instances[i], report_.instances[i]);
    }
    seen();
    configuration();
    about();
    html_.line("</main></body></html>");
    return html_.take();
  }

 private:
  void begin() {
    html_.line("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    html_.line("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    html_.line("<meta name=\"color-scheme\" content=\"light dark\">");
    html_.line("<title>{} {} \u2013 basewatch</title><style>{}</style></head><body>",
               sign_of(report_.health), html_text(facts_.node), kStyle);
    html_.line(
        "<div class=\"top\"><b>basewatch</b><span class=\"dim\">node <b>{}</b></span></div><main>",
        html_text(facts_.node));
    html_.line("<section class=\"card verdict {}\" aria-label=\"Is it fine?\">",
               name_of(report_.health));
    html_.line("<h1><span aria-hidden=\"true\">{}</span> {}</h1>", sign_of(report_.health),
               html_text(report_.headline));
    html_.line("<p>{}</p></section>", summary());
  }

  std::string summary() const {
    std::size_t watched = 0, series = 0;
    std::optional<WallTime> asked;
    for (std::size_t i = 0; i < facts_.instances.size(); ++i) {
      const auto& instance = facts_.instances[i];
      if (instance.exporter != kAgent) ++watched;
      series += report_.instances[i].series;
      if (instance.asked && (!asked || *asked < *instance.asked)) asked = instance.asked;
    }
    auto out = fmt::format("{}, {}", count_words(watched, "instance", "instances"),
                           count_words(series, "series", "series"));
    out += asked ? fmt::format("; last scrape {}", html_.ago(*asked)) : "; no scrape yet";
    if (report_.notes > 0) {
      out += fmt::format("; <a href=\"#instances\">{} to read</a>",
                         count_words(report_.notes, "note", "notes"));
    }
    return out + fmt::format(". As of {}.", format_utc(facts_.now));
  }

  void problems() {
    if (report_.problems.empty()) return;
    html_.line("<h2>What is wrong, and what to do</h2>");
    for (const auto& problem : report_.problems) {
      html_.line("<article class=\"card problem {}\"><div class=\"head\"><h3>{}</h3>",
                 name_of(problem.health), linked(problem));
      html_.line("<span class=\"dim\">{}</span></div>",
                 problem.since ? "for " + html_.since(*problem.since) : std::string());
      html_.line("<p class=\"reason\">{}</p>", html_text(problem.reason));
      html_.line("<p><b>What to do:</b> {}</p></article>", html_with_code(problem.remedy));
    }
  }

  static std::string linked(const Problem& problem) {
    const auto& id = problem.instance;
    if (id.empty() || !problem.what.starts_with(id)) return html_text(problem.what);
    return fmt::format("<a href=\"#{0}\">{0}</a>{1}", html_text(id),
                       html_text(problem.what.substr(id.size())));
  }

  void seen() {
    html_.line("<h2>Seen on this host, not watched</h2><section class=\"card\">");
    if (!facts_.looked) {
      html_.line("<p class=\"dim\">The first look around has not ended yet.</p></section>");
      return;
    }
    if (facts_.seen.empty()) {
      html_.line("<p>Nothing that basewatch knows of is left unwatched.</p>");
    } else {
      html_.line("<p class=\"dim\">Nothing of it was connected to. {}</p>", where_to_add());
    }
    html_.line("<p class=\"meta\">Looked {}.{}</p></section>", html_.ago(*facts_.looked),
               facts_.closed_processes > 0
                   ? fmt::format(" The sockets of {} could not be seen: that takes CAP_SYS_PTRACE.",
                                 count_words(facts_.closed_processes, "process", "processes"))
                   : std::string());
    for (const auto& one : facts_.seen) {
      html_.line(
          "<article class=\"card\"><div class=\"head\"><h3>{}</h3><span "
          "class=\"dim\">{}</span></div>",
          html_text(one.title), html_text(one.where));
      html_.line("<p>{}</p>", html_text(one.advice));
      if (!one.lines.empty()) html_.line("<pre>{}</pre>", html_text(one.lines));
      html_.line("</article>");
    }
  }

  std::string where_to_add() const {
    const bool any =
        std::ranges::any_of(facts_.seen, [](const auto& one) { return !one.lines.empty(); });
    if (!any) return {};
    return facts_.config.path.empty()
               ? "Lines that are suggested go below <code>exporters:</code> of a configuration "
                 "(<code>version: 1</code> is its first line; name <code>node: {}</code> there, "
                 "too, or "
                 "it is no longer watched), which is given by <code>--config</code>."
               : fmt::format(
                     "Lines that are suggested go below <code>exporters:</code> in "
                     "<code>{}</code>; then reload.",
                     html_text(facts_.config.path));
  }

  void fact(std::string_view name, std::string_view html) {
    html_.line("<dt>{}</dt><dd>{}</dd>", name, html);
  }

  void configuration() {
    const auto& config = facts_.config;
    html_.line("<h2>Configuration</h2><section class=\"card\"><dl class=\"facts\">");
    fact("File", config.path.empty() ? "none: the node exporter with its defaults"
                                     : fmt::format("<code>{}</code>", html_text(config.path)));
    fact("In force", "for " + html_.since(config.taken));
    if (!config.path.empty()) {
      fact("Last read", html_.ago(config.tried) + (config.errors.empty()
                                                       ? " " + tag(Health::fine, "taken over")
                                                       : " " + tag(Health::degraded, "refused")));
    }
    for (const auto& error : config.errors) {
      fact("Error",
           fmt::format("<span class=\"reason\">{}</span>", html_text(without_secrets(error))));
    }
    for (const auto& warning : config.warnings) {
      fact("Warning",
           fmt::format("<span class=\"reason\">{}</span>", html_text(without_secrets(warning))));
    }
    html_.line("</dl></section>");
  }

  void about() {
    html_.line("<h2>This agent</h2><section class=\"card\"><dl class=\"facts\">");
    fact("Version", html_text(version()) +
                        (revision().empty() ? "" : ", revision " + html_text(revision())) +
                        ", built with " + html_text(compiler()));
    fact("Node", html_text(facts_.node));
    fact("Listens on", html_text(facts_.listen));
    fact("Started", html_.ago(facts_.started));
    if (facts_.usage) {
      const auto& usage = *facts_.usage;
      const auto up = std::max(1.0, seconds(facts_.now - facts_.started));
      fact("Memory", bytes_words(usage.resident_bytes));
      fact("CPU", fmt::format("{:.1f} s since the start, {:.2f} % of one processor",
                              usage.cpu_seconds, 100 * usage.cpu_seconds / up));
      fact("Threads, files", fmt::format("{:.0f} threads, {:.0f} open files of {:.0f}",
                                         usage.threads, usage.open_fds, usage.max_fds));
    }
    if (facts_.log_lines_lost > 0) {
      fact("Log", fmt::format("{} lost: nobody reads the agent's standard error",
                              count_words(facts_.log_lines_lost, "line", "lines")));
    }
    html_.line("</dl></section>");
    html_.line(
        "<footer><a href=\"/metrics\">/metrics</a> \u00b7 <a href=\"/sd\">/sd</a> (targets for "
        "Prometheus) \u00b7 <a href=\"/api/v1/status\">/api/v1/status</a> (this page for programs) "
        "\u00b7 <a href=\"/-/healthy\">/-/healthy</a> \u00b7 <a "
        "href=\"/-/ready\">/-/ready</a></footer>");
  }

  const Facts& facts_;
  const Report& report_;
  Html html_{facts_.now};
};

}  // namespace

std::string page(const Facts& facts, const Report& report) {
  return Writer(facts, report).run();
}

const std::string& content_security_policy() {
  static const std::string policy = [] {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(kStyle.data()), kStyle.size(), digest.data());
    std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> text{};
    EVP_EncodeBlock(text.data(), digest.data(), digest.size());
    return fmt::format(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action "
        "'none'; frame-ancestors 'none'",
        reinterpret_cast<const char*>(text.data()));
  }();
  return policy;
}

}  // namespace basewatch::status
