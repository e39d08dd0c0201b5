"""Many hostile clients at once, as a program of its own so that they take no time from whoever
measures:

    attackers.py HOST PORT tls|plain

Says "ready" when all of them are at work, and ends, with what they saw as JSON, when its standard
input does."""
import asyncio
import collections
import functools
import json
import logging
import socket
import ssl
import sys
import warnings

HOST, PORT, TLS = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "tls"
SLOW = 60       # of each kind that sends or reads a byte now and then
IDLE = 200
PAUSE = 0.1
LONG_PAGE = b"GET /metrics/node?collect[]=textfile HTTP/1.1\r\nHost: a\r\n\r\n"
GARBAGE = [b"\r\n\r\n", b"hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"BREW /tea HTTP/1.1\r\n\r\n",
           b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"y" * 40000 + b"\r\n\r\n",
           b"GET /\x00\xff HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 2000 + b"\r\n",
           b"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
           b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"\x80\x2e\x01\x00\x02" + b"\x00" * 100,
           b"GET / HTTP/1.1\r\nRange: bytes=" + b"0-1," * 3000 + b"\r\n\r\n",
           b"GET /?" + b"&" * 3000 + b" HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]

seen = collections.Counter()
started = collections.Counter()


@functools.cache
def context(version=None):
    out = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    out.check_hostname, out.verify_mode = False, ssl.CERT_NONE
    if version:
        warnings.simplefilter("ignore", DeprecationWarning)
        out.set_ciphers("DEFAULT@SECLEVEL=0")
        out.minimum_version = out.maximum_version = version
    return out


async def connect(tls=TLS, version=None, small=False):
    sock = socket.socket()
    if small:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (HOST, PORT))
    return await asyncio.open_connection(sock=sock, limit=1024, **(
        {"ssl": context(version), "server_hostname": "a"} if tls else {}))


async def idle():
    """Connects, and never says a word."""
    reader, _ = await connect(tls=False)
    started["idle"] += 1
    await reader.read()


async def loris():
    """A header that never ends."""
    _, writer = await connect()
    started["loris"] += 1
    writer.write(b"GET /metrics HTTP/1.1\r\nX: ")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(PAUSE)


async def trickle():
    """Asks for a long page, and reads it byte by byte."""
    reader, writer = await connect(small=True)
    writer.write(LONG_PAGE)
    await writer.drain()
    started["trickle"] += 1
    while await reader.read(1):
        await asyncio.sleep(PAUSE)


async def half_handshake():
    """The first bytes of a ClientHello, one by one."""
    _, writer = await connect(tls=False)
    started["half_handshake"] += 1
    for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 300:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(PAUSE)


async def body():
    """A gigabyte that nobody wants."""
    reader, writer = await connect()
    started["body"] += 1
    writer.write(b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(16000):
        writer.write(b"x" * 65536)
        await writer.drain()
        if reader.at_eof() or writer.is_closing():
            break


async def garbage():
    for text in GARBAGE:
        reader, writer = await connect()
        writer.write(text)
        seen["garbage " + (await reader.read(12))[9:].decode("ascii", "replace")] += 1
        writer.close()
        await asyncio.sleep(PAUSE / 10)
    started["garbage"] += 1


async def old_tls():
    try:
        await connect(tls=True, version=ssl.TLSVersion.TLSv1_1)
    finally:
        started["old_tls"] += 1
        await asyncio.sleep(PAUSE)


async def wrong_protocol():
    """Plain HTTP where TLS is spoken, TLS where it is not."""
    try:
        reader, writer = await connect(tls=not TLS)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        seen["wrong_protocol " + (await reader.read(12))[9:].decode()] += 1
    finally:
        started["wrong_protocol"] += 1
        await asyncio.sleep(PAUSE)


async def for_ever(attack):
    while True:
        try:
            await attack()
            seen[attack.__name__ + " let go"] += 1
        except (OSError, EOFError, asyncio.IncompleteReadError) as error:
            seen[f"{attack.__name__} {type(error).__name__}"] += 1
        await asyncio.sleep(PAUSE)


async def main():
    crowd = [(idle, IDLE), (loris, SLOW), (trickle, SLOW), (body, 2), (garbage, 1),
             (wrong_protocol, 2)]
    if TLS:
        crowd += [(half_handshake, SLOW), (old_tls, 2)]
    tasks = [asyncio.create_task(for_ever(attack)) for attack, count in crowd for _ in range(count)]
    while any(started[attack.__name__] < count for attack, count in crowd):
        await asyncio.sleep(PAUSE)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(seen))


logging.getLogger("asyncio").setLevel(logging.CRITICAL)
asyncio.run(main())
