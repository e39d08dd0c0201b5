"""./dev up: everything that is generated at work together, with a person's own configuration, and what it says
when something is in the way."""
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

from support.servers import Server, address, scratch

UP = pathlib.Path(__file__).resolve().parents[1] / "support/up.py"


class DevUp(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.config = self.folder / "mine.yml"

    def up(self, ready, *options):
        return self.enterContext(Server([sys.executable, UP, self.config, *options], ready=ready))

    def refused(self, *options):
        done = subprocess.run([sys.executable, UP, self.config, *options], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        return done.stderr

    def test_it_takes_the_configuration_as_it_is_and_says_when_all_answers(self):
        host, agent = address(), address()
        secret = self.folder / "slack.url"
        (self.folder / "site.yml").write_text(
            f'version: 1\nreceivers: {{chat: {{slack: {{api_url_file: {secret}, channel: "#a"}}}}}}\n')
        self.config.write_text("version: 1\nserver:\n  # a block, not in one line\n"
                               f'  listen:   "{agent}:9999"   # and a comment\nnode: mine-1\nsite: site.yml\n')
        up = self.up(r"Everything answers: (\d+) targets are up, (\d+) rules", "--host", host)
        said = up.output()
        self.assertEqual("4", up.match.group(1))  # the agent, node, Prometheus, Alertmanager
        self.assertGreater(int(up.match.group(2)), 30)
        for url in (f"http://{agent}:9999/", f"http://{host}:9090/", f"http://{host}:9093/"):
            self.assertIn(url, said)
        self.assertIn(f"There is no file {secret}: whoever it is for is not told.", said)
        self.assertNotIn("Nobody is told yet", said)
        up.signal(signal.SIGINT)
        self.assertEqual(0, up.process.wait(30))
        self.assertIn("Stopped; nothing is left.", up.output())

    def test_without_receivers_it_says_how_to_be_told(self):
        self.config.write_text(f'{{version: 1, node: a, server: {{listen: "{address()}:9777"}}}}\n')
        up = self.up(r"Nobody is told yet", "--host", address())
        self.assertTrue(re.search(r"boards +\S+/dashboards/", up.output()), up.output())

    def test_a_taken_port_is_named_with_what_to_do(self):
        host = address()
        self.config.write_text("version: 1\n")
        with socket.create_server((host, 9093)):
            said = self.refused("--host", host)
        self.assertIn(f"Alertmanager needs {host}:9093, where ", said)
        self.assertIn("choose another port with --alertmanager-port", said)

        agent = address()
        self.config.write_text(f'version: 1\nserver: {{listen: "{agent}:9777"}}\n')
        with socket.create_server((agent, 9777)):
            said = self.refused("--host", host)
        self.assertIn("server: {listen:", said)

    def test_a_wrong_configuration_is_told_with_its_line(self):
        self.config.write_text("version: 1\nserver: {lisen: x}\n")
        self.assertIn(":2:10: error: unknown key 'lisen'", self.refused("--host", address()))


if __name__ == "__main__":
    unittest.main()
