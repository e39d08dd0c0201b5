"""Lets a client take a PostgreSQL 15 for another version: a proxy that changes the version which the server
tells, and puts the schema vVERSION (tests/fixtures/postgres) before pg_catalog."""
import pathlib
import socket
import socketserver
import struct
import threading

from support.servers import address

SHAPES = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "postgres"


def versions():
    return sorted(path.stem for path in SHAPES.glob("*.sql"))


def install(server, version):
    server.sql((SHAPES / f"{version}.sql").read_text())


def _take(peer, size):
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


class As(socketserver.ThreadingTCPServer):
    """Listens on `host`:5432; `version` as "17.10"."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, server, version):
        self.host, self.server, self.version = address(), server, version
        self.schema = "v" + version.split(".")[0]
        super().__init__((self.host, 5432), _Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Session(socketserver.BaseRequestHandler):
    def handle(self):
        with socket.create_connection((self.server.server.host, 5432)) as upstream:
            for peer in (self.request, upstream):  # what is passed on in pieces must not wait for an answer
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._pump, args=(upstream, self.request, self._told), daemon=True)
            try:
                code = 0
                while code != 196608:  # it may ask for TLS first: there is none
                    head = _take(self.request, 8)
                    size, code = struct.unpack("!ii", head)
                    rest = _take(self.request, size - 8)
                    if code in (80877103, 80877104):
                        self.request.sendall(b"N")
                        continue
                    upstream.sendall(head + rest)
                    if code == 80877102:  # a cancel request
                        return
                back.start()
                self._pump(self.request, upstream, self._asked)
            except (ConnectionError, OSError):
                pass

    def _pump(self, source, target, change):
        try:
            while True:
                kind = _take(source, 1)
                body = _take(source, struct.unpack("!i", _take(source, 4))[0] - 4)
                body = change(kind, body)
                target.sendall(kind + struct.pack("!i", len(body) + 4) + body)
        except (ConnectionError, OSError):
            for peer in (source, target):
                try:
                    peer.shutdown(2)
                except OSError:
                    pass

    def _told(self, kind, body):
        if kind == b"S" and body.startswith(b"server_version\0"):
            return b"server_version\0" + self.server.version.encode() + b"\0"
        return body

    def _asked(self, kind, body):
        if kind in b"QP":
            return body.replace(b"'search_path', 'pg_catalog'", f"'search_path', '{self.server.schema}, pg_catalog'".encode())
        return body
