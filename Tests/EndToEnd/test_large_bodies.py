"""Bodies that move inside the kernel: `integrity: length`, plain text on both sides, more than 64 KiB to go. The store must
get each byte once and in order, whatever client and store do in between."""

from __future__ import annotations

import hashlib
import os
import random
import socket
import threading
import time

import pytest

from support import configs
from support.peers import Store
from support.wire import Client, eventually

KIB, MIB = 1 << 10, 1 << 20
SOURCE = os.urandom(8 * MIB)


def body(size: int, seed: int = 0) -> bytes:
    """Bytes that differ from upload to upload, and that do not repeat at a distance that a pipe or buffer might have."""
    start = (seed * 7919) % (4 * MIB)
    piece = SOURCE[start : start + size]
    while len(piece) < size:
        piece += SOURCE[: size - len(piece)]
    return piece


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class HashingStore(Store):
    """Keeps digests instead of bodies; with `gate` it reads no body before that is set."""

    def __init__(self, gate: threading.Event | None = None):
        super().__init__()
        self.gate = gate
        self.digests: dict[str, str] = {}
        if gate:
            # Small buffers, so that back-pressure is felt early.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * KIB)

    def behave(self, stream, request) -> None:
        if self.gate:
            self.gate.wait(60)
        sha = hashlib.sha256()
        stream.read_body(request, sha.update)
        self.digests[request.target] = sha.hexdigest()
        self.notify()
        stream.send(self.success(b"", etag='"00000000000000000000000000000000"', crc="0"))


@pytest.fixture
def store(peers):
    peers.all.append(HashingStore())
    return peers.all[-1]


@pytest.fixture
def held(peers):
    """A store that reads no body before its gate is opened."""
    peers.all.append(HashingStore(threading.Event()))
    yield peers.all[-1]
    peers.all[-1].gate.set()


def config(store, **change):
    return configs.edge(configs.oss_store(store.port), route={"integrity": "length"}, workers=1, **change)


def head(name: str, size: int) -> bytes:
    return f"PUT /{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode()


def pipes(gateway) -> int:
    folder = f"/proc/{gateway.pid}/fd"
    count = 0
    for name in os.listdir(folder):
        try:
            count += os.readlink(f"{folder}/{name}").startswith("pipe:")
        except OSError:
            pass
    return count


SIZES = [64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 128 * KIB, 200_003, 512 * KIB + 1, MIB, MIB + 64 * KIB, 5 * MIB + 17]


def test_sizes_on_one_connection(start, store):
    gateway = start(config(store))
    with Client(gateway.edge) as client:
        for number, size in enumerate(SIZES):
            answer = client.request("PUT", f"/size-{size}", body(size, number))
            assert answer.status == 200
            assert answer.json()["size"] == size
            assert store.digests[f"/media/size-{size}"] == digest(body(size, number))
    assert len(store.requests) == len(SIZES)


def test_over_a_unix_socket(start, store, tmp_path):
    settings = config(store)
    settings["listeners"].append({"name": "local", "address": f"unix:{tmp_path}/edge", "dialect": "plain"})
    start(settings)
    with Client(f"{tmp_path}/edge") as client:
        for number in range(3):
            assert client.request("PUT", f"/u-{number}", body(3 * MIB + 1, number)).status == 200
            assert store.digests[f"/media/u-{number}"] == digest(body(3 * MIB + 1, number))


def test_next_request_right_behind_the_body(start, store):
    gateway = start(config(store))
    sizes = [3 * MIB + 5, 65 * KIB, 100, MIB, 2 * MIB + 1]
    with Client(gateway.edge) as client:
        wire = b"".join(head(f"p-{n}", size) + body(size, n) for n, size in enumerate(sizes))
        sender = threading.Thread(target=lambda: client.send(wire))
        sender.start()
        assert [client.response().status for _ in sizes] == [200] * len(sizes)
        sender.join()
    for number, size in enumerate(sizes):
        assert store.digests[f"/media/p-{number}"] == digest(body(size, number))


def test_pieces_and_pauses(start, store):
    """Small pieces raise the read mark, pauses and the end of the body must not wait for it."""
    gateway = start(config(store))
    data = body(2 * MIB + 3, 1)
    dice = random.Random(7)
    with Client(gateway.edge) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.send(head("pieces", len(data)))
        offset = 0
        while offset < len(data):
            size = dice.choice([1, 100, 5_000, 40_000, 300_000])
            client.send(data[offset : offset + size])
            offset += size
            time.sleep(dice.choice([0, 0, 0.005]))
        assert client.response().status == 200
    assert store.digests["/media/pieces"] == digest(data)


