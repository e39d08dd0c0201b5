"""Our page of node_exporter's own fixture trees against the page that node_exporter 1.11.1 makes of
them: every series, by name, type, labels and value.

The fixtures are not part of this project. NODE_EXPORTER_FIXTURES names the archive (.tar.xz, .tar.gz) of
node_exporter's folder collector/fixtures, or the folder into which it was unpacked.

While a collector is being written: `node_fixtures_test.py --collector xfs` prints what is missing,
extra and different of that one, listed differences included.
"""
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from differential.node_page import Expected, Page, differences  # noqa: E402
from support.servers import BASEWATCH  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Whose a metric is, where its name does not begin with node_<collector>_. The first that matches.
OWNERS = [
    (r"^node_cpu_scaling_", "cpufreq"),
    (r"^node_cooling_device_", "thermal_zone"),
    (r"^node_disk_", "diskstats"),
    (r"^node_load\d", "loadavg"),
    (r"^node_md_", "mdadm"),
    (r"^node_memory_numa_", "meminfo_numa"),
    (r"^node_memory_", "meminfo"),
    (r"^node_network_(receive|transmit)_\w+_total$", "netdev"),
    (r"^node_network_", "netclass"),
    (r"^node_nf_conntrack_", "conntrack"),
    (r"^node_power_supply_", "powersupplyclass"),
    (r"^node_tape_", "tapestats"),
    (r"^node_udp_queues$", "udp_queues"),
    (r"^testmetric", "textfile"),
    (r"^node_(boot_time_seconds|context_switches_total|forks_total|intr_total|procs_running|"
     r"procs_blocked|softirqs_total)$", "stat"),
]
# What node_exporter's own end-to-end test leaves out, since it is another at every run.
SKIPPED = (r"^(go_|promhttp_|process_|basewatch_|node_exporter_build_info|node_textfile_mtime_seconds|"
           r"node_scrape_collector_duration_seconds|node_time_(zone|seconds)|"
           r"node_network_(receive|transmit)_(bytes|packets)_total)")
# The command line of node_exporter's end-to-end test (x86_64), run in the folder above collector/.
SWITCHED_ON = """
    arp bcache bcachefs bonding btrfs buddyinfo cgroups conntrack cpu cpufreq cpu_vulnerabilities diskstats
    dmi drbd edac entropy fibrechannel filefd hwmon infiniband interrupts ipvs kernel_hung ksmd lnstat
    loadavg mdadm meminfo meminfo_numa mountstats netdev netstat nfs nfsd pcidevice pressure processes qdisc
    rapl schedstat slabinfo sockstat softirqs stat sysctl textfile thermal_zone udp_queues vmstat watchdog
    wifi xfrm xfs zfs zoneinfo""".split()
OFF = ["selinux", "filesystem", "timex", "uname"]
OPTIONS = [
    "--path.rootfs=collector/fixtures", "--path.procfs=collector/fixtures/proc",
    "--path.sysfs=collector/fixtures/sys", "--path.udev.data=collector/fixtures/udev/data",
    "--collector.arp.device-exclude=nope", "--no-collector.arp.netlink", "--collector.bcache.priorityStats",
    "--collector.cpu.info", "--collector.cpu.info.bugs-include=^(cpu_meltdown|spectre_.*|mds)$",
    "--collector.cpu.info.flags-include=^(aes|avx.?|constant_tsc)$",
    "--collector.hwmon.chip-include=(applesmc|asus_nb_wmi|coretemp|hwmon4|ieee80211|nct6779)",
    "--collector.netclass.ignore-invalid-speed", "--collector.netclass.ignored-devices=(dmz|int)",
    "--collector.netdev.device-include=lo", "--collector.qdisc.device-include=(wlan0|eth0)",
    "--collector.qdisc.fixtures=collector/fixtures/qdisc/", "--collector.stat.softirq",
    "--collector.sysctl.include-info=kernel.seccomp.actions_avail", "--collector.sysctl.include=fs.file-nr",
    "--collector.sysctl.include=fs.file-nr:total,current,max", "--collector.sysctl.include=kernel.threads-max",
    "--collector.textfile.directory=collector/fixtures/textfile/two_metric_files/",
    "--collector.wifi.fixtures=collector/fixtures/wifi",
    "--web.listen-address=127.0.0.1:9100", "--log.level=debug",
]


def present():
    """The collectors that there are."""
    return re.findall(r"^COLLECTOR\((\w+)\)", (ROOT / "exporters/node/collectors.def").read_text(), re.M)


def owner(name, collectors):
    for pattern, collector in OWNERS:
        if re.search(pattern, name):
            return collector
    fitting = [c for c in collectors if name.startswith(f"node_{c}_")]
    return max(fitting, key=len, default=None)


def unpacked(given, folder):
    """The folder collector/fixtures; an archive is unpacked into `folder`."""
    path = pathlib.Path(given)
    if path.is_file():
        with tarfile.open(path) as archive:
            archive.extractall(folder)  # a file of ours, named by the one who runs the test
        path = pathlib.Path(folder)
    found = list(path.rglob("e2e-output.txt"))
    if len(found) != 1:
        raise FileNotFoundError(f"no fixtures of node_exporter in {given}")
    return found[0].parent


