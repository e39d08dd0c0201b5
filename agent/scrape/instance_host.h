#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "agent/plugin/host.h"

namespace basewatch::scrape {

class Core;

// What one instance's exporter sees of the agent. Keeps its notes and endpoints until the instance
// is removed. Callable from any thread; an exporter that still talks after that is not heard.
class InstanceHost final : public Host {
 public:
  using Handler = std::function<HttpReply(const HttpRequest&)>;

  InstanceHost(std::shared_ptr<Core> core, std::string topic);

  Clock& clock() override;
  void log(LogLevel level, std::string_view message) override;
  void note(std::string_view topic, std::string message) override;
  void endpoint(std::string path, Handler handler) override;
  void instances(std::vector<FoundInstance> found) override;

  std::map<std::string, std::string> notes() const;
  Handler find_endpoint(std::string_view path) const;
  void close();

 private:
  const std::shared_ptr<Core> core_;
  const std::string topic_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::map<std::string, std::string, std::less<>> notes_;
  std::map<std::string, Handler, std::less<>> endpoints_;
};

}  // namespace basewatch::scrape
