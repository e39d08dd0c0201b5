"""Debian's node_exporter and ours on the same systemd, network namespace and file systems, where this host
lets us have them: systemd and logind are played by a program on a bus of its own."""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from differential.node_page import Expected, Page, differences, equal
from support import bus
from support.netns import NetworkNamespace
from support.servers import BASEWATCH, Server, address, get, scratch

UNIT_EXCLUDE = r".+\.(automount|device|mount|scope|slice)"  # Debian's default is another one


class Services(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def need(self, reason):
        if reason:
            print(f"SKIPPED: {reason}", file=sys.stderr)
            self.skipTest(reason)

    def config(self, collectors, instance=""):
        path = self.folder / "basewatch.yml"
        path.write_text("version: 1\nexporters:\n  node:\n" + instance + "    collectors:\n" +
                        "".join(f"      {name}: {options}\n" for name, options in collectors.items()))
        return path

    def ours(self, collectors, wrap=lambda *command: list(command), instance=""):
        """Our page, of these collectors alone, and what was said about it."""
        run = subprocess.run(wrap(BASEWATCH, "once", "node", "--config", self.config(collectors, instance)),
                             capture_output=True, timeout=60, check=False)
        page = Page(run.stdout.decode())
        for key in [k for k in page.series if k[0] == "node_scrape_collector_success"]:
            if dict(key[1])["collector"] not in collectors:
                del page.series[key]
        return page, run.stderr.decode()

    def theirs(self, collectors, options=(), wrap=lambda *command: list(command), host=None, **popen):
        self.need("" if shutil.which("prometheus-node-exporter") else "prometheus-node-exporter is not installed")
        host = host or address()
        command = ["prometheus-node-exporter", f"--web.listen-address={host}:9100",
                   "--collector.disable-defaults", *[f"--collector.{c}" for c in collectors], *options]
        peer = self.enterContext(Server(wrap(*command), ready="Listening on", **popen))
        fetch = wrap("python3", "-c", "import sys, urllib.request as u; "
                     "sys.stdout.write(u.urlopen(sys.argv[1], timeout=20).read().decode())",
                     f"http://{host}:9100/metrics")
        page = subprocess.run(fetch, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(0, page.returncode, page.stderr + peer.output())
        return Page(page.stdout)

    def compare(self, theirs, ours, wanted, at_least, same=equal):
        theirs, ours = theirs.only(wanted), ours.only(wanted)
        self.assertGreater(len(theirs.series), at_least)
        lines = differences(theirs, ours, same)
        self.assertEqual([], Expected("debian-1.5.0").remove(lines))

    # systemd and logind

    def test_units_and_sessions(self):
        self.need(bus.missing())
        system = self.enterContext(bus.MessageBus(self.folder))
        self.enterContext(bus.StandIn(system))
        theirs = self.theirs(["systemd", "logind"],
                             ["--collector.systemd.enable-task-metrics", "--collector.systemd.enable-restarts-metrics",
                              "--collector.systemd.enable-start-time-metrics",
                              f"--collector.systemd.unit-exclude={UNIT_EXCLUDE}"],
                             env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": system.address})
        ours, said = self.ours({
            "systemd": f"{{enabled: true, address: \"{system.address}\", enable_task_metrics: true, "
                       "enable_restarts_metrics: true, enable_start_time_metrics: true}",
            "logind": f"{{enabled: true, address: \"{system.address}\"}}"})
        self.assertIn(("node_systemd_units", (("state", "reloading"),)), ours.series, said)
        self.compare(theirs, ours, r"^node_(systemd|logind)_", 180)

    def test_chosen_units(self):
        self.need(bus.missing())
        system = self.enterContext(bus.MessageBus(self.folder))
        self.enterContext(bus.StandIn(system))
        theirs = self.theirs(["systemd"], ["--collector.systemd.unit-include=.+\\.(mount|service)",
                                           "--collector.systemd.unit-exclude=alpha.*"],
                             env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": system.address})
        ours, _ = self.ours({"systemd": f"{{enabled: true, address: \"{system.address}\", "
                                        "unit_include: '.+\\.(mount|service)', unit_exclude: 'alpha.*'}"})
        self.compare(theirs, ours, r"^node_systemd_", 20)
        self.assertNotIn("alpha", "".join(str(key) for key in ours.series))

    def test_a_service_that_does_not_do_its_work_costs_only_itself(self):
        self.need(bus.missing())
        system = self.enterContext(bus.MessageBus(self.folder))
        options = f"{{enabled: true, address: \"{system.address}\"}}"
        for how, said in (("silent", "did not answer in time"), ("garbage", "something else"),
                          (None, "org.freedesktop.login1")):
            with self.subTest(how=how):
                stand_in = self.enterContext(bus.StandIn(system, how)) if how else None
                page, log = self.ours({"systemd": options, "logind": options, "loadavg": "true"},
                                      instance="    timeout: 1s\n")
                if stand_in:
                    stand_in.stop()
                success = {dict(labels)["collector"]: value for (name, labels), value in page.series.items()
                           if name == "node_scrape_collector_success"}
                self.assertEqual({"systemd": 0, "logind": 0, "loadavg": 1}, success, log)
                self.assertEqual({}, page.only("^node_(systemd|logind)_").series)
                self.assertIn(said, log)

    # netlink

    def test_a_network_namespace(self):
        self.need(NetworkNamespace.missing())
        space = self.enterContext(NetworkNamespace())
        collectors = ["ethtool", "network_route", "qdisc", "tcpstat", "wifi"]
        theirs = self.theirs(collectors, wrap=space.command, host="127.0.0.1")
        ours, said = self.ours({c: "true" for c in collectors}, wrap=space.command)
        self.assertIn(("node_network_routes", (("device", "bw0"),)), ours.series, said)
        wanted = r"^node_(ethtool|network|qdisc|scrape_collector_success)"
        # The devices still send their greetings: how much, nobody knows.
        counting = r"^node_(qdisc|ethtool)_.*(bytes|packets|backlog|length)"
        self.compare(theirs.without(counting), ours.without(counting), wanted, 50)
        self.compare(theirs, ours, counting, 10, same=lambda a, b: True)
        states = {dict(labels)["state"] for name, labels in ours.series if name == "node_tcp_connection_states"}
        self.assertIn("listen", states)
        self.assertIn("rx_queued_bytes", states)

    # file systems

    def test_btrfs_and_xfs(self):
        tools = ["losetup", "mkfs.btrfs", "mkfs.xfs", "mount"]
        self.need("mounting needs root" if os.geteuid() != 0 else
                  "".join(f"there is no {t}; " for t in tools if not shutil.which(t)))
        known = pathlib.Path("/proc/filesystems").read_text()
        self.need("" if "btrfs" in known and "xfs" in known else "this kernel has no btrfs or no xfs")
        self.mount("btrfs", ["-m", "raid1", "-d", "raid0", "-L", "mine"], 2)
        self.mount("xfs", [], 1)
        theirs = self.theirs(["btrfs", "xfs"])
        ours, said = self.ours({"btrfs": "true", "xfs": "true"})
        self.assertEqual(2, len({k for k in ours.series if k[0] == "node_btrfs_device_unused_bytes"}), said)
        self.compare(theirs, ours, r"^node_(btrfs|xfs)_", 60)

    def mount(self, kind, options, count):
        devices = []
        for i in range(count):
            image = self.folder / f"{kind}{i}.img"
            with open(image, "wb") as file:
                file.truncate(320 << 20)
            loop = subprocess.run(["losetup", "-f", "--show", image], capture_output=True, text=True, check=False)
            self.need("" if loop.returncode == 0 else f"no loop device: {loop.stderr.strip()}")
            devices.append(loop.stdout.strip())
            self.addCleanup(subprocess.run, ["losetup", "-d", devices[-1]], check=False)
        subprocess.run([f"mkfs.{kind}", "-q", "-f", *options, *devices], check=True, capture_output=True)
        point = self.folder / kind
        point.mkdir()
        mounted = subprocess.run(["mount", "-t", kind, devices[0], point], capture_output=True, text=True, check=False)
        self.need("" if mounted.returncode == 0 else f"cannot mount: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", point], check=False)
        (point / "file").write_bytes(os.urandom(1 << 20))
        os.sync()


if __name__ == "__main__":
    unittest.main()
