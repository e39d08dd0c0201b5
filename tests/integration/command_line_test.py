"""The command line's own help: what it guesses, what bash completes, what man shows."""
import pathlib
import re
import subprocess
import unittest

from support.servers import BASEWATCH, scratch

# Runs the completion as bash does, for the words of one line; the cursor is at its end.
COMPLETE = r"""
source <("$1" completion bash)
shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_basewatch
printf '%s\n' "${COMPREPLY[@]}"
"""


def run(*arguments, **options):
    return subprocess.run([BASEWATCH, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def complete(*words, cwd=None):
    done = subprocess.run(["bash", "-c", COMPLETE, "bash", BASEWATCH, BASEWATCH, *words], capture_output=True,
                          text=True, timeout=60, cwd=cwd)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


def commands(*path):
    """The subcommands that --help lists."""
    text = run(*path, "--help").stdout
    return re.findall(r"^  ([a-z-]+) ", text[text.index("Subcommands:"):], re.MULTILINE) if "Subcommands:" in text else []


class CommandLine(unittest.TestCase):
    def test_every_command_explains_itself(self):
        names = commands()
        self.assertLessEqual({"run", "once", "check", "generate", "catalog", "completion", "man"}, set(names))
        for name in names + [f"catalog {below}" for below in commands("catalog")]:
            with self.subTest(name):
                done = run(*name.split(), "--help")
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                self.assertIn(f"Usage: basewatch {name}", done.stdout)
                if name != "catalog":
                    self.assertIn("Example", done.stdout)

    def test_a_slip_is_guessed(self):
        for words, guess in ((["chekc"], "check"), (["catalog", "lsit"], "list"), (["run", "--confg", "x"], "--config"),
                             (["--versoin"], "--version"), (["once", "--fromat=text"], "--format")):
            done = run(*words)
            self.assertEqual((2, ""), (done.returncode, done.stdout), words)
            self.assertIn(f"did you mean '{guess}'?", done.stderr)
        self.assertNotIn("did you mean", run("frobnicate").stderr)

    def test_bash_completes_commands_and_options(self):
        self.assertEqual(sorted(commands()), sorted(complete("")))
        self.assertEqual(["once"], complete("on"))
        self.assertEqual(sorted(commands("catalog")), sorted(complete("catalog", "")))
        self.assertEqual(["--config"], complete("run", "--c"))
        for name in commands():
            listed = set(re.findall(r"--[a-z][a-z-]*", run(name, "--help").stdout.split("Example")[0].split("Options:")[-1]))
            self.assertLessEqual(set(complete(name, "--")), listed | {"--help"}, name)
            self.assertTrue(complete(name, "--"), name)
        self.assertEqual(["text", "openmetrics"], complete("once", "--format", ""))
        self.assertEqual(["openmetrics"], complete("once", "--format", "=", "op"))
        self.assertEqual(["RedisDown"], complete("explain", "RedisDo"))

    def test_bash_completes_what_is_there(self):
        folder = pathlib.Path(self.enterContext(scratch()))
        (folder / "a folder").mkdir()
        (folder / "mine.yml").write_text("version: 1\nexporters: {node: {name: host}}\n")
        self.assertEqual(["mine.yml"], complete("check", "--config", "mi", cwd=folder))
        self.assertEqual(["a", "folder"], complete("generate", "--out", "a", cwd=folder))
        self.assertEqual([], complete("generate", "--out", "mi", cwd=folder))
        self.assertEqual(["agent", "node", "node/main"], complete("once", ""))
        self.assertEqual(["node", "node/host"], complete("once", "--config", "mine.yml", "n", cwd=folder))
        self.assertEqual(["node_load1", "node_load15"], complete("catalog", "show", "node_load1"))
        self.assertIn("node_vmstat_oom_kill", complete("catalog", "show", "node_vm"))

    def test_the_manual_page(self):
        page = run("man").stdout
        self.assertTrue(page.startswith('.TH BASEWATCH 1 '))
        for name in commands():
            self.assertIn(f'.SS "basewatch {name}'.replace("-", "\\-"), page)
        self.assertIn("EXIT STATUS", page)
        self.assertEqual([], [line for line in page.splitlines() if re.match(r"[.'](?![A-Z]{2}|[TIB]|nf|fi)", line)])


if __name__ == "__main__":
    unittest.main()
