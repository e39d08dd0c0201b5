#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "agent/plugin/host_link.h"

namespace basewatch::postgres {

// What the runs of one instance tell of it, for its summary, its log and its status page. Shared by
// the exporter and every run, which may outlive it. Any thread.
class InstanceState {
 public:
  HostLink host;

  // A try to reach the server; one line of the log for each change.
  void reached(bool ok, const std::string& shown, const std::string& reason);
  bool up() const { return up_; }
  double connects() const { return static_cast<double>(connects_); }
  double connect_failures() const { return static_cast<double>(failures_); }

  // Why a collector has nothing to say, for the status page; empty: it has.
  void note(std::string_view topic, const std::string& message);
  void truncated(std::string_view collector, std::int64_t most);
  std::map<std::string, double> truncations() const;

  // What the peer would report of a collector that is absent.
  void absent_for_peer(std::string_view collector, bool success);
  bool peer_success_when_absent(std::string_view collector) const;

  std::atomic<std::uint64_t> scrapes{0};

 private:
  std::atomic<bool> up_{false};
  std::atomic<std::uint64_t> connects_{0}, failures_{0};
  mutable std::mutex mutex_;
  std::string failure_;
  std::map<std::string, std::string, std::less<>> notes_;
  std::map<std::string, double> truncations_;
  std::set<std::string, std::less<>> good_absent_;
};

}  // namespace basewatch::postgres
