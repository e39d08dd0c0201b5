"""A message bus of its own, and on it a program that plays systemd and logind."""
import pathlib
import shutil

from support.servers import BUILD, Server


def missing():
    """Why there can be none; empty when there can."""
    return "" if shutil.which("dbus-daemon") else "dbus-daemon is not installed"


class MessageBus(Server):
    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "bus"
        self.address = f"unix:path={self.path}"
        super().__init__(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1",
                          f"--address={self.address}"], ready="^unix:")


class StandIn(Server):
    """`how` is normal, silent or garbage: see tests/tools/systemd_stand_in.cc."""

    def __init__(self, bus, how="normal"):
        super().__init__([BUILD / "systemd_stand_in", bus.address, how], ready="^on the bus")
