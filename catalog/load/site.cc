#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "agent/base/strings.h"
#include "catalog/load/entries.h"
#include "catalog/load/load.h"
#include "catalog/load/routing.h"
#include "catalog/load/site_places.h"

namespace basewatch::catalog {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t kMostIncludes = 100;

// Reads site files one over the other: what is read later overrides. A file's includes are read
// before the file itself.
class SiteReader {
 public:
  SiteReader(Catalog& catalog, Diagnostics& diagnostics)
      : catalog_(catalog), diagnostics_(diagnostics) {
    own_.name = own_.exporter = "site";
  }

  void read_default(const std::string& text, const std::string& shown) {
    defining_ = true;
    read(yaml::parse(text, shown, diagnostics_), "");
    defining_ = false;
    site_.thresholds.insert(catalog_.objectives.begin(), catalog_.objectives.end());
  }

  void read_routing_file(const std::string& text, const std::string& shown) {
    site_.routing = read_routing(yaml::parse(text, shown, diagnostics_), diagnostics_);
  }

  void read_file(const std::string& path) {
    std::error_code error;
    const auto real = fs::weakly_canonical(path, error);
    open_.push_back(error ? fs::path(path) : real);
    read(yaml::parse_file(path, diagnostics_), path);
    open_.pop_back();
  }

  Site finish() {
    apply_size();
    if (site_.scrape_timeout > site_.scrape_interval) {
      diagnostics_.error(
          timeout_where_,
          fmt::format("the timeout {} must not be longer than the scrape interval {}",
                      format_duration(site_.scrape_timeout),
                      format_duration(site_.scrape_interval)));
    }
    extend_boards(catalog_, std::move(extensions_), diagnostics_);
    if (!own_.metrics.empty() || !own_.queries.empty() || !own_.rules.empty() ||
        !own_.alerts.empty() || !own_.boards.empty()) {
      site_.own = std::move(own_);
    }
    return std::move(site_);
  }

