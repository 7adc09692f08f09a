"""Clients that read large objects of a directory slowly, or not at all: they hold no memory that uploads need."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl

import pytest
from support import configs, sdks
from support.certificates import Authority
from support.wire import SCALE, Client, Closed, eventually
from test_metrics import Scrape

KIB, MIB = 1 << 10, 1 << 20
READERS = 300
SIZE = 16 * MIB
LIMITS = {"connections": 2 * READERS, "uploadsInFlight": 64, "buffers": "8MiB"}


@pytest.fixture(params=["plain", "TLS"])
def shelf(request, start, tmp_path):
    config = configs.sdk(tmp_path / "objects", limits=LIMITS, workers=1)
    config["listeners"].append({"name": "edge", "address": "127.0.0.1:0", "dialect": "plain"})
    config["stores"]["shelf"]["bucket"] = "uploads"
    context = None
    if request.param == "TLS":
        authority = Authority(tmp_path / "certificates", "authority")
        certificate, key = authority.issue("gateway")
        config["listeners"][0]["tls"] = {"certificate": str(certificate), "key": str(key)}
        context = ssl.create_default_context(cafile=str(authority.certificate))
    gateway = start(config)
    return gateway, context


def target(gateway, key: str) -> str:
    endpoint = gateway.endpoint
    return sdks.client("oss2-v4", endpoint).presign("GET", key).removeprefix(endpoint)


class Reader(Client):
    """Asks for an object and reads the head of the answer; its window is small, so that the rest stays where it is."""

    def __init__(self, gateway, context, key: str, *fields: str, window: int | None = 4096):
        plain = socket.socket()
        if window:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        plain.settimeout(60 * SCALE)
        plain.connect(gateway.sdk)
        super(Client, self).__init__(context.wrap_socket(plain, server_hostname="localhost") if context else plain)
        host, port = gateway.sdk
        head = "".join(f"{line}\r\n" for line in (f"Host: {host}:{port}", *fields))
        self.send(f"GET {target(gateway, key)} HTTP/1.1\r\n{head}\r\n".encode())
        self.answer = self.read_head()

    def digest(self) -> str:
        digest = hashlib.md5()
        self.read_body(self.answer, digest.update)
        return digest.hexdigest()


@pytest.mark.skipif(SCALE > 1, reason="sanitizers have memory of their own")
def test_slow_readers_keep_no_upload_out(shelf):
    gateway, context = shelf
    body = os.urandom(SIZE)
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/large", body).status == 200
    before = gateway.memory()
    readers = [Reader(gateway, context, "large") for _ in range(READERS)]
    try:
        assert {reader.answer.status for reader in readers} == {200}
        # A quarter of the budget for readers leaves 48 uploads their share of 128 KiB each; of more than enough of them:
        with Client(gateway.edge) as client:
            for number in range(20):
                assert client.request("PUT", f"/small/{number}", os.urandom(64 * KIB)).status == 200
        waiting = [Client(gateway.edge) for _ in range(40)]
        for client in waiting:
            client.send(b"PUT /waiting HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell")
        in_flight = lambda: Scrape(gateway).value("putback_uploads_in_flight")  # noqa: E731
        assert eventually(in_flight, lambda count: count == 40) == 40, "uploads were refused"
        for client in waiting:
            client.send(b"o")
            assert client.response().status == 200
            client.close()
        # Whoever reads on gets every byte.
        for reader in readers[:: READERS // 4]:
            assert reader.digest() == hashlib.md5(body).hexdigest()
    finally:
        for reader in readers:
            reader.close()
    per_reader = (gateway.peak_memory() - before) / READERS
    assert per_reader < (64 if context else 24) * KIB + (2 * MIB + 8 * MIB) / READERS
    assert gateway.peak_memory() < gateway.wait_for_event("ready")[0]["memoryBound"]


@pytest.mark.parametrize("first, last", [(0, 0), (1, 70_000), (65_536, 65_536), (3, SIZE - 1), (SIZE - 5, SIZE - 1)])
def test_a_range_is_that_range(shelf, first, last):
    gateway, context = shelf
    body = os.urandom(SIZE)
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/large", body).status == 200
    with Reader(gateway, context, "large", f"Range: bytes={first}-{last}", window=None) as reader:
        assert (reader.answer.status, reader.answer.header("Content-Length")) == (206, str(last - first + 1))
        assert reader.digest() == hashlib.md5(body[first : last + 1]).hexdigest()


def test_one_answer_after_the_other_on_a_connection(shelf):
    gateway, context = shelf
    bodies = [os.urandom(size) for size in (3 * MIB, 0, 1, 200_000)]
    with Client(gateway.edge) as client:
        for number, body in enumerate(bodies):
            assert client.request("PUT", f"/{number}", body).status == 200
    with Reader(gateway, context, "0", window=None) as reader:
        assert reader.digest() == hashlib.md5(bodies[0]).hexdigest()
        host, port = gateway.sdk
        # Pipelined: none may overtake another.
        for number in range(4):
            reader.send(f"GET {target(gateway, str(number))} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        for body in bodies:
            reader.answer = reader.read_head()
            assert reader.digest() == hashlib.md5(body).hexdigest()


def test_readers_that_go_away_leave_nothing(shelf):
    gateway, context = shelf
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/large", os.urandom(SIZE)).status == 200
    readers = [Reader(gateway, context, "large") for _ in range(20)]
    for number, reader in enumerate(readers):
        reader.reset() if number % 2 else reader.close()
    gateway.check_nothing_left()


def test_a_file_that_became_shorter_ends_in_a_reset(shelf, tmp_path):
    gateway, context = shelf
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/large", os.urandom(SIZE)).status == 200
    with Reader(gateway, context, "large") as reader:
        (file,) = (path for path in (tmp_path / "objects").rglob("*") if path.is_file() and path.stat().st_size > SIZE)
        os.truncate(file, 9 * MIB)
        with pytest.raises((Closed, ssl.SSLError)):
            reader.digest()
