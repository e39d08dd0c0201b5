#include "exporters/node/read/bus.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "agent/base/thread.h"
#include "exporters/node/read/systemd_units.h"
#include "tests/unit/node/support.h"

// What is behind the socket is no bus. How a real one answers is tried in tests/differential.
namespace basewatch::node {
namespace {

// Listens, and answers the first connection with `text`.
class Impostor {
 public:
  Impostor(const std::string& path, std::string text) : path_(path) {
    listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener_.get(), 4) == 0);
    thread_ = start_thread("impostor", [this, text] {
      const UniqueFd peer(accept(listener_.get(), nullptr, nullptr));
      char buffer[4096];
      if (!text.empty()) send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL);
      while (recv(peer.get(), buffer, sizeof buffer, 0) > 0) {
      }
    });
  }
  ~Impostor() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::string address() const { return "unix:path=" + path_; }

 private:
  std::string path_;
  UniqueFd listener_;
  std::thread thread_;
};

std::string failure(const std::string& address, Duration span = std::chrono::seconds(20)) {
  return thrown([&] { Bus(address, true, Deadline::in(Clock::system(), span)); });
}

}  // namespace

TEST_CASE("a bus that is missing, silent, or something else, ends in an error that says so") {
  const Tree tree;
  const auto path = tree.path("bus");
  CHECK(failure("unix:path=" + path) ==
        "cannot connect (unix:path=" + path + "): no such file or directory");
  CHECK(failure("nonsense").starts_with("cannot connect (nonsense): "));
  {
    const Impostor mute(path, "");
    CHECK(failure(mute.address(), std::chrono::milliseconds(50)).find("did not answer in time") !=
          std::string::npos);
  }
  ::unlink(path.c_str());
  const Impostor babbler(path,
                         "HTTP/1.1 400 Bad Request\r\nServer: x\r\nDate: x\r\nVia: x\r\n\r\n");
  const auto message = failure(babbler.address());
  CHECK_MESSAGE(message.find("(unix:path=") != std::string::npos, message);
  CHECK_MESSAGE(message.find("in time") == std::string::npos, message);  // it is seen at once
}

TEST_CASE("systemd and logind without a bus have failed") {
  const Tree tree;
  const auto address = "unix:path=" + tree.path("bus");
  for (const std::string collector : {"systemd", "logind"}) {
    const auto settings = tree.settings({{"collectors." + collector + ".address", address}});
    CHECK(thrown([&] { run(settings, collector); }).starts_with("cannot connect ("));
  }
  const auto settings = tree.settings(
      {{"collectors.systemd.address", address}, {"collectors.systemd.private", true}});
  CHECK(thrown([&] { run(settings, "systemd"); }).starts_with("cannot connect ("));
}

TEST_CASE("the version of systemd") {
  CHECK(systemd_version("252.39-1~deb12u1") == 252.39);
  CHECK(systemd_version("systemd 249 (249.11-0ubuntu3)") == 249);
  CHECK(systemd_version("v257~rc1") == 257);
  CHECK(systemd_version("256.") == 256);
  CHECK(!systemd_version("44"));
  CHECK(!systemd_version("1.2.3"));
  CHECK(!systemd_version(""));
}

}  // namespace basewatch::node
