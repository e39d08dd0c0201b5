#pragma once

#include "agent/base/yaml.h"
#include "catalog/model/catalog.h"

// The readers of the lists that both a subject's files and a user's site hold. Each appends to the
// subject what it could read, and reports what it could not.
namespace basewatch::catalog {

// Who reads and for whom; all three outlive the call.
struct Reading {
  Catalog& catalog;  // owns the strings that specs point to
  Diagnostics& diagnostics;
  bool of_a_site = false;
};

void read_metrics(const yaml::Node& list, Subject& subject, Reading reading);
void read_query(const yaml::Node& entry, Subject& subject, Reading reading);
// The series of a test: name -> values.
std::vector<std::pair<Text, Text>> read_test_series(yaml::Mapping& test, Diagnostics& diagnostics);

void read_rules(const yaml::Node& list, Subject& subject, Reading reading);
void read_alerts(const yaml::Node& list, Subject& subject, Reading reading);
void read_boards(const yaml::Node& list, Subject& subject, Reading reading);
// What an SLO needs becomes rules and alerts of the subject, its objective one of the catalog's.
void read_slos(const yaml::Node& list, Subject& subject, Reading reading);
bool is_objective(double value);

// The boards of a site: its own, and what it adds to those of the catalog (`extend: NAME`).
void read_site_boards(const yaml::Node& list, Subject& own, std::vector<BoardExtension>& extensions,
                      Reading reading);
void extend_boards(Catalog& catalog, std::vector<BoardExtension> extensions,
                   Diagnostics& diagnostics);

// The text of a scalar with its place, down to the byte. Empty when absent.
Text text_of(yaml::Mapping& mapping, std::string_view key, Diagnostics& diagnostics);
Text required_text(yaml::Mapping& mapping, std::string_view key, Diagnostics& diagnostics);

// `version: 1`, with which every file starts.
void read_version(yaml::Mapping& file, Diagnostics& diagnostics);

// Names that stand for two things in these subjects together.
void check_names(const std::vector<const Subject*>& subjects, Diagnostics& diagnostics);

}  // namespace basewatch::catalog
