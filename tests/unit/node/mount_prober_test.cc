#include "exporters/node/read/mount_prober.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <set>

#include "agent/base/fake_clock.h"

using namespace std::chrono_literals;

namespace basewatch::node {
namespace {

using State = MountProber::State;

// File systems of which some are dead until they are revived. Everything is awaited, nothing slept.
class World {
 public:
  // A helper may come back after the test is over, so its call shares the world.
  static MountProber::Statfs statfs(std::shared_ptr<World> world) {
    return [world = std::move(world)](const std::string& path, struct statfs& out) {
      std::unique_lock lock(world->mutex_);
      world->asked_.push_back(path);
      world->changed_.notify_all();
      world->changed_.wait(lock, [&] { return !world->dead_.contains(path); });
      ++world->returned_;
      world->changed_.notify_all();
      out.f_blocks = path.size();
      return path.ends_with("broken") ? EIO : 0;
    };
  }
  void kill(const std::string& path) {
    std::lock_guard guard(mutex_);
    dead_.insert(path);
  }
  void revive_all() {
    std::lock_guard guard(mutex_);
    dead_.clear();
    changed_.notify_all();
  }
  // Waits until `path` has been asked so many times in all.
  void await_asked(const std::string& path, std::ptrdiff_t times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return std::ranges::count(asked_, path) >= times; });
  }
  void await_returned(std::size_t calls) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return returned_ >= calls; });
  }
  std::vector<std::string> asked() {
    std::lock_guard guard(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> dead_;
  std::vector<std::string> asked_;
  std::size_t returned_ = 0;
};

struct Fixture {
  std::shared_ptr<World> shared_world = std::make_shared<World>();
  World& world = *shared_world;
  FakeClock clock;
  MountProber prober{clock, World::statfs(shared_world)};

  // The helpers use the clock until their calls have returned.
  ~Fixture() {
    world.revive_all();
    while (prober.calls() > 0) std::this_thread::yield();
  }

  std::future<std::vector<MountProber::Answer>> ask(std::vector<MountProber::Target> targets,
                                                    Duration within = 20s) {
    return std::async(std::launch::async, [this, targets = std::move(targets), within] {
      return prober.ask(targets, clock.now() + within, 5s);
    });
  }
  // A helper leaves shortly after its call has returned; nothing announces it.
  void await_helpers(std::size_t count) {
    while (prober.helpers() != count) std::this_thread::yield();
  }
};

}  // namespace

TEST_CASE("healthy mounts are asked by one helper, local ones first") {
  Fixture f;
  for (int scrape = 0; scrape < 3; ++scrape) {
    const auto answers = f.ask({{"/nfs", true}, {"/"}, {"/broken"}}).get();
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].state == State::answered);
    CHECK(answers[0].info.f_blocks == 4);
    CHECK(answers[1].state == State::answered);
    CHECK(answers[2].state == State::failed);
    CHECK(answers[2].error == EIO);
  }
  CHECK(f.world.asked()[0] == "/");
  CHECK(f.world.asked()[2] == "/nfs");
  CHECK(f.prober.helpers() == 1);
  CHECK(f.ask({}).get().empty());
}

TEST_CASE("a dead mount costs only itself, and is asked once until it comes back") {
  Fixture f;
  f.world.kill("/dead");
  auto first = f.ask({{"/dead"}, {"/"}, {"/home"}});
  f.world.await_asked("/dead");
  f.clock.await_waiters(1);
  f.clock.advance(100ms);  // the list stands still: another helper goes on
  f.world.await_asked("/home");
  f.clock.advance(4900ms);  // /dead is overdue, /home may still answer
  auto answers = first.get();
  CHECK(answers[0].state == State::hung);
  CHECK(answers[0].hanging == 5s);
  CHECK(answers[1].state == State::answered);
  CHECK(answers[2].state == State::answered);

  // The next scrapes know it at once: nobody waits, nobody asks again, no thread is added.
  f.clock.advance(10s);
  for (int scrape = 0; scrape < 100; ++scrape) {
    answers = f.ask({{"/dead"}, {"/"}, {"/home"}}).get();
    CHECK(answers[0].state == State::hung);
    CHECK(answers[0].hanging == 15s);
    CHECK(answers[1].state == State::answered);
  }
  CHECK(std::ranges::count(f.world.asked(), "/dead") == 1);
  CHECK(f.prober.helpers() == 2);

  f.world.revive_all();
  f.await_helpers(1);
  answers = f.ask({{"/dead"}, {"/"}}).get();
  CHECK(answers[0].state == State::answered);
}

