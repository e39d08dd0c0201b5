#pragma once

#include "agent/plugin/exporter.h"

namespace basewatch::node {

// The host itself: processors, memory, file systems, network devices. A drop-in for node_exporter.
extern const Plugin plugin;

}  // namespace basewatch::node
