#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/plugin/page.h"

namespace basewatch::redis {

// What the answer to INFO tells the other parts of a scrape.
struct Facts {
  std::string role;     // master, slave, sentinel
  std::string version;  // of Redis, or what the server says it is compatible with
  bool is_cluster = false;
  bool is_sentinel = false;
  bool is_valkey = false;
  std::optional<double> system_memory;
  std::vector<std::pair<std::string, std::string>> replicas;  // host and port
  std::map<std::string, double, std::less<>> command_usec;    // time spent in each command

  // Whether the same things may be asked.
  bool asks_as(const Facts& other) const {
    return is_cluster == other.is_cluster && is_sentinel == other.is_sentinel &&
           is_valkey == other.is_valkey && version == other.version;
  }
};

// A field that counts is a row of the catalog's table from_info; what takes more is in info.cc.
// `databases`: for each below it that INFO does not list, zeros are added.
Facts add_info(Page& page, std::string_view info, double now, int databases);

// One field whose metric stands in the table: also for what is not INFO but looks like it.
void add_info_field(Page& page, std::string_view field, std::string_view value);

// The fields of CLUSTER INFO.
void add_cluster_info(Page& page, std::string_view info);

}  // namespace basewatch::redis
