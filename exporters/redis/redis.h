#pragma once

#include "agent/plugin/exporter.h"

namespace basewatch::redis {

// Redis and what speaks like it: Valkey, KeyDB, Sentinel. A drop-in for redis_exporter.
extern const Plugin plugin;

}  // namespace basewatch::redis
