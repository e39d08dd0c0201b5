"""Our exposition against the real readers: promtool takes what we write, Prometheus stores of it what
was meant, and promtool and our parser give the same verdict on text that others write.

BASEWATCH_BUILD names the build folder (default: build); promtool and prometheus come from PATH.
"""

import http.server
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("BASEWATCH_BUILD", HERE.parent.parent / "build"))
TOOL = BUILD / "exposition_tool"

# Text, and whether it is fine. Both promtool and we have to say so.
VERDICTS = [
    ("a 1\n", True),
    ("a{} 1\n", True),
    ("a {x=\"1\"} 1\n", True),
    ("a{x=\"1\" , y = \"2\",}1\n", True),
    ("a 1 1234\n", True),
    ("a .5\na{x=\"1\"} 5.\na{x=\"2\"} +1e3\na{x=\"3\"} Inf\na{x=\"4\"} nan\na{x=\"5\"} 1e-400\n", True),
    ("# HELP a x\n# TYPE a gauge\na 1\n", True),
    ("# TYPE a gauge\n# HELP a x\\n\\\\\na 1\n", True),
    ("#\n# HELP\n# TYPE\n# TYPE a\na 1\n", True),
    ("# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n", True),
    ("# TYPE a summary\na{quantile=\"0.5\"} 1\na_sum 1\na_count 1\n", True),
    ("a 1", False),
    ("a\n", False),
    ("a{x=\"\\t\"} 1\n", False),
    ("a{x=\"1\n\"} 1\n", False),
    ("a{@=\"1\"} 1\n", False),
    ("a{__name__=\"b\"} 1\n", False),
    ("a{x+=\"1\"} 1\n", False),
    ("a{x=1} 1\n", False),
    ("a{x=\"1\"+} 1\n", False),
    ("a{x=\"1\",x=\"1\"} 1\n", False),
    ("a{,} 1\n", False),
    ("a 1 2.5\n", False),
    ("a 1 2 3\n", False),
    ("a b\n", False),
    ("a 1_2\n", False),
    ("a 0x1p-3\n", False),
    ("a 1e400\n", False),
    ("a +nan\n", False),
    ("@a 1\n", False),
    ("{x=\"1\"} 1\n", False),
    ("# TYPE a counter\n# TYPE a gauge\na 1\n", False),
    ("a 1\n# TYPE a counter\n", False),
    ("# TYPE a bla\na 1\n", False),
    ("# TYPE a-b gauge\n", False),
    ("# TYPE a histogram\na_bucket{le=\"x\"} 1\n", False),
    ("# TYPE a summary\na{quantile=\"x\"} 1\n", False),
    ("a{x=\"\udcbd\"} 1\n", False),
]


def run(command, text=None):
    data = None if text is None else text.encode("utf-8", "surrogateescape")
    return subprocess.run(command, input=data, capture_output=True, timeout=60)


def promtool(text):
    """0: fine; 1: cannot be read; 3: can be read, but its linter dislikes something."""
    return run(["promtool", "check", "metrics"], text)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class PageServer(http.server.ThreadingHTTPServer):
    def __init__(self, page):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def query(port, expression):
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(url, timeout=5) as reply:
        return json.load(reply)["data"]["result"]


class Exposition(unittest.TestCase):
    def test_promtool_takes_the_nasty_page(self):
        page = run([TOOL, "nasty"]).stdout.decode()
        self.assertGreater(page.count("\n"), 40)
        result = promtool(page)
        # Bounds below zero and info metrics without a reason are matters of taste; reading is not.
        self.assertIn(result.returncode, (0, 3), result.stderr.decode())
        self.assertNotIn(b"error while linting", result.stderr)

    def test_verdicts(self):
        self.assertEqual(1, promtool("a{\n").returncode, "promtool refuses nothing: is it the right one?")
        for text, good in VERDICTS:
            with self.subTest(text=text):
                theirs = promtool(text)
                self.assertEqual(good, theirs.returncode in (0, 3), theirs.stderr.decode())
                ours = run([TOOL, "parse"], text)
                self.assertEqual(good, ours.returncode == 0, ours.stderr.decode())

    def test_prometheus_stores_what_was_meant(self):
        page = run([TOOL, "nasty"]).stdout
        series = sum(1 for line in page.split(b"\n") if line and not line.startswith(b"#"))
        server = PageServer(page)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        config = pathlib.Path(folder.name) / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{
                "job_name": "page", "honor_labels": True,
                "static_configs": [{"targets": [f"127.0.0.1:{server.server_address[1]}"]}]}]}))
        port = free_port()
        log = open(pathlib.Path(folder.name) / "log", "w+b")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder.name}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"],
            stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        scraped = []
        deadline = time.monotonic() + 60
        while not scraped:
            self.assertLess(time.monotonic(), deadline, "Prometheus never scraped the page")
            self.assertIsNone(process.poll(), "Prometheus ended")
            try:
                scraped = query(port, "scrape_samples_post_metric_relabeling")
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.1)  # it has no event to wait for
        self.assertEqual([str(series)], [result["value"][1] for result in scraped])

        stored = query(port, "nasty_value_celsius")
        values = {result["metric"]["case"]: float(result["value"][1]) for result in stored}
        self.assertEqual(1 / 3, values["third"])
        self.assertEqual(12345.678901, values["decimals"])
        self.assertEqual(0.1 + 0.2, values["sum"])
        self.assertEqual(2.0 ** 53, values["2^53"])
        self.assertEqual(5e-324, values["tiny"])
        self.assertEqual(float("inf"), values["inf"])
        self.assertNotEqual(values["nan"], values["nan"])
        self.assertEqual(12, len(values))
        self.assertEqual({"quote \" slash \\ line \n end"}, {r["metric"]["node"] for r in stored})
        texts = {result["metric"].get("text", "") for result in query(port, "nasty_text_info")}
        self.assertEqual({"", " ", "\"", "\\", "\n", "\\n", "\\\"", "},{a=\"b\"} 1", "# HELP", "\t\r",
                          "grüß 日本 🐘", "\ufffd\ufffd", "a\ufffd"}, texts)
        bounds = {r["metric"]["le"] for r in query(port, "nasty_wait_seconds_bucket")}
        self.assertEqual({"-1", "0", "1e-05", "0.0001", "0.25", "100000", "1e+06", "1e+21", "+Inf"}, bounds)
        log.seek(0)
        self.assertNotIn(b"uplicate", log.read())


if __name__ == "__main__":
    unittest.main()
