#pragma once

#include <string>
#include <vector>

#include "agent/status/facts.h"

namespace basewatch::status {

enum class Health {
  fine,
  waiting,   // nothing is known yet: nobody has asked
  degraded,  // a part fails
  broken,    // an instance yields nothing
};
std::string_view name_of(Health health);  // as in the JSON

// Something a person should see to, most pressing first.
struct Problem {
  Health health = Health::degraded;
  std::string what;    // "node/main cpu", or a sentence
  std::string reason;  // in words
  std::string remedy;  // what to do
  std::optional<WallTime> since;
  std::string instance;  // "node/main": where the page tells more; may be empty
};

struct InstanceVerdict {
  Health health = Health::waiting;
  std::size_t good = 0, bad = 0, absent = 0, pending = 0;
  std::size_t series = 0;
};

// What the facts mean: the answer to "is it fine?".
struct Report {
  Health health = Health::waiting;
  std::string headline;  // "Everything works"
  std::vector<Problem> problems;
  std::vector<InstanceVerdict> instances;  // in the order of the facts
  std::size_t notes = 0;                   // of the exporters, that a person may want to read
};

Report judge(const Facts& facts);

bool is_failure(RunState state);
std::string_view name_of(RunState state);
std::string id_of(const scrape::InstanceStatus& instance);  // "node/main"

}  // namespace basewatch::status
