"""A real PostgreSQL in a temporary folder, on a loopback address of its own. initdb refuses root, so
as root everything runs as the user `postgres` of Debian's package."""
import os
import pathlib
import pwd
import signal
import subprocess
import time

from support.servers import Server, address, get, series_of, wait_until

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
            "autovacuum": "off", "log_min_messages": "warning", "shared_buffers": "16MB",
            "max_wal_size": "64MB", "unix_socket_directories": "''"}


def _user():
    """What makes a child process the one that may run PostgreSQL."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give(*paths, mode=0o600):
    """Makes files or folders those of the user that PostgreSQL runs as."""
    for path in paths:
        if os.geteuid() == 0:
            os.chown(path, pwd.getpwnam("postgres").pw_uid, -1)
        pathlib.Path(path).chmod(mode)


class Postgres(Server):
    """One cluster; the superuser is `postgres` with the password `secret`. `programs` is where another
    version's are."""

    def __init__(self, folder, host=None, preload="pg_stat_statements", hba="", programs=BIN, **settings):
        self.host = host or address()
        self.port = 5432
        self.programs = pathlib.Path(programs)
        self._make_folder(folder)
        password = pathlib.Path(folder) / "superuser"
        password.write_text("secret\n")
        subprocess.run([self.programs / "initdb", "-D", self.folder, "-U", "postgres", "-A", "scram-sha-256",
                        "--pwfile", password, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
                       check=True, stdout=subprocess.DEVNULL, cwd="/", **_user())
        if preload:
            settings["shared_preload_libraries"] = f"'{preload}'"
        self.set(**dict(SETTINGS, listen_addresses=f"'{self.host}'", **settings))
        (self.folder / "pg_hba.conf").write_text(
            hba + "host all all 127.0.0.0/8 scram-sha-256\nhost replication all 127.0.0.0/8 scram-sha-256\n")
        self.start()

    def _make_folder(self, folder):
        self.folder = pathlib.Path(folder) / "pg"
        self.folder.mkdir()
        if os.geteuid() == 0:
            pathlib.Path(folder).chmod(0o755)
        give(self.folder, mode=0o700)

    def set(self, **settings):
        """The next start, or reload(), takes them over."""
        with open(self.folder / "postgresql.auto.conf", "a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def start(self, ready="database system is ready to accept"):
        super().__init__([self.programs / "postgres", "-D", self.folder], cwd="/", ready=ready, **_user())

    def reload(self):
        """Returns when the server has read its configuration and certificates anew."""
        before = self.sql("SELECT pg_conf_load_time()")
        self.process.send_signal(signal.SIGHUP)
        wait_until("the server has reloaded", lambda: self.sql("SELECT pg_conf_load_time()") != before)

    def restart(self):
        self.stop()
        self.start()

    def stop(self, seconds=10):
        if self.process.poll() is None:
            for pid in self.backends():
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGINT)  # fast: sessions are ended
        return super().stop(seconds)

    def backends(self, name="basewatch"):
        """The processes of sessions, from the system: also when the server does not answer."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found = []
        if self.process.poll() is not None:
            return found
        for pid in children.read_text().split():
            try:
                title = pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
            if f" {name} " in title and self.host.rsplit(".", 1)[0][:4] in title:
                found.append(int(pid))
        return found

    def environment(self, user="postgres", password="secret", database="postgres"):
        return dict(os.environ, PGHOST=self.host, PGUSER=user, PGPASSWORD=password,
                    PGDATABASE=database, PGCONNECT_TIMEOUT="10")

    def sql(self, text, database="postgres", user="postgres", password="secret"):
        """Runs statements; the rows of the last one as lists of text."""
        done = subprocess.run(["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1"], input=text, text=True,
                              capture_output=True,
                              env=self.environment(user, password, database))
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def session(self, text, database="postgres"):
        """A session that has run `text` and stays open."""
        return Session(self, text, database)


class Standby(Postgres):
    """A streaming standby of `primary`, over the slot `name`; promote() makes it a primary."""

    def __init__(self, folder, primary, name="standby"):
        self.host = address()
        self.port = 5432
        self.programs = primary.programs
        self._make_folder(folder)
        subprocess.run([self.programs / "pg_basebackup", "-D", self.folder, "-R", "-C", "-S", name, "-X", "stream",
                        "-c", "fast", "--no-sync"], check=True, cwd="/", capture_output=True,
                       env=primary.environment(), **_user())
        self.set(listen_addresses=f"'{self.host}'")
        self.start()

    def promote(self):
        self.sql("SELECT pg_promote(true, 60)")


class PgBouncer(Server):
    """Debian's PgBouncer in transaction mode before a server; `user` may also use its admin console.
    `settings` are more lines of its configuration, `users` more of its users."""

    def __init__(self, folder, server, user, password, users=(), host=None, **settings):
        self.host = host or address()
        folder = pathlib.Path(folder) / "bouncer"
        folder.mkdir(exist_ok=True)
        lines = [f'"{name}" "{secret}"\n' for name, secret in [(user, password), *users]]
        (folder / "users").write_text("".join(lines))
        config = folder / "pgbouncer.ini"
        config.write_text(f"[databases]\n* = host={server.host} port=5432\n[pgbouncer]\n"
                          f"listen_addr = {self.host}\nlisten_port = 6432\nauth_type = plain\n"
                          f"auth_file = {folder / 'users'}\npool_mode = transaction\nadmin_users = {user}\n"
                          "unix_socket_dir =\ndefault_pool_size = 1\n"
                          + "".join(f"{key} = {value}\n" for key, value in settings.items()))
        super().__init__(["/usr/sbin/pgbouncer", config], ready="process up", cwd="/", **_user())


class Session:
    def __init__(self, server, text, database):
        self.process = subprocess.Popen(["psql", "-XqAt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True,
                                        env=server.environment(database=database))
        self.process.stdin.write(text + "\n\\echo ready\n")
        self.process.stdin.flush()
        while True:
            line = self.process.stdout.readline()
            if line == "ready\n":
                return
            if not line:
                self.close()
                raise RuntimeError("psql has ended")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def monitoring_role(server, password="watch", database="postgres"):
    """The least-privilege role, by the script that users run."""
    root = pathlib.Path(__file__).resolve().parents[2]
    script = (root / "deploy" / "sql" / "monitoring-role.sql").read_text()
    server.sql(script, database=database)
    server.sql(f"ALTER ROLE basewatch PASSWORD '{password}'")


class Scraper:
    """Scrapes instances of an agent so that no result is one of an earlier scrape: good ones serve for a second."""

    def __init__(self, agent):
        self.agent, self._last = agent, {}

    def page(self, name, query="", seconds=10):
        """The series, in time whatever has happened."""
        time.sleep(max(0, self._last.get(name, 0) + 1.02 - time.monotonic()))
        begin = time.monotonic()
        status, text = get(f"{self.agent.url}/metrics/postgres/{name}{query}", timeout=60,
                           headers={"X-Prometheus-Scrape-Timeout-Seconds": str(seconds)})
        self._last[name] = time.monotonic()
        if status != 200 or self._last[name] - begin > seconds:
            raise AssertionError(f"{name}: {status} after {self._last[name] - begin:.1f} s: {text[:500]}")
        return series_of(text)

    def becomes(self, name, series, value, query="", seconds=10):
        """The first page on which the series has that value."""
        def has_it():
            page = self.page(name, query, seconds)
            return page.get(series) == value and page
        try:
            return wait_until(f"{series} of {name} is {value}", has_it)
        except AssertionError as error:
            raise AssertionError(f"{error}; the log ends with\n" + "".join(self.agent.lines[-12:])) from None


__all__ = ["BIN", "PgBouncer", "Postgres", "Scraper", "Session", "Standby", "give", "monitoring_role", "wait_until"]
