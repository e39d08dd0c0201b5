"""A crowd of clients that do everything wrong, and one that only wants its metrics."""
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import time
import unittest

from support.certificates import Authority
from support.servers import Agent, scratch

ATTACKERS = pathlib.Path(__file__).resolve().parents[1] / "support" / "attackers.py"
SCRAPES = 300
PAGE = "/metrics/node?exclude[]=textfile"


class Scraper:
    """Keeps its connection, as Prometheus does, and takes the time of every scrape."""

    def __init__(self, agent, context):
        self._agent, self._context = agent, context
        self.times, self.reconnects = [], -1
        self._connection = None

    def connect(self):
        if self._context:
            self._connection = http.client.HTTPSConnection(self._agent.host, 9777, timeout=10,
                                                           context=self._context)
        else:
            self._connection = http.client.HTTPConnection(self._agent.host, 9777, timeout=10)
        self._connection.connect()
        self.reconnects += 1

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    def get(self, path):
        if self._connection is None:
            self.connect()
        try:
            self._connection.request("GET", path)
            reply = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # as any client with a pool
            self.close()
            self.connect()
            self._connection.request("GET", path)
            reply = self._connection.getresponse()
        return reply.status, reply.read().decode()

    def scrape(self, fresh):
        if fresh:
            self.close()
        begin = time.monotonic()
        status, text = self.get(PAGE)
        self.times.append(time.monotonic() - begin)
        if status != 200 or "\nnode_load1 " not in text:
            raise AssertionError(f"{status} {text[:200]}")


def sample(page, name):
    for line in page.splitlines():
        if line.startswith(name + " "):
            return float(line.rsplit(" ", 1)[1])
    return None


class HostileClients(unittest.TestCase):
    def attack(self, tls):
        folder = self.enterContext(scratch())
        with open(f"{folder}/long.prom", "w") as file:
            file.write("# TYPE long gauge\n")
            file.writelines(f'long{{number="{n}",padding="{"x" * 40}"}} {n}\n' for n in range(10000))
        server, context = "", None
        if tls:
            authority = Authority(folder)
            certificate, key = authority.issue("server", "IP:127.0.0.1,DNS:agent")
            server = f"tls: {{cert_file: {certificate}, key_file: {key}}}"
            context = ssl.create_default_context(cafile=authority.certificate)
            context.check_hostname = False
        agent = self.enterContext(Agent(
            folder, f"node: alpha\nexporters: {{node: {{collectors: {{textfile: {{directory: {folder}}}}}}}}}\n",
            server=server))
        scraper = Scraper(agent, context)
        self.addCleanup(scraper.close)
        scraper.get(PAGE)
        calm = sample(scraper.get("/metrics/agent")[1], "process_resident_memory_bytes")
        attackers = subprocess.Popen(
            [sys.executable, ATTACKERS, agent.host, "9777", "tls" if tls else "plain"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual("ready\n", attackers.stdout.readline())
            for number in range(SCRAPES):
                scraper.scrape(fresh=number % 10 == 0)
            page = scraper.get("/metrics/agent")[1]
            said, _ = attackers.communicate()
        finally:
            attackers.kill()
            attackers.wait()
        times = sorted(scraper.times)
        p99 = times[len(times) * 99 // 100]
        seen = json.loads(said)
        print(f"\n{'tls' if tls else 'plain'}: median {times[len(times) // 2] * 1000:.1f} ms, "
              f"p99 {p99 * 1000:.1f} ms, slowest {times[-1] * 1000:.1f} ms; "
              f"{scraper.reconnects} connections; crowd saw {seen}")
        print(*(l for l in page.splitlines() if l.startswith(("basewatch_http_conn", "basewatch_tls",
              "process_threads", "process_resident"))), sep="\n")
        self.assertLess(p99, 0.1)
        self.assertLess(sample(page, "process_threads"), 64 + 16)  # the workers, and the others
        self.assertLess(sample(page, "process_resident_memory_bytes") - calm, 100e6)
        self.assertLess(sample(page, "process_open_fds"), 300)
        self.assertIn("garbage 400", seen)
        self.assertIn("garbage 431", seen)
        for reason in ("crowded_out", "header_too_large"):
            self.assertIn(f'basewatch_http_connections_refused_total{{reason="{reason}"}} ', page)
        if tls:
            self.assertIn("wrong_protocol 400", seen)
            self.assertIn("old_tls SSLError", seen)
            for reason in ("plain_http", "version"):
                self.assertIn(f'basewatch_tls_handshake_failures_total{{reason="{reason}"}} ', page)
        else:
            self.assertIn("wrong_protocol SSLError", seen)
        # However many there were, the log is short.
        self.assertLess(len(agent.lines), 60, agent.output())
        self.assertEqual(0, agent.stop())

    def test_in_the_clear(self):
        self.attack(tls=False)

    def test_with_tls(self):
        self.attack(tls=True)

    def test_a_handshake_that_never_ends_is_ended(self):
        folder = self.enterContext(scratch())
        authority = Authority(folder)
        certificate, key = authority.issue("server", "DNS:agent")
        agent = self.enterContext(Agent(
            folder, "node: alpha\nexporters: {}\n",
            server=f"tls: {{cert_file: {certificate}, key_file: {key}}}, limits: {{header_time: 1s}}"))
        with socket.create_connection((agent.host, 9777), timeout=10) as half:
            half.sendall(b"\x16\x03\x01\x02\x00\x01")
            self.assertEqual(b"", half.recv(1))
        context = ssl.create_default_context(cafile=authority.certificate)
        with socket.create_connection((agent.host, 9777), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname="agent") as secure:
                secure.sendall(b"GET /metrics/agent HTTP/1.1\r\n")
                self.assertIn(b"408 Request Timeout", secure.recv(100))


if __name__ == "__main__":
    unittest.main()
