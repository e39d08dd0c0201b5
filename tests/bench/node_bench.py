"""The node exporter against Debian's node_exporter: the same collectors, one run, gzip on for both; on this
host, and on node_exporter's own fixtures when NODE_EXPORTER_FIXTURES names them.

Prints per scrape the CPU time (all threads), the time to the last byte, the calls of read() and the like, and
the memory after all of them; then, in scrapes of their own, the system calls and the allocations. Ours are
counted by a malloc that is preloaded into a second agent, the peer's are Go's own go_memstats_mallocs_total.
"""
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request

from bench.counting import Allocations, system_calls
from bench.scraper import Pairs, scrape
from differential import node_fixtures_test as fixtures
from support.servers import BASEWATCH, Agent, Server, address, scratch

PEER = "prometheus-node-exporter"
# Debian's defaults are others than node_exporter's.
UPSTREAM = ["--collector.netdev.device-exclude=^$",
            r"--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$",
            "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|"
            "var/lib/containers/storage/.+)($|/)"]
COUNTED = 10  # scrapes in which calls and allocations are counted
SCRAPES = int(os.environ.get("BASEWATCH_BENCH_SCRAPES", "30"))


def numbers(path, wanted):
    rows = (line.split(":") for line in pathlib.Path(path).read_text().splitlines())
    return {row[0]: int(row[1].split()[0]) for row in rows if row[0] in wanted}


def scrapes(url, count):
    """An agent that is asked twice in a second answers with what it has."""
    for _ in range(count):
        time.sleep(1.02)
        scrape(url)


def go_allocations(url):
    """Of a whole scrape: each page says how many there had been when Go was asked."""
    def mallocs():
        with urllib.request.urlopen(url) as reply:
            return float(re.search(rb"^go_memstats_mallocs_total (\S+)", reply.read(), re.M)[1])
    before = mallocs()
    scrapes(url, COUNTED - 1)
    return (mallocs() - before) / COUNTED


def our_allocations(config):
    with scratch() as place:
        counter = Allocations(place)
        with Agent(place, config, env=counter.environment) as agent:
            scrapes(agent.url + "/metrics/node", 3)
            before = counter.now()
            scrapes(agent.url + "/metrics/node", COUNTED)
            return (counter.now() - before) / COUNTED


class Side:
    """One of the two programs, and what its scrapes cost."""

    def __init__(self, server, url):
        self.server, self.url = server, url
        self.latency, self.reads = [], []
        self.bytes = 0
        for _ in range(10):
            scrape(url)

    def series(self):
        with urllib.request.urlopen(self.url) as reply:
            return sum(1 for line in reply.read().split(b"\n") if line.startswith(b"node_"))

    def measure(self):
        pid = self.server.process.pid
        reads, begin = numbers(f"/proc/{pid}/io", ["syscr"])["syscr"], time.monotonic()
        self.bytes = len(scrape(self.url))
        self.latency.append((time.monotonic() - begin) * 1e3)
        self.reads.append(numbers(f"/proc/{pid}/io", ["syscr"])["syscr"] - reads)

    def system_calls(self):
        """Per scrape, and why there is no number."""
        calls, reason = system_calls(self.server.process.pid, lambda: scrapes(self.url, COUNTED))
        return (None, reason) if calls is None else (calls / COUNTED, None)

    def memory(self):
        return numbers(f"/proc/{self.server.process.pid}/status", ["VmRSS", "VmHWM", "RssAnon"])


def compare(name, ours, peer, config):
    pairs = Pairs(ours.server.process.pid, peer.server.process.pid)
    pairs.run(SCRAPES, ours.measure, peer.measure)

    def line(what, mine, theirs, unit, digits=2):
        ratio = f", ratio {mine / theirs:.2f}" if theirs else ""
        print(f"node, {name}: {what}: ours {mine:.{digits}f}{unit}, node_exporter {theirs:.{digits}f}{unit}{ratio}")

    print(f"node, {name}: series: ours {ours.series()}, node_exporter {peer.series()}")
    print(f"node, {name}: {pairs.line('node_exporter')}")
    line("latency", statistics.median(ours.latency), statistics.median(peer.latency), " ms")
    line("calls of read", statistics.median(ours.reads), statistics.median(peer.reads), "", 0)
    line("bytes", ours.bytes, peer.bytes, "", 0)
    mine, theirs = ours.memory(), peer.memory()
    for key, what in (("VmRSS", "resident memory"), ("RssAnon", "anonymous memory"), ("VmHWM", "most memory")):
        line(what, mine[key] / 1024, theirs[key] / 1024, " MB", 1)

    (mine, reason), (theirs, _) = ours.system_calls(), peer.system_calls()
    if mine and theirs:
        line("system calls", mine, theirs, "", 0)
    else:
        print(f"node, {name}: system calls: not measured: {reason}")
    line("allocations", our_allocations(config), go_allocations(peer.url), "", 0)


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
        config = "node: bench\n" + text
        with Server(command, ready="Listening on", cwd=folder) as peer, Agent(place, config) as ours:
            compare(name, Side(ours, ours.url + "/metrics/node"), Side(peer, f"http://{host}:9100/metrics"), config)


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
