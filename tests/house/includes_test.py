"""Who may include whom: greps every #include of the house and fails on any arrow that is not drawn.

The order of the house stands in docs/architecture.md; a new arrow is a decision, so it is made here.
"""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Folder -> the folders it may include. Its own folder, the standard library and `system` headers
# in <> are always allowed (libraries are bounded by LIBRARIES below).
VOCABULARY = {"agent/base", "catalog/model"}
ALLOWED = {
    # The two share the bottom: base/self.h names its metrics by their specs, model its places by base.
    "agent/base": {"catalog/model/metric.h"},
    "catalog/model": {"agent/base"},
    "agent/plugin": VOCABULARY,
    "agent/clients": {"agent/base"},
    "agent/modules": VOCABULARY | {"agent/plugin"},
    "agent/expose": VOCABULARY | {"agent/plugin"},
    "agent/config": VOCABULARY | {"agent/plugin"},
    "agent/scrape": VOCABULARY | {"agent/plugin", "agent/config", "agent/expose", "metrics"},
    # What else runs on this host; reads procfs, knows of no engine.
    "agent/discover": VOCABULARY | {"agent/plugin"},
    # The status page: snapshots in, HTML and JSON out.
    "agent/status": VOCABULARY | {"agent/plugin", "agent/scrape", "agent/discover"},
    "agent/serve": VOCABULARY | {"agent/plugin", "agent/expose", "agent/scrape", "agent/status", "metrics"},
    "catalog/load": VOCABULARY,
    "catalog/compiler/promql": VOCABULARY,
    "catalog/compiler": VOCABULARY | {"catalog/load", "catalog/compiler/promql"},
    # Textfile and Kong read expositions: docs/decisions/ says why the parser is no second one.
    "exporters": VOCABULARY | {"agent/plugin", "agent/clients", "metrics", "agent/expose/parse.h",
                               # A probe answers with a page of its own.
                               "agent/expose/text.h"},
}
# main wires everything together.
EVERYTHING = ("agent/main.cc", "agent/commands/")

# Headers that are slow to compile or dangerous to spread, and the only files that may see them.
LIBRARIES = {
    "yaml-cpp": {"agent/base/yaml.cc"},
    "CLI/": {"agent/main.cc", "agent/commands/"},
    # The examples that wifi and qdisc show in place of the kernel are JSON, and what Prometheus answers.
    "nlohmann": {"catalog/compiler/board_", "exporters/node/read/json_examples", "agent/commands/prometheus_api.cc"},
    "curl/": {"agent/clients/http/"},
    "hiredis/": {"agent/clients/redis/"},
    "libpq-fe.h": {"agent/clients/postgres/"},
    "prometheus/": {"agent/base/", "agent/scrape/", "agent/serve/", "agent/main.cc", "agent/commands/"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def sources():
    for folder in ("agent", "catalog", "exporters"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield path.relative_to(ROOT).as_posix()


def room(path):
    """The folder of the house that a file lives in."""
    if path.startswith("exporters/"):
        return "/".join(path.split("/")[:2])
    parts = path.split("/")
    for depth in (3, 2):
        name = "/".join(parts[:depth])
        if name in ALLOWED:
            return name
    return parts[0]


class Includes(unittest.TestCase):
    def check(self, path, target):
        own = room(path)
        allowed = ALLOWED["exporters"] if own.startswith("exporters/") else ALLOWED.get(own)
        if any(path.startswith(prefix) for prefix in EVERYTHING):
            return None
        if allowed is None:
            return f"{path}: the folder {own} has no place in the house yet: add it to ALLOWED"
        if target.startswith("metrics/"):
            return None if "metrics" in allowed else f"{path} may not include descriptors ({target})"
        other = room(target)
        if other == own or other in allowed or target in allowed:
            return None
        return f"{path} includes {target}, but {own} may not include {other}"

    def test_arrows(self):
        wrong = []
        seen = 0
        for path in sources():
            for bracket, target in INCLUDE.findall((ROOT / path).read_text()):
                if bracket == '"':
                    seen += 1
                    complaint = self.check(path, target)
                    if complaint:
                        wrong.append(complaint)
        self.assertGreater(seen, 100, "the grep finds nothing: is it broken?")
        self.assertEqual([], wrong)

    def test_libraries_stay_where_they_are(self):
        wrong = []
        for path in sources():
            for _, target in INCLUDE.findall((ROOT / path).read_text()):
                for library, homes in LIBRARIES.items():
                    if target.startswith(library) and not any(path.startswith(h) for h in homes):
                        wrong.append(f"{path} includes <{target}>")
        self.assertEqual([], wrong)

    def test_a_wrong_arrow_is_seen(self):
        self.assertIn("may not include", self.check("exporters/node/x.cc", "agent/scrape/engine.h"))
        self.assertIn("may not include", self.check("exporters/node/x.cc", "exporters/redis/y.h"))
        self.assertIn("may not include", self.check("agent/base/x.h", "agent/plugin/page.h"))
        self.assertIsNone(self.check("exporters/node/a/x.cc", "exporters/node/y.h"))


if __name__ == "__main__":
    unittest.main()
