"""Starts the real servers that tests talk to, in temporary folders on loopback addresses of their own,
and stops them again. Nothing here sleeps for a server to come up: its own log line is awaited."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BASEWATCH_BUILD", ROOT / "build"))
BASEWATCH = BUILD / "basewatch"

_counter = 0


def address():
    """A loopback address that no other server of this machine uses: 127.x.y.z from our process id, so
    that fixed ports never collide and no port has to be guessed."""
    global _counter
    _counter += 1
    pid = os.getpid()
    return f"127.{16 + (pid >> 8) % 200}.{pid % 256}.{_counter}"


class Server:
    """A child process and what it writes. `ready` is a pattern of the line that says it serves; one that says so
    before it listens also needs `answers`, its HOST:PORT."""

    def __init__(self, command, ready, answers=None, **popen):
        self.command = [str(part) for part in command]
        self.lines = []
        self._ready = threading.Event()
        self._pattern = re.compile(ready)
        self.match = None
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace", **popen)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(90) or self.match is None:
            self.stop()
            raise RuntimeError(f"{self.command[0]} did not come up:\n" + self.output())
        if answers:
            wait_until(f"{self.command[0]} listens on {answers}", lambda: accepts(answers), 30)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            if self.match is None:
                self.match = self._pattern.search(line)
                if self.match:
                    self._ready.set()
        self._ready.set()

    def output(self):
        return "".join(self.lines)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=10):
        """Returns the exit status; kills what does not go by itself."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        self.process.stdout.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def get(url, timeout=10, headers=None, method="GET"):
    """Status and text, also of an error answer."""
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def series_of(text):
    """{series as written: value} of a page in the text format."""
    series = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            series[name] = float(value)
    return series


def accepts(where):
    """Whether somebody listens on HOST:PORT."""
    host, _, port = where.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except OSError:
        return False
    return True


def wait_until(what, condition, seconds=60):
    """Asks `condition` until it answers something true; for facts that no event announces."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Agent(Server):
    """basewatch run with a configuration given as text; `server.listen` is added, and what else stands
    in `server` ("tls: {...}")."""

    def __init__(self, folder, config, host=None, port=9777, server="", **popen):
        self.folder = pathlib.Path(folder)
        self.host = host or address()
        self.url = f"http://{self.host}:{port}"
        self.config = self.folder / "basewatch.yml"
        self.config.write_text(f'version: 1\nserver: {{listen: "{self.host}:{port}"{server and ", " + server}}}\n' + config)
        super().__init__([BASEWATCH, "run", "--config", self.config], ready=r"listen", **popen)

    def page(self, path="/metrics"):
        status, text = get(self.url + path)
        if status != 200:
            raise AssertionError(f"{path}: {status} {text}")
        return text


class Prometheus(Server):
    """Debian's Prometheus over a configuration text."""

    def __init__(self, folder, config, host=None, port=9090, options=()):
        self.folder = pathlib.Path(folder)
        self.host = host or address()
        self.url = f"http://{self.host}:{port}"
        self.config = self.folder / "prometheus.yml"
        self.config.write_text(config)
        super().__init__(["prometheus", f"--config.file={self.config}",
                          f"--storage.tsdb.path={self.folder / 'data'}",
                          f"--web.listen-address={self.host}:{port}", "--web.enable-lifecycle",
                          "--log.level=info", *options],
                         ready=r"Server is ready to receive web requests")

    def api(self, path):
        status, text = get(self.url + "/api/v1/" + path)
        if status != 200:
            raise AssertionError(f"{path}: {status} {text}")
        return json.loads(text)["data"]

    def query(self, expr):
        """[(labels, value), ...] of an instant query."""
        from urllib.parse import quote
        result = self.api("query?query=" + quote(expr))["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def firing(self, name):
        return [alert for alert in self.api("alerts")["alerts"]
                if alert["labels"]["alertname"] == name and alert["state"] == "firing"]


class Alertmanager(Server):
    """Debian's Alertmanager over a configuration file: alone, or in a cluster with `peers` (hosts)."""

    def __init__(self, config, folder, host=None, port=9093, peers=None, options=()):
        self.host = host or address()
        self.url = f"http://{self.host}:{port}"
        cluster = ["--cluster.listen-address="]
        if peers is not None:
            cluster = [f"--cluster.listen-address={self.host}:9094", f"--cluster.advertise-address={self.host}:9094",
                       "--cluster.settle-timeout=0s", *(f"--cluster.peer={peer}:9094" for peer in peers)]
        super().__init__(["prometheus-alertmanager", f"--config.file={config}",
                          f"--storage.path={folder}", f"--web.listen-address={self.host}:{port}",
                          *cluster, *options],
                         ready=r"Listening on")

    def post(self, alerts):
        body = json.dumps(alerts).encode()
        request = urllib.request.Request(self.url + "/api/v2/alerts", data=body,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            reply.read()

    def alerts(self):
        status, text = get(self.url + "/api/v2/alerts")
        if status != 200:
            raise AssertionError(f"/api/v2/alerts: {status} {text}")
        return json.loads(text)


def scratch():
    return tempfile.TemporaryDirectory(prefix="basewatch-")
