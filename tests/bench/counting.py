"""How often a program calls the kernel and the allocator while something is done. What cannot be counted on
this machine is None: never a guess."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from support.servers import BUILD

COUNTER = BUILD / "tests/bench/count_allocations.so"


def system_calls(pid, work):
    """All calls of all threads of `pid` during work(), and why there is no number. perf counts in the kernel:
    the program runs as fast as ever, unlike under strace."""
    if not shutil.which("perf"):
        return None, "perf is not installed"
    with tempfile.TemporaryDirectory(prefix="basewatch-perf-") as folder:
        control, answers = (os.path.join(folder, name) for name in ("control", "answers"))
        os.mkfifo(control)
        os.mkfifo(answers)
        perf = subprocess.Popen(
            ["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", str(pid), "--delay=-1",
             f"--control=fifo:{control},{answers}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with contextlib.ExitStack() as stack:
            stack.callback(perf.kill)
            # Opened for both directions: nobody waits for a perf that has given up.
            orders = stack.enter_context(open(os.open(control, os.O_RDWR), "wb", buffering=0))
            replies = os.open(answers, os.O_RDWR | os.O_NONBLOCK)
            stack.callback(os.close, replies)

            def order(what):
                orders.write(what + b"\n")
                while perf.poll() is None:
                    with contextlib.suppress(BlockingIOError):
                        if b"ack" in os.read(replies, 64):
                            return True
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        perf.wait(0.01)
                return False

            if not order(b"enable"):
                return None, "perf may not count here: " + (perf.stderr.read().strip().splitlines() or ["?"])[0]
            work()
            order(b"disable")
            perf.send_signal(signal.SIGINT)  # prints what it counted
            said = perf.communicate()[1]
    for line in said.splitlines():
        number = line.split(",")[0]
        if "raw_syscalls" in line and number.isdigit():
            return int(number), None
    return None, "perf did not count: " + said.strip()


class Allocations:
    """Counts those of a program that is started with `environment`."""

    def __init__(self, folder):
        self.file = pathlib.Path(folder) / "allocations"
        self.environment = os.environ | {"LD_PRELOAD": str(COUNTER), "BENCH_ALLOCATIONS": str(self.file)}

    def now(self):
        return int.from_bytes(self.file.read_bytes()[:8], "little")
