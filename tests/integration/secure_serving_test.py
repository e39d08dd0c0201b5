"""TLS, client certificates, passwords and tokens against a running agent, a real Prometheus that has to
get through them, and a Go exporter that reads the same web configuration."""
import http.client
import os
import pathlib
import socket
import ssl
import subprocess
import unittest
import warnings
from base64 import b64encode

from support.certificates import Authority
from support.servers import BASEWATCH, Agent, Prometheus, Server, address, scratch, wait_until

# bcrypt at its least cost.
SECRET = "$2y$04$4LbMPrRYR1dHJ7wVN6aeOes0HOX0U5LsjF8q1gXlfwfjujtA5mPLa"
OTHER = "$2y$04$IsY.brj.DwlDj2SsCb7vseu4ezCyUkEU6IVwKGgPsaQWRdm51u9vC"


def basic(user, password):
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


class Client:
    """One request on a connection of its own, and what came of it in a word: the status, or who hung
    up on whom."""

    def __init__(self, host, port, authority):
        self.host, self.port, self.authority = host, port, authority

    def context(self, certificate=None, version=None):
        out = ssl.create_default_context(cafile=self.authority.certificate)
        out.check_hostname = False
        if certificate:
            out.load_cert_chain(*certificate)
        if version:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                out.set_ciphers("DEFAULT@SECLEVEL=0")
                out.minimum_version = out.maximum_version = version
        return out

    def reply(self, path="/metrics", headers=None, plain=False, method="GET", **tls):
        if plain:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        else:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=10,
                                                     context=self.context(**tls))
        try:
            connection.request(method, path, headers=headers or {})
            reply = connection.getresponse()
            return reply, reply.read().decode()
        finally:
            connection.close()

    def get(self, *args, **options):
        try:
            return str(self.reply(*args, **options)[0].status)
        except ssl.SSLCertVerificationError:
            return "server not trusted"
        except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
            return "refused"

    def serial(self):
        with socket.create_connection((self.host, self.port), timeout=10) as plain:
            with self.context().wrap_socket(plain) as secure:
                return secure.getpeercert()["serialNumber"]


