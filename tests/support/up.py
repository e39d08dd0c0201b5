"""./dev up: the agent, Debian's Prometheus and Alertmanager with everything generated, on loopback, until Ctrl-C."""
import argparse
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.scrape_configs import shipped  # noqa: E402
from support.servers import BASEWATCH, Alertmanager, Prometheus, Server, get, scratch  # noqa: E402

ABOUT = """Starts the agent (with the configuration given, or its defaults), Prometheus with the generated rules,
and Alertmanager with the generated routes. Prints their addresses, says when everything answers, and stops
all of them on Ctrl-C. Nothing is kept."""

SLACK = """Nobody is told yet: the receivers have no addresses. For Slack, write into site.yml

    version: 1
    receivers:
      chat: {slack: {api_url_file: /path/to/slack.url, channel: "#alerts"}}

and `site: site.yml` into the basewatch.yml that you give to ./dev up. docs/alerting.md has the rest."""


class Failure(Exception):
    """What the person has to hear; everything is stopped on the way out."""


def owner_of(port):
    """Who listens on a port of this machine, as far as ss may tell."""
    try:
        found = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return "another process"
    who = re.search(r'\(\("([^"]+)",pid=(\d+)', found)
    return f"{who.group(1)} (pid {who.group(2)})" if who else "another process"


