#include "exporters/node/read/task_stat.h"

namespace basewatch::node {

TaskStat parse_task_stat(const Source& stat) {
  // "12 (a (name)) S 1 ...": the name may hold anything, also blanks and brackets.
  const auto bracket = stat.text.rfind(')');
  if (bracket == stat.text.npos) stat.fail(stat.text, "there is no name of a task");
  auto rest = stat.text.substr(bracket + 1);
  const auto state = next_word(rest);
  if (state.size() != 1) stat.fail(rest, "the state of the task is missing");
  for (int skipped = 0; skipped < 16; ++skipped) next_word(rest);
  return {static_cast<unsigned char>(state.front()), stat.whole(next_word(rest))};
}

}  // namespace basewatch::node