class World(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.authority = Authority(self.folder)

    def files(self, name, *, names="IP:127.0.0.1,DNS:agent", **options):
        """A certificate and its key as <name>.crt and <name>.key in the test's folder."""
        certificate, key = self.authority.issue(name, names, **options)
        self.replace(f"{name}.key", key.read_text())
        self.replace(f"{name}.crt", certificate.read_text())

    def replace(self, name, text):
        new = self.folder / (name + ".new")
        new.write_text(text)
        new.chmod(0o600)
        os.replace(new, self.folder / name)

    def agent(self, server, **options):
        agent = self.enterContext(Agent(self.folder, "node: alpha\nexporters: {node: {}}\n",
                                        server=server, **options))
        return agent, Client(agent.host, 9777, self.authority)

    def await_line(self, server, text):
        wait_until(text, lambda: any(text in line for line in server.lines))


class SecureServing(World):
    def test_passwords_tokens_and_who_may_reload(self):
        self.files("server")
        self.replace("token", "0123456789abcdef\n")
        agent, client = self.agent(f'tls: {{cert_file: server.crt, key_file: server.key}}, '
                                   f'auth: {{users: {{prometheus: "{SECRET}"}}, token_file: token}}')
        reply, text = client.reply()
        self.assertEqual((401, 'Basic realm="basewatch"', "a password or token is needed\n"),
                         (reply.status, reply.headers["WWW-Authenticate"], text))
        right, token = basic("prometheus", "secret"), {"Authorization": "Bearer 0123456789abcdef"}
        self.assertEqual("200", client.get(headers=right))
        self.assertEqual("200", client.get(headers=token))
        self.assertEqual("401", client.get(headers=basic("prometheus", "Secret")))
        self.assertEqual("401", client.get(headers=basic("admin", "secret")))
        self.assertEqual("401", client.get(headers={"Authorization": "Bearer 0123456789abcdee"}))
        self.assertEqual("200", client.get("/-/healthy"))
        self.assertEqual("401", client.get("/"))
        reload = {"path": "/-/reload", "method": "POST"}
        self.assertEqual("401", client.get(**reload))
        self.assertEqual("200", client.get(**reload, headers=token))
        self.assertEqual("403", client.get(**reload, headers=right | {"Origin": "https://evil.example"}))
        self.assertEqual("400", client.get(plain=True))
        self.assertEqual("refused", client.get(version=ssl.TLSVersion.TLSv1_1))
        self.assertEqual("200", client.get("/-/healthy", version=ssl.TLSVersion.TLSv1_2))
        # A page may be a second old.
        page = wait_until("the agent's own page tells of all that", lambda: (
            lambda text: text if 'endpoint="/-/reload"' in text else None)(
                client.reply("/metrics/agent", headers=right)[1]))
        self.assertIn('basewatch_http_auth_failures_total{reason="wrong_password"} 2', page)
        self.assertIn('basewatch_http_auth_failures_total{reason="wrong_token"} 1', page)
        self.assertIn('basewatch_http_request_duration_seconds_count{endpoint="/-/reload"} 2', page)
        self.assertIn('"__scheme__": "https"', client.reply("/sd", headers=right)[1])
        for secret in ("secret", SECRET, "0123456789abcde"):
            self.assertNotIn(secret, agent.output().replace(str(agent.config), ""))

    def test_without_passwords_only_this_machine_reloads(self):
        agent, client = self.agent("allow: [127.0.0.0/8]")
        reload = {"path": "/-/reload", "method": "POST", "plain": True}
        self.assertEqual("200", client.get(**reload))
        self.assertEqual("403", client.get(**reload, headers={"Host": "rebound.example"}))
        self.assertEqual("403", client.get(**reload, headers={"X-Forwarded-For": "192.0.2.1"}))
        self.assertEqual("403", client.get(**reload, headers={"Sec-Fetch-Site": "cross-site"}))
        agent.config.write_text(agent.config.read_text().replace("127.0.0.0/8", "192.0.2.0/24"))
        self.assertEqual("200", client.get(**reload))
        self.assertEqual("refused", client.get(plain=True))
        self.await_line(agent, "was refused: address")
        self.assertIn("changed who may reach the server", agent.output())

    def test_client_certificates(self):
        self.files("server")
        self.files("prometheus", names="DNS:prometheus,URI:spiffe://x/prometheus", usage="clientAuth")
        self.files("grafana", names="DNS:grafana", usage="clientAuth")
        stranger = Authority(self.folder, "stranger").issue("prometheus", "DNS:prometheus", "clientAuth")
        mine = {name: (self.folder / f"{name}.crt", self.folder / f"{name}.key")
                for name in ("server", "prometheus", "grafana")}
        self.replace("clients.crt", self.authority.certificate.read_text())
        tls = "cert_file: server.crt, key_file: server.key, client_ca_file: clients.crt"
        agent, client = self.agent(f"tls: {{{tls}, client_allowed_sans: ['spiffe://x/prometheus']}}")
        self.assertEqual("200", client.get(certificate=mine["prometheus"]))
        self.assertEqual("refused", client.get())
        self.assertEqual("refused", client.get(certificate=stranger))
        self.assertEqual("refused", client.get(certificate=mine["grafana"]))  # another name
        self.assertEqual("refused", client.get(certificate=mine["server"]))   # no client's certificate
        self.assertEqual("200", client.get("/-/reload", method="POST", certificate=mine["prometheus"]))
        agent.config.write_text(agent.config.read_text().replace(
            "client_allowed_sans: ['spiffe://x/prometheus']", "client_certificate: optional"))
        self.assertEqual("200", client.get("/-/reload", method="POST", certificate=mine["prometheus"]))
        self.assertEqual("200", client.get())
        self.assertEqual("200", client.get(certificate=mine["grafana"]))
        self.assertEqual("refused", client.get(certificate=stranger))
        # The authority is exchanged: who was let in by the old one has to prove itself anew.
        old = http.client.HTTPSConnection(agent.host, 9777, timeout=10,
                                          context=client.context(certificate=mine["grafana"]))
        old.request("GET", "/-/healthy")
        old.getresponse().read()
        self.replace("clients.crt", (self.folder / "stranger/ca.crt").read_text())
        self.await_line(agent, "took over what has changed")
        self.assertEqual(b"", old.sock.recv(1))
        old.close()
        self.assertEqual("refused", client.get(certificate=mine["grafana"]))
        self.assertEqual("200", client.get(certificate=stranger))
        page = client.reply("/metrics/agent")[1]
        self.assertRegex(page, r'basewatch_tls_handshake_failures_total{reason="client_certificate"} [5-9]')

    def test_what_cannot_be_used_leaves_the_old_in_force(self):
        self.files("server")
        agent, client = self.agent("tls: {cert_file: server.crt, key_file: server.key}")
        serial = client.serial()
        self.replace("server.crt", "no certificate")
        self.await_line(agent, "server.crt' holds no certificate")
        self.await_line(agent, "goes on as before")
        self.assertEqual(serial, client.serial())
        page = client.reply("/metrics/agent")[1]
        self.assertIn("\nbasewatch_access_last_change_successful 0\n", page)
        self.files("server")
        self.await_line(agent, "took over what has changed")
        self.assertNotEqual(serial, client.serial())
        done = subprocess.run([BASEWATCH, "check", "--config", agent.config], capture_output=True,
                              text=True, timeout=60)
        self.assertRegex(done.stdout, r"server\n  certificate +ok +for 127.0.0.1, agent, valid until 20")
        self.files("server", days=3)
        done = subprocess.run([BASEWATCH, "check", "--config", agent.config], capture_output=True,
                              text=True, timeout=60)
        self.assertIn("warning: the certificate for 127.0.0.1, agent expires in less than 3 days", done.stderr)

    def test_rotation_under_a_real_prometheus(self):
        self.files("server")
        self.replace("users", f"one:{SECRET}\n")
        agent, client = self.agent("tls: {cert_file: server.crt, key_file: server.key}, "
                                   "auth: {users_file: users}")
        self.replace("password-of-one", "secret")
        self.replace("password-of-two", "other")
        config = f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: basewatch
    scheme: https
    basic_auth: {{username: USER, password_file: {self.folder}/password-of-USER}}
    tls_config: {{ca_file: {self.authority.certificate}, server_name: agent}}
    honor_labels: true
    static_configs: [{{targets: ['{agent.host}:9777']}}]
"""
        prometheus = self.enterContext(Prometheus(self.enterContext(scratch()),
                                                  config.replace("USER", "one")))

        def scraped():
            return dict((s["job"], v) for s, v in prometheus.query(
                'count_over_time(up{job="basewatch"}[1h])')).get("basewatch", 0)

        def some_more():
            before = scraped()
            wait_until("three more scrapes", lambda: scraped() >= before + 3)

        some_more()
        serial = client.serial()
        self.files("server")
        self.await_line(agent, "took over what has changed")
        self.assertNotEqual(serial, client.serial())
        some_more()
        # A password is exchanged by way of a moment in which both are right.
        self.replace("users", f"one:{SECRET}\ntwo:{OTHER}\n")
        wait_until("the second password is right", lambda: client.get(
            headers=basic("two", "other")) == "200")
        prometheus.config.write_text(config.replace("USER", "two"))
        reply, _ = Client(prometheus.host, 9090, self.authority).reply("/-/reload", plain=True,
                                                                       method="POST")
        self.assertEqual(200, reply.status)
        some_more()
        self.replace("users", f"two:{OTHER}\n")
        wait_until("the first password is wrong", lambda: client.get(
            headers=basic("one", "secret")) == "401")
        some_more()
        self.assertEqual([], prometheus.query('min_over_time(up{job="basewatch"}[1h]) < 1'))
        self.assertEqual(1, len(prometheus.query("node_load1")))


class WebConfig(World):
    """The same web configuration, read by Debian's node_exporter and by us, answered to the same
    clients."""

    def compare(self, text, clients):
        (self.folder / "web.yml").write_text(text)
        host = address()
        _, ours = self.agent("web_config: web.yml")
        self.enterContext(Server(
            ["prometheus-node-exporter", "--web.config.file", self.folder / "web.yml",
             "--web.listen-address", f"{host}:9100", "--collector.disable-defaults"],
            ready=r"TLS is (enabled|disabled)"))
        theirs = Client(host, 9100, self.authority)
        wait_until("it listens", lambda: theirs.get(plain=True) != "refused")
        answers = {}
        for name, options in clients.items():
            answers[name] = ours.get(**options)
            self.assertEqual(theirs.get(**options), answers[name], name)
        return ours, theirs, answers

    def setUp(self):
        super().setUp()
        self.files("server")
        self.files("client", names="DNS:prometheus", usage="clientAuth")
        stranger = Authority(self.folder, "stranger").issue("client", "DNS:prometheus", "clientAuth")
        self.clients = {
            "nobody": {},
            "right": {"headers": basic("prometheus", "secret")},
            "wrong": {"headers": basic("prometheus", "guess")},
            "unknown": {"headers": basic("admin", "secret")},
            "colon": {"headers": basic("prometheus", "secret:")},
            "garbage": {"headers": {"Authorization": "Basic !!!"}},
            "bearer": {"headers": {"Authorization": "Bearer secret"}},
            "plain": {"plain": True},
            "1.1": {"version": ssl.TLSVersion.TLSv1_1},
            "1.2": {"version": ssl.TLSVersion.TLSv1_2, "headers": basic("prometheus", "secret")},
            "1.3": {"version": ssl.TLSVersion.TLSv1_3, "headers": basic("prometheus", "secret")},
            "certified": {"certificate": (self.folder / "client.crt", self.folder / "client.key"),
                          "headers": basic("prometheus", "secret")},
            "stranger": {"certificate": stranger, "headers": basic("prometheus", "secret")},
        }

    TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"

    def test_tls_and_users(self):
        ours, theirs, answers = self.compare(
            self.TLS + f"""
  min_version: TLS12
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: true
  curve_preferences: [CurveP256]
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prometheus: {SECRET}
""", self.clients)
        self.assertEqual(["401", "200", "401", "401", "401", "401", "401", "400", "refused", "200", "200",
                          "200", "200"], list(answers.values()))
        for name in ("X-Frame-Options", "Strict-Transport-Security"):
            values = {client.reply(**self.clients[who])[0].headers[name]
                      for client in (ours, theirs) for who in ("right", "nobody")}
            self.assertEqual(1, len(values - {None}), name)

    def test_users_alone(self):
        _, _, answers = self.compare(f"basic_auth_users:\n  prometheus: {SECRET}\n", {
            name: {"plain": True} | options for name, options in self.clients.items()
            if name not in ("1.1", "1.2", "1.3")})
        self.assertEqual("200", answers["right"])
        self.assertEqual("401", answers["wrong"])

    def test_tls_1_3_alone(self):
        _, _, answers = self.compare(self.TLS + "  min_version: TLS13\n", self.clients)
        self.assertEqual("refused", answers["1.2"])
        self.assertEqual("200", answers["1.3"])

    def test_clients_with_certificates(self):
        ca = f"  client_ca_file: {self.authority.certificate}\n"
        for kind, nobody, stranger, more in (("RequestClientCert", "200", "200", ""),
                                             ("RequireAnyClientCert", "refused", "200", ""),
                                             ("VerifyClientCertIfGiven", "200", "refused", ca),
                                             ("RequireAndVerifyClientCert", "refused", "refused", ca)):
            with self.subTest(kind):
                _, _, answers = self.compare(self.TLS + f"  client_auth_type: {kind}\n" + more, self.clients)
                self.assertEqual((nobody, stranger, "200"),
                                 (answers["nobody"], answers["stranger"], answers["certified"]))


if __name__ == "__main__":
    unittest.main()
