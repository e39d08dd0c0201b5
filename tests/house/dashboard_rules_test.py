"""The generated boards by the 17 rules of Grafana's dashboard-linter, each under its name there. Where ours is meant to
be different, the test says how and why."""
import json
import re
import unittest

from support.servers import ROOT

BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "dashboards").glob("*.json"))}
ALERTS = "".join(path.read_text() for path in (ROOT / "rules/alerts").glob("*.yml"))
DRAWN = {"timeseries", "stat", "gauge", "bargauge", "heatmap", "state-timeline", "table"}


def panels_of(panels):
    for panel in panels:
        if panel["type"] == "row":
            yield from panels_of(panel.get("panels", []))
        else:
            yield panel


def every_panel():
    for name, board in BOARDS.items():
        for panel in panels_of(board["panels"]):
            yield f"{name}: {panel['title']}", panel


def every_query():
    for where, panel in every_panel():
        for target in panel.get("targets", []):
            yield where, panel, target


def variables(board, kind):
    return {each["name"]: each for each in board["templating"]["list"] if each["type"] == kind}


class Rules(unittest.TestCase):
    def none(self, wrong):
        self.assertEqual([], list(wrong))

    def test_there_is_something_to_look_at(self):
        self.assertGreaterEqual(len(BOARDS), 11)
        self.assertGreater(len(list(every_query())), 300)

    def test_template_datasource_rule(self):
        self.none(name for name, board in BOARDS.items() if list(variables(board, "datasource")) != ["datasource"])

    def test_template_job_rule_and_template_instance_rule(self):
        # A job is what the site calls it (`jobs:`), not what a reader chooses: boards are by node and instance instead.
        # Agent, node, overview, slo and backup show a whole node.
        self.none(name for name, board in BOARDS.items() if "node" not in variables(board, "query"))
        for_nodes = {"agent", "backup", "node", "overview", "slo"}
        self.none(name for name, board in BOARDS.items() if name not in for_nodes and "instance" not in variables(board, "query"))

    def test_template_label_promql_rule(self):
        self.none((name, each["query"]) for name, board in BOARDS.items() for each in variables(board, "query").values()
                  if not re.fullmatch(r"label_values\([a-z_]\w*(\{[^{}]*\})?, [a-z_]\w*\)", each["query"]))

    def test_template_on_time_change_reload_rule(self):
        self.none((name, each["name"]) for name, board in BOARDS.items() for each in variables(board, "query").values()
                  if each["refresh"] != 2)

    def test_panel_datasource_rule(self):
        sources = {"${datasource}", "${logs}"}
        self.none(where for where, panel in every_panel() if panel["type"] != "text" and panel["datasource"]["uid"] not in sources)
        self.none(where for where, _, target in every_query() if target["datasource"]["uid"] not in sources)

    def test_panel_title_description_rule(self):
        self.none(where for where, panel in every_panel() if not panel["title"] or not panel.get("description"))

    def test_panel_units_rule(self):
        # Words for values (`mappings`) are the unit of a state.
        def has_unit(panel):
            defaults = panel["fieldConfig"]["defaults"]
            return defaults.get("unit") or defaults.get("mappings") or panel["type"] == "table"
        self.none(where for where, panel in every_panel() if panel["type"] in DRAWN and not has_unit(panel))

    def test_panel_no_targets_rule(self):
        self.none(where for where, panel in every_panel() if panel["type"] != "text" and not panel.get("targets"))

    def test_target_promql_rule_and_target_logql_rule(self):
        # That Prometheus understands each of them is seen in e2e/boards_test, which asks one; here that each asks at all.
        self.none(where for where, _, target in every_query() if not target.get("expr", "").strip())

    def test_target_logql_auto_rule(self):
        self.none(where for where, panel, target in every_query()
                  if panel["type"] == "logs" and "[" in target["expr"] and "$__auto" not in target["expr"])

    def test_target_rate_interval_rule(self):
        # A panel of an alert shows the alert's own expression, with its range.
        def is_an_alerts(expr):
            return all(f"rate({name}" in ALERTS for name in re.findall(r"rate\((\w+)", expr))
        self.none((where, target["expr"]) for where, _, target in every_query()
                  if re.search(r"\brate\(", target["expr"]) and "$__rate_interval" not in target["expr"]
                  and not is_an_alerts(target["expr"]))

    def test_target_job_rule_and_target_instance_rule(self):
        # By node and, where the board has it, by instance; what a rule recorded for a whole node has no instance.
        for name, board in BOARDS.items():
            wrong = []
            for panel in panels_of(board["panels"]):
                for target in panel.get("targets", []):
                    if panel["type"] == "logs" or target["expr"] == "vector(1)":  # the heartbeat is of all
                        continue
                    if not re.search(r'node=~?"\$node"', target["expr"]):
                        wrong.append((panel["title"], target["expr"]))
            self.assertEqual([], wrong, name)

    def test_target_counter_agg_rule(self):
        # A counter is looked at through a function of its increase, or as the number that it is in a single series.
        counted = re.compile(r"\b(?:sum|avg|min|max|topk|quantile)(?: (?:by|without) \([^()]*\))? ?\((?:[\d.]+, )?\w+_total\{")
        self.assertRegex('sum by (node) (x_total{node="a"})', counted)
        self.assertNotRegex('sum by (node) (rate(x_total{node="a"}[5m]))', counted)
        self.none((where, target["expr"]) for where, _, target in every_query() if counted.search(target["expr"]))

    def test_uneditable_dashboard_rule(self):
        # Ours may be edited in Grafana, to look into a panel and to copy it; a provisioned one cannot be saved over.
        self.none(name for name, board in BOARDS.items() if board["editable"] is not True)


if __name__ == "__main__":
    unittest.main()
