"""The node exporter against Debian's node_exporter: the same collectors, the same host, one run."""
import pathlib
import statistics
import time
import urllib.request

from support.servers import Agent, Server, address, scratch

COLLECTORS = ["cpu", "meminfo", "loadavg", "stat", "filesystem", "netdev", "vmstat", "textfile"]
SCRAPES = 30


def cpu_seconds(pid):
    """User and system time of all threads, from the scheduler's nanosecond counters."""
    return sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def memory(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {line.split(":")[0]: int(line.split()[1]) for line in status.splitlines()
            if line.startswith(("VmRSS", "VmHWM", "RssAnon"))}


def scrape(url):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip",
                                                   "X-Prometheus-Scrape-Timeout-Seconds": "10"})
    with urllib.request.urlopen(request) as reply:
        return len(reply.read())


def cost(server, url):
    before = cpu_seconds(server.process.pid)
    scrape(url)
    return (cpu_seconds(server.process.pid) - before) * 1e3


def main():
    with scratch() as folder:
        host = address()
        peer_command = ["prometheus-node-exporter", f"--web.listen-address={host}:9100",
                        "--collector.disable-defaults", f"--collector.textfile.directory={folder}"]
        peer_command += [f"--collector.{name}" for name in COLLECTORS]
        config = ("node: bench\nexporters:\n  node:\n"
                  f"    collectors: {{textfile: {{directory: [\"{folder}\"]}}}}\n")
        with Server(peer_command, ready="Listening on") as peer, Agent(folder, config) as ours:
            peer_url, our_url = f"http://{host}:9100/metrics", ours.url + "/metrics/node"
            for url in (peer_url, our_url):
                for _ in range(10):
                    scrape(url)
            # One scrape of each a second, as Prometheus does it: caches are cold, and the agent has
            # nothing to reuse (a good result serves again for a second).
            our_cpu, peer_cpu = [], []
            for _ in range(SCRAPES):
                time.sleep(1.02)
                our_cpu.append(cost(ours, our_url))
                peer_cpu.append(cost(peer, peer_url))
            ratios = sorted(a / b for a, b in zip(our_cpu, peer_cpu))
            print(f"node: cpu per scrape (gzip): ours {statistics.median(our_cpu):.2f} ms, node_exporter "
                  f"{statistics.median(peer_cpu):.2f} ms, ratio {statistics.median(ratios):.2f} "
                  f"(quartiles {ratios[len(ratios) // 4]:.2f} to {ratios[3 * len(ratios) // 4]:.2f})")
            mine, theirs = memory(ours.process.pid), memory(peer.process.pid)
            print(f"node: resident memory: ours {mine['VmRSS'] / 1024:.1f} MB (anonymous "
                  f"{mine['RssAnon'] / 1024:.1f}), node_exporter {theirs['VmRSS'] / 1024:.1f} MB (anonymous "
                  f"{theirs['RssAnon'] / 1024:.1f}), ratio {mine['VmRSS'] / theirs['VmRSS']:.2f}")


main()
