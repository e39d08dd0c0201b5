#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "agent/clients/postgres/table.h"
#include "catalog/model/query.h"

namespace basewatch::postgres {

// What a query asks of a server, found out beforehand: so a missing extension is no failed query.
struct Facts {
  ServerKind server = ServerKind::postgres;
  int version = 0;
  bool standby = false;
  std::string user, database;
  std::map<std::string, std::string, std::less<>> extensions;  // name -> its schema
  std::map<std::string, std::string, std::less<>> settings;    // name -> value
  std::set<std::string, std::less<>> privileges;               // roles whose rights we have
  std::map<std::string, std::string, std::less<>> relations;   // as named -> ok none denied hidden
  std::string exposed_schemas;  // of the configuration: what the REST API serves, a,b,c
};

// One SELECT that tells all that these queries ask for; empty when they ask for nothing.
std::string facts_sql(std::span<const QuerySpec* const> queries);
void read_facts(const clients::Table& table, Facts& facts);

// Why a query cannot be served, and what to do about it.
struct Lack {
  std::string reason, remedy;
  bool is_version = false;  // the peer calls it a success
  std::string text() const { return remedy.empty() ? reason : reason + ": " + remedy; }
};
std::optional<Lack> find_lack(const QuerySpec& query, const Facts& facts);

// The variant for the version with its placeholders filled in; empty when there is none.
std::string sql_for(const QuerySpec& query, const Facts& facts);

// 150018 -> "15.18"
std::string version_text(int version);

}  // namespace basewatch::postgres
