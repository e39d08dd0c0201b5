"""The handbooks name only what exists: every metric, recorded series, threshold, alert, command and option in
them is in the catalog, in docs/interface.txt, or in the list of well-known ones below; every link leads somewhere;
of every site file in them `basewatch generate` makes rules whose tests pass."""
import pathlib
import re
import subprocess
import unittest

from support.servers import BASEWATCH, scratch

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/handbooks"
HANDBOOKS = ("deployment", "monitoring", "incident", "backup", "scaling", "performance", "cost")

# Programs that a Debian machine, Docker, PostgreSQL, Redis, Prometheus or a backup tool brings.
COMMANDS = set("""apt-get amtool cat cmake curl cp date df dmesg docker free git iostat journalctl ls mv pg_dump pg_dumpall
pg_restore pgbackrest printf promtool rclone redis-cli set ssh stat sudo sysctl systemctl tail top uptime""".split())

# PostgreSQL's own names that look like metrics.
POSTGRES = set("""pg_blocking_pids pg_cancel_backend pg_cron pg_current_wal_lsn pg_drop_replication_slot pg_dump
pg_dumpall pg_is_in_recovery pg_isready pg_replication_slots pg_restore pg_settings pg_size_pretty pg_stat_activity
pg_stat_archiver pg_stat_statements pg_stat_user_indexes pg_terminate_backend pg_wal pg_wal_lsn_diff
pg_wal_replay_resume""".split())

# How SQL and settings begin, which are no commands.
NO_COMMAND = set("""select alter create explain analyze insert idle security synchronous_commit archive_timeout
to user_id checkpoint_timeout checkpoint_completion_target wal_compression random_page_cost effective_io_concurrency
idle_in_transaction_session_timeout archive_mode archive_command by sum count rate topk""".split())

METRIC = re.compile(r"\b(?:(?:node|pg|redis|basewatch|prometheus|alertmanager|loki|process)_\w+|instance\w*:\w+:\w+)\b")
ALERT = re.compile(r"\b(?:Agent|Alertmanager|Backup|Bond|Collectors?|Config|Connections|Disk|Filesystem|Heartbeat|"
                   r"Instance|Loki|Memory|Monitoring|Mount|Network|Node|Packets|Postgres|Processes|Prometheus|Raid|"
                   r"Recovery|Redis|Restore|Series|Supabase|Systemd|Target|Textfile)[A-Z]\w+\b")


