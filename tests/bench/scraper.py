"""Scrapes as Prometheus does them: gzip, and one connection to each target that is kept between them; and
what they cost."""
import http.client
import statistics
import time
import urllib.parse

connections = {}


def scrape(url, timeout=10):
    """The page's bytes as they came."""
    parts = urllib.parse.urlsplit(url)
    if parts.netloc not in connections:
        connections[parts.netloc] = http.client.HTTPConnection(parts.netloc)
    connection = connections[parts.netloc]
    connection.request("GET", parts.path, headers={"Accept-Encoding": "gzip",
                                                   "X-Prometheus-Scrape-Timeout-Seconds": str(timeout)})
    reply = connection.getresponse()
    body = reply.read()
    if reply.status != 200:
        raise RuntimeError(f"{url}: {reply.status} {body[:200]}")
    return body


def cpu_seconds(pid):
    """User and system time of all threads, also of those that have ended: the process' CPU clock."""
    return time.clock_gettime(~pid << 3 | 2)  # clock_getcpuclockid(3), CPUCLOCK_SCHED


class Pairs:
    """CPU of two programs that are scraped once a second each, from one scrape to the next: with what a program
    does afterwards. The mean is what they cost, for garbage is collected after some scrapes only. Who comes first
    changes, for the second finds the caches warm."""

    def __init__(self, ours, theirs):
        self.pids, self.cpu = (ours, theirs), ([], [])

    def run(self, count, scrape_ours, scrape_theirs):
        for number in range(-3, count):  # at first what a start takes, which is no scrape's
            before = [cpu_seconds(pid) for pid in self.pids]
            for one in ((scrape_ours, scrape_theirs) if number % 2 else (scrape_theirs, scrape_ours)):
                one()
            time.sleep(1.02)  # the agent's good result serves again for a second
            for pid, began, spent in zip(self.pids, before, self.cpu):
                if number >= 0:
                    spent.append((cpu_seconds(pid) - began) * 1e3)

    def line(self, peer):
        mine, theirs = (statistics.mean(spent) for spent in self.cpu)
        ratios = sorted(a / b for a, b in zip(*self.cpu))
        return (f"CPU per scrape: ours {mine:.2f} ms, {peer} {theirs:.2f} ms, ratio {mine / theirs:.2f} (of single "
                f"scrapes: median {statistics.median(ratios):.2f}, quartiles {ratios[len(ratios) // 4]:.2f} to "
                f"{ratios[3 * len(ratios) // 4]:.2f})")
