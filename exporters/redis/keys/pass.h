#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/clients/redis/connection.h"
#include "exporters/redis/keys/groups.h"
#include "exporters/redis/keys/options.h"

namespace basewatch::redis {

// What a walk over all keys found out.
struct PassResult {
  std::vector<double> counts;        // one for each of options.count
  std::vector<DbKey> keys, streams;  // what the patterns matched, bounded
  std::size_t left_out = 0;          // matched, but beyond the bound
  std::map<int, GroupTable> groups;  // by database
};

// One walk over the keys of the databases that somebody asks about, a batch at a time, so that it
// can rest between batches and go on in a later run. Holds counters and bounded lists, never the
// keys. Does not talk to the server itself: next() says what to ask, take() gets the answers. One
// thread at a time.
class Pass {
 public:
  // `sizes`: how many keys each database has. Only what is in there is walked over.
  Pass(const KeyOptions& options, std::map<int, std::uint64_t> sizes);

  bool is_done() const { return at_ == databases_.size(); }
  // SELECT and SCAN.
  std::vector<clients::RedisCommand> scan() const;
  // Its answers. Throws std::runtime_error for what SCAN never answers.
  void take_scan(std::span<const clients::RedisReply> replies);
  // MEMORY USAGE of the keys just found, where groups want it; empty: nothing to ask.
  std::vector<clients::RedisCommand> memory() const;
  void take_memory(std::span<const clients::RedisReply> replies);

  // Which part of the keys has been seen, by the sizes at the beginning: 0 to 1.
  double progress() const;
  std::uint64_t seen() const { return seen_; }
  PassResult& result() { return result_; }

 private:
  struct Interest {
    const DbKey* key;
    std::size_t index;
  };
  int database() const { return databases_[at_]; }
  void start_database();
  void look_at(const std::string& key);
  void keep(std::vector<DbKey>& list, std::set<std::string>& known, const std::string& key);

  const KeyOptions& options_;
  std::map<int, std::uint64_t> sizes_;
  std::vector<int> databases_;
  std::size_t at_ = 0;
  std::string cursor_ = "0";
  // Of the database under way.
  std::vector<Interest> count_, check_, streams_;
  std::string match_;  // the one pattern that the server may sort out by itself; empty: none
  std::set<std::string> known_keys_, known_streams_;
  std::vector<std::string> batch_;  // keys whose memory is still to be asked for
  std::uint64_t seen_ = 0, all_ = 0;
  PassResult result_;
};

}  // namespace basewatch::redis
