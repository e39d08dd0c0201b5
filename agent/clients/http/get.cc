#include "agent/clients/http/get.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>
#include <mutex>

namespace basewatch::clients {
namespace {

struct Body {
  std::string text;
  std::size_t most;
  bool too_large = false;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* into) {
  auto& body = *static_cast<Body*>(into);
  const auto bytes = size * count;
  if (bytes > body.most - body.text.size()) {
    body.too_large = true;
    return 0;  // ends the transfer
  }
  body.text.append(data, bytes);
  return bytes;
}

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
      throw HttpError("libcurl does not start");
  });
}

}  // namespace

std::string shown_url(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto host = scheme + 3;
  const auto authority = url.substr(host, url.find_first_of("/?#", host) - host);
  const auto at = authority.rfind('@');
  return at == std::string::npos ? url : url.substr(0, host) + url.substr(host + at + 1);
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

HttpReply http_get(const std::string& url, const HttpLimits& limits) {
  start_library();
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  if (!curl) throw HttpError("no memory is left for a request");
  Body body{{}, limits.bytes};
  char words[CURL_ERROR_SIZE] = "";
  const auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(curl.get(), option, value);
  };
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(limits.time).count();
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(milliseconds));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, "basewatch");
  set(CURLOPT_ACCEPT_ENCODING, "gzip");
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(words));
  set(CURLOPT_WRITEFUNCTION, &take);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&body));
  const auto code = curl_easy_perform(curl.get());
  if (body.too_large) {
    throw HttpError(
        fmt::format("{} answers with more than {} MiB", shown_url(url), limits.bytes >> 20));
  }
  if (code != CURLE_OK) {
    throw HttpError(
        fmt::format("{}: {}", shown_url(url),
                    words[0] ? static_cast<const char*>(words) : curl_easy_strerror(code)));
  }
  HttpReply reply;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &reply.status);
  reply.body = std::move(body.text);
  return reply;
}

}  // namespace basewatch::clients
