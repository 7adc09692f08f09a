"""The bound on memory that Putback computes from its limits, and what its peers can make it hold at most."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from support import configs
from support.gateway import run
from support.peers import answer, replies
from support.wire import SCALE, Client, eventually
from test_metrics import Scrape

KIB, MIB = 1 << 10, 1 << 20
LIMITS = {"connections": 600, "uploadsInFlight": 400, "buffers": "16MiB", "head": "16KiB"}
sanitized = pytest.mark.skipif(SCALE > 1, reason="sanitizers have memory of their own")


class Stuck:
    """A store that accepts connections and reads nothing."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.port = self.server.getsockname()[1]
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self.taken.append(self.server.accept()[0])
            except OSError:
                return

    def stop(self) -> None:
        if self.server.fileno() < 0:
            return
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for connection in self.taken:
            connection.close()


@pytest.fixture
def stuck():
    store = Stuck()
    yield store
    store.stop()


def bound(gateway) -> int:
    return gateway.wait_for_event("ready")[0]["memoryBound"]


def fill(client: Client, data: bytes) -> int:
    """Sends as much as the other side takes in a moment; returns how much that was."""
    client.socket.settimeout(0.2)
    sent = 0
    try:
        while sent < len(data):
            sent += client.socket.send(data[sent : sent + 256 * KIB])
    except OSError:
        pass
    return sent


@sanitized
def test_memory_stays_below_the_bound_whatever_clients_do(start, stuck):
    """Heads that never end, bodies that the store does not take, and as many of both as the limits let in."""
    config = configs.edge(configs.oss_store(stuck.port), limits=LIMITS, timeouts={"head": "60s", "bodyIdle": "60s"})
    gateway = start({**config, "workers": 1})
    clients = []
    head = b"PUT /x HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"v" * 20) for n in range(500))
    for _ in range(300):
        clients.append(Client(gateway.edge))
        clients[-1].send(head[: 16 * KIB - 200])
    body = os.urandom(4 * MIB)
    refused = 0
    for n in range(200):
        client = Client(gateway.edge)
        clients.append(client)
        client.send(b"PUT /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n" % n)
        fill(client, body)
        if Scrape(gateway).value("putback_uploads_in_flight") < n + 1 - refused:
            refused += 1
    # 16 MiB are 128 shares of 128 KiB; who came later was told so.
    assert Scrape(gateway).value("putback_uploads_in_flight") == 128
    assert refused == 72
    assert gateway.peak_memory() < bound(gateway)
    for client in clients:
        client.close()
    stuck.stop()
    assert eventually(lambda: Scrape(gateway).value("putback_uploads_in_flight"), lambda n: n == 0) == 0


@sanitized
def test_parts_that_wait_for_a_slow_store_count_too(start, peers):
    """Bodies of unknown length for a store that takes none: parts of 10 MiB, and no more of them than there is room for."""
    release = threading.Event()

    def slow(peer, stream, request):
        if b"uploads" in request.target.encode() and "uploadId" not in request.target:
            peer.read(stream, request)
            document = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
            return stream.send(answer(200, document, ("Content-Type", "application/xml")))
        release.wait(60)
        raise OSError

    store = peers.store(*[slow] * 1000)
    config = configs.edge(
        configs.oss_store(store.port), {"limits": {"uploadSize": "100GiB"}}, limits={**LIMITS, "buffers": "48MiB"})
    gateway = start({**config, "workers": 1})
    idle = gateway.memory()
    clients = [Client(gateway.edge) for _ in range(6)]
    block = b"100000\r\n" + b"x" * MIB + b"\r\n"
    for client in clients:
        client.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        fill(client, block * 40)
    held = Scrape(gateway).value("putback_buffer_bytes")
    assert 16 * MIB < held <= 48 * MIB + 6 * 512 * KIB, held
    assert gateway.memory() - idle < 48 * MIB + 24 * MIB
    assert gateway.peak_memory() < bound(gateway)
    with Client(gateway.edge) as late:
        late.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert late.response().status == 503, "there is no room for a part"
    for client in clients:
        client.reset()
    release.set()
    assert eventually(lambda: Scrape(gateway).value("putback_buffer_bytes"), lambda n: n == 0) == 0


@sanitized
def test_answers_that_clients_do_not_read_keep_others_out(start, peers):
    """The app's long answers wait for clients that take none of them."""
    # More than the kernel keeps for a connection.
    text = b'"' + b"x" * (12 * MIB - 2) + b'"'
    store, app = peers.store(), peers.app()
    app.script = [replies(answer(200, text, ("Content-Type", "application/json"))) for _ in range(12)]
    limits = {**LIMITS, "buffers": "32MiB", "callbackAnswer": "16MiB"}
    config = configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback"), limits=limits)
    gateway = start({**config, "workers": 1})
    clients, told = [], []
    for n in range(12):
        client = Client(gateway.edge)
        clients.append(client)
        client.send(b"PUT /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" % n)
        told.append(client.socket.recv(12))
    assert told[0] == b"HTTP/1.1 200"
    assert told.count(b"HTTP/1.1 200") <= 4, "no more answers than there is room for"
    assert set(told[4:]) <= {b"HTTP/1.1 502", b"HTTP/1.1 503"}
    assert gateway.peak_memory() < bound(gateway)
    for client in clients:
        client.close()
    with Client(gateway.edge) as client:
        told = eventually(lambda: client.request("PUT", "/after", b"hello").status, lambda status: status == 200)
        assert told == 200, "the room is there again"


def test_check_tells_the_bound(write_config, store_port):
    config = configs.edge(configs.oss_store(store_port), limits={"connections": 1000, "buffers": "64MiB"})
    told = run("check", "--config", str(write_config({**config, "workers": 1})))
    assert told.returncode == 0
    assert "memory: at most " in told.stdout and "buffers 64 MiB" in told.stdout


@pytest.fixture
def store_port(peers) -> int:
    return peers.store().port
