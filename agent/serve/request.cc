#include "agent/serve/request.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/base/strings.h"

namespace basewatch::serve {
namespace {

constexpr std::size_t kLongestTarget = 8192;
constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",  "POST",    "PUT",  "DELETE",
                                                   "OPTIONS", "PATCH", "CONNECT", "TRACE"};
// A proxy that hands on a request says so in one of these, if it says so.
constexpr std::array<std::string_view, 5> kForwarded{"forwarded", "x-forwarded-for",
                                                     "x-forwarded-host", "x-real-ip", "via"};

constexpr std::string_view kMarksOfToken = "!#$%&'*+-.^_`|~";

struct BadRequest {
  int status;
  std::string_view why;
};

[[noreturn]] void reject(std::string_view why, int status = 400) {
  throw BadRequest{status, why};
}

// Without a locale: tolower() would ask for one.
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool same_word(std::string_view word, std::string_view lower_case) {
  return std::ranges::equal(word, lower_case, {}, lower);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || kMarksOfToken.find(c) != std::string_view::npos;
  });
}

bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

// Bytes beyond ASCII may stand in a value, nobody knows what they mean.
bool is_of_value(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  if (l >= 'a' && l <= 'f') return l - 'a' + 10;
  return std::nullopt;
}

std::string decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
      if (!low) reject("a % in the address is to be followed by two hexadecimal digits");
      out += static_cast<char>(*high * 16 + *low);
      i += 2;
    }
  }
  return out;
}

// "http://host/path", as one writes to a proxy, means "/path".
std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!same_word(target.substr(0, scheme.size()), scheme)) continue;
    const auto path = target.find('/', scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

void read_target(std::string_view target, Call& call) {
  if (target.size() > kLongestTarget) reject("the address is too long", 414);
  if (!std::ranges::all_of(target, is_visible)) {
    reject("the address has characters that are to be written as %XX");
  }
  target = without_authority(target);
  target = target.substr(0, target.find('#'));
  if (!target.starts_with('/')) reject("the address is to begin with a slash");
  const auto path = target.substr(0, target.find('?'));
  call.path = decoded(path, false);
  target.remove_prefix(std::min(target.size(), path.size() + 1));
  while (!target.empty()) {
    const auto part = target.substr(0, target.find('&'));
    target.remove_prefix(std::min(target.size(), part.size() + 1));
    if (part.empty()) continue;
    const auto name = part.substr(0, part.find('='));
    const auto value = part.substr(std::min(part.size(), name.size() + 1));
    call.params.emplace_back(decoded(name, true), decoded(value, true));
  }
}

void read_request_line(std::string_view line, Request& out) {
  const auto method = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), method.size() + 1));
  const auto target = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), target.size() + 1));
  out.old = line == "HTTP/1.0";
  if (!out.old && line != "HTTP/1.1") reject("this is no request of HTTP/1.1");
  if (std::ranges::find(kMethods, method) == kMethods.end()) reject("there is no such method");
  out.call.method = method;
  read_target(target, out.call);
}

// What is said of the connection and the body, over all headers.
struct Framing {
  bool close = false, keep = false, encoded = false;
  std::optional<std::uint64_t> length;
};

void read_connection(std::string_view value, Framing& framing) {
  for (const auto part : split(value, ',')) {
    if (same_word(trim(part), "close")) framing.close = true;
    if (same_word(trim(part), "keep-alive")) framing.keep = true;
  }
}

void read_length(std::string_view value, Framing& framing) {
  const auto length = parse_uint(value);
  if (!length || (framing.length && framing.length != length)) {
    reject("Content-Length is to be one number");
  }
  framing.length = length;
}

// The same header may come several times where it is a list.
void add_to_list(std::string& list, std::string_view value) {
  if (!list.empty()) list += ", ";
  list += value;
}

// The first counts, as for everybody else.
void set_once(std::string& to, std::string_view value) {
  if (to.empty()) to = value;
}

void read_header(std::string_view name, std::string_view value, Call& call, Framing& framing) {
  const auto is = [&](std::string_view known) { return same_word(name, known); };
  if (is("host")) {
    if (!call.host.empty()) reject("there are two Host headers");
    call.host = value;
  } else if (is("accept")) {
    add_to_list(call.accept, value);
  } else if (is("accept-encoding")) {
    add_to_list(call.accept_encoding, value);
  } else if (is("x-prometheus-scrape-timeout-seconds")) {
    set_once(call.scrape_timeout, value);
  } else if (is("authorization")) {
    set_once(call.authorization, value);
  } else if (is("origin")) {
    set_once(call.origin, value);
  } else if (is("sec-fetch-site")) {
    set_once(call.fetch_site, value);
  } else if (is("connection")) {
    read_connection(value, framing);
  } else if (is("content-length")) {
    read_length(value, framing);
  } else if (is("transfer-encoding")) {
    framing.encoded = true;
  } else if (std::ranges::any_of(kForwarded, is)) {
    call.forwarded = true;
  }
}

// Takes a line with its "\r\n" off the front; a line's end that is only half there is none.
std::string_view take_line(std::string_view& rest) {
  const auto end = std::min(rest.find("\r\n"), rest.size());
  const auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 2));
  return line;
}

void read_all(std::string_view header, Request& out) {
  read_request_line(take_line(header), out);
  Framing framing;
  for (auto line = take_line(header); !line.empty(); line = take_line(header)) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name)) {
      reject("a header is to be a name, a colon and a value");
    }
    if (!std::ranges::all_of(line, is_of_value)) reject("a header has control characters");
    read_header(name, trim(line.substr(colon + 1)), out.call, framing);
  }
  // Nobody reads a body, so that what follows one cannot be told from it.
  const bool has_body = framing.encoded || framing.length.value_or(0) > 0;
  out.keep = !has_body && !framing.close && (!out.old || framing.keep);
}

}  // namespace

Request parse_request(std::string_view header) {
  Request out;
  try {
    read_all(header, out);
  } catch (const BadRequest& bad) {
    out.refusal = bad.status;
    out.why = bad.why;
    out.keep = false;
  }
  return out;
}

}  // namespace basewatch::serve
