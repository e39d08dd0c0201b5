"""Debian's node_exporter and ours on this very host, in the same second, with the same collectors: the
same families, types and label sets, and values that differ by no more than the time between them."""
import re
import shutil
import subprocess
import sys
import tempfile
import pathlib
import unittest

from differential.node_page import Expected, Page, differences
from support.servers import BASEWATCH, Server, address, get

COLLECTORS = ["cpu", "meminfo", "loadavg", "stat", "filesystem", "netdev", "vmstat", "textfile"]
MOUNT_POINTS_EXCLUDE = "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
TEXTFILE = '# TYPE backups_total counter\nbackups_total{kind="full"} 7\nbackup_age_seconds 3.5\n'

# How far a gauge may move while the two pages are made: absolute, and relative to its value.
TOLERANCE = [
    (r"^node_load", 1.0, 0.2),
    (r"^node_memory_", 256 << 20, 0.3),
    (r"^node_filesystem_.*_bytes", 512 << 20, 0.01),
    (r"^node_filesystem_files", 50_000, 0.01),
    (r"^node_procs_", 64, 0),
    (r"^node_cpu_frequency", 5e9, 1),
]
COUNTER = re.compile(r"_total$|^node_vmstat_")


class Live(unittest.TestCase):
    maxDiff = None

    def pages(self):
        """Theirs, ours, theirs again: what is on both sides of ours bounds it."""
        peer_binary = shutil.which("prometheus-node-exporter")
        if not peer_binary:
            print("SKIPPED: prometheus-node-exporter is not installed", file=sys.stderr)
            self.skipTest("prometheus-node-exporter is not installed")
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="basewatch-")))
        (folder / "a.prom").write_text(TEXTFILE)
        config = folder / "basewatch.yml"
        config.write_text("version: 1\nexporters:\n  node:\n    collectors:\n"
                          f"      textfile: {{directory: \"{folder}\"}}\n"
                          "      cpu: {info: true}\n      stat: {softirq: true}\n")
        host = address()
        # Debian has other defaults than node_exporter for these two: it leaves out lo, /run, /mnt, /media.
        command = [peer_binary, "--collector.netdev.device-exclude=^$",
                   "--collector.filesystem.mount-points-exclude=" + MOUNT_POINTS_EXCLUDE, f"--web.listen-address={host}:9100", "--collector.disable-defaults",
                   "--collector.cpu.info", "--collector.stat.softirq",
                   f"--collector.textfile.directory={folder}"]
        peer = self.enterContext(Server(command + [f"--collector.{name}" for name in COLLECTORS],
                                        ready="Listening on"))
        url = f"http://{host}:9100/metrics"
        for _ in range(20):
            devices = self.devices()
            before = Page(get(url)[1])
            run = subprocess.run([BASEWATCH, "once", "node", "--config", config], capture_output=True,
                                 timeout=60, check=False)
            self.assertEqual(0, run.returncode, run.stderr.decode())
            after = Page(get(url)[1])
            if devices == self.devices():
                return before, Page(run.stdout.decode()), after
        self.fail(f"mounts or network devices of this host never stand still: {peer.output()}")

    @staticmethod
    def devices():
        """What may come and go between two pages: other tests of this host mount things."""
        return (pathlib.Path("/proc/1/mountinfo").read_text(), sorted(p.name for p in pathlib.Path("/sys/class/net").iterdir()))

    def test_the_same_series(self):
        before, ours, after = self.pages()
        own = r"^(?!go_|process_|promhttp_|node_exporter_build_info|node_scrape_collector_duration)"
        other_collectors = {k for k in ours.series
                            if k[0].startswith("node_scrape_collector_") and dict(k[1])["collector"] not in COLLECTORS}
        for key in other_collectors:
            del ours.series[key]
        before, ours, after = before.only(own), ours.only(own), after.only(own)
        self.as_in_1_5(ours)
        # Counters are between the two pages of the peer; gauges are near one of them.
        lines = differences(before, ours, same=lambda a, b: True)
        expected = Expected("debian-1.5.0")
        self.assertEqual([], expected.remove(lines))
        self.assertGreater(len(before.series), 150)
        wrong = [text for key, value in ours.series.items() if key in before.series and key in after.series
                 for text in [self.judge(key, before.series[key], value, after.series[key])] if text]
        self.assertEqual([], wrong)

    @staticmethod
    def as_in_1_5(page):
        """Since 1.5.0 a mount that cannot be read says why in a label, and tells whether it is read-only."""
        for key, value in list(page.series.items()):
            labels = dict(key[1])
            if not labels.pop("device_error", ""):
                continue
            del page.series[key]
            if key[0] == "node_filesystem_device_error":
                page.series[(key[0], tuple(sorted(labels.items())))] = value

    @staticmethod
    def judge(key, low, value, high):
        name = key[0]
        if COUNTER.search(name) or name.endswith("_sum"):
            # The clock of idle and iowait is read at another moment than it is written.
            slack = 0.05 if name.startswith("node_cpu_") else 0
            ok = min(low, high) - slack <= value <= max(low, high) + slack
        else:
            absolute, relative = next(((a, r) for p, a, r in TOLERANCE if re.search(p, name)), (0, 0))
            ok = any(abs(value - v) <= absolute + relative * abs(v) for v in (low, high))
        return None if ok else f"{name}{dict(key[1])}: {low} .. {value} .. {high}"


if __name__ == "__main__":
    unittest.main()
