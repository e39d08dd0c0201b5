#include "agent/commands/prometheus_api.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "agent/base/strings.h"
#include "agent/clients/http/get.h"

namespace basewatch::commands {
namespace {

using Json = nlohmann::json;

// The `data` of an answer.
Json ask(const std::string& url) {
  clients::HttpReply reply;
  try {
    reply = clients::http_get(url);
  } catch (const clients::HttpError& error) {
    throw PrometheusError(error.what());
  }
  const auto answer = Json::parse(reply.body, nullptr, false);
  if (!answer.is_object() || !answer.contains("status")) {
    const auto query = url.find('?');
    throw PrometheusError(
        fmt::format("{} answers with status {} and no JSON of Prometheus': is this "
                    "the address of a Prometheus?",
                    clients::shown_url(url.substr(0, query)), reply.status));
  }
  if (answer.at("status") != "success" || !answer.contains("data")) {
    throw PrometheusError(
        fmt::format("Prometheus says: {}", printable(answer.value("error", "no reason"))));
  }
  return answer.at("data");
}

Prometheus::Labels labels_of(const Json& object) {
  Prometheus::Labels labels;
  for (const auto& [name, value] : object.items()) labels[name] = value.get<std::string>();
  return labels;
}

double number(const Json& text) {
  const auto word = text.get<std::string>();
  if (word == "NaN") return std::nan("");
  if (word == "+Inf") return std::numeric_limits<double>::infinity();
  if (word == "-Inf") return -std::numeric_limits<double>::infinity();
  return std::stod(word);
}

// What is not as the API's documentation has it throws one of nlohmann's exceptions.
template <typename Read>
auto reading(Read read) {
  try {
    return read();
  } catch (const Json::exception& error) {
    throw PrometheusError(fmt::format("an answer that no Prometheus gives: {}", error.what()));
  }
}

}  // namespace

Prometheus::Prometheus(std::string url) : url_(std::move(url)) {
  while (url_.ends_with('/')) url_.pop_back();
  if (!url_.starts_with("http://") && !url_.starts_with("https://")) {
    throw PrometheusError(fmt::format("'{}' is no address: write http://127.0.0.1:9090 or the like",
                                      printable(clients::shown_url(url_))));
  }
}

std::string Prometheus::shown() const {
  return clients::shown_url(url_);
}

std::vector<Prometheus::Sample> Prometheus::query(const std::string& expr) const {
  const auto data = ask(fmt::format("{}/api/v1/query?query={}", url_, clients::url_encoded(expr)));
  return reading([&] {
    std::vector<Sample> out;
    if (data.at("resultType") == "scalar") {
      out.push_back({{}, number(data.at("result").at(1))});
      return out;
    }
    for (const auto& one : data.at("result")) {
      out.push_back({labels_of(one.at("metric")), number(one.at("value").at(1))});
    }
    return out;
  });
}

std::vector<Prometheus::Series> Prometheus::query_range(const std::string& expr, double from,
                                                        double to, double step) const {
  const auto data =
      ask(fmt::format("{}/api/v1/query_range?query={}&start={:.0f}&end={:.0f}&step={:g}", url_,
                      clients::url_encoded(expr), from, to, step));
  return reading([&] {
    std::vector<Series> out;
    for (const auto& one : data.at("result")) {
      Series series{labels_of(one.at("metric")), {}};
      for (const auto& point : one.at("values")) {
        series.points.emplace_back(point.at(0).get<double>(), number(point.at(1)));
      }
      out.push_back(std::move(series));
    }
    return out;
  });
}

std::vector<Prometheus::Alert> Prometheus::alerts() const {
  const auto data = ask(url_ + "/api/v1/alerts");
  return reading([&] {
    std::vector<Alert> out;
    for (const auto& one : data.at("alerts")) {
      out.push_back({labels_of(one.at("labels")), one.value("state", ""), one.value("activeAt", ""),
                     one.value("value", "")});
    }
    return out;
  });
}

}  // namespace basewatch::commands
