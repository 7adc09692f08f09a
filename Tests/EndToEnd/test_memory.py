"""Bodies pass through; memory does not grow with them."""

from __future__ import annotations

import hashlib
import os
import threading

import pytest

from support import configs, sdks
from support.wire import SCALE, Client

MIB = 1 << 20
# Debug code and sanitizers need more for themselves; what is bounded is the growth over the idle process.
SINGLE = 64 * MIB * (8 if SCALE > 1 else 1)
EIGHT = 96 * MIB * (8 if SCALE > 1 else 1)


@pytest.fixture
def gateway(start, tmp_path):
    config = configs.sdk(tmp_path / "objects")
    config["listeners"].append({"name": "edge", "address": "127.0.0.1:0", "dialect": "plain"})
    config["stores"]["shelf"]["bucket"] = "uploads"
    return start(config)


def upload(address, name: str, size: int, block: bytes) -> int:
    with Client(address) as client:
        client.send(f"PUT /{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // len(block)):
            client.send(block)
        return client.response().status


def stored_digest(gateway, name: str) -> str:
    client = sdks.client("oss2-v4", gateway.endpoint)
    digest = hashlib.md5()
    for part in client.bucket.get_object(name):
        digest.update(part)
    return digest.hexdigest()


def test_streams_a_big_body(gateway):
    block = os.urandom(MIB)
    idle = gateway.peak_memory()
    assert upload(gateway.edge, "big", 256 * MIB, block) == 200
    assert gateway.peak_memory() - idle < SINGLE
    whole = hashlib.md5()
    for _ in range(256):
        whole.update(block)
    assert stored_digest(gateway, "big") == whole.hexdigest()


def test_streams_eight_bodies_at_once(gateway):
    block = os.urandom(MIB)
    idle = gateway.peak_memory()
    statuses = []
    threads = [
        threading.Thread(target=lambda n=n: statuses.append(upload(gateway.edge, f"many-{n}", 32 * MIB, block)))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8
    assert gateway.peak_memory() - idle < EIGHT


def test_holds_back_a_fast_client_of_a_slow_store(start, peers):
    """The store reads nothing for a while: what the client sends stays in the kernel, not in the process."""
    opened = threading.Event()

    def waits(peer, stream, request):
        opened.wait(60)
        peer.read(stream, request)
        stream.send(peer.success(request.body))

    store = peers.store(waits)
    gateway = start(configs.edge(configs.oss_store(store.port)))
    idle = gateway.memory()
    done = []
    block = b"x" * MIB
    thread = threading.Thread(target=lambda: done.append(upload(gateway.edge, "held", 64 * MIB, block)))
    thread.start()
    store.wait_for_requests(1)
    thread.join(timeout=1)  # time enough to swallow the body, if it were swallowed
    assert gateway.memory() - idle < 32 * MIB * SCALE
    opened.set()
    thread.join()
    assert done == [200]
    assert len(store.complete[0].body) == 64 * MIB
