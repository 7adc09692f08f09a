"""Clients that go away, or end their side, while their upload waits for a store that does not read."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest
from support import configs
from support.certificates import Authority
from support.peers import Store
from support.wire import DEADLINE, Client, Closed, eventually

PIECE = 64 * 1024
# Sent at once, so that the kernel makes its buffers for the client large.
FIRST = 1 << 20
# So much of a slow body may wait unread for more of it (SO_RCVLOWAT).
MARK = 256 * 1024
# Before any deadline of the gateway's a test has failed.
PATIENT = {"bodyIdle": "10m", "storeAnswer": "10m"}
FIN_WAIT2 = 5  # the state of a socket whose end the other side's kernel has


class Stuck:
    """A store's behaviour: reads nothing of a body until the test lets it, then all there is."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def __call__(self, peer: Store, stream, request) -> None:
        self.opened.wait(DEADLINE)
        peer.read(stream, request)
        stream.send(peer.success(request.body))


class Rig:
    def __init__(self, start, peers, framing: str, **change):
        self.framing = framing
        # Set while somebody asks for metrics.
        self.admin: Client
        self.stuck = Stuck()
        self.store = peers.store(*[self.stuck] * 40)
        self.app = peers.app()
        callback = configs.policy(self.app.port, by="putback")
        self.gateway = start(configs.edge(configs.oss_store(self.store.port), callback=callback, timeouts=PATIENT, **change))

    def head(self, length: int) -> bytes:
        framing = "Transfer-Encoding: chunked" if self.framing == "chunked" else f"Content-Length: {length}"
        return f"PUT /x HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n".encode()

    def piece(self, data: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(data), data) if self.framing == "chunked" else data

    def is_paused(self) -> bool:
        return b"\nputback_buffer_bytes 0\n" not in self.admin.request("GET", "/metrics").body

    def unread(self, client: Client) -> int:
        """What of the client's bytes the gateway has not read, as the kernel says (/proc/net/tcp)."""
        ours, theirs = client.socket.getpeername()[1], client.socket.getsockname()[1]
        with open("/proc/net/tcp") as table:
            for line in table:
                fields = line.split()
                if fields[1].endswith(f":{ours:04X}") and fields[2].endswith(f":{theirs:04X}"):
                    return int(fields[4].split(":")[1], 16)
        raise AssertionError("no such connection")

    def fill(self, client: Client, length: int = 1 << 30) -> int:
        """Begins an upload and sends until the store's slowness has reached it; returns the bytes of the body so far."""
        client.send(self.head(length))
        sent, count = 0, FIRST
        with Client(self.gateway.admin) as self.admin:
            while sent < length:
                client.send(self.piece(b"x" * min(count, length - sent)))
                sent, count = min(sent + count, length), PIECE
                assert eventually(lambda: self.is_paused() or self.unread(client) < MARK)
                if self.is_paused():
                    break
        return sent

    def ended(self) -> dict:
        """The log line of the one upload; by then its store is rid of it, which read nothing, and nobody was called."""
        (line,) = self.gateway.wait_for_uploads(1)
        assert not self.gateway.held()
        self.stuck.opened.set()
        assert self.store.wait_for_idle()
        assert self.store.complete == [] and self.app.requests == []
        assert line["stored"] == "no"
        return line


@pytest.fixture(params=["Content-Length", "chunked"])
def rig(request, start, peers):
    rig = Rig(start, peers, request.param)
    yield rig
    rig.stuck.opened.set()


def test_a_reset_ends_the_upload_at_once(rig):
    client = Client(rig.gateway.edge)
    rig.fill(client)
    client.reset()
    line = rig.ended()
    assert (line["outcome"], line["status"], line["party"], line["error"]) == ("client-gone", 499, "client", "The client went away.")


def test_a_client_that_closes_ends_the_upload_at_once(rig):
    client = Client(rig.gateway.edge)
    rig.fill(client)
    client.close()
    line = rig.ended()
    assert (line["outcome"], line["code"], line["party"]) == ("not-stored", "body-truncated", "client")


def test_a_client_that_ends_its_side_too_early_is_told_at_once(rig):
    with Client(rig.gateway.edge) as client:
        rig.fill(client)
        client.half_close()
        told = client.response()
        assert (told.status, told.json()["code"], told.json()["stored"]) == (400, "body-truncated", False)
        assert client.is_closed()
    rig.ended()


def test_a_client_that_ends_its_side_behind_the_body_gets_its_answer(rig):
    # A body whose rest, when the upload is paused, surely fits into the kernel: how much goes before varies a little.
    length, rest, attempts = 1 << 30, 0, 0
    while not 0 < rest <= 4 * PIECE:
        if attempts:
            client.reset()
            rig.gateway.wait_for_uploads(attempts)
        attempts += 1
        client = Client(rig.gateway.edge)
        sent = rig.fill(client, length)
        rest = length - sent
        if not 0 < rest <= 4 * PIECE:
            length = sent + 2 * PIECE
    with client:
        client.send(rig.piece(b"y" * rest) + (b"0\r\nX-Trailer: z\r\n\r\n" if rig.framing == "chunked" else b""))
        client.half_close()
        state = lambda: client.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]  # noqa: E731
        assert eventually(state, lambda now: now == FIN_WAIT2) == FIN_WAIT2
        with Client(rig.gateway.admin) as rig.admin:
            assert rig.is_paused()
        assert len(rig.gateway.wait_for_uploads(attempts - 1)) == attempts - 1
        rig.stuck.opened.set()
        told = client.response()
        assert (told.status, told.body) == (200, rig.app.default)
        assert client.is_closed()
    (stored,) = rig.store.complete
    assert stored.body == b"x" * (length - rest) + b"y" * rest
    assert len(rig.app.complete) == 1


def test_chunks_that_are_none_end_a_paused_upload_whose_client_is_done(start, peers):
    rig = Rig(start, peers, "chunked")
    with Client(rig.gateway.edge) as client:
        rig.fill(client)
        client.send(b"5\r\nhello\r\nno chunk\r\n")
        client.half_close()
        told = client.response()
        assert (told.status, told.json()["code"]) == (400, "body-malformed")
    rig.ended()


@pytest.mark.parametrize("how", ["reset", "half-close"])
def test_a_client_of_tls_goes_away(start, peers, tmp_path, how):
    authority = Authority(tmp_path / "certificates", "authority")
    certificate, key = authority.issue("gateway")
    rig = Rig(start, peers, "Content-Length")
    config = configs.edge(configs.oss_store(rig.store.port), timeouts=PATIENT)
    config["listeners"][0]["tls"] = {"certificate": str(certificate), "key": str(key)}
    rig.gateway = start(config, name="tls")
    client = Client(rig.gateway.edge)
    context = ssl.create_default_context(cafile=str(authority.certificate))
    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    rig.fill(client)
    client.reset() if how == "reset" else client.half_close()
    line = rig.ended()
    client.close()
    assert line["outcome"] == ("client-gone" if how == "reset" else "not-stored")
