"""Real Redis servers, Sentinels and a Cluster for tests, a small client for them, and stand-ins that answer
wrongly on purpose."""
import pathlib
import socket
import threading

from support.servers import Server, address


class Client:
    """One connection; call it with the words of a command."""

    def __init__(self, host, port, timeout=10):
        self.socket = socket.create_connection((host, port), timeout)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        data = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in data))

    def read(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            return Exception(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if int(rest) < 0 else self.file.read(int(rest) + 2)[:-2].decode(errors="replace")
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        return rest.decode()

    def __call__(self, *words):
        self.send(*words)
        answer = self.read()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Redis(Server):
    """redis-server on a loopback address of its own, without persistence unless options say otherwise."""

    def __init__(self, folder, *options, port=6379, host=None, ready=r"Ready to accept connections", config=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.host = host or address()
        self.port = port
        command = ["redis-server"] + ([str(config)] if config else [])
        command += ["--port", str(port), "--protected-mode", "no", "--bind", self.host, "--dir", str(self.folder), "--save", "",
                    "--enable-debug-command", "yes", "--enable-protected-configs", "yes",
                    "--bind-source-addr", self.host, "--repl-diskless-sync-delay", "0",
                    "--replica-announce-ip", self.host, *options]
        super().__init__(command, ready=ready)

    @property
    def where(self):
        return f"{self.host}:{self.port}"

    def client(self):
        return Client(self.host, self.port)


class Sentinel(Server):
    def __init__(self, folder, primary, quorum=2, down_after=700, port=26379):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.host, self.port = address(), port
        config = self.folder / "sentinel.conf"
        config.write_text(f"port {port}\nbind {self.host}\ndir {self.folder}\n"
                          f"protected-mode no\nsentinel announce-ip {self.host}\n"
                          f"sentinel monitor shop {primary.host} {primary.port} {quorum}\n"
                          f"sentinel down-after-milliseconds shop {down_after}\n"
                          "sentinel failover-timeout shop 3000\n")
        super().__init__(["redis-server", config, "--sentinel"], ready=r"\+monitor master shop")

    @property
    def where(self):
        return f"{self.host}:{self.port}"

    def client(self):
        return Client(self.host, self.port)


class StandIn:
    """Listens, and does with every connection what `behave(connection)` does."""

    def __init__(self, behave):
        self.host, self.port = address(), 6379
        self.behave = behave
        self.listener = socket.create_server((self.host, self.port))
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def where(self):
        return f"{self.host}:{self.port}"

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self.behave(connection, self.closing)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.listener.close()


def sends(data):
    """Answers whatever comes with `data`, then waits for the other side to go."""
    def behave(connection, _):
        connection.recv(1 << 16)
        connection.sendall(data)
        while connection.recv(1 << 16):
            pass
    return behave


def hangs_up_after(data):
    def behave(connection, _):
        connection.recv(1 << 16)
        connection.sendall(data)
    return behave


def trickles(connection, closing):
    connection.recv(1 << 16)
    connection.sendall(b"$1000000\r\n")
    while not closing.wait(0.05):
        connection.sendall(b"x")
