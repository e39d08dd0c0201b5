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
from support.servers import BASEWATCH, ROOT, Server, address, get

# All that both have and that need no special hardware or service; those that 1.5.0 does not have
# (kernel_hung, softirqs, swap, xfrm) are compared with node_exporter's fixtures only.
COLLECTORS = """
    arp buddyinfo cgroups conntrack cpu diskstats entropy filefd filesystem interrupts ipvs ksmd lnstat loadavg
    meminfo meminfo_numa netdev netstat os pressure processes schedstat selinux slabinfo sockstat softnet stat
    sysctl textfile time timex udp_queues uname vmstat zoneinfo""".split()
# Devices of sysfs, as far as 1.5.0 knows them; a host lacks most of them, and then both say so.
COLLECTORS += """
    bcache bonding cpufreq dmi drbd edac fibrechannel hwmon infiniband mdadm netclass nvme powersupplyclass rapl
    tapestats thermal_zone""".split()
SYSCTL = ["fs.file-nr", "kernel.pid_max"]
MOUNT_POINTS_EXCLUDE = "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
DISKS_EXCLUDE = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"
TEXTFILE = '# TYPE backups_total counter\nbackups_total{kind="full"} 7\nbackup_age_seconds 3.5\n'

# How far a gauge may move while the two pages are made: absolute, and relative to its value.
TOLERANCE = [
    (r"^node_load", 1.0, 0.2),
    (r"^node_memory_", 256 << 20, 0.3),
    (r"^node_filesystem_.*_bytes", 512 << 20, 0.01),
    (r"^node_filesystem_files", 50_000, 0.01),
    (r"^node_procs_", 64, 0),
    (r"^node_cpu_frequency", 5e9, 1),
    (r"^node_(buddyinfo_blocks|slabinfo_(active_)?objects|zoneinfo_)", 50_000, 0.5),
    (r"^node_sockstat_\w+_mem(_bytes)?$", 64 << 20, 0.5),  # of all sockets there are: other tests have many
    (r"^node_(processes|sockstat|arp|filefd|nf_conntrack|softnet_backlog|sysctl_fs_file_nr)", 400, 0.5),
    (r"^node_(entropy|disk_io_now|udp_queues|ksmd)", 4096, 0),
    (r"^node_time_seconds$", 5, 0),
    (r"^node_timex_", 1, 0.5),
    (r"^node_netstat_Tcp_CurrEstab$", 400, 0),
    (r"^node_cgroups_", 20, 0.2),
    (r"^node_(cpu_scaling_frequency|hwmon_|power_supply_|thermal_zone_temp|cooling_device_cur)", 1e9, 0.5),
]
COUNTER = re.compile(r"_total$|^node_vmstat_|^node_netstat_(?!Tcp_CurrEstab|Ip_Forwarding)")
# Which states there are depends on who is running in the very moment; only their sum is looked at.
MOMENTARY = re.compile(r"^node_processes_(state|threads_state)$")


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
                          + self.switches()
                          + f"      textfile: {{directory: \"{folder}\"}}\n"
                          "      cpu: {info: true}\n      stat: {softirq: true}\n"
                          f"      sysctl: {{enabled: true, include: {SYSCTL}}}\n")
        host = address()
        # Debian has other defaults than node_exporter for the first two: it leaves out lo, /run, /mnt, /media.
        # Disks of zram are left out since node_exporter 1.8.
        command = [peer_binary, "--collector.netdev.device-exclude=^$",
                   "--collector.filesystem.mount-points-exclude=" + MOUNT_POINTS_EXCLUDE,
                   "--collector.diskstats.device-exclude=" + DISKS_EXCLUDE, f"--web.listen-address={host}:9100", "--collector.disable-defaults",
                   "--collector.cpu.info", "--collector.stat.softirq",
                   f"--collector.textfile.directory={folder}"] + [f"--collector.sysctl.include={n}" for n in SYSCTL]
        peer = self.enterContext(Server(command + [f"--collector.{name}" for name in COLLECTORS],
                                        ready="Listening on"))
        url = f"http://{host}:9100/metrics"
        for _ in range(20):
            devices = self.devices()
            before = Page(get(url)[1])
            run = subprocess.run([BASEWATCH, "once", "node", "--config", config], capture_output=True,
                                 timeout=60, check=False)
            self.assertIn(run.returncode, (0, 3), run.stderr.decode())  # what fails is compared below
            after = Page(get(url)[1])
            if devices == self.devices():
                return before, Page(run.stdout.decode()), after
        self.fail(f"mounts or network devices of this host never stand still: {peer.output()}")

    @staticmethod
    def switches():
        """Exactly these collectors, whatever is on by default."""
        known = re.findall(r"^COLLECTOR\((\w+)\)", (ROOT / "exporters/node/collectors.def").read_text(), re.M)
        special = {"textfile", "cpu", "stat", "sysctl"}
        return "".join(f"      {name}: {'true' if name in COLLECTORS else 'false'}\n" for name in known
                       if name not in special)

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
        momentary = ours.only(MOMENTARY.pattern)
        self.assertEqual(ours.series[("node_processes_pids", ())], sum(
            value for (name, _), value in momentary.series.items() if name == "node_processes_state"))
        before, ours, after = (page.without(MOMENTARY.pattern) for page in (before, ours, after))
        # Counters are between the two pages of the peer; gauges are near one of them.
        lines = differences(before, ours, same=lambda a, b: True)
        expected = Expected("debian-1.5.0")
        self.assertEqual([], expected.remove(lines))
        self.assertGreater(len(before.series), 500)
        wrong = [text for key, value in ours.series.items() if key in before.series and key in after.series
                 for text in [self.judge(key, before.series[key], value, after.series[key])] if text]
        self.assertEqual([], wrong)

    @staticmethod
    def as_in_1_5(page):
        """Since 1.5.0 a mount that cannot be read says why in a label, and tells whether it is read-only;
        a disk says whether it turns, a network device whether it is to be up, an NVMe controller its number."""
        for key, value in list(page.series.items()):
            labels = dict(key[1])
            if any([labels.pop(name, "") for name in ("rotational", "adminstate", "cntlid")]):
                del page.series[key]
                page.series[(key[0], tuple(sorted(labels.items())))] = value
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
