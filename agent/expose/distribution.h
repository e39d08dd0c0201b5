#pragma once

#include "agent/expose/merge.h"

namespace basewatch::expose {

// Whether a group of type histogram or summary keeps what OpenMetrics asks of these types: the
// lines of each series together; buckets that ascend, end in +Inf and hold whole numbers that never
// fall; sum and count both or neither, the count that of +Inf, no sum beside negative bounds;
// quantiles from 0 to 1; nothing negative. Pages hold what others say of themselves, so none of it
// is sure.
bool is_sound_distribution(const Merge& merge, const Merge::Group& group);

}  // namespace basewatch::expose
