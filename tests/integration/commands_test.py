"""The commands as a person or a script meets them: what they print, and with which status they end."""
import gzip
import os
import signal
import socket
import subprocess
import time
import unittest
import urllib.request

from support.servers import BASEWATCH, Agent, get, scratch


def basewatch(*arguments, **options):
    done = subprocess.run([BASEWATCH, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, **options)
    return done.returncode, done.stdout, done.stderr


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(scratch())

    def write(self, text, name="basewatch.yml"):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_usage(self):
        status, out, err = basewatch()
        self.assertEqual((2, ""), (status, out))
        self.assertIn("Subcommands:", err)
        for wrong in (["walk"], ["run", "--confg", "x"], ["catalog"], ["catalog", "show"],
                      ["generate", "--config", "a", "--site", "b"]):
            status, out, err = basewatch(*wrong)
            self.assertEqual((2, ""), (status, out), wrong)
            self.assertTrue(err.startswith("basewatch: "), err)
        for command in ("run", "once", "check", "generate", "catalog"):
            status, out, err = basewatch(command, "--help")
            self.assertEqual((0, ""), (status, err))
            self.assertIn(f"basewatch {command}", out)
        status, out, _ = basewatch("--version")
        self.assertEqual(0, status)
        self.assertRegex(out, r"^basewatch \d+\.\d+\.\d+")

    def test_node_flags(self):
        status, out, err = basewatch("node-flags", "--collector.disable-defaults", "--collector.loadavg",
                                     "--path.procfs", "/proc", cwd=self.folder)
        self.assertEqual((0, ""), (status, err))
        status, page, err = basewatch("once", "node", "--config", self.write(out))
        self.assertEqual((0, ""), (status, err))
        self.assertEqual(["node_load1", "node_load15", "node_load5"], sorted(
            line.split()[0] for line in page.splitlines() if line.startswith("node_load")))
        self.assertNotIn("node_memory_", page)
        self.assertEqual((2, "", "basewatch: node_exporter has no flag '--collector.cpux': did you mean "
                          "'--collector.cpu'?\n"), basewatch("node-flags", "--collector.cpux"))
        self.assertIn("FLAGS", basewatch("node-flags", "--help")[1])

    def test_a_wrong_configuration_is_status_2_everywhere(self):
        config = self.write("version: 1\nexporters: {nodes: {}}\n")
        message = f"{config}:2:13: error: unknown key 'nodes' in exporters: did you mean 'node'?\n"
        for command in ("run", "once", "check", "generate"):
            self.assertEqual((2, "", message), basewatch(command, "--config", config))
            status, out, err = basewatch(command, "--config", "/nonexistent.yml")
            self.assertEqual((2, ""), (status, out))
            self.assertIn("No such file or directory", err)

    def test_once(self):
        status, out, err = basewatch("once", "node")
        self.assertEqual((0, ""), (status, err))
        self.assertIn("\nnode_load1 ", out)
        config = self.write("version: 1\nnode: alpha\n")
        status, out, err = basewatch("once", "--config", config)
        self.assertEqual((0, ""), (status, err))
        self.assertIn('\nnode_load1{job="node",instance="alpha",node="alpha"} ', out)
        self.assertIn('\nup{job="node",instance="alpha",node="alpha"} 1\n', out)
        status, out, err = basewatch("once", "redis")
        self.assertEqual((2, ""), (status, out))
        self.assertIn("node", err)
        self.assertEqual(2, basewatch("once", "node/")[0])

    def test_what_fails_is_told_by_the_status(self):
        config = self.write("version: 1\nexporters: {node: {paths: {procfs: proc}}}\n")
        os.mkdir(os.path.join(self.folder, "proc"))
        status, out, err = basewatch("once", "node", "--config", config)
        self.assertEqual(3, status)
        self.assertIn("node/main loadavg: ", err)
        status, out, err = basewatch("check", "--config", config)
        self.assertEqual(1, status)
        self.assertRegex(out, r"loadavg +FAILED ")
        status, out, err = basewatch("check")
        self.assertEqual(0, status, out)
        self.assertRegex(out, r"loadavg +ok ")

    def test_check_tells_a_common_reason_once(self):
        config = self.write("version: 1\nexporters: {postgres: {dsn: "
                            "'host=127.0.0.1 port=1 user=x dbname=x password=hunter2'}}\n")
        status, out, _ = basewatch("check", "--config", config)
        self.assertEqual(1, status)
        self.assertRegex(out, r"postgres/main\n  [0-9]+ collectors +FAILED  .*refused")
        self.assertEqual(1, out.count("refused"), out)
        self.assertNotIn("hunter2", out)

    def test_check_warns_of_an_open_door(self):
        config = self.write('version: 1\nserver: {listen: ":9777"}\nexporters: {}\n')
        status, _, err = basewatch("check", "--config", config)
        self.assertEqual(0, status)
        self.assertIn(f"{config}:2:18: warning: :9777 can be reached from other machines", err)

    def test_a_closed_pipe_is_no_error_and_a_full_disk_is(self):
        shell = f"set -o pipefail; {BASEWATCH} catalog list | head -1; echo $?"
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)
        self.assertEqual("", done.stderr)
        self.assertEqual("0", done.stdout.splitlines()[-1])
        with open("/dev/full", "w") as full:
            done = subprocess.run([BASEWATCH, "once"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  timeout=60)
        self.assertEqual(1, done.returncode)
        self.assertIn("No space left on device", done.stderr)

    def test_generate_and_export(self):
        out = os.path.join(self.folder, "out")
        self.assertEqual(1, basewatch("generate", "--check", "--out", out)[0])
        status, said, err = basewatch("generate", "--out", out)
        self.assertEqual((0, ""), (status, err))
        self.assertIn("wrote rules/alerts/node.yml\n", said)
        self.assertEqual((0, "everything is current\n", ""),
                         basewatch("generate", "--check", "--out", out))
        catalog = os.path.join(self.folder, "catalog")
        self.assertEqual(0, basewatch("catalog", "export", catalog)[0])
        self.assertEqual(0, basewatch("generate", "--catalog", catalog, "--check", "--out", out)[0])
        metrics = os.path.join(catalog, "node", "metrics.yml")
        with open(metrics) as file:
            text = file.read()
        with open(metrics, "w") as file:
            file.write(text.replace("metric: node_load1\n    type: gauge",
                                    "metric: node_load1\n    type: counter"))
        status, _, err = basewatch("generate", "--catalog", catalog, "--out", out)
        self.assertEqual(2, status)
        self.assertIn("node_load1 is counter {} here, but this binary emits gauge {}", err)
        status, _, err = basewatch("catalog", "export", catalog)
        self.assertEqual(1, status)
        self.assertIn(f"{metrics} has other content\n", err)
        self.assertEqual(0, basewatch("catalog", "export", catalog, "--force")[0])

    def test_jobs_of_the_configuration_reach_the_rules(self):
        config = self.write("version: 1\nexporters: {node: {job: hosts}}\n")
        out = os.path.join(self.folder, "out")
        self.assertEqual(0, basewatch("generate", "--config", config, "--out", out)[0])
        with open(os.path.join(out, "rules", "tests", "node_test.yml")) as file:
            self.assertIn('job="hosts"', file.read())

    def test_catalog_shows_a_metric(self):
        status, out, _ = basewatch("catalog", "show", "node_vmstat_oom_kill")
        self.assertEqual(0, status)
        self.assertIn("node_vmstat_{field}", out)
        self.assertIn("alert  NodeOomKill", out)
        status, _, err = basewatch("catalog", "show", "node_laod1")
        self.assertEqual(2, status)
        self.assertIn("did you mean node_load1?", err)

    def test_a_served_agent(self):
        agent = self.enterContext(Agent(self.folder, "node: alpha\nexporters: {node: {}}\n"))
        self.assertEqual((200, "ready\n"), get(agent.url + "/-/ready"))
        request = urllib.request.Request(agent.url + "/metrics/node",
                                         headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            self.assertEqual("gzip", reply.headers["Content-Encoding"])
            self.assertIn(b"\nnode_load1 ", gzip.decompress(reply.read()))
        self.assertIn('basewatch_http_requests_total{code="200",endpoint="/metrics"} ',
                      agent.page("/metrics/agent"))
        other, text = get(agent.url + "/-/reload", method="POST")
        self.assertEqual((200, "reloaded\n"), (other, text))
        status, _, err = basewatch("run", "--config", agent.config)
        self.assertEqual(2, status)
        self.assertIn("Address already in use", err)

    def test_a_hanging_client_does_not_delay_the_end(self):
        agent = Agent(self.folder, "node: alpha\nexporters: {node: {}}\n")
        with socket.create_connection((agent.host, 9777)) as half:
            half.sendall(b"GET /metrics HTTP/1.1\r\n")
            begin = time.monotonic()
            agent.signal(signal.SIGTERM)
            self.assertEqual(0, agent.process.wait(10))
            self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(0, agent.stop())


if __name__ == "__main__":
    unittest.main()
