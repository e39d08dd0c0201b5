"""Every fault of broken.py in the healthy world, under all rules of all subjects at once: exactly the alerts named for it
fire in time, and no other P1 or P2, also later."""
import concurrent.futures
import pathlib
import re
import subprocess
import unittest

from faults import world
from faults.broken import FAULTS
from support.servers import ROOT, scratch

BREAK = 17  # minute
LATER = 10  # minutes after the fault: what pages twice has done so by then


def priorities():
    out = {}
    for path in (ROOT / "rules/alerts").glob("*.yml"):
        for name, priority in re.findall(r"- alert: (\w+)\n.*?priority: \"?(P\d)", path.read_text(), re.S):
            out[name] = priority
    return out


def changed(changes, minutes):
    """The world in which these changes happen at BREAK."""
    out = []
    used = set()
    for series in world.healthy():
        change = None
        for key, value in changes.items():
            if not key.startswith("+") and series.is_meant(key):
                change = value
                used.add(key)
        out.append((series.text, world.values(series.value, minutes, change, BREAK)))
    for key, value in changes.items():
        if key.startswith("+"):
            job, _, own = key[1:].partition("/")
            instance = next(each.instance for each in world.healthy() if each.job == job)
            out.append((world.Series(job, instance, own, value).text, f"_x{BREAK} " + world.values(value, minutes - BREAK)))
            used.add(key)
    unused = set(changes) - used
    assert not unused, f"no series of the healthy world begins like this: {unused}"
    return out


def firing(labels, names):
    return (f'group by (alertname) (ALERTS{{alertstate="firing",alertname!="Heartbeat"{labels}}})',
            [(f'{{alertname="{name}"}}', 1) for name in sorted(names)])


def case(fault, priority_of):
    name, changes, alerts, within = fault
    end = BREAK + max(within, LATER)
    pages = [alert for alert in alerts if priority_of[alert] in ("P1", "P2")]
    return world.case(name, "1m", changed(changes, end + 1), [
        (BREAK - 1, *firing("", [])),
        (BREAK + within, *firing(f',alertname=~"{"|".join(alerts)}"', alerts)),
        (end, *firing(',priority=~"P1|P2"', pages))])


def promtool(cases):
    with scratch() as folder:
        path = pathlib.Path(folder) / "faults_test.yml"
        path.write_text(world.head("1m") + "".join(cases))
        done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


class Faults(unittest.TestCase):
    def test_the_list(self):
        self.assertGreaterEqual(len(FAULTS), 60)
        self.assertEqual(len(FAULTS), len({name for name, *_ in FAULTS}))
        self.assertEqual(set(), {alert for *_, alerts, _ in FAULTS for alert in alerts} - set(priorities()))

    def test_each_raises_its_alerts_and_no_other_page(self):
        priority_of = priorities()
        halves = [[case(fault, priority_of) for fault in FAULTS[begin::2]] for begin in (0, 1)]
        with concurrent.futures.ThreadPoolExecutor(2) as both:
            for status, said in both.map(promtool, halves):
                self.assertEqual(0, status, said)

    def test_a_wrong_expectation_is_seen(self):
        priority_of = priorities()
        changes = {"redis_rdb_last_bgsave_status": "0"}
        for alerts, within, words in ((["RedisSnapshotFailing", "RedisAppendFailing"], 8, "RedisAppendFailing"),
                                      (["RedisSnapshotFailing"], 3, "RedisSnapshotFailing"),
                                      (["RedisEvicting"], 8, "RedisSnapshotFailing")):
            status, said = promtool([case(("wrong", changes, alerts, within), priority_of)])
            self.assertNotEqual(0, status)
            self.assertIn(words, said)


if __name__ == "__main__":
    unittest.main()
