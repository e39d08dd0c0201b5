#include "agent/clients/redis/reply.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <stdexcept>

#include "agent/base/strings.h"

namespace basewatch::clients {
namespace {

using Kind = RedisReply::Kind;

// What is left of a batch's limits; the reader's privdata.
struct Budget {
  std::size_t elements;
  bool exceeded = false;
};

// Takes elements out of the budget before anything is allocated for them. To hiredis a refusal is
// out of memory, and it stops.
bool take(Budget& budget, std::size_t elements) {
  budget.exceeded = elements > budget.elements;
  if (!budget.exceeded) budget.elements -= elements;
  return !budget.exceeded;
}

Budget& budget_of(const redisReadTask* task) {
  return *static_cast<Budget*>(task->privdata);
}

// Where hiredis wants the object: a root of its own, or the place kept for it in its parent, whose
// array has paid for it.
RedisReply* place(const redisReadTask* task) {
  if (!task->parent) return take(budget_of(task), 1) ? new RedisReply : nullptr;
  return &static_cast<RedisReply*>(task->parent->obj)->items[static_cast<std::size_t>(task->idx)];
}

void* create_string(const redisReadTask* task, char* text, std::size_t size) {
  auto* reply = place(task);
  if (!reply) return nullptr;
  reply->kind = task->type == REDIS_REPLY_ERROR ? Kind::error : Kind::text;
  reply->text.assign(text, size);
  return reply;
}

void* create_array(const redisReadTask* task, int elements) {
  if (!take(budget_of(task), static_cast<std::size_t>(elements))) return nullptr;
  auto* reply = place(task);
  if (!reply) return nullptr;
  reply->kind = Kind::array;
  reply->items.resize(static_cast<std::size_t>(elements));
  return reply;
}

void* create_integer(const redisReadTask* task, long long value) {
  auto* reply = place(task);
  if (!reply) return nullptr;
  reply->kind = Kind::integer;
  reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) {
  return place(task);
}

void free_object(void* root) {
  delete static_cast<RedisReply*>(root);
}

redisReplyObjectFunctions kFunctions{create_string, create_array, create_integer, create_nil,
                                     free_object};

}  // namespace

std::string_view RedisReply::error_code() const {
  if (kind != Kind::error) return {};
  return std::string_view(text).substr(0, text.find(' '));
}

std::optional<double> RedisReply::number() const {
  if (kind == Kind::integer) return static_cast<double>(integer);
  return kind == Kind::text ? parse_double(text) : std::nullopt;
}

const RedisReply* RedisReply::find(std::string_view name) const {
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].text == name) return &items[i + 1];
  }
  return nullptr;
}

struct RedisReader::State {
  explicit State(RedisLimits given)
      : limits(given),
        budget{given.elements},
        reader(redisReaderCreateWithFunctions(&kFunctions), redisReaderFree) {
    if (!reader) throw std::bad_alloc();
    reader->privdata = &budget;
  }

  RedisLimits limits;
  Budget budget;
  std::size_t fed = 0;
  std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader;
};

RedisReader::RedisReader(RedisLimits limits) : state_(std::make_unique<State>(limits)) {}

RedisReader::~RedisReader() = default;

void RedisReader::feed(std::string_view bytes) {
  state_->fed += bytes.size();
  if (state_->fed > state_->limits.bytes) {
    throw std::runtime_error(
        fmt::format("the server sends more than {} MiB; nothing that is asked "
                    "for is so large",
                    state_->limits.bytes >> 20));
  }
  redisReaderFeed(state_->reader.get(), bytes.data(), bytes.size());
}

std::optional<RedisReply> RedisReader::next() {
  void* object = nullptr;
  if (redisReaderGetReply(state_->reader.get(), &object) != REDIS_OK) {
    throw std::runtime_error(state_->budget.exceeded
                                 ? fmt::format("the server sends more than {} elements; nothing "
                                               "that is asked for is so large",
                                               state_->limits.elements)
                                 : "what answers there speaks no Redis protocol");
  }
  if (!object) return std::nullopt;
  const std::unique_ptr<RedisReply> root(static_cast<RedisReply*>(object));
  return std::move(*root);
}

bool RedisReader::is_idle() const {
  return state_->reader->pos == state_->reader->len && state_->reader->ridx == -1;
}

void RedisReader::begin_batch() {
  state_->fed = 0;
  state_->budget = {state_->limits.elements};
}

void append_command(std::string& out, const std::vector<std::string>& arguments) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  char* bytes = nullptr;
  const auto size = redisFormatCommandArgv(&bytes, static_cast<int>(arguments.size()), texts.data(),
                                           sizes.data());
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<char, decltype(&redisFreeCommand)> owner(bytes, redisFreeCommand);
  out.append(bytes, static_cast<std::size_t>(size));
}

}  // namespace basewatch::clients
