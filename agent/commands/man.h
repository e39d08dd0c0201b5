#pragma once

#include <string>

namespace CLI {
class App;
}

namespace basewatch::commands {

// The manual page, basewatch(1), of all that `app` declares.
std::string man_page(const CLI::App& app);

}  // namespace basewatch::commands
