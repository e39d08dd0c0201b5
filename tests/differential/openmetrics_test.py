"""OpenMetrics against its specification and against a real Prometheus: what we write is valid, and a
Prometheus that reads either format stores the same series with the same values."""
import http.server
import pathlib
import subprocess
import threading
import unittest
import urllib.request

from exposition_test import VERDICTS
from support import openmetrics
from support.servers import BUILD, Agent, Prometheus, scratch, wait_until

TOOL = BUILD / "exposition_tool"
TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"

# What textfiles may hold, and what of it OpenMetrics cannot say as it is.
TEXTFILE = """\
# HELP own_requests_total Requests with \\\\ and "quotes".
# TYPE own_requests_total counter
own_requests_total{code="200"} 5
# TYPE own_requests counter
own_requests 3
# TYPE own_wait_seconds histogram
own_wait_seconds_bucket{le="0.5"} 1
own_wait_seconds_bucket{le="1"} 2
own_wait_seconds_bucket{le="+Inf"} 3
own_wait_seconds_sum 2.5
own_wait_seconds_count 3
# TYPE own_odd histogram
own_odd_bucket{le="1"} 2
own_odd_sum -2.5
own_odd_count 3
# TYPE own_pause summary
own_pause{quantile="0.5"} 2
own_pause{quantile="2"} 2
own_pause_count 3
own_untyped_bytes 7
"""


def tool(*arguments, text=None):
    data = None if text is None else text.encode("utf-8", "surrogateescape")
    done = subprocess.run([TOOL, *arguments], input=data, capture_output=True, timeout=60, check=True)
    return done.stdout.decode()


def text_series(page):
    """{(sample name, labels): value} of a page of the text format."""
    found = {}
    for line in page.split("\n"):
        if line and not line.startswith("#"):
            name, labels, value = openmetrics.SAMPLE.fullmatch(line).groups()
            pairs = openmetrics.ONE_LABEL.findall(labels or "")
            found[name, frozenset((k, openmetrics.unescaped(v)) for k, v in pairs)] = float(value)
    return found


