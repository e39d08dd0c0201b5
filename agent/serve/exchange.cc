#include "agent/serve/exchange.h"

#include <httplib.h>

#include <algorithm>
#include <cstring>

#include "agent/base/strings.h"

namespace basewatch::serve {
namespace {

// What httplib reads a request from and writes an answer to. It holds the header only: whoever asks
// for more gets the end of the stream.
class HeaderStream final : public httplib::Stream {
 public:
  HeaderStream(std::string_view header, Output& output) : rest_(header), output_(output) {}

  bool is_readable() const override { return !rest_.empty(); }
  bool is_writable() const override { return !broken_; }
  ssize_t read(char* to, size_t size) override {
    size = std::min(size, rest_.size());
    std::memcpy(to, rest_.data(), size);
    rest_.remove_prefix(size);
    return static_cast<ssize_t>(size);
  }
  ssize_t write(const char* from, size_t size) override {
    if (!broken_ && !output_.write({from, size})) broken_ = true;
    return broken_ ? -1 : static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // httplib refuses descriptors beyond select()'s; it is never given ours.
  socket_t socket() const override { return -1; }
  bool broken() const { return broken_; }

 private:
  std::string_view rest_;
  Output& output_;
  bool broken_ = false;
};

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// We serve no ranges, and httplib runs a recursive regular expression over this header.
void drop_ranges(std::string& header) {
  std::string out;
  out.reserve(header.size());
  std::string_view rest = header, line;
  while (next_line(rest, line)) {
    if (same_word(line.substr(0, line.find(':')), "range")) continue;
    out.append(line).push_back('\n');
  }
  header = std::move(out);
}

// A proxy that hands on a request says so in one of these, if it says so.
constexpr const char* kForwarded[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
                                      "X-Real-IP", "Via"};

Call to_call(const httplib::Request& request, const Peer& peer, std::string accept_encoding) {
  Call call;
  call.method = request.method;
  call.path = request.path;
  call.params.assign(request.params.begin(), request.params.end());
  call.host = request.get_header_value("Host");
  call.accept = request.get_header_value("Accept");
  call.accept_encoding = std::move(accept_encoding);
  call.scrape_timeout = request.get_header_value("X-Prometheus-Scrape-Timeout-Seconds");
  call.authorization = request.get_header_value("Authorization");
  call.origin = request.get_header_value("Origin");
  call.fetch_site = request.get_header_value("Sec-Fetch-Site");
  call.forwarded =
      std::ranges::any_of(kForwarded, [&](auto* name) { return request.has_header(name); });
  call.client = peer.address;
  call.from_loopback = peer.address.is_loopback();
  call.secure = peer.secure;
  call.client_verified = peer.verified;
  return call;
}

// httplib gives handlers nothing of the caller's own; this is what run() and respond() share.
struct Current {
  const Peer& peer;
  std::string accept_encoding = {};
  bool routed = false;
  bool has_body = false;
};
thread_local Current* current = nullptr;

}  // namespace

struct Exchange::Impl : httplib::Server {
  explicit Impl(std::function<Answer(Call&)> given) : handler(std::move(given)) {
    set_pre_routing_handler([this](const auto& request, auto& response) {
      respond(request, response);
      return HandlerResponse::Handled;
    });
    set_error_handler(HandlerWithResponse([](const auto&, auto& response) {
      if (!response.body.empty()) return HandlerResponse::Unhandled;
      response.set_content("this is no HTTP request that can be answered\n",
                           "text/plain; charset=utf-8");
      return HandlerResponse::Handled;
    }));
    set_post_routing_handler([](const auto&, auto& response) {
      response.headers.erase("Accept-Ranges");
      response.headers.erase("Keep-Alive");
    });
  }

  bool process_one(httplib::Stream& stream, bool last, bool& close,
                   const std::function<void(httplib::Request&)>& setup) {
    return process_request(stream, last, close, setup);
  }

  void respond(const httplib::Request& request, httplib::Response& response) const {
    current->routed = true;
    current->has_body = request.has_header("Transfer-Encoding") ||
                        request.get_header_value<std::uint64_t>("Content-Length") > 0;
    if (current->has_body) response.set_header("Connection", "close");
    auto call = to_call(request, current->peer, std::move(current->accept_encoding));
    auto answer = handler(call);
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) response.set_header(name, value);
    response.set_header("Content-Type", answer.content_type);
    response.body = std::move(answer.body);
  }

  std::function<Answer(Call&)> handler;
};

Exchange::Exchange(std::function<Answer(Call&)> handler)
    : impl_(std::make_unique<Impl>(std::move(handler))) {}
Exchange::~Exchange() = default;

bool Exchange::run(std::string header, const Peer& peer, bool last, Output& output) const {
  drop_ranges(header);
  HeaderStream stream(header, output);
  Current state{peer};
  current = &state;
  bool close = false;
  const auto answered = impl_->process_one(stream, last, close, [&](httplib::Request& request) {
    // Hidden from httplib, which would compress the answer by itself.
    state.accept_encoding = request.get_header_value("Accept-Encoding");
    request.headers.erase("Accept-Encoding");
    request.headers.erase("Expect");  // nobody is to send a body first: none is read
  });
  current = nullptr;
  return answered && !close && !last && state.routed && !state.has_body && !stream.broken();
}

}  // namespace basewatch::serve
