#pragma once

namespace basewatch {

enum class LogLevel { debug, info, warning, error };

}  // namespace basewatch