class Pages(http.server.ThreadingHTTPServer):
    """Serves fixed pages: {path: (content type, text)}."""

    def __init__(self, pages):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                kind, text = pages[self.path]
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class OpenMetrics(unittest.TestCase):
    def assert_same_values(self, one, other):
        self.assertEqual(one.keys(), other.keys())
        self.assertEqual({}, {k: (v, other[k]) for k, v in one.items()
                              if v != other[k] and (v == v or other[k] == other[k])})

    def test_the_judge_refuses_what_the_specification_forbids(self):
        good = '# TYPE a counter\n# UNIT a \n# HELP a x\\n\\"\na_total{x="1",y="\\\\"} 1e3\n# EOF\n'
        self.assertEqual("counter", openmetrics.parse(good)["a"].type)
        openmetrics.parse("# EOF\n")
        for bad in ("", "a 1\n", "a 1\n# EOF", "# EOF\n# EOF\n", "a 1\n\n# EOF\n", "a  1\n# EOF\n",
                    "# TYPE a counter\na 1\n# EOF\n", "# TYPE a counter\na_total NaN\n# EOF\n",
                    "# TYPE a untyped\na 1\n# EOF\n", "# UNIT a bytes\na 1\n# EOF\n",
                    '# HELP a "x"\na 1\n# EOF\n', "# comment\n# EOF\n", "a 1\nb 1\na{x=\"1\"} 1\n# EOF\n",
                    "a 1\na 1\n# EOF\n", 'a{x="1",x="2"} 1\n# EOF\n', "a{,} 1\n# EOF\n",
                    "# TYPE a counter\na_total 1\n# TYPE a_created gauge\na_created 1\n# EOF\n",
                    '# TYPE a histogram\na_bucket{le="1"} 1\n# EOF\n',
                    '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\n# EOF\n',
                    '# TYPE a histogram\na_bucket{le="-1"} 1\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n# EOF\n',
                    '# TYPE a summary\na{quantile="2"} 1\n# EOF\n'):
            with self.subTest(bad), self.assertRaises(openmetrics.Invalid):
                openmetrics.parse(bad)

    def test_what_is_hard_to_write(self):
        page = openmetrics.parse(tool("nasty", "openmetrics"))
        self.assert_same_values(text_series(tool("nasty")), openmetrics.series(page))
        self.assertEqual("counter", page["nasty_jobs"].type)
        for name in ("nasty_resets", "nasty_lost_total", "nasty_taken_total", "nasty_unknown_bytes",
                     "nasty_wait_seconds_bucket"):
            self.assertEqual("unknown", page[name].type, name)
        self.assertEqual(("histogram", "seconds"), (page["nasty_sound_seconds"].type,
                                                    page["nasty_sound_seconds"].unit))

    def test_whatever_the_text_format_allows_can_be_said(self):
        for text, good in VERDICTS:
            if good:
                with self.subTest(text):
                    self.assert_same_values(text_series(tool("parse", text=text)), openmetrics.series(
                        openmetrics.parse(tool("parse", "openmetrics", text=text))))

    def stored(self, prometheus, job):
        """{series without its job: value} that Prometheus has of a job, without its own about the scrape."""
        found = {}
        for labels, value in prometheus.query(f'{{job="{job}"}}'):
            if not labels["__name__"].startswith("scrape_") and labels["__name__"] != "up":
                found[frozenset((k, v) for k, v in labels.items() if k != "job")] = value
        return found

    def test_prometheus_stores_the_same_of_both(self):
        server = Pages({"/text": (TEXT, tool("nasty").replace('job="nasty",', "")),
                        "/open": (TYPE, tool("nasty", "openmetrics").replace('job="nasty",', ""))})
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        jobs = "".join(f"  - job_name: {name}\n    metrics_path: /{name}\n    static_configs:\n"
                       f"      - {{targets: ['127.0.0.1:{server.server_address[1]}'], labels: {{instance: one}}}}\n"
                       for name in ("text", "open"))
        prometheus = self.enterContext(Prometheus(
            self.enterContext(scratch()), f"global: {{scrape_interval: 1s}}\nscrape_configs:\n{jobs}"))
        wait_until("both scraped", lambda: len(prometheus.query("up == 1")) == 2)
        wait_until("both stored", lambda: len(prometheus.query("nasty_resets")) == 2)
        text, other = self.stored(prometheus, "text"), self.stored(prometheus, "open")
        self.assertGreater(len(text), 40)
        self.assert_same_values(text, other)

    def test_an_agent_that_negotiates(self):
        folder = self.enterContext(scratch())
        pathlib.Path(folder, "own.prom").write_text(TEXTFILE)
        config = f"node: alpha\nexporters: {{node: {{collectors: {{textfile: {{directory: ['{folder}']}}}}}}}}\n"
        agent = self.enterContext(Agent(folder, config, server="openmetrics: true"))
        self.assertEqual(TEXT, self.content_type(agent.url + "/metrics", "text/plain"))
        self.assertEqual(TYPE, self.content_type(agent.url + "/metrics", "application/openmetrics-text"))
        page = openmetrics.parse(agent.page("/metrics?format=openmetrics"))
        self.assertEqual("counter", page["node_cpu_seconds"].type)
        # The stem of own_requests_total is a family of its own here.
        self.assertEqual({"unknown"}, {page[name].type for name in (
            "own_requests_total", "own_requests", "own_odd_bucket", "own_pause", "own_untyped_bytes")})
        self.assertEqual("histogram", page["own_wait_seconds"].type)
        # Prometheus asks for OpenMetrics by itself; the other job by its name for text.
        target = f"{{targets: ['{agent.host}:9777'], labels: {{way: WAY}}}}"
        jobs = "".join(f"  - job_name: {name}\n    honor_labels: true\n{more}    static_configs:\n"
                       f"      - {target.replace('WAY', name)}\n"
                       for name, more in (("open", ""), ("text", "    params: {format: [text]}\n")))
        prometheus = self.enterContext(Prometheus(
            self.enterContext(scratch()), f"global: {{scrape_interval: 1s}}\nscrape_configs:\n{jobs}"))
        wait_until("both stored", lambda: len(prometheus.query("own_pause_count")) == 2)
        wait_until("both have the counters of requests", lambda: len(
            prometheus.query('basewatch_http_requests_total{endpoint="/metrics"}')) == 2)
        metadata = prometheus.api("metadata")
        self.assertIn("node_cpu_seconds", metadata)  # as OpenMetrics calls it, so it was read
        self.assertIn("node_cpu_seconds_total", metadata)
        stored = {way: {frozenset((k, v) for k, v in labels.items() if k != "way")
                        for labels, _ in prometheus.query(f'{{way="{way}",__name__!~"up|scrape_.*"}}')}
                  for way in ("open", "text")}
        self.assertGreater(len(stored["text"]), 150)
        self.assertEqual(set(), stored["open"] ^ stored["text"])

    def content_type(self, url, accept):
        request = urllib.request.Request(url, headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.headers["Content-Type"]


if __name__ == "__main__":
    unittest.main()
