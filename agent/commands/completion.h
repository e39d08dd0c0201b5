#pragma once

#include <string>

namespace CLI {
class App;
}

namespace basewatch::commands {

// The bash completion of all that `app` declares: it cannot fall behind.
std::string bash_completion(const CLI::App& app);

// `basewatch completion WHAT`: the script, or the words that it asks for while it runs.
int complete(const CLI::App& app, const std::string& what, const std::string& config_path);

}  // namespace basewatch::commands
