"""Runs a command in a mount namespace of its own in which one folder is a mount whose server never
answers: a FUSE file system with nobody behind it. Every statfs() on it hangs, as on a dead NFS server.

    python3 dead_mount.py FOLDER COMMAND [ARGUMENT...]
"""
import ctypes
import os
import sys

CLONE_NEWNS = 0x00020000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 0x4000, 1 << 18


def main():
    folder, command = sys.argv[1], sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)

    def must(result, what):
        if result != 0:
            raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")

    must(libc.unshare(CLONE_NEWNS), "unshare")
    must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount private")
    device = os.open("/dev/fuse", os.O_RDWR)
    os.set_inheritable(device, True)  # the mount lives as long as the command does
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    must(libc.mount(b"dead-server:/export", folder.encode(), b"fuse.dead", MS_NOSUID | MS_NODEV, options),
         "mount")
    os.execvp(command[0], command)


main()
