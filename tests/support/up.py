"""./dev up: the agent and Debian's Prometheus with the generated rules, on loopback, until Ctrl-C."""
import pathlib
import signal
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.scrape_configs import shipped  # noqa: E402
from support.servers import BASEWATCH, Agent, Prometheus, scratch  # noqa: E402

HELP = """Usage: ./dev up [basewatch.yml]

Starts the agent (with the configuration given, or its defaults) and Prometheus with the generated
rules, both on 127.0.0.1 only, prints their addresses and stops both on Ctrl-C. Nothing is kept.
"""


def main():
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        print(HELP)
        return 0 if len(sys.argv) == 2 else 2
    own = pathlib.Path(sys.argv[1]).read_text() if len(sys.argv) == 2 else "node: this-host\n"
    own = "".join(line for line in own.splitlines(True) if not line.startswith(("version:", "server:")))
    node = next((line.split(":", 1)[1].split("#")[0].strip() for line in own.splitlines()
                 if line.startswith("node:")), "this-host")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with scratch() as folder:
        try:
            with Agent(folder, own, host="127.0.0.1") as agent:
                subprocess.run([BASEWATCH, "generate", "--config", agent.config, "--out", folder],
                               check=True, stdout=subprocess.DEVNULL)
                with Prometheus(folder, shipped("prometheus.yml", [("127.0.0.1:9777", node)], folder,
                                                scrape="10s", evaluation="10s"),
                                host="127.0.0.1") as prometheus:
                    print(f"agent       {agent.url}/   metrics: {agent.url}/metrics\n"
                          f"Prometheus  {prometheus.url}/   alerts: {prometheus.url}/alerts\n"
                          "Ctrl-C stops both.", flush=True)
                    stop.wait()
        except RuntimeError as error:
            print(f"dev up: {error}\nIs something else listening on 127.0.0.1:9777 or :9090?",
                  file=sys.stderr)
            return 1
    print("Stopped; nothing is left.")
    return 0


sys.exit(main())
