#pragma once

#include <string_view>
#include <vector>

#include "exporters/node/read/source.h"

// The files of a bcachefs file system in sysfs. The views of the results point into the text.
namespace basewatch::node {

// "2.05G", "1.2k", "7": a number of bytes as bcachefs writes it, a power of 1024.
double bcachefs_bytes(const Source& source, std::string_view word);

struct BcachefsRow {
  std::string_view name;
  double first = 0, second = 0;
};
// compression_stats: a heading, then algorithm, compressed and uncompressed bytes.
std::vector<BcachefsRow> parse_bcachefs_compression(const Source& source);
// btree_write_stats: a heading, then type, number of writes and their average size.
std::vector<BcachefsRow> parse_bcachefs_writes(const Source& source);
// errors: type and number; also when each was last seen.
std::vector<BcachefsRow> parse_bcachefs_errors(const Source& source);

// A file of counters/: since the file system was created. What was counted only since it was
// mounted is 0.
double parse_bcachefs_counter(const Source& source);

struct BcachefsIo {
  std::string_view operation, data_type;
  double bytes = 0;
};
// dev-N/io_done: sections read: and write:, each with a number for every type of data.
std::vector<BcachefsIo> parse_bcachefs_io(const Source& source);
// dev-N/io_errors: the section "IO errors since filesystem creation".
std::vector<BcachefsRow> parse_bcachefs_io_errors(const Source& source);

}  // namespace basewatch::node