def configuration(root, chosen=None):
    """What `basewatch node-flags` makes of the command line; of it with the chosen collectors only."""
    if chosen is None:
        switches = [f"--collector.{c}" for c in SWITCHED_ON] + [f"--no-collector.{c}" for c in OFF]
    else:
        with_it = ["cpufreq"] if "cpu" in chosen else []  # its frequencies are shown by cpu
        switches = ["--collector.disable-defaults"] + [f"--collector.{c}" for c in {*chosen, *with_it}]
    return subprocess.run([BASEWATCH, "node-flags", *switches, *OPTIONS], cwd=root.parent.parent, text=True,
                          check=True, capture_output=True, timeout=60).stdout


def our_page(config, folder, root):
    """`root` as node_exporter was told it, relative to where it ran, also where it stands in a label."""
    path = pathlib.Path(folder) / "basewatch.yml"
    path.write_text(config)
    run = subprocess.run([BASEWATCH, "once", "node", "--config", path], capture_output=True, timeout=60,
                         check=False)
    return run, Page(run.stdout.decode().replace(f'="{root.parent.parent}/', '="'))


def compared(theirs, ours, collectors):
    """Both pages, as far as they are these collectors'."""
    everyone = {dict(labels)["collector"] for name, labels in theirs.series
                if name == "node_scrape_collector_success"} | set(present())

    def part(page):
        page = page.part(lambda name: not re.search(SKIPPED, name) and
                         (name == "node_scrape_collector_success" or owner(name, everyone) in collectors))
        page.series = {key: value for key, value in page.series.items()
                       if key[0] != "node_scrape_collector_success" or dict(key[1])["collector"] in collectors}
        return page
    return part(theirs), part(ours)


def their_page(root):
    return Page((root / "e2e-output.txt").read_bytes().decode(errors="replace"))


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

    def test_owners(self):
        collectors = ["cpu", "cpu_vulnerabilities", "cpufreq", "stat", "softirqs"]
        for name, collector in (("node_cpu_online", "cpu"), ("node_cpu_vulnerabilities_info", "cpu_vulnerabilities"),
                                ("node_cpu_scaling_governor", "cpufreq"), ("node_softirqs_total", "stat"),
                                ("node_softirqs_functions_total", "softirqs"), ("node_other", None)):
            self.assertEqual(collector, owner(name, collectors), name)


class Fixtures(unittest.TestCase):
    maxDiff = None

    def fixtures(self):
        given = os.environ.get("NODE_EXPORTER_FIXTURES")
        if not given:
            message = "NODE_EXPORTER_FIXTURES is not set: name node_exporter's fixtures to compare with them"
            print(f"SKIPPED: {message}", file=sys.stderr)
            self.skipTest(message)
        return unpacked(given, self.enterContext(tempfile.TemporaryDirectory(prefix="basewatch-fixtures-")))

    def test_every_series(self):
        root = self.fixtures()
        run, ours = our_page(configuration(root), self.enterContext(tempfile.TemporaryDirectory()), root)
        self.assertEqual(0, run.returncode, run.stderr.decode())
        theirs, ours = their_page(root).without(SKIPPED), ours.without(SKIPPED)
        self.assertGreater(len(theirs.series), 2500)
        expected = Expected("fixtures")
        lines = differences(theirs, ours)
        self.assertEqual([], expected.remove(lines))
        self.assertEqual(len(expected.rules), len(expected.used), "node.expected lists what is no longer so")
        self.assertLessEqual(len(lines), 15)

    def test_textfile_folders(self):
        """node_exporter's cases for the textfile collector, each with the page it makes."""
        root = self.fixtures()
        cases = sorted(root.glob("textfile/*.out"))
        self.assertGreater(len(cases), 10)
        expected = Expected("textfile")
        for case in cases:
            with self.subTest(case.stem):
                folder = {"glob_extra_dimension": "*_extra_dimension"}.get(case.stem, case.stem)
                config = ("version: 1\nexporters:\n  node:\n    collectors:\n      textfile: {directory: "
                          f"\"{root}/textfile/{folder}\"}}\n")
                _, ours = our_page(config, self.enterContext(tempfile.TemporaryDirectory()), root)
                theirs = Page(case.read_text())
                # Only what comes from textfiles; their times are those of the checkout.
                other = r"^(?!node_(?!textfile)|basewatch_|up$)(?!node_textfile_mtime_seconds)"
                lines = differences(theirs.only(other), ours.only(other))
                times = [len(p.only("^node_textfile_mtime_seconds$").series) for p in (theirs, ours)]
                if times[0] != times[1]:
                    lines.append(f"files read {times[0]} -> {times[1]}")
                self.assertEqual([], expected.remove([f"{case.stem}: {line}" for line in lines]))


def show(collectors):
    """For the one who writes a collector: what still differs."""
    given = os.environ.get("NODE_EXPORTER_FIXTURES")
    if not given:
        sys.exit("NODE_EXPORTER_FIXTURES is not set: name node_exporter's fixtures to compare with them")
    unknown = [c for c in collectors if c not in present()]
    if unknown:
        sys.exit(f"exporters/node/collectors.def has no {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="basewatch-fixtures-") as folder:
        root = unpacked(given, folder)
        different = False
        for collector in collectors:
            run, ours = our_page(configuration(root, [collector]), folder, root)
            sys.stderr.write(run.stderr.decode())
            theirs, ours = compared(their_page(root), ours, [collector])
            lines = differences(theirs, ours)
            print(*lines, sep="\n", end="\n" if lines else "")
            equal = sum(ours.series.get(key) == value for key, value in theirs.series.items())
            print(f"{collector}: {equal} of {len(theirs.series)} series are equal, {len(lines)} differences")
            different = different or bool(lines)
    return 1 if different else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--collector"]:
        sys.exit(show(sys.argv[2:] or present()))
    unittest.main()
