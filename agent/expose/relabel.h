#pragma once

#include "agent/expose/text.h"

namespace basewatch::expose {

// Whether a series of the page may have a label that the target has, too. Never says no wrongly;
// job, instance and node are not looked for, since no page has them.
bool may_collide(const Page& page, const TargetLabels& target);

// The sealed page with every label that the target has, too, renamed to exported_<label>.
Page exported_copy(const Page& page, const TargetLabels& target);

}  // namespace basewatch::expose