def test_slow_client_is_not_taken_for_a_stalled_one(start, store):
    """Its bytes do not reach the read mark within the idle time."""
    gateway = start(config(store, timeouts={"bodyIdle": "300ms"}))
    data = body(MIB, 2)
    with Client(gateway.edge) as client:
        client.send(head("slow", len(data)))
        for offset in range(0, len(data), 10_000):
            client.send(data[offset : offset + 10_000])
            time.sleep(0.02)
        assert client.response().status == 200
    assert store.digests["/media/slow"] == digest(data)


def test_stalled_client_with_bytes_below_the_mark(start, store):
    gateway = start(config(store, timeouts={"bodyIdle": "300ms"}))
    with Client(gateway.edge) as client:
        client.send(head("stalled", 4 * MIB))
        # A pace is known after a quarter of a second; what comes then is waited for.
        for _ in range(12):
            client.send(b"x" * 20_000)
            time.sleep(0.04)
        answer = client.response()
        assert answer.status == 408
        assert client.is_closed()
    assert store.complete == []


def test_store_that_reads_late(start, held):
    gateway = start(config(held))
    idle = pipes(gateway)
    data = body(24 * MIB, 3)
    with Client(gateway.edge) as client:
        sender = threading.Thread(target=lambda: client.send(head("late", len(data)) + data))
        sender.start()
        assert held.wait_for_requests(1)
        assert eventually(lambda: pipes(gateway) > idle), "the body is not spliced"
        held.gate.set()
        assert client.response().status == 200
        sender.join()
        assert held.digests["/media/late"] == digest(data)
        # Then the next one on the same connections.
        assert client.request("PUT", "/next", data[: MIB + 1]).status == 200
    assert held.digests["/media/next"] == digest(data[: MIB + 1])
    assert eventually(lambda: pipes(gateway) == idle), "unused pipes are closed after a while"


@pytest.mark.parametrize("how", ["reset", "half_close"])
def test_client_that_breaks_off_leaves_no_byte_for_others(start, held, how):
    gateway = start(config(held))
    for number in range(4):
        with Client(gateway.edge) as client:
            client.socket.settimeout(0.3)
            client.send(head(f"broken-{number}", 64 * MIB))
            try:
                client.send(bytes([number + 1]) * (24 * MIB))
            except TimeoutError:
                pass
            getattr(client, how)()
    held.gate.set()
    with Client(gateway.edge) as client:
        for number in range(6):
            data = body(2 * MIB + number, number)
            assert client.request("PUT", f"/whole-{number}", data).status == 200
            assert held.digests[f"/media/whole-{number}"] == digest(data)
    assert len(held.complete) == 6


def test_store_that_refuses_early(start, peers):
    def refuses(peer, stream, request):
        stream.exactly(300 * KIB, lambda _: None)
        stream.send(peer.error(403, "AccessDenied"))
        stream.socket.shutdown(socket.SHUT_WR)
        while stream.fill():
            stream.buffer = b""

    peers.all.append(HashingStore())
    store = peers.all[-1]
    store.script = [refuses, refuses]
    gateway = start(config(store))
    for number in range(2):
        with Client(gateway.edge) as client:

            def send() -> None:
                try:
                    client.send(head(f"no-{number}", 32 * MIB) + body(32 * MIB))
                except OSError:
                    pass  # Cut off once the answer is out.

            sender = threading.Thread(target=send)
            sender.start()
            answer = client.response()
            assert answer.status >= 400
            sender.join()
    data = body(3 * MIB, 9)
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/yes", data).status == 200
    assert store.digests == {"/media/yes": digest(data)}


def test_more_uploads_than_pipes(start, held):
    """Forty uploads wait for the store at once; those that get no pipe are copied."""
    gateway = start(config(held))
    idle = pipes(gateway)
    count, size = 40, 6 * MIB
    statuses: list[int] = []

    def upload(number: int) -> None:
        with Client(gateway.edge) as client:
            client.socket.settimeout(60)
            client.send(head(f"many-{number}", size) + body(size, number))
            statuses.append(client.response().status)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    held.wait_for_requests(count)
    assert eventually(lambda: pipes(gateway) - idle >= 64) and pipes(gateway) - idle <= 64
    held.gate.set()
    for thread in threads:
        thread.join()
    assert statuses == [200] * count
    assert held.digests == {f"/media/many-{n}": digest(body(size, n)) for n in range(count)}
