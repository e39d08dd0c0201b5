import os
import pathlib
import sys

from support import servers
from support.servers import Agent


def can_mount():
    return os.geteuid() == 0 and os.path.exists("/dev/fuse")


class DeadMountAgent(Agent):
    """The agent in a mount namespace with a dead mount; see support/dead_mount.py."""

    def __init__(self, folder, dead, config):
        binary = servers.BASEWATCH
        wrapper = pathlib.Path(folder) / "in-namespace"
        wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} {servers.ROOT}/tests/support/dead_mount.py '
                           f'{dead} {binary} "$@"\n')
        wrapper.chmod(0o755)
        servers.BASEWATCH = wrapper
        try:
            super().__init__(folder, config)
        finally:
            servers.BASEWATCH = binary