TEST_CASE("several dead mounts hang together, not one after the other") {
  Fixture f;
  for (const auto* path : {"/a", "/b", "/c"}) f.world.kill(path);
  auto asked = f.ask({{"/a", true}, {"/b", true}, {"/c", true}, {"/d", true}});
  for (const auto* path : {"/a", "/b", "/c"}) {
    f.world.await_asked(path);
    f.clock.await_waiters(1);
    f.clock.advance(100ms);
  }
  f.world.await_asked("/d");
  f.clock.advance(4900ms);
  const auto answers = asked.get();
  CHECK(answers[0].state == State::hung);
  CHECK(answers[1].state == State::hung);
  CHECK(answers[2].state == State::hung);
  CHECK(answers[3].state == State::answered);
}

TEST_CASE("the caller's deadline is kept when it is shorter than the timeout") {
  Fixture f;
  f.world.kill("/dead");
  auto asked = f.ask({{"/dead"}}, 1s);
  f.world.await_asked("/dead");
  f.clock.await_waiters(1);
  f.clock.advance(1s);
  const auto answers = asked.get();
  CHECK(answers[0].state == State::hung);
  CHECK(answers[0].hanging == 1s);
}

TEST_CASE("the threads are bounded, and many dead servers do not take the disks off the page") {
  Fixture f;
  std::vector<MountProber::Target> targets;
  for (int i = 0; i < 40; ++i) {
    targets.push_back({"/nfs" + std::to_string(i), true});
    f.world.kill(targets.back().path);
  }
  targets.push_back({"/"});
  auto asked = f.ask(targets);
  for (std::size_t i = 0; i < MountProber::kMaxRemote; ++i) {
    f.world.await_asked(targets[i].path);
    f.clock.await_waiters(1);
    f.clock.advance(100ms);
  }
  // The seventeenth and all that follow are refused by the helper that the last stall brought.
  f.clock.advance(5s);
  auto answers = asked.get();
  CHECK(std::ranges::count(answers, State::hung, &MountProber::Answer::state) == 16);
  CHECK(std::ranges::count(answers, State::not_asked, &MountProber::Answer::state) == 24);
  CHECK(answers.back().state == State::answered);
  for (int scrape = 0; scrape < 20; ++scrape) {
    answers = f.ask(targets).get();
    CHECK(answers.back().state == State::answered);
    CHECK(std::ranges::count(answers, State::not_asked, &MountProber::Answer::state) == 24);
  }
  CHECK(f.prober.helpers() == MountProber::kMaxRemote + 1);
  f.world.revive_all();
  f.await_helpers(1);
}

TEST_CASE("a hanging call may come back when nobody is there any more") {
  const auto shared_world = std::make_shared<World>();
  auto& world = *shared_world;
  static FakeClock clock;  // outlives the helper, as the system's clock does
  world.kill("/dead");
  {
    MountProber prober(clock, World::statfs(shared_world));
    auto asked = std::async(std::launch::async,
                            [&] { return prober.ask({{"/dead"}}, clock.now() + 1s, 1s); });
    world.await_asked("/dead");
    clock.await_waiters(1);
    clock.advance(1s);
    CHECK(asked.get()[0].state == State::hung);
  }
  world.revive_all();
  world.await_returned(1);
}

}  // namespace basewatch::node
