"""The agent as a process: its end, its service manager, its log's reader, its user."""
import fcntl
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

from support import servers
from support.servers import BASEWATCH, ROOT, Agent, address, get, scratch, wait_until

SMALL = "node: alpha\nexporters: {node: {}}\n"


class Manager:
    """The socket of a service manager."""

    def __init__(self, folder, abstract=False):
        self.name = f"\0basewatch-test-{os.getpid()}" if abstract else f"{folder}/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name)
        self.socket.settimeout(20)

    def environment(self, **more):
        return {**os.environ, "NOTIFY_SOCKET": self.name.replace("\0", "@"), **more}

    def hear(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))

    def hear_until(self, key):
        while True:
            heard = self.hear()
            if key in heard:
                return heard


class Process(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(scratch())

    def ends_in_time(self, process):
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(10))
        self.assertLess(time.monotonic() - begin, 5)

    def test_the_service_manager_is_told(self):
        for abstract in (False, True):
            manager = Manager(self.folder, abstract)
            self.addCleanup(manager.socket.close)
            agent = self.enterContext(Agent(self.folder, SMALL, env=manager.environment()))
            self.assertEqual({"READY": "1", "STATUS": f"alpha listens on {agent.host}:9777"}, manager.hear())
            agent.signal(signal.SIGHUP)
            heard = manager.hear()
            self.assertEqual("1", heard["RELOADING"])
            self.assertLess(abs(int(heard["MONOTONIC_USEC"]) - time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000),
                            20_000_000)
            self.assertEqual({"READY": "1", "STATUS": f"alpha listens on {agent.host}:9777"}, manager.hear())
            agent.config.write_text("nonsense")
            self.assertEqual(500, get(agent.url + "/-/reload", method="POST")[0])
            self.assertIn("RELOADING", manager.hear())
            self.assertIn("the last reload was refused", manager.hear()["STATUS"])
            self.ends_in_time(agent.process)
            self.assertEqual("1", manager.hear()["STOPPING"])

    def test_the_watchdog_is_fed_while_the_agent_works(self):
        manager = Manager(self.folder)
        self.addCleanup(manager.socket.close)
        agent = self.enterContext(Agent(self.folder, SMALL.replace("{}", "{collectors: {cpu: {every: 60s}}}"),
                                        env=manager.environment(WATCHDOG_USEC="400000")))
        for _ in range(5):
            self.assertEqual("1", manager.hear_until("WATCHDOG")["WATCHDOG"])
        # Not meant for this process: not fed.
        other = Manager(self.enterContext(scratch()))
        self.addCleanup(other.socket.close)
        deaf = self.enterContext(Agent(self.enterContext(scratch()), SMALL, env=other.environment(
            WATCHDOG_USEC="400000", WATCHDOG_PID="1")))
        self.assertIn("READY", other.hear())
        for _ in range(8):  # two periods of the other one
            manager.hear_until("WATCHDOG")
        self.ends_in_time(deaf.process)
        self.assertIn("STOPPING", other.hear())
        self.ends_in_time(agent.process)

    def test_a_log_that_nobody_reads_does_not_keep_it_from_reloading_and_ending(self):
        host = address()
        config = pathlib.Path(self.folder, "basewatch.yml")
        config.write_text(f'version: 1\nserver: {{listen: "{host}:9777"}}\n{SMALL}')
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        process = subprocess.Popen([BASEWATCH, "run", "--config", config], stderr=writing)
        os.close(writing)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        url = f"http://{host}:9777"
        log = self.enterContext(os.fdopen(reading))
        self.assertIn("listens on", log.readline())
        config.write_text("nonsense: 1\n")
        for _ in range(100):
            self.assertEqual(500, get(url + "/-/reload", method="POST")[0])
        process.send_signal(signal.SIGHUP)
        self.assertIn("node_load1", get(url + "/metrics/node")[1])
        self.ends_in_time(process)

    @unittest.skipUnless(os.geteuid() == 0 and os.path.exists("/dev/fuse"),
                         "needs root and /dev/fuse to make a dead mount")
    def test_a_configuration_on_a_dead_mount_does_not_keep_it_from_ending(self):
        dead = pathlib.Path(self.folder, "dead")
        dead.mkdir()
        wrapper = pathlib.Path(self.folder, "in-namespace")
        wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/support/dead_mount.py {dead} '
                           f'{BASEWATCH} "$@"\n')
        wrapper.chmod(0o755)
        binary, servers.BASEWATCH = servers.BASEWATCH, wrapper
        try:
            agent = self.enterContext(Agent(self.folder, SMALL))
        finally:
            servers.BASEWATCH = binary
        # Now the site of the configuration is on the mount that never answers.
        agent.config.write_text(agent.config.read_text() + f"site: {dead}/site.yml\n")
        agent.signal(signal.SIGHUP)
        wait_until("the reload hangs", lambda: any(
            "reload" == (task / "comm").read_text().strip()
            for task in pathlib.Path(f"/proc/{agent.process.pid}/task").iterdir()))
        self.assertIn("node_load1", agent.page("/metrics/node?collect[]=loadavg"))
        self.ends_in_time(agent.process)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_an_ordinary_user_runs_it(self):
        nobody = pwd.getpwnam("nobody")
        os.chmod(self.folder, 0o755)
        binary = pathlib.Path(self.folder, "basewatch")
        shutil.copy(BASEWATCH, binary)
        own, servers.BASEWATCH = servers.BASEWATCH, binary
        try:
            agent = self.enterContext(Agent(self.folder, SMALL, user=nobody.pw_uid, group=nobody.pw_gid,
                                            extra_groups=[]))
        finally:
            servers.BASEWATCH = own
        agent.page("/metrics/node")
        # What this host does not have is absent, and no failure.
        self.assertEqual([], re.findall(r"^basewatch_collector_success\{.*\} 0$", agent.page("/metrics/agent"),
                                        re.MULTILINE))
        self.assertIn("Uid:\t" + "\t".join([str(nobody.pw_uid)] * 4),
                      pathlib.Path(f"/proc/{agent.process.pid}/status").read_text())
        done = subprocess.run([binary, "check"], user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.ends_in_time(agent.process)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
    def test_systemd_takes_the_unit(self):
        unit = (ROOT / "deploy/systemd/basewatch.service").read_text()
        path = pathlib.Path(self.folder, "basewatch.service")
        path.write_text(unit.replace("/usr/bin/basewatch", str(BASEWATCH)).replace("Documentation=man:basewatch(1)\n", ""))
        done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=30", path],
                              capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stdout[-2000:])


if __name__ == "__main__":
    unittest.main()
