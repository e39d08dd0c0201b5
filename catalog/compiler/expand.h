#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/base/diagnostics.h"
#include "catalog/model/catalog.h"

namespace basewatch::catalog {

// A text with the site's values put in. Its places still lead to the YAML file: to the byte where
// the text was copied, to the {{ where it was replaced.
struct Expansion {
  Text text;
  std::set<std::string, std::less<>> thresholds;  // that it uses
  bool named_targets = false;  // it has the place where the site's targets are put in
  bool broken = false;         // something could not be put in, so that parsing makes no sense
  std::vector<std::size_t> job_operators;  // where the operator of an expanded job matcher is
};

// {{threshold.NAME}} becomes the number, job="{{job.EXPORTER}}" a matcher over all its jobs,
// {{named_targets}} ` or on (job, instance, node) (...)`: the targets of the site that Prometheus
// lacks, or nothing where the site names none. Any other {{ is an error.
Expansion expand_expression(const Text& text, const Site& site, Diagnostics& diagnostics);

// The name of a test's series: job="{{job.EXPORTER}}" becomes the first of its jobs.
Expansion expand_series(const Text& text, const Site& site, Diagnostics& diagnostics);

// A text that people read: {{threshold.NAME}} becomes the number, other {{ are Prometheus' own.
Expansion expand_annotation(const Text& text, const Site& site, Diagnostics& diagnostics);

// The exporter's jobs: the site's, or none if there is no such exporter.
const std::vector<std::string>* jobs_of(const Site& site, const std::string& exporter);

}  // namespace basewatch::catalog
