"""Our page of node_exporter's own fixture trees against the page that node_exporter 1.11.1 makes of
them: every series of the collectors that we have, by type, labels and value.

The fixtures are not part of this project. NODE_EXPORTER_FIXTURES names the archive (.tar.xz, .tar.gz) of
node_exporter's folder collector/fixtures, or the folder into which it was unpacked.
"""
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

from differential.node_page import Expected, Page, differences
from support.servers import BASEWATCH

# What each of our collectors puts on the page, beside what the textfiles of the fixture hold.
FAMILIES = {
    "cpu": r"^node_cpu_(seconds_total|guest_seconds_total|info|frequency_hertz|flag_info|bug_info|"
           r"core_throttles_total|package_throttles_total|isolated|online)$",
    "stat": r"^node_(boot_time_seconds|context_switches_total|forks_total|intr_total|procs_running|"
            r"procs_blocked|softirqs_total)$",
    "meminfo": r"^node_memory_(?!numa_)",
    "loadavg": r"^node_load\d+$",
    "vmstat": r"^node_vmstat_",
    "netdev": r"^node_network_(receive|transmit)_\w+_total$",
    "textfile": r"^(node_textfile_scrape_error|testmetric)",
}
# node_exporter's own end-to-end test leaves these out: they come from the real host.
LIVE = r"^node_network_(receive|transmit)_(bytes|packets)_total$"

CONFIG = """\
version: 1
exporters:
  node:
    paths: {{procfs: {root}/proc, sysfs: {root}/sys, rootfs: {root}, udev_data: {root}/udev/data}}
    collectors:
      cpu: {{info: true, info_flags_include: "^(aes|avx.?|constant_tsc)$",
            info_bugs_include: "^(cpu_meltdown|spectre_.*|mds)$"}}
      netdev: {{device_include: lo}}
      stat: {{softirq: true}}
      textfile: {{directory: {root}/textfile/two_metric_files/}}
"""


class PageTest(unittest.TestCase):
    """That the comparison sees what it should see."""

    def test_differences(self):
        theirs = Page('# TYPE a counter\na{x="1",y=""} 1\nb 2\nc{l="a\\"},b"} 3\n')
        ours = Page('# TYPE a gauge\na{x="1"} 1\nb 3\nd 4\n')
        self.assertEqual(["type a counter -> gauge", "value b 2.0 -> 3.0", 'missing c{l="a\\"},b"}',
                          "extra d"], differences(theirs, ours))
        self.assertEqual([], differences(theirs, theirs))
        for bad in ("a 1 2 3", "a{x=1} 2", "a 1\na 1", 'a{x="1" y="2"} 3'):
            with self.assertRaises(ValueError, msg=bad):
                Page(bad)


class Fixtures(unittest.TestCase):
    maxDiff = None

    def fixtures(self):
        given = os.environ.get("NODE_EXPORTER_FIXTURES")
        if not given:
            message = "NODE_EXPORTER_FIXTURES is not set: name node_exporter's fixtures to compare with them"
            print(f"SKIPPED: {message}", file=sys.stderr)
            self.skipTest(message)
        path = pathlib.Path(given)
        if path.is_file():
            folder = self.enterContext(tempfile.TemporaryDirectory(prefix="basewatch-fixtures-"))
            with tarfile.open(path) as archive:
                archive.extractall(folder)  # a file of ours, named by the one who runs the test
            path = pathlib.Path(folder)
        found = list(path.rglob("e2e-output.txt"))
        self.assertEqual(1, len(found), f"no fixtures of node_exporter in {given}")
        return found[0].parent

    def page(self, root, settings=""):
        config = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "basewatch.yml"
        config.write_text(CONFIG.format(root=root) + settings)
        # node_exporter's test shows other collectors on its page, too; filesystem is not among them.
        run = subprocess.run([BASEWATCH, "once", "node", "--config", config], capture_output=True,
                             timeout=60, check=False)
        self.assertEqual(0, run.returncode, run.stderr.decode())
        return Page(run.stdout.decode())

    def test_every_series_of_our_collectors(self):
        root = self.fixtures()
        # A filesystem collector on the fixture's mounts would ask for folders of this machine.
        ours = self.page(root, "      filesystem: false\n")
        theirs = Page((root / "e2e-output.txt").read_bytes().decode(errors="replace"))
        lines = []
        for collector, wanted in FAMILIES.items():
            part, peer = ours.only(wanted).without(LIVE), theirs.only(wanted).without(LIVE)
            self.assertGreater(len(peer.series), 0, f"the peer has nothing of {collector}: wrong names?")
            lines += differences(peer, part)
        for collector in FAMILIES:
            key = ("node_scrape_collector_success", (("collector", collector),))
            self.assertEqual(1, theirs.series.get(key), collector)
            self.assertEqual(1, ours.series.get(key), collector)
        expected = Expected("fixtures")
        self.assertEqual([], expected.remove(lines))
        self.assertEqual(len(expected.rules), len(expected.used), "node.expected lists what is no longer so")

    def test_textfile_folders(self):
        """node_exporter's cases for the textfile collector, each with the page it makes."""
        root = self.fixtures()
        cases = sorted(root.glob("textfile/*.out"))
        self.assertGreater(len(cases), 10)
        expected = Expected("textfile")
        for case in cases:
            with self.subTest(case.stem):
                config = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "basewatch.yml"
                folder = {"glob_extra_dimension": "*_extra_dimension"}.get(case.stem, case.stem)
                config.write_text("version: 1\nexporters:\n  node:\n    collectors:\n      textfile: {directory: "
                                  f"\"{root}/textfile/{folder}\"}}\n")
                run = subprocess.run([BASEWATCH, "once", "node", "--config", config], capture_output=True,
                                     timeout=60, check=False)
                ours = Page(run.stdout.decode())
                theirs = Page(case.read_text())
                # Only what comes from textfiles; their times are those of the checkout.
                other = r"^(?!node_(?!textfile)|basewatch_|up$)(?!node_textfile_mtime_seconds)"
                lines = differences(theirs.only(other), ours.only(other))
                times = [len(p.only("^node_textfile_mtime_seconds$").series) for p in (theirs, ours)]
                if times[0] != times[1]:
                    lines.append(f"files read {times[0]} -> {times[1]}")
                self.assertEqual([], expected.remove([f"{case.stem}: {line}" for line in lines]))


if __name__ == "__main__":
    unittest.main()