def interface():
    """{kind: {name}} of docs/interface.txt."""
    names = {}
    for line in (ROOT / "docs/interface.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        kind, _, rest = line.partition(" ")
        name = rest if kind in ("command", "option") else rest.split(" ")[0].split("{")[0] if kind != "family" else \
            rest.split(" ")[0]
        names.setdefault(kind, set()).add(name)
    return names


class Handbooks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.texts = {file.name: file.read_text() for file in sorted(FOLDER.glob("*.md"))}
        cls.names = interface()
        cls.families = [re.compile(re.sub(r"\{\w+\}", r"\\w+", family) + "$") for family in cls.names["family"]]

    @staticmethod
    def blocks(text, kind):
        return re.findall(r"^ *```%s\n(.*?)^ *```$" % kind, text, re.M | re.S)

    @staticmethod
    def inline(text):
        return re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S))

    def own(self, text, key):
        return set(re.findall(r"^ *- %s: (\w+)$" % key, text, re.M))

    def test_there_are_seven_and_all_are_linked(self):
        self.assertEqual({f"{name}.md" for name in HANDBOOKS} | {"README.md"}, set(self.texts))
        for name in HANDBOOKS:
            self.assertIn(f"]({name}.md)", self.texts["README.md"])
            self.assertGreater(len(self.texts[f"{name}.md"].split()), 500, name)
        for page in ("README.md", "docs/alerting.md"):
            self.assertIn("handbooks/", (ROOT / page).read_text())

    def test_links_lead_somewhere(self):
        for name, text in self.texts.items():
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
                if not target.startswith("http"):
                    self.assertTrue((FOLDER / target).exists(), f"{name}: {target}")

    def test_metrics_exist(self):
        known = self.names["metric"] | self.names["recorded"] | self.names["threshold"] | POSTGRES
        found, unknown = 0, []
        for page, text in self.texts.items():
            code = "\n".join(self.inline(text) + self.blocks(text, r"\w*"))
            own = self.own(text, "metric")
            for name in METRIC.findall(code):
                found += 1
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                if not {name, base} & (known | own) and not any(f.match(name) for f in self.families):
                    unknown.append(f"{page}: {name}")
        self.assertEqual([], unknown)
        self.assertGreater(found, 60)

    def test_alerts_exist(self):
        found, unknown = 0, []
        for page, text in self.texts.items():
            for name in ALERT.findall(text):
                found += 1
                if name not in self.names["alert"] | self.own(text, "alert"):
                    unknown.append(f"{page}: {name}")
        self.assertEqual([], unknown)
        self.assertGreater(found, 40)

    def commands(self, text):
        """The first words of what is run, with the rest of the line."""
        lines = [line for block in self.blocks(text, "sh") for line in block.splitlines()]
        for code in self.inline(text):
            if re.match(r"(\./)?[a-z][a-z0-9_-]+ [^=:]", code) and not re.match(r"[a-z_]+ (=|by)", code):
                lines.append(code)
        for line in lines:
            line = re.sub(r"\$\([^)]*\)", "x", re.sub(r"'[^']*'|\"[^\"]*\"", "x", line)).strip()
            for part in re.split(r" \| | && ", line):
                part = re.sub(r"^(sudo )?(-\w+ \w+ )?", "", part.strip())
                if part and not part.startswith("#") and not re.match(r"[A-Z_]+=", part):
                    yield part.split()[0], part

    def test_commands_exist(self):
        dev = set(re.search(r"^  (setup\|[\w|]+)\)", (ROOT / "dev").read_text(), re.M).group(1).split("|"))
        found, unknown = set(), []
        for page, text in self.texts.items():
            for word, line in self.commands(text):
                found.add(word)
                if word == "basewatch":
                    self.check_basewatch(line)
                elif word == "./dev":
                    self.assertIn(line.split()[1], dev, line)
                elif word not in NO_COMMAND | COMMANDS:
                    unknown.append(f"{page}: {line}")
        self.assertEqual([], unknown)
        self.assertLessEqual({"basewatch", "docker", "pgbackrest", "journalctl", "promtool", "amtool"}, found)

    def check_basewatch(self, line):
        words = line.split()
        command = max((c for c in self.names["command"] if line.startswith(c)), key=len)
        if len(words) > 1:
            self.assertNotEqual("basewatch", command, line)
        for word in words:
            if word.startswith("--"):
                self.assertIn(f"{command} {word}", self.names["option"], line)

    def test_site_files_generate_and_their_tests_pass(self):
        sites = configs = 0
        for name, text in self.texts.items():
            for block in self.blocks(text, "yaml"):
                block = re.sub(r"^ {3}(?=\S| )", "", block, flags=re.M) if block.startswith("   ") else block
                kind = block.split("\n", 1)[0]
                if kind not in ("# site.yml", "# basewatch.yml"):
                    continue
                folder = pathlib.Path(self.enterContext(scratch()))
                file = folder / kind[2:]
                (folder / "secret").write_text("x\n")
                file.write_text(re.sub(r"(password_file: )[^\s}]+", rf"\1{folder}/secret", block))
                option = "--site" if "site" in kind else "--config"
                done = subprocess.run([BASEWATCH, "generate", option, file, "--out", folder], capture_output=True,
                                      text=True, timeout=60)
                self.assertEqual((0, ""), (done.returncode, done.stderr), name)
                sites, configs = sites + (option == "--site"), configs + (option == "--config")
                tests = sorted((folder / "rules/tests").glob("site*_test.yml"))
                if tests:
                    done = subprocess.run(["promtool", "test", "rules", *tests], cwd=folder / "rules/tests",
                                          capture_output=True, text=True, timeout=120)
                    self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertGreaterEqual(sites, 3)
        self.assertGreaterEqual(configs, 1)


if __name__ == "__main__":
    unittest.main()
