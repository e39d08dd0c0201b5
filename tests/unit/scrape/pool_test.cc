#include "agent/scrape/pool.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/unit/scrape/world.h"

using namespace std::chrono_literals;

namespace basewatch::scrape {
namespace {

class TestJob final : public Pool::Job {
 public:
  explicit TestJob(std::function<void()> body) : body_(std::move(body)) {}
  void run() noexcept override { body_(); }

 private:
  std::function<void()> body_;
};

std::shared_ptr<Pool::Job> job(std::function<void()> body) {
  return std::make_shared<TestJob>(std::move(body));
}

void await_threads(const Pool& pool, std::size_t most) {
  while (pool.threads() > most) std::this_thread::yield();
}

}  // namespace

TEST_CASE("quick jobs are done by few threads, and in order") {
  Pool pool(4, 100);
  Count finished;
  std::vector<std::shared_ptr<Pool::Job>> jobs;
  for (int i = 0; i < 100; ++i) jobs.push_back(job([=]() mutable { finished.add(); }));
  pool.submit(jobs);
  finished.await(100);
  CHECK(pool.threads() <= 3);
}

TEST_CASE("blocked jobs do not hold up others; their threads end with them") {
  Pool pool(2, 100);
  Count entered, finished;
  Event release;
  std::vector<std::shared_ptr<Pool::Job>> jobs;
  for (int i = 0; i < 20; ++i) {
    jobs.push_back(job([=]() mutable {
      entered.add();
      release.await();
    }));
  }
  jobs.push_back(job([=]() mutable { finished.add(); }));
  pool.submit(jobs);
  finished.await(1);
  CHECK(entered.value() == 20);
  CHECK(pool.threads() <= 22);
  pool.submit({job([=]() mutable { finished.add(); })});
  finished.await(2);
  release.happen();
  await_threads(pool, 2);
}

TEST_CASE("there are never more threads than allowed, and jobs still get done") {
  Pool pool(2, 3);
  Count entered, finished;
  Event release;
  std::vector<std::shared_ptr<Pool::Job>> jobs;
  for (int i = 0; i < 2; ++i) {
    jobs.push_back(job([=]() mutable {
      entered.add();
      release.await();
    }));
  }
  for (int i = 0; i < 50; ++i) jobs.push_back(job([=]() mutable { finished.add(); }));
  pool.submit(jobs);
  finished.await(50);
  CHECK(pool.threads() == 3);
  for (int i = 1; i <= 50; ++i) {
    pool.submit({job([=]() mutable { finished.add(); })});
    CHECK(pool.threads() == 3);
  }
  finished.await(100);
  CHECK(entered.value() == 2);
  release.happen();
}

TEST_CASE("stopping joins what is idle, drops what waits and lets go of what hangs") {
  Count entered, touched;
  Event release;
  {
    Pool pool(4, 100);
    pool.submit({job([=]() mutable {
      entered.add();
      release.await();
      touched.add();
    })});
    entered.await(1);
    pool.stop(1, 10s);  // one hangs: that is known, so there is no waiting
    pool.submit({job([=]() mutable { entered.add(); })});
  }
  CHECK(entered.value() == 1);
  release.happen();
  touched.await(1);
}

TEST_CASE("stopping waits for jobs that end in time") {
  Count entered;
  Event release, ended;
  Pool pool(1, 1);
  pool.submit({job([=]() mutable {
    entered.add();
    release.await();
    ended.happen();
  })});
  entered.await(1);
  std::thread releases([&] { release.happen(); });
  pool.stop(0, 10s);
  CHECK(ended.happened());
  releases.join();
}

}  // namespace basewatch::scrape
