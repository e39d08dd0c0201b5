#pragma once

#include <string>

#include "tests/unit/catalog/world.h"

namespace basewatch::catalog {

// A small subject with every kind of metric and three alerts, all shown on its board; `panels` are
// further ones, four spaces deep, `board` further keys of the board.
inline Files board_files(const std::string& panels = "", const std::string& board = "") {
  const std::string metrics = R"(version: 1
prefix: tiny_
host_wide: true
metrics:
  - {metric: tiny_load, type: gauge, unit: processes, help: Load of the thing.}
  - {metric: tiny_bytes_total, type: counter, unit: bytes, help: Bytes moved., labels: [device]}
  - {metric: tiny_ratio, type: gauge, unit: ratio, help: Share used., labels: [mount, kind]}
  - {metric: tiny_plain, type: gauge, help: Nobody knows of what.}
  - {metric: tiny_seconds, type: histogram, unit: seconds, help: Time taken.}
  - {metric: tiny_start_time, type: gauge, unit: timestamp, help: When it began.}
  - {metric: tiny_state, type: gauge, unit: flag, help: Whether it is up.}
)";
  const auto alert = [](const std::string& name, const std::string& expr,
                        const std::string& severity, const std::string& labels,
                        const std::string& fires, const std::string& quiet) {
    return "  - alert: " + name + "\n    expr: " + expr +
           "\n    for: 5m\n    severity: " + severity +
           "\n    priority: " + (severity == "critical" ? "P2" : "P3") +
           "\n    summary: It is bad.\n    description: It is bad.\n"
           "    runbook: {meaning: It means this., impact: Bad., diagnosis: Look., mitigation: "
           "Act.}\n"
           "    tests:\n      fires:\n        - {at: 10m, series: {'" +
           fires + "}, expect: {" + labels + "}}\n      quiet:\n        - {at: 10m, series: {'" +
           quiet + "}}\n";
  };
  const std::string series = "tiny_ratio{mount=\"/\",kind=\"a\"}': ";
  const std::string labels = "mount: /, kind: a";
  const auto alerts = "version: 1\nalerts:\n" +
                      alert("TinyHigh", "tiny_ratio > {{threshold.tiny}}", "warning", labels,
                            series + "0.95x20", series + "0.5x20") +
                      alert("TinyFull", "tiny_ratio > 0.99", "critical", labels, series + "1x20",
                            series + "0.5x20") +
                      alert("TinyDown", "tiny_state == 0", "critical", "", "tiny_state': 0x20",
                            "tiny_state': 1x20");
  const auto boards =
      "version: 1\nboards:\n  - board: tiny\n    title: Tiny\n    help: All of it.\n" + board +
      "    rows:\n      - row: Alerts\n        panels:\n"
      "          - {panel: Share, alert: [TinyHigh, TinyFull]}\n"
      "          - {panel: State, alert: TinyDown}\n" +
      (panels.empty() ? "" : "      - row: More\n        panels:\n" + panels);
  return {{"default-site.yml",
           "version: 1\nthresholds: {tiny: {value: 0.9, help: Share from which it is a lot.}}\n"},
          {"tiny/metrics.yml", metrics},
          {"tiny/alerts.yml", alerts},
          {"tiny/board.yml", boards}};
}

}  // namespace basewatch::catalog
