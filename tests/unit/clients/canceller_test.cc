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
  // More than may wait are dropped at once: submit never blocks. A request may outlive the canceller,
  // so it owns what it touches; `all` goes when the last of them was sent or dropped.
  std::promise<void> done;
  auto all = std::shared_ptr<void>(nullptr, [&](void*) { done.set_value(); });
  const auto sent = std::make_shared<std::atomic<int>>(0);
  for (int i = 0; i < 200; ++i) canceller.submit([all, sent] { ++*sent; });
  CHECK(*sent == 0);
  release.set_value();
  all.reset();
  done.get_future().wait();
  CHECK(*sent <= 64);
}

}  // namespace
}  // namespace basewatch::clients
