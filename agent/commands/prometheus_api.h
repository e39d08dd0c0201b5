#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace basewatch::commands {

// Prometheus could not be asked, or does not answer as one; a sentence.
class PrometheusError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A Prometheus by its HTTP API. Each call is one request with a deadline; it throws PrometheusError.
class Prometheus {
 public:
  explicit Prometheus(std::string url);

  using Labels = std::map<std::string, std::string>;
  struct Sample {
    Labels labels;
    double value = 0;
  };
  struct Series {
    Labels labels;
    std::vector<std::pair<double, double>> points;  // unix seconds -> value
  };
  struct Alert {
    Labels labels;
    std::string state, active_at, value;
  };

  std::vector<Sample> query(const std::string& expr) const;
  std::vector<Series> query_range(const std::string& expr, double from, double to,
                                  double step) const;
  std::vector<Alert> alerts() const;  // pending and firing
  std::string shown() const;          // its address, without secrets

 private:
  std::string url_;
};

}  // namespace basewatch::commands
