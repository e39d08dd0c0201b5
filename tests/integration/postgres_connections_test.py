"""Every way that libpq knows to reach a server, as instances of one agent: TLS with all its modes, password and
service files, sockets, names and passwords with all characters that have to be escaped."""
import os
import pathlib
import re
import shutil
import unittest
from urllib.parse import quote

from support.certificates import Authority
from support.postgres import Postgres, Scraper, give, monitoring_role, wait_until
from support.servers import Agent, get, scratch

NAME = "db.example"
ONE = "?collect[]=static&collect[]=postmaster"
SECRET = "p@ss/w:o'r\\d%20?&=# ü"
DATABASE = "we/ird \"db\" 'x' ?&=ü"
ROLE = "odd'role@x"
# Over TCP the role basewatch has to use TLS; the others may not.
HBA = f"""local all all scram-sha-256
hostssl all basewatch 127.0.0.0/8 scram-sha-256
hostnossl all basewatch 127.0.0.0/8 reject
hostssl all certified 127.0.0.0/8 cert
"""


def keyword(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Connections(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = scratch()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.sockets = cls.folder / "sockets"
        cls.sockets.mkdir()
        give(cls.sockets, mode=0o755)
        cls.server = Postgres(cls.folder, hba=HBA, unix_socket_directories=f"'{cls.sockets}'")
        cls.addClassCleanup(cls.server.stop)
        monitoring_role(cls.server)
        cls.server.sql(f"""ALTER ROLE basewatch CONNECTION LIMIT -1;
            CREATE ROLE certified LOGIN; CREATE DATABASE {cls.quoted(DATABASE)};
            CREATE ROLE {cls.quoted(ROLE)} LOGIN PASSWORD $x${SECRET}$x$""")
        cls.certificates()
        cls.files()
        cls.agent = Agent(cls.folder, cls.config(), env=dict(
            os.environ, PGPASSFILE=str(cls.folder / "pgpass"), PGSERVICEFILE=str(cls.folder / "services")))
        cls.addClassCleanup(cls.agent.stop)
        cls.scraper = Scraper(cls.agent)
        cls.page, cls.becomes = cls.scraper.page, cls.scraper.becomes

    @staticmethod
    def quoted(name):
        return '"' + name.replace('"', '""') + '"'

    @classmethod
    def certificates(cls):
        cls.authority = Authority(cls.folder)
        cls.other = Authority(cls.folder, "other")
        names = f"DNS:{NAME},IP:{cls.server.host}"
        cls.good = cls.authority.issue("server", names)
        cls.expired = cls.authority.issue("outdated", names, days=-1)
        cls.client = cls.authority.issue("certified", "DNS:client", usage="clientAuth")
        cls.client[1].chmod(0o600)
        cls.server.set(ssl="on", ssl_cert_file="'server.crt'", ssl_key_file="'server.key'", ssl_ca_file="'ca.crt'")
        shutil.copy(cls.authority.certificate, cls.server.folder / "ca.crt")
        give(cls.server.folder / "ca.crt")
        cls.serve_with(cls.good)
        cls.server.reload()

    @classmethod
    def serve_with(cls, pair):
        for source, name in zip(pair, ("server.crt", "server.key")):
            shutil.copy(source, cls.server.folder / name)
            give(cls.server.folder / name)

    @classmethod
    def files(cls):
        pgpass = cls.folder / "pgpass"
        pgpass.write_text(f"{cls.server.host}:5432:postgres:basewatch:watch\n")
        pgpass.chmod(0o600)
        (cls.folder / "services").write_text(
            f"[watched]\nhost={cls.server.host}\nuser=basewatch\npassword=watch\ndbname=postgres\nsslmode=require\n")
        (cls.folder / "secret").write_text(SECRET + "\n")

    @classmethod
    def config(cls):
        ca, other = cls.authority.certificate, cls.other.certificate
        base = f"hostaddr={cls.server.host} user=basewatch password=watch dbname=postgres"
        named = f"host={NAME} {base}"
        dsns = {
            "disable": f"host={cls.server.host} {base} sslmode=disable",
            "prefer": f"host={cls.server.host} {base}",
            "require": f"host={cls.server.host} {base} sslmode=require",
            "verify_ca": f"host=elsewhere.example {base} sslmode=verify-ca sslrootcert={ca}",
            "verify_full": f"{named} sslmode=verify-full sslrootcert={ca}",
            "verify_address": f"host={cls.server.host} {base} sslmode=verify-full sslrootcert={ca}",
            "wrong_host": f"host=elsewhere.example {base} sslmode=verify-full sslrootcert={ca}",
            "wrong_ca": f"{named} sslmode=verify-ca sslrootcert={other}",
            "expired_ca": f"{named} sslmode=verify-ca sslrootcert={cls.authority.expired()}",
            "no_ca": f"{named} sslmode=verify-full sslrootcert={cls.folder}/nowhere.crt",
            "client_certificate": f"host={NAME} hostaddr={cls.server.host} user=certified dbname=postgres "
                                  f"sslmode=verify-full sslrootcert={ca} sslcert={cls.client[0]} sslkey={cls.client[1]}",
            "passfile": f"host={cls.server.host} user=basewatch dbname=postgres",
            "service": "service=watched",
            "service_unknown": "service=nowhere",
            "socket": f"host={cls.sockets} user=basewatch password=watch dbname=postgres",
            "socket_url": f"postgresql://basewatch:watch@/postgres?host={quote(str(cls.sockets), safe='')}",
            "odd_url": f"postgresql://{quote(ROLE, safe='')}:{quote(SECRET, safe='')}@{cls.server.host}/"
                       f"{quote(DATABASE, safe='')}",
            "odd_keywords": f"host={cls.server.host} user={keyword(ROLE)} password={keyword(SECRET)} "
                            f"dbname={keyword(DATABASE)}",
            "no_password": f"host={cls.server.host} user={keyword(ROLE)} dbname=postgres",
            "wrong_password": f"host={cls.server.host} user={keyword(ROLE)} dbname=postgres password=guessed-secret",
        }
        cls.bad = {"disable", "wrong_host", "wrong_ca", "expired_ca", "no_ca", "service_unknown", "no_password",
                   "wrong_password"}
        lines = []
        for name, dsn in dsns.items():
            if name == "service_unknown":  # libpq refuses it before it connects: `check` says so
                continue
            text = dsn.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'    - {{name: {name}, dsn: "{text}", databases: {{all: false}}}}\n')
        text = f"host={cls.server.host} user={keyword(ROLE)} dbname={keyword(DATABASE)}"
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'    - {{name: odd_file, dsn: "{text}", password_file: {cls.folder}/secret, '
                     'databases: {all: false}}\n')
        cls.names = [*(name for name in dsns if name != "service_unknown"), "odd_file"]
        return "node: db-1\nexporters:\n  postgres:\n" + "".join(lines)

    def reason(self, pattern):
        wait_until(f"the log says {pattern}", lambda: re.search(pattern, self.agent.output()), 10)

    def test_who_is_let_in_and_who_is_not(self):
        for name in self.names:
            with self.subTest(name=name):
                if name in self.bad:
                    self.assertEqual(0, self.page(name, ONE)["pg_up"])
                else:
                    self.assertIn("pg_postmaster_start_time_seconds", self.becomes(name, "pg_up", 1, ONE))

    def test_the_reasons_are_told_without_secrets(self):
        for name in sorted(self.bad - {"service_unknown"}):
            self.page(name, ONE)
        fails = r"postgres/{}.*fails: [^\n]*{}"
        self.reason(fails.format("disable", "pg_hba.conf rejects|no encryption"))
        self.reason(fails.format("wrong_host", "does not match host name"))
        self.reason(fails.format("wrong_ca", "certificate verify failed"))
        self.reason(fails.format("expired_ca", "certificate verify failed|has expired"))
        self.reason(fails.format("no_ca", "root certificate file"))
        self.reason(fails.format("no_password", "password_file, PGPASSFILE"))
        self.reason(fails.format("wrong_password", "password authentication failed"))
        for secret in ("guessed-secret", SECRET, quote(SECRET, safe=""), "=watch", ":watch"):
            self.assertNotIn(secret, self.agent.output())
            self.assertNotIn(secret, get(self.agent.url + "/")[1])
            self.assertNotIn(secret, get(self.agent.url + "/api/v1/status")[1])

    def test_odd_names_reach_the_page(self):
        page = self.becomes("odd_keywords", "pg_up", 1)
        label = DATABASE.replace('"', '\\"')
        self.assertIn(f'pg_database_connection_limit{{datname="{label}"}}', page)

    def test_a_certificate_that_runs_out_and_is_renewed(self):
        self.addCleanup(self.server.reload)
        self.addCleanup(self.serve_with, self.good)
        self.becomes("verify_full", "pg_up", 1, ONE)
        self.serve_with(self.expired)
        self.server.reload()
        self.cut()
        self.assertEqual(0, self.page("verify_full", ONE)["pg_up"])
        self.reason("postgres/verify_full.*fails: [^\n]*certificate (verify failed|has expired)")
        self.becomes("require", "pg_up", 1, ONE)  # who does not verify does not care
        self.serve_with(self.good)
        self.server.reload()
        self.becomes("verify_full", "pg_up", 1, ONE)  # without a restart of the agent

    def cut(self):
        self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'basewatch'")

    def test_tls_is_used(self):
        self.becomes("verify_full", "pg_up", 1, ONE)
        self.becomes("socket", "pg_up", 1, ONE)
        rows = self.server.sql("SELECT DISTINCT s.ssl, a.client_addr IS NULL FROM pg_stat_ssl s JOIN pg_stat_activity a "
                               "USING (pid) WHERE a.usename = 'basewatch' AND a.application_name = 'basewatch' ORDER BY 1")
        self.assertEqual([["f", "t"], ["t", "f"]], rows, "TLS over TCP, none over the socket")


if __name__ == "__main__":
    unittest.main()
