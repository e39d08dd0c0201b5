#include "agent/serve/exchange.h"

#include <fmt/format.h>

#include <iterator>

#include "agent/serve/request.h"

namespace basewatch::serve {
namespace {

// The word for a person behind a status; programs go by the number.
std::string_view word_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 414:
      return "URI Too Long";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

void write_answer(const Answer& answer, const Request& request, std::string& to) {
  to.reserve(to.size() + answer.body.size() + 512);
  auto out = std::back_inserter(to);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", answer.status,
                 word_of(answer.status), answer.content_type, answer.body.size());
  for (const auto& [name, value] : answer.headers) fmt::format_to(out, "{}: {}\r\n", name, value);
  if (!request.keep) to += "Connection: close\r\n";
  if (request.keep && request.old) to += "Connection: keep-alive\r\n";
  to += "\r\n";
  if (request.call.method != "HEAD") to += answer.body;
}

}  // namespace

bool Exchange::run(std::string_view header, const Peer& peer, bool last, std::string& to) const {
  auto request = parse_request(header);
  if (last) request.keep = false;
  auto& call = request.call;
  call.client = peer.address;
  call.from_loopback = peer.address.is_loopback();
  call.secure = peer.secure;
  call.client_verified = peer.verified;
  Answer answer;
  if (request.refusal == 0) {
    answer = handler_(call);
  } else {
    answer.status = request.refusal;
    answer.body = fmt::format("this cannot be answered: {}\n", request.why);
  }
  write_answer(answer, request, to);
  return request.keep;
}

}  // namespace basewatch::serve
