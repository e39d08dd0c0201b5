"""A network namespace of its own with a pair of devices, a queueing discipline and some routes."""
import os
import shutil
import subprocess

from support.servers import wait_until

SETUP = """\
link set lo up
link add bw0 type veth peer name bw1
link set bw0 addrgenmode none
link set bw1 addrgenmode none
addr add 10.9.0.1/24 dev bw0
link set bw0 up
link set bw1 up
-6 addr add fd00:9::1/64 dev bw0 nodad
route add 10.20.0.0/16 via 10.9.0.2 metric 7 proto static
route add 10.30.0.0/16 nexthop via 10.9.0.3 weight 2 nexthop via 10.9.0.4 weight 5
-6 route add default via fd00:9::2
"""


class NetworkNamespace:
    """`command(...)` makes a command run inside of it. Only for root."""

    def __init__(self):
        self.name = f"basewatch-{os.getpid()}"
        self._ip("netns", "add", self.name)
        try:
            for line in SETUP.splitlines():
                self._ip("-n", self.name, *line.split())
            wait_until("both devices are up for IPv6", self._has_settled)
            subprocess.run(self.command("tc", "qdisc", "add", "dev", "bw0", "root", "pfifo", "limit", "10"),
                           check=True, capture_output=True, timeout=30)
        except BaseException:
            self.remove()
            raise

    # The kernel notices in its own time that a device is up, and makes routes then; that of multicast is
    # one of them, and without link-local addresses the last.
    def _has_settled(self):
        routes = self._ip("-n", self.name, "-6", "route", "show", "table", "local", "type", "multicast")
        return all(f"dev {device} " in routes for device in ("bw0", "bw1"))

    @staticmethod
    def missing():
        """Why there can be none; empty when there can."""
        if os.geteuid() != 0:
            return "a network namespace needs root"
        tools = [tool for tool in ("ip", "tc") if not shutil.which(tool)]
        if tools:
            return f"there is no {' and no '.join(tools)}"
        probe = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False, timeout=30)
        return "" if probe.returncode == 0 else "network namespaces are not allowed here"

    @staticmethod
    def _ip(*arguments):
        return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=30).stdout

    def command(self, *command):
        return ["ip", "netns", "exec", self.name, *command]  # which also mounts a sysfs of its own

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True, timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