 private:
  void read(const yaml::Node& root, const std::string& path) {
    if (root.kind == yaml::Kind::null && !diagnostics_.ok()) return;  // not readable, and told so
    yaml::Mapping file(root, "a site", diagnostics_);
    read_version(file, diagnostics_);
    if (const auto* include = file.find("include")) read_includes(*include, path);
    if (const auto* node = file.find("intervals")) read_intervals(*node);
    read_url(file, "runbook_url", site_.runbook_url);
    read_url(file, "grafana_url", site_.grafana_url);
    site_.tier =
        static_cast<ServiceTier>(file.choice("service_tier", static_cast<std::size_t>(site_.tier),
                                             {"critical", "important", "best_effort"}));
    const Reading reading{catalog_, diagnostics_, true};
    if (const auto* list = file.find("slos")) {
      read_slos(*list, own_, reading);
      site_.thresholds.insert(catalog_.objectives.begin(), catalog_.objectives.end());
    }
    if (const auto* node = file.find("thresholds")) read_thresholds(*node);
    if (const auto* node = file.find("objectives")) read_objectives(*node);
    read_site_places(file, site_, diagnostics_);
    if (const auto* node = file.find("jobs")) read_jobs(*node);
    site_.series_per_metric =
        file.integer("series_per_metric", site_.series_per_metric, 1, 1'000'000'000);
    read_site_routing(file, site_.routing, diagnostics_);
    if (const auto* list = file.find("metrics")) read_metrics(*list, own_, reading);
    if (const auto* list = file.find("rules")) read_rules(*list, own_, reading);
    if (const auto* list = file.find("alerts")) read_alerts(*list, own_, reading);
    if (const auto* list = file.find("boards")) {
      read_site_boards(*list, own_, extensions_, reading);
    }
    file.finish();
  }

  void read_includes(const yaml::Node& node, const std::string& path) {
    if (path.empty()) {
      diagnostics_.error(node.where, "the default site includes nothing: write it all here");
      return;
    }
    const auto one = [&](const yaml::Node& item) {
      const auto name = yaml::as_string(item, "each file of include", diagnostics_);
      if (!name) return;
      const auto target = (fs::path(path).parent_path() / *name).lexically_normal();
      std::error_code error;
      const auto real = fs::weakly_canonical(target, error);
      if (++includes_ > kMostIncludes) {
        if (includes_ == kMostIncludes + 1) {
          diagnostics_.error(item.where,
                             fmt::format("more than {} files are included", kMostIncludes));
        }
      } else if (std::ranges::find(open_, real) != open_.end()) {
        diagnostics_.error(
            item.where,
            fmt::format("{} includes itself, by way of this line: remove it", printable(*name)));
      } else if (!fs::is_regular_file(real, error)) {
        diagnostics_.error(item.where, fmt::format("there is no file {}; a path is taken from the "
                                                   "folder of the file that includes it",
                                                   printable(*name)));
      } else {
        read_file(target.string());
      }
    };
    if (node.kind == yaml::Kind::scalar) {
      one(node);
    } else if (node.kind == yaml::Kind::sequence) {
      for (const auto& item : node.items) one(item);
    } else {
      diagnostics_.error(node.where, "include must be a list of files");
    }
  }

  void read_intervals(const yaml::Node& node) {
    yaml::Mapping intervals(node, "intervals", diagnostics_);
    const auto take = [&](std::string_view key, Duration& value) {
      const auto read = intervals.duration(key, value);
      if (read < 1s || read > 1h) {
        diagnostics_.error(intervals.where(key), fmt::format("{} must be from 1s to 1h, not {}",
                                                             key, format_duration(read)));
      } else {
        value = read;
      }
    };
    take("scrape", site_.scrape_interval);
    take("timeout", site_.scrape_timeout);
    take("evaluation", site_.evaluation_interval);
    timeout_where_ = intervals.where("timeout");
    intervals.finish();
  }

  // The beginning of the addresses that every alert shows.
  void read_url(yaml::Mapping& file, std::string_view key, std::string& out) {
    const auto* node = file.find(key);
    if (!node) return;
    auto url = yaml::as_string(*node, key, diagnostics_).value_or("");
    const auto scheme = url.find("://");
    const bool web = url.starts_with("http://") || url.starts_with("https://");
    if (!url.empty() && (!web || url.find_first_of(" \t\n\"'<>{}") != std::string::npos)) {
      diagnostics_.error(node->where, fmt::format("{} must begin with https:// or http:// and "
                                                  "hold no blanks, quotes or braces, not '{}'",
                                                  key, printable(url)));
      return;
    }
    const auto authority = url.substr(0, scheme == url.npos ? 0 : url.find('/', scheme + 3));
    if (authority.find('@') != std::string::npos) {
      diagnostics_.error(
          node->where, fmt::format("{} must hold no user and password: every alert shows it", key));
      return;
    }
    if (!url.empty() && !url.ends_with('/')) url += '/';
    out = url;
  }

  void read_thresholds(const yaml::Node& node) {
    yaml::Mapping(node, "thresholds", diagnostics_);
    for (const auto& [name, value] : node.entries) {
      if (value.kind == yaml::Kind::mapping) {
        define_threshold(name, value);
      } else {
        override_threshold(name, value);
      }
    }
  }

  // objectives: {api_availability: 0.995}, the thresholds of SLOs by the SLOs' names.
  void read_objectives(const yaml::Node& node) {
    yaml::Mapping(node, "objectives", diagnostics_);
    constexpr std::string_view kBefore = "slo_", kAfter = "_objective";
    for (const auto& [name, value] : node.entries) {
      const auto known = site_.thresholds.find(fmt::format("{}{}{}", kBefore, name.scalar, kAfter));
      if (known == site_.thresholds.end()) {
        std::vector<std::string_view> words;
        for (const auto& [word, objective] : catalog_.objectives) {
          words.push_back(std::string_view(word).substr(
              kBefore.size(), word.size() - kBefore.size() - kAfter.size()));
        }
        const auto guess = nearest(name.scalar, words);
        diagnostics_.error(
            name.where, fmt::format("there is no SLO '{}': {}", printable(name.scalar),
                                    words.empty()   ? "the catalog has none"
                                    : guess.empty() ? fmt::format("there are {}", join(words, ", "))
                                                    : fmt::format("did you mean '{}'?", guess)));
        continue;
      }
      const auto objective = number(value);
      if (!objective) continue;
      if (!is_objective(*objective)) {
        diagnostics_.error(value.where,
                           "an objective must be a share from 0.95 to below 1, as in "
                           "0.999");
        continue;
      }
      move(known->second, *objective, name.where);
    }
  }

  std::optional<double> number(const yaml::Node& node) {
    return threshold_number(node, diagnostics_);
  }

  static void move(Threshold& threshold, double value, const Location& where) {
    threshold.moved = threshold.value != value;
    threshold.written = true;
    threshold.value = value;
    threshold.where = where;
  }

  // What no file says as a number follows from how large the machines are.
  void apply_size() {
    for (auto& [name, threshold] : site_.thresholds) {
      if (threshold.written || threshold.by_size.empty()) continue;
      const auto value = threshold.by_size.at(site_.size);
      threshold.moved |= threshold.value != value;
      threshold.value = value;
    }
  }

  void define_threshold(const yaml::Node& name, const yaml::Node& node) {
    yaml::Mapping entry(node, "a threshold", diagnostics_);
    Threshold threshold;
    threshold.where = name.where;
    entry.required("value");
    if (const auto* value = entry.find("value")) threshold.value = number(*value).value_or(0);
    read_sizes(entry, threshold);
    const auto known = site_.thresholds.find(name.scalar);
    threshold.help =
        entry.string("help", known == site_.thresholds.end() ? "" : known->second.help);
    entry.finish();
    if (!is_label_name(name.scalar)) {
      diagnostics_.error(name.where, fmt::format("'{}' is no name of a threshold: write letters, "
                                                 "digits and '_' only",
                                                 printable(name.scalar)));
    } else if (threshold.help.empty() && !defining_) {
      unknown_threshold(name);
    } else if (!threshold.help.ends_with('.')) {
      diagnostics_.error(entry.where("help"),
                         fmt::format("the threshold {} needs a help: a sentence that ends with a "
                                     "period",
                                     name.scalar));
    }
    threshold.written = !defining_ && threshold.by_size.empty();
    threshold.moved =
        !defining_ && known != site_.thresholds.end() && known->second.value != threshold.value;
    site_.thresholds[name.scalar] = threshold;
  }

  // {value: 10, small: 2, large: 50}: the value is that of a medium machine.
  void read_sizes(yaml::Mapping& entry, Threshold& threshold) {
    const auto* small = entry.find("small");
    const auto* large = entry.find("large");
    if (!small && !large) return;
    const auto or_medium = [&](const yaml::Node* node) {
      return node ? number(*node).value_or(threshold.value) : threshold.value;
    };
    threshold.by_size = {{MachineSize::small, or_medium(small)},
                         {MachineSize::medium, threshold.value},
                         {MachineSize::large, or_medium(large)}};
  }

  void override_threshold(const yaml::Node& name, const yaml::Node& node) {
    const auto value = number(node);
    const auto known = site_.thresholds.find(name.scalar);
    if (defining_) {
      diagnostics_.error(node.where, fmt::format("the threshold {} must be {{value: NUMBER, help: "
                                                 "SENTENCE}} where it is defined",
                                                 printable(name.scalar)));
    } else if (known == site_.thresholds.end()) {
      unknown_threshold(name);
    } else if (value) {
      move(known->second, *value, name.where);
    }
  }

  void unknown_threshold(const yaml::Node& name) {
    basewatch::catalog::unknown_threshold(site_, name, diagnostics_);
  }

  void read_jobs(const yaml::Node& node) {
    yaml::Mapping jobs(node, "jobs", diagnostics_);
    std::vector<std::string_view> exporters;
    for (const auto& subject : catalog_.subjects) exporters.push_back(subject.exporter);
    for (const auto& [name, value] : node.entries) {
      auto list = jobs.strings(name.scalar);
      if (std::ranges::find(exporters, name.scalar) == exporters.end()) {
        const auto guess = nearest(name.scalar, exporters);
        diagnostics_.error(name.where,
                           fmt::format("there is no exporter '{}': {}", printable(name.scalar),
                                       guess.empty() ? "there are " + join(exporters, ", ")
                                                     : fmt::format("did you mean '{}'?", guess)));
      } else if (list.empty() || std::ranges::find(list, "") != list.end()) {
        diagnostics_.error(value.where,
                           fmt::format("the jobs of {} must be a list of names", name.scalar));
      } else {
        site_.jobs[name.scalar] = std::move(list);
      }
    }
  }

  Catalog& catalog_;
  Diagnostics& diagnostics_;
  Site site_;
  Subject own_;
  std::vector<BoardExtension> extensions_;
  Location timeout_where_;
  bool defining_ = false;       // the default site: every threshold stands there with its help
  std::vector<fs::path> open_;  // the files that include each other down to the one being read
  std::size_t includes_ = 0;
};

// What an alert may cost is the service's business, not the alert's.
void lower_priorities(ServiceTier tier, Subject& subject) {
  for (auto& alert : subject.alerts) {
    const bool urgent = alert.priority == "P1" || alert.priority == "P2";
    if (tier == ServiceTier::critical || !urgent) continue;
    const std::string most = tier == ServiceTier::important ? "P2" : "P3";
    alert.lowered = alert.priority < most;
    alert.priority = std::max(alert.priority, most);
  }
}

}  // namespace

Site load_site(const Files& files, Catalog& catalog, const std::string& user_file,
               Diagnostics& diagnostics) {
  SiteReader reader(catalog, diagnostics);
  if (const auto file = files.find("routing.yml"); file != files.end()) {
    reader.read_routing_file(file->second, catalog.shown_as + file->first);
  }
  if (const auto file = files.find("default-site.yml"); file != files.end()) {
    reader.read_default(file->second, catalog.shown_as + file->first);
  }
  if (!user_file.empty()) reader.read_file(user_file);
  auto site = reader.finish();
  for (const auto& subject : catalog.subjects) {
    site.jobs.try_emplace(subject.exporter, std::vector<std::string>{subject.job});
  }
  for (auto& subject : catalog.subjects) lower_priorities(site.tier, subject);
  if (site.own) lower_priorities(site.tier, *site.own);
  std::vector<const Subject*> all;
  for (const auto& subject : catalog.subjects) all.push_back(&subject);
  if (site.own) all.push_back(&*site.own);
  check_names(all, diagnostics);
  return site;
}

}  // namespace basewatch::catalog
