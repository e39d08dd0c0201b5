#pragma once

#include <string>
#include <vector>

#include "agent/commands/release.h"

// The subcommands behind main's option parsing. Each returns the exit status of the process: 0
// fine, 1 what was checked failed, 2 usage or configuration, 3 partly. Called once, from the main
// thread, before any other thread exists.
namespace basewatch::commands {

inline constexpr int kFine = 0, kFailed = 1, kUsage = 2, kPartly = 3;

int run(const std::string& config_path);
// `format`: "text" or "openmetrics".
int once(const std::vector<std::string>& names, const std::string& config_path,
         const std::string& format);
int check(const std::string& config_path);

struct GenerateOptions {
  ReleaseOptions release;
  std::string out = ".";
  bool check_only = false;
  std::string prometheus = "http://127.0.0.1:9090";  // --dry-run; else empty
  int days = 7;
};
int generate(const GenerateOptions& options);

struct ExplainOptions {
  ReleaseOptions release;
  std::string alert;
  std::string prometheus = "http://127.0.0.1:9090";
  bool offline = false;  // Prometheus is not asked
};
int explain(const ExplainOptions& options);

int node_flags(const std::vector<std::string>& arguments);

int catalog_list();
int catalog_show(const std::string& metric);
int catalog_export(const std::string& folder, bool force);

}  // namespace basewatch::commands
