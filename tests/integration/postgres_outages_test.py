"""A server that is there and yet is not: its processes that work for us hang while it goes on, or it lets nobody in
because it recovers. Each test has a server and an agent of its own."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.request

from support.postgres import Postgres, Scraper, give, monitoring_role, wait_until
from support.servers import BASEWATCH, Agent, address, scratch

CONFIG = """node: db-1
exporters:
  postgres:
    - {{name: main, dsn: "host={host} user=basewatch password=watch dbname=postgres"}}
    - {{name: other, dsn: "host={host} user=other password=other dbname=postgres", databases: {{all: false}}}}
"""


def title(pid):
    """What the process says that it does."""
    return pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()


class Outages(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(scratch()))
        self.server = self.enterContext(Postgres(folder))
        monitoring_role(self.server)
        self.server.sql("CREATE ROLE other LOGIN PASSWORD 'other'; GRANT pg_monitor TO other")
        self.agent = self.enterContext(Agent(folder, CONFIG.format(host=self.server.host)))
        self.scraper = Scraper(self.agent)
        self.scraper.becomes("main", "pg_up", 1)
        wait_until("the background has begun", lambda: len(self.server.backends()) > 1)

    def stop_idle(self):
        """Stops our processes if none of them does anything: one that holds a lock would stop the others, too."""
        pids = self.server.backends()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        if pids and all(title(pid).endswith(" idle") for pid in pids):
            return pids
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        return None

    def test_processes_of_ours_hang_and_the_server_goes_on(self):
        """New ones could be had: more and more of them, until the server has no room for anybody."""
        stopped = wait_until("ours are stopped while they do nothing", self.stop_idle)
        try:
            for _ in range(6):
                self.scraper.page("main", seconds=2)
                # One that the server has just refused may take a moment to go.
                wait_until("there are three at most", lambda: len(self.server.backends()) <= 3, 2)
                self.assertEqual(1, self.scraper.page("other")["pg_up"])
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        self.scraper.becomes("main", "pg_up", 1)
        wait_until("there are three at most", lambda: len(self.server.backends()) <= 3)

    def test_a_server_in_recovery(self):
        """As after a crash: it listens, and lets nobody in yet."""
        mark = self.server.folder / "standby.signal"
        self.server.stop()
        self.server.set(hot_standby="off")
        mark.touch()
        give(mark)
        before = len(self.agent.output())
        self.server.start("entering standby mode")
        for _ in range(3):
            self.assertEqual(0, self.scraper.page("main")["pg_up"])
        lines = re.findall("postgres/main[^\n]*", self.agent.output()[before:])
        self.assertLess(len(lines), 3, "one line a change, none a scrape")
        with urllib.request.urlopen(self.agent.url + "/api/v1/status", timeout=5) as status:
            self.assertIn("the database system is not accepting connections", status.read().decode())
        self.server.stop()
        mark.unlink()
        self.server.set(hot_standby="on")
        self.server.start()
        self.scraper.becomes("main", "pg_up", 1)


class SlowToLeave:
    """In front of a server: its processes take a while to leave after their client has said goodbye."""
    GOODBYE, WHILE = b"X\x00\x00\x00\x04", 0.1

    def __init__(self, server):
        self.server, self.host = server, address()
        self.listener = socket.create_server((self.host, 5432))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            behind = socket.create_connection((self.server.host, 5432))
            threading.Thread(target=self.pass_on, args=(client, behind, True), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(behind, client, False), daemon=True).start()

    def pass_on(self, source, to, from_client):
        try:
            while data := source.recv(65536):
                if from_client and data.endswith(self.GOODBYE):
                    time.sleep(self.WHILE)
                to.sendall(data)
        except OSError:
            pass
        try:
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Leaving(unittest.TestCase):
    DATABASES = 6

    def test_one_that_leaves_makes_room_before_the_next_comes(self):
        """Three connections are all that the role may have, and all that there ever are."""
        folder = pathlib.Path(self.enterContext(scratch()))
        server = self.enterContext(Postgres(folder))
        monitoring_role(server)
        server.sql("ALTER ROLE basewatch CONNECTION LIMIT 3;"
                   + "".join(f"CREATE DATABASE d{number};" for number in range(self.DATABASES)))
        front = SlowToLeave(server)
        self.addCleanup(front.listener.close)
        config = folder / "basewatch.yml"
        config.write_text("version: 1\nexporters: {postgres: {dsn: 'postgresql://basewatch:watch@"
                          f"{front.host}/postgres'}}}}\n")
        done = subprocess.run([BASEWATCH, "once", "postgres", "--config", config], text=True, capture_output=True,
                              timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        found = dict(re.findall(r'^basewatch_postgres_database_success\{.*datname="(\w+)".*\} (\d)', done.stdout, re.M))
        self.assertEqual({f"d{number}": "1" for number in range(self.DATABASES)}, found)


if __name__ == "__main__":
    unittest.main()
