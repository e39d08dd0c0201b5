#include "agent/clients/postgres/canceller.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

namespace basewatch::clients {
namespace {

TEST_CASE("requests are sent one after the other, and none waits behind one that hangs for ever") {
  Canceller canceller;
  std::promise<void> begun, release;
  const auto released = release.get_future().share();
  canceller.submit([&, released] {
    begun.set_value();
    released.wait();
  });
  begun.get_future().wait();
  // More than may wait are dropped at once: submit never blocks.
  std::atomic<int> sent = 0;
  for (int i = 0; i < 200; ++i) canceller.submit([&] { ++sent; });
  CHECK(sent == 0);
  release.set_value();
  std::promise<void> done;
  std::shared_ptr<void> last(nullptr, [&](void*) { done.set_value(); });
  canceller.submit([last] {});
  last.reset();  // set when the request is sent or dropped
  done.get_future().wait();
  CHECK(sent <= 64);
}

}  // namespace
}  // namespace basewatch::clients
