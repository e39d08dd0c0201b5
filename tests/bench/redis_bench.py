"""The Redis exporter against Debian's redis_exporter over one server with a million keys: CPU per scrape,
round trips per scrape, and what counting keys costs the server."""
import os
import pathlib
import re
import time
import urllib.request

from bench.scraper import Pairs, cpu_seconds, scrape
from support.redis import Redis
from support.servers import Agent, Server, address, scratch, wait_until

KEYS = int(os.environ.get("BASEWATCH_BENCH_KEYS", "1000000"))
SCRAPES = 30
MINUTE_SCRAPES = 4  # of a Prometheus that scrapes every 15 s


def memory(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def text(url):
    with urllib.request.urlopen(url) as reply:
        return reply.read().decode()


def value(page, series):
    return float(re.search("^" + re.escape(series) + r" (\S+)$", page, re.MULTILINE)[1])


def per_scrape(redis, folder):
    host = address()
    with Server(["prometheus-redis-exporter", f"-redis.addr=redis://{redis.where}", f"-web.listen-address={host}:9121",
                 "-redis-only-metrics"], ready="Providing metrics", answers=f"{host}:9121") as peer, \
         Agent(folder, f"exporters: {{redis: {{url: 'redis://{redis.where}', latency_histograms: false}}}}\n") as ours:
        peer_url, our_url = f"http://{host}:9121/metrics", ours.url + "/metrics/redis"
        for url in (peer_url, our_url):
            for _ in range(10):
                scrape(url)
        pairs = Pairs(ours.process.pid, peer.process.pid)
        pairs.run(SCRAPES, lambda: scrape(our_url), lambda: scrape(peer_url))
        print(f"redis: {pairs.line('redis_exporter')}")
        print(f"redis: resident memory: ours {memory(ours.process.pid):.1f} MB, redis_exporter {memory(peer.process.pid):.1f} MB")
        with redis.client() as client:
            for name, url in (("ours", our_url), ("redis_exporter", peer_url)):
                time.sleep(1.05)
                before = reads(client)
                scrape(url)
                print(f"redis: reads of the server for one scrape: {name} {reads(client) - before - 1}")


def reads(client):
    """So far, this one among them."""
    return int(re.search(r"total_reads_processed:(\d+)", client("INFO", "stats"))[1])


def counting(redis, folder):
    host = address()
    with Server(["prometheus-redis-exporter", f"-redis.addr=redis://{redis.where}", f"-web.listen-address={host}:9121",
                 "-redis-only-metrics", "-count-keys=key:1*", "-connection-timeout=60s"], ready="Providing metrics", answers=f"{host}:9121") as peer:
        scrape(f"http://{host}:9121/metrics", 60)
        before, memory_before = cpu_seconds(redis.process.pid), memory(peer.process.pid)
        for _ in range(2):
            scrape(f"http://{host}:9121/metrics", 60)
        theirs = (cpu_seconds(redis.process.pid) - before) / 2 * MINUTE_SCRAPES
        peer_memory = memory(peer.process.pid)
    time.sleep(1)
    begin, before = time.monotonic(), cpu_seconds(redis.process.pid)
    time.sleep(30)
    idle = (cpu_seconds(redis.process.pid) - before) / (time.monotonic() - begin)  # what it does without anybody
    with Agent(folder, f"exporters: {{redis: {{url: 'redis://{redis.where}', collectors: {{keys: {{count: ['key:1*']}}}}}}}}\n") as ours:
        resting = memory(ours.process.pid)
        begin, before = time.monotonic(), cpu_seconds(redis.process.pid)
        time.sleep(60)
        mine = ((cpu_seconds(redis.process.pid) - before) / (time.monotonic() - begin) - idle) * 60
        page = text(ours.url + "/metrics/redis")
        seen = value(page, "redis_key_pass_keys_total")
        print(f"redis: counting {KEYS} keys, server time a minute: ours {mine * 1e3:.0f} ms ({seen:.0f} keys seen), "
              f"redis_exporter {theirs * 1e3:.0f} ms, ratio {mine / theirs:.3f}")
        print(f"redis: memory while counting: ours {resting:.1f} -> {memory(ours.process.pid):.1f} MB, redis_exporter "
              f"{memory_before:.1f} -> {peer_memory:.1f} MB")


def main():
    with scratch() as folder:
        folder = pathlib.Path(folder)
        with Redis(folder / "redis", "--timeout", "0") as redis:
            with redis.client() as client:
                client.socket.settimeout(120)
                client("DEBUG", "POPULATE", KEYS)
            per_scrape(redis, folder)
            counting(redis, folder)


main()
