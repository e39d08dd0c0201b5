#pragma once

#include <sys/vfs.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/clock.h"

namespace basewatch::node {

// Asks file systems for their sizes without ever being held by a dead one.
//
// statfs on a mount whose server is gone does not return, and no signal ends it. So helper threads
// call it: one walks the list, which costs a healthy host one hand-over per scrape, not one per
// mount; when it stalls on a mount, another one goes on with the rest. A mount that has not
// answered in time is reported as hung, and is not asked again until the hanging call has returned,
// however many scrapes and reloads that takes.
//
// At most kMaxRemote calls to network and FUSE file systems are under way at once, and kMaxLocal to
// others; a mount beyond that is reported as not asked. So twenty dead NFS mounts never take the
// root file system off the page, and the threads are bounded.
//
// Any thread may call ask(). Helpers share what they touch: this object and every caller may be
// gone when a hanging call comes back. The clock must outlive the helpers.
class MountProber {
 public:
  static constexpr std::size_t kMaxRemote = 16;
  static constexpr std::size_t kMaxLocal = 4;

  // statfs, or a stand-in for tests: returns 0 or an errno.
  using Statfs = std::function<int(const std::string& path, struct statfs& out)>;

  struct Target {
    std::string path;
    bool is_remote = false;  // asked last, since it may hang
  };
  enum class State { answered, failed, hung, not_asked };
  struct Answer {
    State state = State::not_asked;
    int error = 0;          // of failed
    Duration hanging{};     // of hung: for how long the call has not returned
    struct statfs info {};  // of answered
  };

  MountProber(Clock& clock, Statfs statfs);
  ~MountProber();
  MountProber(const MountProber&) = delete;

  // The one of this process: a reload must not begin another call to a mount that hangs.
  static std::shared_ptr<MountProber> shared();

  // One answer for each target. Waits for a call at most `timeout`, and at most until `until`.
  std::vector<Answer> ask(const std::vector<Target>& targets, MonoTime until, Duration timeout);

  Clock& clock() const { return clock_; }
  std::size_t helpers() const;  // threads that exist now
  std::size_t calls() const;    // calls that have not returned yet

 private:
  class Crew;
  Clock& clock_;
  std::shared_ptr<Crew> crew_;
};

}  // namespace basewatch::node
