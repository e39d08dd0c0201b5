#include <fmt/format.h>
#include <re2/re2.h>

#include "agent/base/strings.h"
#include "exporters/redis/extras/extras.h"
#include "metrics/redis.h"

namespace basewatch::redis {
namespace {

namespace m = metrics::redis;
using clients::RedisReply;

constexpr std::size_t kMostIndexes = 500;
constexpr double kMebibyte = 1 << 20;

struct Field {
  std::string_view name;
  const Metric<1>* metric;
  double factor = 1;
};

constexpr Field kFields[] = {
    {"num_docs", &m::search_index_num_docs},
    {"max_doc_id", &m::search_index_max_doc_id},
    {"num_terms", &m::search_index_num_terms},
    {"num_records", &m::search_index_num_records},
    {"inverted_sz_mb", &m::search_index_inverted_size_bytes, kMebibyte},
    {"total_inverted_index_blocks", &m::search_index_total_inverted_index_blocks},
    {"vector_index_sz_mb", &m::search_index_vector_index_size_bytes, kMebibyte},
    {"offset_vectors_sz_mb", &m::search_index_offset_vectors_size_bytes, kMebibyte},
    {"doc_table_size_mb", &m::search_index_doc_table_size_bytes, kMebibyte},
    {"sortable_values_size_mb", &m::search_index_sortable_values_size_bytes, kMebibyte},
    {"key_table_size_mb", &m::search_index_key_table_size_bytes, kMebibyte},
    {"tag_overhead_sz_mb", &m::search_index_tag_overhead_size_bytes, kMebibyte},
    {"text_overhead_sz_mb", &m::search_index_text_overhead_size_bytes, kMebibyte},
    {"total_index_memory_sz_mb", &m::search_index_total_index_memory_size_bytes, kMebibyte},
    {"geoshapes_sz_mb", &m::search_index_geoshapes_size_bytes, kMebibyte},
    {"records_per_doc_avg", &m::search_index_avg_per_doc_records},
    {"bytes_per_record_avg", &m::search_index_avg_per_record_bytes},
    {"offsets_per_term_avg", &m::search_index_avg_per_term_offsets},
    {"offset_bits_per_record_avg", &m::search_index_avg_per_record_offset_bits},
    {"indexing", &m::search_index_indexing},
    {"percent_indexed", &m::search_index_percent_indexed},
    {"hash_indexing_failures", &m::search_index_hash_indexing_failures},
    {"number_of_uses", &m::search_index_number_of_uses_total},
    {"cleaning", &m::search_index_cleaning}};

}  // namespace

void add_index(Page& page, const RedisReply& info) {
  const auto* name = info.find("index_name");
  if (!name) return;
  for (const auto& [field, metric, factor] : kFields) {
    // What an older module does not tell counts as nothing, as the peer has it.
    const auto* found = info.find(field);
    page.add(*metric, (found ? found->number().value_or(0) : 0) * factor, name->text);
  }
}

struct Search::Filter {
  re2::RE2 include;
};

Search::Search(clients::RedisTarget target, std::string include)
    : connection_(std::move(target)), filter_(new Filter{re2::RE2(include)}) {}

Search::~Search() = default;

Outcome Search::run(Page& page, const Deadline& deadline) {
  try {
    const std::vector<clients::RedisCommand> list{{"FT._LIST"}};
    const auto names = connection_.ask(list, deadline).front();
    if (names.is_error()) {
      return absent("the server has no search module: " + printable(names.text, 100));
    }
    std::vector<clients::RedisCommand> commands;
    for (const auto& name : names.items) {
      if (commands.size() == kMostIndexes) break;
      if (re2::RE2::PartialMatch(name.text, filter_->include))
        commands.push_back({"FT.INFO", name.text});
    }
    if (commands.empty()) return done();
    for (const auto& reply : connection_.ask(commands, deadline)) add_index(page, reply);
  } catch (const clients::RedisError& error) {
    throw InstanceFailure(fmt::format("{}: {}", connection_.target().url.shown(), error.what()));
  }
  return done();
}

}  // namespace basewatch::redis