def require_free(name, host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Failure(f"{name} needs {host}:{port}, where {owner_of(port)} listens: stop that, or "
                          f"choose another port with --{name.lower()}-port") from None


def start_agent(config):
    """The agent with the person's own file, whatever stands in it; where it listens is in its log."""
    command = [BASEWATCH, "run", *(["--config", config] if config else [])]
    try:
        agent = Server(command, ready=r"on node (\S+) listens on (?:https?://)?([^\s;,\"]+)")
    except RuntimeError as error:
        hint = ""
        taken = re.search(r":(\d+)\D*(?:address already in use|Address already in use)", str(error))
        if taken:
            hint = (f"\nThere listens {owner_of(taken.group(1))}: stop that, or write another "
                    "`server: {listen: \"127.0.0.1:PORT\"}` into the basewatch.yml that you give to ./dev up.")
        raise Failure(str(error).strip() + hint) from None
    node, address = agent.match.groups()
    host, port = address.rsplit(":", 1)
    if host in ("", "0.0.0.0", "[::]", "*"):
        host = "127.0.0.1"
    return agent, node, f"{host}:{port}"


def generate(config, folder):
    done = subprocess.run([BASEWATCH, "generate", "--out", folder, *(["--config", config] if config else [])],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure("basewatch generate refuses it:\n" + (done.stderr or done.stdout).strip())


def missing_secrets(text):
    paths = re.findall(r"^[\s-]*\w+_file: (\S.*)$", text, re.M)
    return sorted({path.strip("\"'") for path in paths if not pathlib.Path(path.strip("\"'")).exists()})


def answers(agent_url, prometheus, alertmanager):
    """What does not answer yet, in words; nothing when all is well."""
    try:
        status, text = get(agent_url + "/metrics/agent")
        if status != 200:
            return f"the agent's page: {status} {text.strip()[:200]}"
        down = [f"{labels['job']} {labels['instance']}" for labels, value in prometheus.query("up") if value != 1]
        expected = {labels["target_job"] for labels, _ in prometheus.query("basewatch_target_info")}
        scraped = {labels["job"] for labels, value in prometheus.query("up") if value == 1}
        if down:
            return "Prometheus cannot scrape " + ", ".join(down)
        if expected:
            expected |= {"prometheus", "alertmanager"}  # which watch each other
        if not expected or expected - scraped:
            return "Prometheus has not scraped " + (", ".join(sorted(expected - scraped)) or "the agent")
        broken = [f"{rule['name']}: {rule.get('lastError')}" for group in prometheus.api("rules")["groups"]
                  for rule in group["rules"] if rule["health"] == "err"]
        if broken:
            return "rules fail: " + "; ".join(broken)
        if not prometheus.api("alertmanagers")["activeAlertmanagers"]:
            return "Prometheus has not found Alertmanager"
        status, text = get(alertmanager.url + "/-/ready")
        if status != 200:
            return f"Alertmanager is not ready: {status} {text.strip()[:200]}"
    except (OSError, AssertionError, ValueError, urllib.error.URLError) as error:
        return str(error)
    return ""


def wait_for_answers(stop, servers, agent_url, prometheus, alertmanager, seconds=90):
    end = time.monotonic() + seconds
    told = ""
    while not stop.wait(0.5):
        check_alive(servers)
        missing = answers(agent_url, prometheus, alertmanager)
        if missing and missing != told:
            print(f"  not yet: {missing}", flush=True)
            told = missing
        if not missing:
            rules = sum(len(group["rules"]) for group in prometheus.api("rules")["groups"])
            targets = len(prometheus.query("up"))
            print(f"Everything answers: {targets} targets are up, {rules} rules are evaluated, and alerts go to "
                  "Alertmanager.", flush=True)
            return
        if time.monotonic() > end:
            print(f"After {seconds} s not everything answers: {missing}.", flush=True)
            return


def check_alive(servers):
    for name, server in servers.items():
        if server.process.poll() is not None:
            raise Failure(f"{name} has ended (status {server.process.returncode}). Its last words:\n" +
                          "".join(server.lines[-10:]).strip())


def run(options, stop, folder):
    folder = pathlib.Path(folder)
    require_free("Prometheus", options.host, options.prometheus_port)
    require_free("Alertmanager", options.host, options.alertmanager_port)
    generate(options.config, folder)
    agent, node, address = start_agent(options.config)
    with agent:
        routes = folder / "alertmanager/alertmanager.yml"
        with Alertmanager(routes, folder / "alerts", host=options.host,
                          port=options.alertmanager_port) as alertmanager:
            config = shipped("prometheus.yml", [(address, node)], folder, scrape=None,
                             alertmanager=f"{options.host}:{options.alertmanager_port}",
                             prometheus=f"{options.host}:{options.prometheus_port}")
            with Prometheus(folder, config, host=options.host, port=options.prometheus_port) as prometheus:
                agent_url = f"http://{address}"
                print(f"agent         {agent_url}/   metrics: {agent_url}/metrics\n"
                      f"Prometheus    {prometheus.url}/   alerts: {prometheus.url}/alerts\n"
                      f"Alertmanager  {alertmanager.url}/   routes: {alertmanager.url}/#/status\n"
                      f"boards        {folder}/dashboards/*.json, for a Grafana with the data source "
                      f"{prometheus.url}\n", flush=True)
                text = routes.read_text()
                if "_configs:" not in text:
                    print(SLACK + "\n", flush=True)
                for path in missing_secrets(text):
                    print(f"There is no file {path}: whoever it is for is not told.", flush=True)
                print("Waiting for the first scrapes; Ctrl-C stops all.", flush=True)
                servers = {"The agent": agent, "Alertmanager": alertmanager, "Prometheus": prometheus}
                wait_for_answers(stop, servers, agent_url, prometheus, alertmanager)
                while not stop.wait(1):
                    check_alive(servers)


def main():
    parser = argparse.ArgumentParser(prog="./dev up", description=ABOUT,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", metavar="basewatch.yml", type=pathlib.Path,
                        help="used as it is, its `server:` included; default: what basewatch does without one")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS",
                        help="where Prometheus and Alertmanager listen; default: 127.0.0.1")
    parser.add_argument("--prometheus-port", type=int, default=9090, metavar="PORT", help="default: 9090")
    parser.add_argument("--alertmanager-port", type=int, default=9093, metavar="PORT", help="default: 9093")
    options = parser.parse_args()
    if options.config and not options.config.is_file():
        parser.error(f"there is no file {options.config}")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with scratch() as folder:
        try:
            run(options, stop, folder)
        except (Failure, RuntimeError) as error:
            print(f"dev up: {error}", file=sys.stderr)
            return 1
    print("Stopped; nothing is left.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
