"""The node exporter against Debian's node_exporter: the same collectors, one run, gzip on for both; on this
host, and on node_exporter's own fixtures when NODE_EXPORTER_FIXTURES names them.

Prints per scrape the CPU time (all threads), the time to the last byte and the calls of read() and the like,
and the memory after all of them.
"""
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request

from differential import node_fixtures_test as fixtures
from support.servers import BASEWATCH, Agent, Server, address, scratch

PEER = "prometheus-node-exporter"
# Debian's defaults are others than node_exporter's.
UPSTREAM = ["--collector.netdev.device-exclude=^$",
            r"--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$",
            "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|"
            "var/lib/containers/storage/.+)($|/)"]
SCRAPES = int(os.environ.get("BASEWATCH_BENCH_SCRAPES", "30"))


def cpu_seconds(pid):
    """User and system time of all threads, from the scheduler's nanosecond counters."""
    return sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def numbers(path, wanted):
    rows = (line.split(":") for line in pathlib.Path(path).read_text().splitlines())
    return {row[0]: int(row[1].split()[0]) for row in rows if row[0] in wanted}


def scrape(url):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip",
                                                   "X-Prometheus-Scrape-Timeout-Seconds": "10"})
    with urllib.request.urlopen(request) as reply:
        return len(reply.read())


class Side:
    """One of the two programs, and what its scrapes cost."""

    def __init__(self, server, url):
        self.server, self.url = server, url
        self.cpu, self.latency, self.reads = [], [], []
        self.bytes = 0
        for _ in range(10):
            scrape(url)

    def series(self):
        with urllib.request.urlopen(self.url) as reply:
            return sum(1 for line in reply.read().split(b"\n") if line.startswith(b"node_"))

    def measure(self):
        pid = self.server.process.pid
        cpu, reads, begin = cpu_seconds(pid), numbers(f"/proc/{pid}/io", ["syscr"])["syscr"], time.monotonic()
        self.bytes = scrape(self.url)
        self.latency.append((time.monotonic() - begin) * 1e3)
        self.cpu.append((cpu_seconds(pid) - cpu) * 1e3)
        self.reads.append(numbers(f"/proc/{pid}/io", ["syscr"])["syscr"] - reads)

    def memory(self):
        return numbers(f"/proc/{self.server.process.pid}/status", ["VmRSS", "VmHWM", "RssAnon"])


def compare(name, ours, peer):
    # One scrape of each a second, as Prometheus does it: caches are cold, and the agent has nothing to
    # reuse (a good result serves again for a second).
    for _ in range(SCRAPES):
        time.sleep(1.02)
        ours.measure()
        peer.measure()

    def line(what, mine, theirs, unit, digits=2):
        ratio = f", ratio {mine / theirs:.2f}" if theirs else ""
        print(f"node, {name}: {what}: ours {mine:.{digits}f}{unit}, node_exporter {theirs:.{digits}f}{unit}{ratio}")

    print(f"node, {name}: series: ours {ours.series()}, node_exporter {peer.series()}")
    ratios = sorted(a / b for a, b in zip(ours.cpu, peer.cpu))
    print(f"node, {name}: CPU per scrape: ours {statistics.median(ours.cpu):.2f} ms, node_exporter "
          f"{statistics.median(peer.cpu):.2f} ms, ratio {statistics.median(ratios):.2f} "
          f"(quartiles {ratios[len(ratios) // 4]:.2f} to {ratios[3 * len(ratios) // 4]:.2f})")
    line("latency", statistics.median(ours.latency), statistics.median(peer.latency), " ms")
    line("calls of read", statistics.median(ours.reads), statistics.median(peer.reads), "", 0)
    line("bytes", ours.bytes, peer.bytes, "", 0)
    mine, theirs = ours.memory(), peer.memory()
    for key, what in (("VmRSS", "resident memory"), ("RssAnon", "anonymous memory"), ("VmHWM", "most memory")):
        line(what, mine[key] / 1024, theirs[key] / 1024, " MB", 1)


def node_flags(arguments, folder):
    return subprocess.run([BASEWATCH, "node-flags", *arguments], cwd=folder, check=True, text=True,
                          capture_output=True).stdout


def peer_flags():
    return set(re.findall(r"--(collector\.[\w.-]+|path\.[\w.]+)", subprocess.run(
        [PEER, "--help"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout))


def run(name, arguments, folder):
    """Both with the same flags, as far as the peer knows them; ours with what node-flags makes of them."""
    text = node_flags(arguments, folder)
    text = "".join(line for line in text.splitlines(True) if not re.match(r"version:|server:|  (listen|#)", line))
    with scratch() as place:
        host = address()
        command = [PEER, *arguments, f"--web.listen-address={host}:9100"]
        with Server(command, ready="Listening on", cwd=folder) as peer, Agent(place, "node: bench\n" + text) as ours:
            compare(name, Side(ours, ours.url + "/metrics/node"), Side(peer, f"http://{host}:9100/metrics"))


def main():
    known, ours = peer_flags(), set(fixtures.present())
    both = sorted(c for c in ours if f"collector.{c}" in known)
    by_default = [c for c in both if re.search(rf"^  *{c}: true$|^  *{c}:\n  *enabled: true$", node_flags([], "/"), re.M)]
    run("this host", ["--collector.disable-defaults"] + [f"--collector.{c}" for c in by_default] + UPSTREAM, "/")
    given = os.environ.get("NODE_EXPORTER_FIXTURES")
    if not given:
        print("node, fixtures: SKIPPED: NODE_EXPORTER_FIXTURES is not set")
        return
    with tempfile.TemporaryDirectory(prefix="basewatch-fixtures-") as folder:
        root = fixtures.unpacked(given, folder)
        wanted = [c for c in both if c in fixtures.SWITCHED_ON or c in by_default and c not in fixtures.OFF]
        options = [o for o in fixtures.OPTIONS
                   if re.sub(r"^--(no-)?|=.*$", "", o) in known and not o.startswith(("--web.", "--log."))]
        run("fixtures", ["--collector.disable-defaults"] + [f"--collector.{c}" for c in wanted] + options
            + ["--collector.netdev.device-exclude="],
            root.parent.parent)


main()
