"""Exporters from .so files: the example is built against an installed tree, as a user would, and loaded
by the real agent; whatever can be wrong with a module is refused with a sentence, and stops nothing."""
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import unittest

from support.servers import BUILD, ROOT, Agent, get, scratch, wait_until

MAGIC = b"basewatch-module"
# Where the numbers of the tag stand, after the magic.
SIZE, MAJOR, MINOR, HEADERS, COMPILER_MAJOR, LIBRARY, CXX11_ABI, SANITIZERS, SIZES = (
    16, 20, 24, 32, 44, 48, 52, 60, 64)


def build(source, folder, prefix, *options):
    for command in (["cmake", "-G", "Ninja", "-S", source, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}",
                     *options], ["cmake", "--build", folder]):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)


class Modules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base = pathlib.Path(cls.enterClassContext(scratch()))
        cls.prefix = cls.base / "installed"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True,
                       capture_output=True)
        include = cls.prefix / "include/basewatch"
        cls.headers = sorted(str(path.relative_to(include)) for path in include.rglob("*.h"))
        build(cls.prefix / "share/doc/basewatch/examples/hello_exporter", cls.base / "hello", cls.prefix)
        build(ROOT / "tests/fixtures/modules", cls.base / "wrong", cls.prefix,
              f"-DHEADERS={';'.join(cls.headers)}")
        cls.hello = cls.base / "hello/hello.so"

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.modules = self.folder / "modules"
        self.modules.mkdir(mode=0o755)

    def put(self, source, name=None):
        to = self.modules / (name or source.name)
        shutil.copy(source, to)
        to.chmod(0o644)
        return to

    def basewatch(self, *arguments, config="exporters: {hello: {}}\n", **options):
        path = self.folder / "basewatch.yml"
        path.write_text(f"version: 1\nnode: alpha\nmodules: {self.modules}\n{config}")
        done = subprocess.run([self.prefix / "bin/basewatch", *arguments, "--config", path],
                              capture_output=True, text=True, timeout=60, **options)
        return done.returncode, done.stdout, done.stderr

    def refused(self, sentence, **options):
        """check fails and says why; the rest of the configuration is tried all the same."""
        status, out, err = self.basewatch("check", config="exporters: {hello: {}, node: {}}\n", **options)
        self.assertEqual(1, status, out + err)
        self.assertIn(sentence, err)
        self.assertRegex(err, r"basewatch\.yml:3:10: error: ")
        self.assertRegex(out, r"loadavg +ok ")

    def patched(self, *patches):
        """hello.so with other numbers in its tag: [(place, number), ...]."""
        data = bytearray(self.hello.read_bytes())
        at = data.index(MAGIC)
        for place, number in patches:
            struct.pack_into("=I", data, at + place, number)
        path = self.modules / "hello.so"
        path.write_bytes(data)
        path.chmod(0o644)

    def number(self, place):
        data = self.hello.read_bytes()
        return struct.unpack_from("=I", data, data.index(MAGIC) + place)[0]

    def test_the_example_is_loaded_and_works(self):
        self.put(self.hello)
        config = 'exporters:\n  hello: {greeting: "good morning", file: /etc/passwd}\n'
        status, out, err = self.basewatch("once", "hello", config=config)
        self.assertEqual((0, ""), (status, err))
        self.assertIn('# TYPE hello_runs_total counter\nhello_runs_total{greeting="good morning"} 1\n', out)
        self.assertRegex(out, r'hello_file_age_seconds\{file="/etc/passwd"\} \d+\n')
        status, out, err = self.basewatch("check", config=config)
        self.assertEqual((0, ""), (status, err))
        self.assertIn("hello.so             ok      exporter hello\n", out)
        self.assertRegex(out, r"hello/main\n  runs +ok ")
        # Its options are checked like those of the others, also by itself.
        status, _, err = self.basewatch("check", config="exporters: {hello: {greting: x}}\n")
        self.assertEqual(2, status)
        self.assertIn("unknown key 'greting' in exporter hello: did you mean 'greeting'?", err)
        status, _, err = self.basewatch("check", config='exporters: {hello: {greeting: ""}}\n')
        self.assertEqual(2, status)
        self.assertIn("basewatch.yml:4:31: error: greeting must not be empty", err)

    def test_a_running_agent_takes_new_modules_and_keeps_old_ones(self):
        config = f"node: alpha\nmodules: [{self.modules}]\nexporters: {{node: {{}}}}\n"
        agent = self.enterContext(Agent(self.folder, config))
        self.assertEqual(404, get(agent.url + "/metrics/hello")[0])
        self.put(self.hello)
        agent.config.write_text(agent.config.read_text().replace("node: {}", "node: {}, hello: {}"))
        agent.signal(signal.SIGHUP)
        wait_until("the module is loaded", lambda: "added hello/main" in agent.output())
        self.assertIn("hello_runs_total", agent.page("/metrics/hello"))
        self.assertIn('basewatch_modules{state="loaded"} 1\n', agent.page("/metrics/agent"))
        # Replaced: noted. Gone: noted. The instance goes on either way.
        changed = self.modules / "new"
        changed.write_bytes(self.hello.read_bytes() + b"\0")
        changed.rename(self.modules / "hello.so")
        agent.signal(signal.SIGHUP)
        wait_until("it is noted", lambda: "hello.so was replaced; the agent goes on with the old one: "
                                          "restart it to use the new" in agent.output())
        (self.modules / "hello.so").unlink()
        agent.signal(signal.SIGHUP)
        wait_until("it is noted", lambda: "hello.so is gone; what was loaded of it goes on until the agent "
                                          "is restarted" in agent.output())
        self.assertIn('hello_runs_total{greeting="hello"} 2\n', wait_until(
            "a second run", lambda: (lambda page: page if " 2\n" in page else None)(agent.page("/metrics/hello"))))
        self.assertNotIn("reload refused", agent.output())

    def test_a_running_agent_says_loudly_what_it_refused(self):
        self.put(self.base / "wrong/foreign.so")
        agent = self.enterContext(Agent(
            self.folder, f"modules: {self.modules}\nexporters: {{node: {{}}, hello: {{}}}}\n"))
        self.assertIn('basewatch_modules{state="refused"} 1\n', agent.page("/metrics/agent"))
        self.assertRegex(agent.output(), r"level=error topic=\"modules\" msg=\".*foreign\.so is refused: it is a "
                                         r"shared library but no basewatch module")
        self.assertIn("there is no exporter 'hello'; it may be that of a module that was refused", agent.output())
        self.assertIn("node_load1", agent.page("/metrics/node"))

    def test_code_of_a_foreign_library_never_runs(self):
        self.put(self.base / "wrong/foreign.so")
        trace = self.folder / "trace"
        self.refused("foreign.so is refused: it is a shared library but no basewatch module: it has no tag, so "
                     "its code was not touched", env={**os.environ, "FOREIGN_TRACE": str(trace)})
        self.assertFalse(trace.exists())
        subprocess.run(["python3", "-c", "import ctypes,sys; ctypes.CDLL(sys.argv[1])",
                        self.base / "wrong/foreign.so"], check=True, env={**os.environ, "FOREIGN_TRACE": str(trace)})
        self.assertTrue(trace.exists(), "the trap itself does not work")

    def test_system_libraries_and_garbage(self):
        zlib = next(pathlib.Path("/").glob("usr/lib/*/libz.so.1"))
        self.put(zlib, "libz.so")
        self.refused("libz.so is refused: it is a shared library but no basewatch module")
        (self.modules / "libz.so").write_bytes(b"\x7fELF" + os.urandom(4000))
        self.refused("libz.so is refused: it is ")
        (self.modules / "libz.so").write_text("INPUT(libother.so)\n")
        self.refused("libz.so is refused: it is no shared library")
        (self.modules / "libz.so").write_bytes(b"")
        self.refused("libz.so is refused: it is no shared library")
        (self.modules / "libz.so").write_bytes(self.hello.read_bytes()[:3000])
        self.refused("libz.so is refused: it is a shared library whose section table cannot be read")
        (self.modules / "libz.so").unlink()
        (self.modules / "libz.so").mkdir()
        self.refused("libz.so is refused: it is no regular file")
        (self.modules / "libz.so").rmdir()
        os.mkfifo(self.modules / "libz.so")
        self.refused("libz.so is refused: it is no regular file")

    def test_the_tag_decides_by_value(self):
        major, minor = self.number(MAJOR), self.number(MINOR)
        here = f"{major}.{minor}.{self.number(28)}"
        for patches, sentence in (
                ([(MINOR, 0), (MAJOR, 0)], f"it was built for basewatch 0.0.0, and this is the newer {here}: build the "
                                           f"module anew against the headers of {here}"),
                ([(MAJOR, major + 7)], "and this is the older " + here + ": update basewatch, or build the module"),
                ([(HEADERS, 1)], f"it was built against other headers of basewatch {here}"),
                ([(SIZE, 72)], f"it was built against other headers of basewatch {here}"),
                ([(SIZE, 5)], "it has a module tag that cannot be read"),
                ([(COMPILER_MAJOR, 9)], "it was compiled by gcc 9, and this agent by gcc "),
                ([(LIBRARY, 9)], "it was compiled with libstdc++ 9, and this agent with libstdc++ "),
                ([(CXX11_ABI, 0)], "with its old strings, and this agent with libstdc++ "),
                ([(SANITIZERS, 3)], "it was compiled with the address sanitizer the thread sanitizer, and this "
                                    "agent without sanitizers"),
                ([(SIZES + 24, 7)], "it lays out Page in 7 bytes, and this agent in ")):
            with self.subTest(patches):
                self.patched(*patches)
                self.refused(sentence)

    def test_defects_of_a_module_cost_its_instance(self):
        for kind, sentence in (
                ("throws", r"cannot make this exporter: the license server\x0ais closed"),
                ("throws_int", "its create() threw something that is no std::exception"),
                ("gives_nothing", "its create() returned nothing"),
                ("bad_collector", "it has a collector called 'Not a name', which is no name")):
            with self.subTest(kind):
                shutil.rmtree(self.modules)
                self.modules.mkdir(mode=0o755)
                self.put(self.base / f"wrong/{kind}.so")
                config = f"exporters: {{node: {{}}, {kind}: {{collectors: {{one: true}}}}}}\n"
                status, out, err = self.basewatch("check", config=config)
                self.assertEqual((1, ""), (status, err))
                self.assertIn(sentence, out)
                self.assertRegex(out, r"loadavg +ok ")
        agent = self.enterContext(Agent(self.folder, f"modules: {self.modules}\n" + config))
        agent.page("/metrics/bad_collector")
        self.assertIn('basewatch_instance_up{exporter="bad_collector",name="main"} 0\n',
                      agent.page("/metrics/agent"))

    def test_defects_that_are_found_at_loading(self):
        for kind, sentence in (
                ("needs", "it needs basewatch::not_in_the_agent(basewatch::Settings const&), which neither "
                          "basewatch nor a library that it is linked to has"),
                ("no_create", "it brings an exporter 'no_create' without a create"),
                ("shadows", "it brings an exporter 'node', which basewatch has built in")):
            with self.subTest(kind):
                path = self.put(self.base / f"wrong/{kind}.so")
                self.refused(f"{kind}.so is refused: {sentence}")
                path.unlink()
        self.put(self.base / "wrong/no_collectors.so")
        self.assertEqual(0, self.basewatch("check", config="exporters: {no_collectors: {}}\n")[0])

    def test_names_stand_once(self):
        self.put(self.hello)
        self.put(self.hello, "zz-copy.so")
        self.refused("zz-copy.so is refused: it brings an exporter 'hello', and so does ")
        (self.modules / "zz-copy.so").unlink()
        (self.modules / "zz-link.so").symlink_to("hello.so")
        self.refused("zz-link.so is refused: it is the same file as ")
        (self.modules / "zz-link.so").unlink()
        (self.modules / "zz-link.so").symlink_to("nowhere.so")
        self.refused("zz-link.so is refused: it leads nowhere: No such file or directory")
        (self.modules / "zz-link.so").unlink()
        # What does not end in .so is nobody's business; a link alone is fine.
        (self.modules / "README").write_text("x")
        (self.modules / "hello.so").rename(self.folder / "hello.so.1")
        (self.modules / "hello.so").symlink_to(self.folder / "hello.so.1")
        self.assertEqual(0, self.basewatch("check")[0])

    def test_who_may_write_there(self):
        path = self.put(self.hello)
        path.chmod(0o666)
        self.refused(f"hello.so is refused: it is not safe to load: {path} can be written by everybody: chmod "
                     "o-w it")
        path.chmod(0o644)
        self.modules.chmod(0o777)
        self.refused(f"no module is loaded from {self.modules}: {self.modules} can be written by everybody")
        self.modules.chmod(0o755)
        self.folder.chmod(0o777)
        self.refused(f"{self.folder} can be written by everybody")
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(path, 65534, -1)
            self.refused("belongs to user 65534, neither to root nor to the agent's user: chown root it")

    def test_a_folder_that_is_not_there(self):
        self.modules.rmdir()
        sentence = f"no module is loaded from {self.modules}: {self.modules}: No such file or directory"
        self.refused(sentence)
        status, out, err = self.basewatch("once", "node", config="exporters: {hello: {}, node: {}}\n")
        self.assertEqual(0, status, err)
        self.assertIn(sentence, err)
        self.assertIn("node_load1 ", out)

    def test_what_is_installed(self):
        for path in ("bin/basewatch", "lib/systemd/system/basewatch.service", "share/man/man1/basewatch.1",
                     "share/basewatch/basewatch.yml", "share/basewatch/rules/alerts/node.yml",
                     "share/basewatch/dashboards/node.json", "share/basewatch/alertmanager/alertmanager.yml",
                     "share/basewatch/deploy/prometheus.yml", "share/doc/basewatch/LICENSE",
                     "share/bash-completion/completions/basewatch"):
            self.assertTrue((self.prefix / path).is_file(), path)
        self.assertGreaterEqual(len(self.headers), 10)
        unit = (self.prefix / "lib/systemd/system/basewatch.service").read_text()
        self.assertIn(f"ExecStart={self.prefix}/bin/basewatch run ", unit)
        for path in self.prefix.rglob("*.h"):
            self.assertNotIn(str(ROOT), path.read_text(), path)


if __name__ == "__main__":
    unittest.main()
