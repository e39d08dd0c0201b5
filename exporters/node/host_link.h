#pragma once

#include "agent/plugin/host_link.h"

namespace basewatch::node {

using basewatch::HostLink;

}  // namespace basewatch::node
