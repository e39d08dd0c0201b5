#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/network.h"

namespace basewatch::serve {

// A request as the endpoints see it: the few things that they decide by.
struct Call {
  std::string method, path;                                 // path decoded, without the query
  std::vector<std::pair<std::string, std::string>> params;  // decoded; the same name may come often
  std::string host;                                         // the headers of these names, as sent
  std::string accept;
  std::string accept_encoding;
  std::string scrape_timeout;
  std::string authorization, origin, fetch_site;
  bool forwarded = false;  // a proxy says that it hands this on for somebody else
  // About the connection:
  IpAddress client;
  bool from_loopback = false;
  bool secure = false;           // by TLS
  bool client_verified = false;  // by its certificate
  // Whether we know who asks: by password, token or certificate. Set before an endpoint sees it.
  bool authenticated = false;

  std::vector<std::string> all(std::string_view param) const {
    std::vector<std::string> out;
    for (const auto& [name, value] : params) {
      if (name == param) out.push_back(value);
    }
    return out;
  }
};

struct Answer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

using Handler = std::function<Answer(const Call&)>;

}  // namespace basewatch::serve
