#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/plugin/exporter.h"
#include "agent/plugin/name_filter.h"
#include "exporters/postgres/instance.h"
#include "exporters/postgres/session.h"

namespace basewatch::postgres {

// The sessions of the background: at most so many open. That to the configured database stays,
// whose caches are the dearest to fill; of the others the least recently used makes room. One
// thread at a time.
class SessionPool {
 public:
  SessionPool(std::shared_ptr<const SessionShared> shared, std::size_t most)
      : shared_(std::move(shared)), most_(most) {}

  Session& get(const std::string& database);  // empty: the configured one
  void drop(const std::string& database);

 private:
  struct Entry {
    std::unique_ptr<Session> session;
    std::uint64_t used = 0;
  };
  const std::shared_ptr<const SessionShared> shared_;
  const std::size_t most_;
  std::uint64_t clock_ = 0;
  std::map<std::string, Entry> entries_;
};

// Goes round the databases that are not the configured one, in the background, and keeps what each
// of its queries yielded there until the next time: a round that is longer than its run goes on
// where it stopped. One thread at a time.
class Walker {
 public:
  Walker(std::vector<const QuerySpec*> queries, NameFilter databases,
         std::shared_ptr<InstanceState> state)
      : queries_(std::move(queries)), databases_(std::move(databases)), state_(std::move(state)) {}

  Outcome run(SessionPool& pool, Page& page, const Deadline& deadline);

 private:
  struct Result {
    clients::Table table;
    MonoTime at{};
  };
  struct Database {
    MonoTime visited{};
    bool ok = false;
    std::map<std::string_view, Result> results;
  };

  void list_databases(Session& configured, const Deadline& deadline);
  void visit(const std::string& name, Database& database, SessionPool& pool,
             const Deadline& deadline);
  void drop_old(MonoTime now);
  void write(Page& page) const;

  const std::vector<const QuerySpec*> queries_;
  const NameFilter databases_;
  const std::shared_ptr<InstanceState> state_;
  std::map<std::string, Database> known_;
};

}  // namespace basewatch::postgres
