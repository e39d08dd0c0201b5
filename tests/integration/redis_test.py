"""The Redis exporter against real servers, and against what is no Redis server at all. Whatever the server
does: the page comes within its deadline, redis_up is 0 with one clear reason, the other instances are not
touched, all is well again without a restart, and no password is seen anywhere."""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from support.redis import Client, Redis, Sentinel, StandIn, hangs_up_after, sends, trickles
from support.servers import BASEWATCH, Agent, get, scratch, wait_until

SECRET, ROTATED = "hunter-first-secret", "hunter-second-secret"


def instances(*lines):
    return "exporters:\n  redis:\n" + "".join(f"    - {{{line}}}\n" for line in lines)


class RedisTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def redis(self, name, *options, **more):
        return self.enterContext(Redis(self.folder / name, *options, **more))

    def agent(self, config):
        return self.enterContext(Agent(self.folder, config))

    def scrape(self, agent, name, timeout=3):
        begin = time.monotonic()
        status, page = get(f"{agent.url}/metrics/redis/{name}", timeout=timeout + 5,
                           headers={"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)})
        self.assertEqual(200, status, page)
        self.assertLess(time.monotonic() - begin, timeout + 3, "the page is late")  # 3 s for a busy machine
        return page

    def is_up(self, agent, name, timeout=3):
        return "\nredis_up 1\n" in self.scrape(agent, name, timeout)

    def becomes_up(self, agent, name):
        wait_until(f"{name} is up", lambda: self.is_up(agent, name))

    def reason(self, agent, name):
        """In words, as the status page has it."""
        status = json.loads(agent.page("/api/v1/status"))
        one = next(i for i in status["instances"] if i["exporter"] == "redis" and i["name"] == name)
        return next(c["reason"] for c in one["collectors"] if c["name"] == "server"), one

    def is_down(self, agent, name, label, words, timeout=3):
        page = self.scrape(agent, name, timeout)
        self.assertIn("\nredis_up 0\n", page)
        self.assertIn(f'\nredis_exporter_last_scrape_error{{err="{label}"}} 1\n', page)
        self.assertRegex(self.reason(agent, name)[0], words)

    def value(self, page, series):
        match = re.search("^" + re.escape(series) + r" (\S+)$", page, re.MULTILINE)
        self.assertIsNotNone(match, f"{series} is missing in\n{page}")
        return float(match[1])


class Access(RedisTest):
    def test_passwords_rights_and_renamed_commands(self):
        server = self.redis("a", "--requirepass", ROTATED, "--rename-command", "SLOWLOG", "")
        with server.client() as admin:
            admin("AUTH", ROTATED)
            admin("ACL", "SETUSER", "little", "on", ">" + SECRET, "+ping")
        password = self.folder / "password"
        password.write_text(SECRET + "\n")
        agent = self.agent(instances(
            f"name: good, url: 'redis://{server.where}', password: '{ROTATED}'",
            f"name: rotated, url: 'redis://{server.where}', password_file: '{password}'",
            f"name: none, url: 'redis://{server.where}'",
            f"name: little, url: 'redis://{server.where}', user: little, password: '{SECRET}'"))
        refused = "it does not let us in"
        for _ in range(2):
            self.is_down(agent, "rotated", refused, "does not accept the user or the password")
            self.is_down(agent, "none", refused, "asks for a password")
            self.is_down(agent, "little", "INFO is not answered", r"give its user \+info")
            self.assertTrue(self.is_up(agent, "good"))
            time.sleep(1.1)  # a failure is never reused, a good result is
        password.write_text(ROTATED + "\n")
        self.becomes_up(agent, "rotated")
        # What the server does not know is asked once a connection, shown, and logged no line for each scrape.
        notes = json.dumps(self.reason(agent, "good")[1])
        self.assertIn("SLOWLOG", notes)
        with server.client() as admin:
            admin("AUTH", ROTATED)
            count = "errorstat_ERR:count="
            errors = lambda: int(re.search(count + r"(\d+)", admin("INFO", "errorstats"))[1])
            self.scrape(agent, "good")
            time.sleep(1.1)
            before = errors()
            self.scrape(agent, "good")
            self.assertEqual(before, errors())
        everything = agent.output() + agent.page() + agent.page("/api/v1/status") + agent.page("/")
        self.assertLess(len(agent.lines), 20, agent.output())
        for secret in (SECRET, ROTATED):
            self.assertNotIn(secret, everything)
        check = subprocess.run([BASEWATCH, "check", "--config", agent.config], capture_output=True, text=True,
                               timeout=60, check=False)
        self.assertEqual(1, check.returncode)
        self.assertNotIn(ROTATED, check.stdout + check.stderr)
        self.assertRegex(check.stdout, r"server +FAILED .*asks for a password")

    def test_tls_with_client_certificates_and_a_socket(self):
        tls = self.folder / "tls"
        tls.mkdir()
        run = lambda *words: subprocess.run(["openssl", *words], cwd=tls, check=True, capture_output=True)
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.crt")
        for name in ("server", "client"):
            run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                "-addext", "subjectAltName=DNS:redis.test", "-keyout", f"{name}.key", "-out", f"{name}.csr")
            run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-copy_extensions", "copy", "-out", f"{name}.crt")
        server = self.redis("a", "--tls-port", "6390", "--tls-cert-file", tls / "server.crt", "--tls-key-file",
                            tls / "server.key", "--tls-ca-cert-file", tls / "ca.crt", "--unixsocket",
                            self.folder / "redis.sock", "--timeout", "0")
        url = f"url: 'rediss://{server.host}:6390'"
        agent = self.agent(instances(
            f"name: tls, {url}, tls: {{ca_file: '{tls}/ca.crt', cert_file: '{tls}/client.crt', "
            f"key_file: '{tls}/client.key', server_name: redis.test}}",
            f"name: stranger, {url}, tls: {{ca_file: '{tls}/ca.crt', server_name: redis.test}}",
            f"name: othername, {url}, tls: {{ca_file: '{tls}/ca.crt', cert_file: '{tls}/client.crt', "
            f"key_file: '{tls}/client.key', server_name: other.test}}",
            f"name: unknown, {url}, tls: {{cert_file: '{tls}/client.crt', key_file: '{tls}/client.key', "
            "server_name: redis.test}",
            f"name: plain, url: 'redis://{server.host}:6390'",
            f"name: socket, url: 'unix://{self.folder}/redis.sock'"))
        self.assertTrue(self.is_up(agent, "tls"))
        self.assertTrue(self.is_up(agent, "socket"))
        for name in ("stranger", "othername", "unknown", "plain"):
            self.assertFalse(self.is_up(agent, name), name)
        self.assertRegex(self.reason(agent, "othername")[0], "(?i)hostname|name")
        self.assertRegex(self.reason(agent, "unknown")[0], "(?i)certificate|issuer")


class Trouble(RedisTest):
    def test_a_server_in_trouble(self):
        well, ill = self.redis("well"), self.redis("ill", "--busy-reply-threshold", "50")
        agent = self.agent(instances(f"name: well, url: 'redis://{well.where}'", f"name: ill, url: 'redis://{ill.where}'"))
        self.assertTrue(self.is_up(agent, "ill"))
        with self.subTest("stopped"):
            ill.signal(signal.SIGSTOP)
            time.sleep(1.1)
            self.is_down(agent, "ill", "it does not answer in time", "in time", timeout=2)
            self.assertTrue(self.is_up(agent, "well"))
            whole = get(agent.url + "/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"})[1]
            self.assertRegex(whole, r'redis_up\{[^}]*instance="[^"]*/well"[^}]*\} 1')
            self.assertRegex(whole, r'redis_up\{[^}]*instance="[^"]*/ill"[^}]*\} 0')
            ill.signal(signal.SIGCONT)
            self.becomes_up(agent, "ill")
        with self.subTest("a script that does not end"), ill.client() as busy:
            busy.send("EVAL", "while true do end", "0")
            wait_until("the server is busy", lambda: not self.is_up(agent, "ill"))
            wait_until("it says so", lambda: "SCRIPT KILL" in (self.is_up(agent, "ill") or self.reason(agent, "ill")[0]))
            with ill.client() as admin:
                admin("SCRIPT", "KILL")
            self.becomes_up(agent, "ill")
        with self.subTest("its snapshots fail"), ill.client() as admin:
            (ill.folder / "in-the-way").mkdir()
            admin("CONFIG", "SET", "dbfilename", "in-the-way")
            admin("CONFIG", "SET", "save", "900 1")
            admin("BGSAVE")
            wait_until("the snapshot failed", lambda: "rdb_last_bgsave_status:err" in admin("INFO", "persistence"))
            with self.assertRaisesRegex(Exception, "MISCONF"):
                admin("SET", "key", "value")
            time.sleep(1.1)
            page = self.scrape(agent, "ill")
            self.assertEqual(1, self.value(page, "redis_up"))
            self.assertEqual(0, self.value(page, "redis_rdb_last_bgsave_status"))
        with self.subTest("full"):
            with ill.client() as admin:
                admin("CONFIG", "SET", "maxclients", "1")
                admin("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                time.sleep(1.1)
                self.is_down(agent, "ill", "it does not let us in", "maxclients")
                admin("CONFIG", "SET", "maxclients", "2000")
            self.becomes_up(agent, "ill")
        with self.subTest("many clients"):
            clients = [Client(ill.host, ill.port) for _ in range(300)]
            try:
                time.sleep(1.1)
                self.assertGreaterEqual(self.value(self.scrape(agent, "ill"), "redis_connected_clients"), 300)
            finally:
                for client in clients:
                    client.close()
        with self.subTest("gone and back"):
            ill.stop()
            time.sleep(1.1)
            self.is_down(agent, "ill", "it cannot be reached", "refused")
            self.enterContext(Redis(self.folder / "again", host=ill.host))
            self.becomes_up(agent, "ill")
        self.assertTrue(self.is_up(agent, "well"))

    def test_a_server_that_is_loading(self):
        first = self.redis("a")
        with first.client() as admin:
            admin("DEBUG", "POPULATE", "3000")
            admin("SAVE")
        first.stop()
        # Half a minute, and it answers in between, until it is told to hurry.
        slow = self.redis("a", "--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024",
                          host=first.host, ready=r"Loading RDB|Server initialized")
        agent = self.agent(instances(f"name: slow, url: 'redis://{slow.where}'"))
        page = wait_until("it is loading", lambda: (lambda p: p if "redis_loading_dump_file 1" in p else None)(self.scrape(agent, "slow")))
        self.assertIn("\nredis_up 1\n", page)
        with slow.client() as admin:
            admin("CONFIG", "SET", "key-load-delay", "0")
        wait_until("it has loaded", lambda: "redis_loading_dump_file 0" in self.scrape(agent, "slow"))

    def test_what_is_no_server_at_all(self):
        well = self.redis("well")
        stand_ins = {"garbage": (sends(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100), "what answers is no Redis server"),
                     "huge": (sends(b"$536870912\r\n" + b"x" * 1000), "it does not answer in time"),
                     "wide": (sends(b"*100000000\r\n"), "what answers is no Redis server"),
                     "trickle": (trickles, "it does not answer in time"),
                     "killed": (hangs_up_after(b"$1000\r\n# Server"), "it cannot be reached"),
                     "mute": (sends(b""), "it does not answer in time")}
        lines = [f"name: well, url: 'redis://{well.where}'"]
        for name, (behave, _) in stand_ins.items():
            lines.append(f"name: {name}, url: 'redis://{self.enterContext(StandIn(behave)).where}'")
        agent = self.agent(instances(*lines))
        before = memory(agent)
        for name, (_, label) in stand_ins.items():
            self.is_down(agent, name, label, ".", timeout=1)
            self.assertTrue(self.is_up(agent, "well"), name)
        self.assertLess(memory(agent) - before, 32 << 10, "KiB")


def memory(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


class Work(RedisTest):
    def test_keys_groups_streams_and_scripts_in_the_background(self):
        server = self.redis("a")
        script = self.folder / "queue.lua"
        script.write_text('return {"queued", tostring(redis.call("LLEN", "jobs")), "answer", "42"}')
        with server.client() as admin:
            for i in range(250):
                admin("SET", f"session:{i}", "x")
            admin("SET", "price", "12.5")
            admin("SET", "motto", "so it goes")
            admin("PFADD", "visitors", *range(100))
            admin("RPUSH", "jobs", 1, 2, 3)
            admin("XADD", "orders", "*", "a", "1")
            admin("XGROUP", "CREATE", "orders", "billing", "0")
            admin("XREADGROUP", "GROUP", "billing", "worker", "COUNT", "1", "STREAMS", "orders", ">")
            admin("SELECT", "3")
            admin("SET", "other", "1")
        agent = self.agent(f"""exporters:
  redis:
    name: a
    url: "redis://{server.where}"
    collectors:
      keys:
        check: ["pri*", motto, visitors, jobs, nothing]
        count: ["session:*", "db3=*", "db5=*"]
        groups: ["^([^:]+):"]
        streams: ["ord*"]
        batch: 100
      scripts: {{files: ["{script}"]}}
""")
        page = wait_until("the walk is complete", lambda: (lambda p: p if "redis_keys_count" in p and "redis_script_result" in p else None)(self.scrape(agent, "a")))
        for series, value in {
                'redis_keys_count{db="db0",key="session:*"}': 250, 'redis_keys_count{db="db3",key="*"}': 1,
                'redis_keys_count{db="db5",key="*"}': 0, 'redis_key_size{db="db0",key="jobs"}': 3,
                'redis_key_value{db="db0",key="price"}': 12.5, 'redis_key_size{db="db0",key="price"}': 4,
                'redis_key_value_as_string{db="db0",key="motto",val="so it goes"}': 1,
                'redis_key_group_count{db="db0",key_group="session"}': 250,
                'redis_key_group_count{db="db0",key_group="unclassified"}': 5,
                'redis_number_of_distinct_key_groups{db="db0"}': 2, 'redis_number_of_distinct_key_groups{db="db1"}': 0,
                'redis_stream_length{db="db0",stream="orders"}': 1,
                'redis_stream_group_messages_pending{db="db0",group="billing",stream="orders"}': 1,
                'redis_script_values{filename="%s",key="queued"}' % script: 3,
                'redis_script_result{filename="%s"}' % script: 1, "redis_key_pass_progress_ratio": 1}.items():
            self.assertEqual(value, self.value(page, series), series)
        self.assertGreater(self.value(page, 'redis_key_group_memory_usage_bytes{db="db0",key_group="session"}'), 250 * 40)
        self.assertAlmostEqual(100, self.value(page, 'redis_key_size{db="db0",key="visitors"}'), delta=5)
        self.assertNotIn('key="nothing"', page)
        # Texts are looked at before they are asked how many distinct elements they count: nothing was refused.
        with server.client() as admin:
            self.assertNotIn("WRONGTYPE", str(admin("INFO", "errorstats")))

    def test_a_scrape_is_one_round_trip(self):
        server = self.redis("a")
        agent = self.agent(instances(f"name: a, url: 'redis://{server.where}', config_metrics: true, client_list: true"))
        reads = []
        for _ in range(4):
            reads.append(self.value(self.scrape(agent, "a"), "redis_total_reads_processed"))
            time.sleep(1.1)
        # The first scrape looks at what there is before it asks; each other is one read of the server's.
        self.assertEqual([1, 1], [reads[2] - reads[1], reads[3] - reads[2]])

    def test_probes_are_allow_listed(self):
        server, other = self.redis("a", "--requirepass", SECRET), self.redis("b", "--requirepass", SECRET)
        agent = self.agent(instances(f"name: a, url: 'redis://{server.where}', password: '{SECRET}', probe_allow: ['{server.host}']"))
        status, page = get(f"{agent.url}/probe?target=redis://{server.where}")
        self.assertEqual(200, status, page)
        self.assertIn("\nredis_up 1\n", page)
        status, page = get(f"{agent.url}/scrape?target={server.where}")
        self.assertIn("\nredis_up 1\n", page)
        status, page = get(f"{agent.url}/probe?target=redis://{other.where}")
        self.assertEqual(404, status)
        self.assertIn("probe_allow", page)
        status, page = get(f"{agent.url}/probe?target=redis://{server.host}:1")
        self.assertEqual(200, status)
        self.assertIn("\nredis_up 0\n", page)
        self.assertEqual(400, get(agent.url + "/probe")[0])
        self.assertEqual(404, get(agent.url + "/probe?target=unix:///tmp/x.sock")[0])


class Discovery(RedisTest):
    def names(self, agent):
        return sorted(t["labels"]["__metrics_path__"].removeprefix("/metrics/redis/") for t in json.loads(agent.page("/sd"))
                      if t["labels"]["job"] == "redis")

    def test_a_sentinel_trio_fails_over(self):
        primary = self.redis("one")
        replica = self.redis("two", "--replicaof", primary.host, str(primary.port))
        sentinels = [self.enterContext(Sentinel(self.folder / f"s{i}", primary)) for i in range(3)]
        agent = self.agent(instances(f"name: s, url: 'redis://{sentinels[0].where}', discover: {{sentinel: true}}"))
        name = lambda server: f"s-{server.host}-{server.port}".replace(".", "-")
        wanted = sorted(["s", name(primary), name(replica)])
        def found():
            self.scrape(agent, "s")
            return self.names(agent) == wanted
        wait_until("all are found", found)
        self.assertIn("redis_slave_info", self.scrape(agent, name(replica)))
        wait_until("the Sentinels know each other", lambda: "OK 3 usable Sentinels" in self.scrape(agent, "s"))
        series = f'redis_sentinel_master_ok_slaves{{master_address="{primary.where}",master_name="shop"}}'
        wait_until("the replica counts as fine", lambda: self.value(self.scrape(agent, "s"), series) == 1)
        primary.signal(signal.SIGKILL)
        wait_until("the replica takes over", lambda: 'role="master"' in self.scrape(agent, name(replica)), 30)
        wait_until("the Sentinel says so", lambda: f'master_address="{replica.where}"' in self.scrape(agent, "s"), 30)
        self.assertEqual(wanted, self.names(agent))
        self.is_down(agent, name(primary), "it cannot be reached", "refused")

    def test_replicas_of_a_primary(self):
        primary = self.redis("one", "--requirepass", SECRET)
        replica = self.redis("two", "--requirepass", SECRET, "--masterauth", SECRET, "--replicaof", primary.host, str(primary.port))
        agent = self.agent(instances(f"name: main, url: 'redis://{primary.where}', password: '{SECRET}', discover: {{replicas: true}}"))
        name = f"main-{replica.host}-{replica.port}".replace(".", "-")
        wait_until("the replica is found", lambda: self.is_up(agent, "main") and name in self.names(agent))
        self.assertTrue(self.is_up(agent, name))
        self.assertEqual(200, get(agent.url + "/-/reload", method="POST")[0])
        self.assertEqual(["main", name], self.names(agent))


if __name__ == "__main__":
    unittest.main()
