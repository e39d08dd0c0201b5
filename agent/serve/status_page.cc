#include "agent/serve/status_page.h"

#include <utility>

#include "agent/expose/gzip.h"
#include "agent/status/page.h"

namespace basewatch::serve {
namespace {

Answer guarded_answer(std::string type, std::string body, const Call& call) {
  Answer out;
  out.content_type = std::move(type);
  out.body = std::move(body);
  out.headers = {{"Content-Security-Policy", status::content_security_policy()},
                 {"X-Content-Type-Options", "nosniff"},
                 {"X-Frame-Options", "DENY"},
                 {"Referrer-Policy", "no-referrer"},
                 {"Cache-Control", "no-store"},
                 {"Vary", "Accept-Encoding"}};
  if (expose::accepts_gzip(call.accept_encoding)) {
    out.body = expose::gzip(out.body);
    out.headers.emplace_back("Content-Encoding", "gzip");
  }
  return out;
}

}  // namespace

Answer status_html(const status::Facts& facts, const Call& call) {
  return guarded_answer("text/html; charset=utf-8", status::page(facts, status::judge(facts)),
                        call);
}

Answer status_json(const status::Facts& facts, const Call& call) {
  return guarded_answer("application/json", status::json(facts, status::judge(facts)), call);
}

}  // namespace basewatch::serve
