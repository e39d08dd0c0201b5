"""Standard error that nobody reads: the agent goes on, and says afterwards what was lost."""
import fcntl
import os
import re
import signal
import subprocess
import unittest

from support.servers import BASEWATCH, address, get, scratch, wait_until

F_GETPIPE_SZ = 1032


class UnreadLog(unittest.TestCase):
    def test_a_full_pipe_holds_up_no_scrape(self):
        folder = self.enterContext(scratch())
        host = address()
        config = os.path.join(folder, "basewatch.yml")
        with open(config, "w") as file:
            file.write(f'version: 1\nserver: {{listen: "{host}:9777"}}\nexporters: {{node: {{}}}}\n')
        read, write = os.pipe()
        os.set_blocking(write, False)
        room = fcntl.fcntl(write, F_GETPIPE_SZ)
        self.assertEqual(room, os.write(write, b"f" * room))
        os.set_blocking(write, True)
        agent = subprocess.Popen([BASEWATCH, "run", "--config", config], stderr=write)
        self.addCleanup(agent.kill)
        os.close(write)
        url = f"http://{host}:9777"

        def answers():
            try:
                return get(url + "/-/ready")[0] == 200
            except OSError:
                return False

        wait_until("the agent serves", answers)
        # Every refused reload is a line; more of them than the agent keeps for a reader.
        with open(config, "a") as file:
            file.write("".join(f"nonsense{'x' * 150}{number}: 1\n" for number in range(3000)))
        for _ in range(3):
            self.assertEqual(500, get(url + "/-/reload", method="POST")[0])
        status, page = get(url + "/metrics/agent")
        self.assertEqual(200, status)
        lost = float(re.search(r"^basewatch_log_lines_lost_total (\S+)$", page, re.MULTILINE)[1])
        self.assertGreater(lost, 0)
        self.assertIn("lost: nobody reads", get(url + "/")[1])

        # Once somebody reads what was kept, there is room for more.
        with os.fdopen(read, "rb") as pipe:
            text = pipe.read(room + 500_000)
            agent.send_signal(signal.SIGTERM)
            text += pipe.read()  # until the agent has ended
        self.assertEqual(0, agent.wait(10))
        lines = text[room:].decode().splitlines()
        self.assertIn("listens on", lines[0])
        self.assertTrue(any("lines of this log were lost" in line for line in lines))
        self.assertTrue(any('msg="stops"' in line for line in lines), lines[-1])


if __name__ == "__main__":
    unittest.main()
