"""Uploads in parts that Putback makes itself: what they hold of memory, however many and long they are."""

from __future__ import annotations

import re
import subprocess
import threading

import pytest
import requests
from support import configs, us3
from support.wire import SCALE, Client, Message, eventually, put

MIB = 1 << 20
PIECE = b"%X\r\n" % MIB + bytes(MIB) + b"\r\n"
HEAD = b"PUT /long HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
BUFFERS = 48
# What the process, its threads and its allocator take beside bodies.
BESIDE = 24 * MIB * (8 if SCALE > 1 else 1)


def upload(address, mebibytes: int) -> Message:
    with Client(address) as client:
        client.socket.settimeout(120 * SCALE)
        client.send(HEAD)
        for _ in range(mebibytes):
            client.send(PIECE)
        client.send(b"0\r\n\r\n")
        return client.response()


class Uploads:
    """Some at once, each in a thread; `statuses` are those of the ones that are over."""

    def __init__(self, address, count: int, mebibytes: int):
        self.statuses: list[int] = []
        self.threads = [threading.Thread(target=self._run, args=(address, mebibytes), daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _run(self, address, mebibytes: int) -> None:
        self.statuses.append(upload(address, mebibytes).status)

    def join(self) -> list[int]:
        for thread in self.threads:
            thread.join(120 * SCALE)
        return self.statuses


def buffered(gateway) -> int:
    host, port = gateway.admin
    text = requests.get(f"http://{host}:{port}/metrics", headers={"Connection": "close"}).text
    return int(re.search(r"^putback_buffer_bytes (\d+)", text, re.MULTILINE)[1])


@pytest.fixture
def store(peers):
    return peers.us3()


def edge(start, store, **limits):
    return start(configs.edge(us3.store(store.port), workers=1, limits=limits))


def test_a_gibibyte_of_unknown_length_stays_below_128_mebibytes(start, store):
    gateway = edge(start, store)
    assert upload(gateway.edge, 1024).status == 200
    assert store.received == 1024 * MIB
    assert store.unfinished == set()
    assert gateway.peak_memory() < 128 * MIB * (8 if SCALE > 1 else 1)


def test_all_of_them_together_hold_no_more_than_the_limit(start, store):
    """Each wants three parts of 4 MiB; eight would hold 96 MiB."""
    gateway = edge(start, store, buffers=f"{BUFFERS}MiB")
    before = gateway.memory()
    store.gate.clear()
    uploads = Uploads(gateway.edge, 8, 32)
    # As many parts as fit, less what eight uploads may hold besides.
    full = (BUFFERS // 4 - 1) * us3.BLOCK
    assert eventually(lambda: buffered(gateway), lambda now: now >= full) <= BUFFERS * MIB
    store.gate.set()
    assert uploads.join() == [200] * 8
    assert store.received == 8 * 32 * MIB and store.unfinished == set()
    assert gateway.peak_memory() - before < BUFFERS * MIB + BESIDE


def test_one_more_than_fits_is_told_to_come_back(start, store):
    gateway = edge(start, store, buffers="16MiB")
    clients = [Client(gateway.edge) for _ in range(3)]
    for client in clients:
        client.send(HEAD + PIECE)
    assert eventually(lambda: buffered(gateway), lambda now: now >= 3 * MIB) == 3 * MIB
    with Client(gateway.edge) as late:
        late.send(HEAD)
        told = late.response()
    assert (told.status, told.json()["code"], told.json()["stored"]) == (503, "overloaded", False)
    assert told.header("Retry-After") == "1"
    assert "limits.buffers" in told.json()["detail"]
    # What is put as a whole needs no part.
    assert put(gateway.edge, "/short", b"x").status != 503
    for client in clients:
        client.send(b"0\r\n\r\n")
        assert client.response().status != 503
        client.close()
    assert eventually(lambda: upload(gateway.edge, 1).status, lambda status: status != 503) != 503


def test_a_form_whose_file_does_not_fit_ends(start, store):
    gateway = edge(start, store, buffers="4MiB")
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\ndata\r\n--b--\r\n'
    type = {"Content-Type": "multipart/form-data; boundary=b"}
    with Client(gateway.edge) as client:
        client.send(HEAD + PIECE)
        assert eventually(lambda: buffered(gateway), lambda now: now >= MIB) == MIB
        told = put(gateway.edge, "/", body, type, "POST")
        assert (told.status, told.json()["code"]) == (503, "overloaded")
    assert eventually(lambda: put(gateway.edge, "/", body, type, "POST").status, lambda status: status != 503) != 503


def test_parts_that_the_store_wants_larger_must_fit_too(start, peers):
    store = peers.us3(block=32 * MIB)
    gateway = edge(start, store, buffers="16MiB")
    told = upload(gateway.edge, 5)
    assert (told.status, told.json()["code"], told.json()["stored"]) == (503, "overloaded", False)
    assert eventually(lambda: store.unfinished, lambda left: not left) == set()


def test_a_killed_client_leaves_no_upload_behind(start, store):
    gateway = edge(start, store)
    host, port = gateway.edge
    command = ["curl", "--silent", "--noproxy", "*", "-T", "-", f"http://{host}:{port}/killed"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as curl:
        assert curl.stdin
        curl.stdin.write(bytes(20 * MIB))
        curl.stdin.flush()
        assert eventually(lambda: store.received >= 2 * us3.BLOCK and len(store.unfinished) == 1)
        curl.kill()
    assert eventually(lambda: store.unfinished, lambda left: not left) == set()
    (line,) = gateway.wait_for_uploads()
    # The kernel ends a dead process's stream, or resets it if something came in meanwhile.
    assert line["outcome"] in ("not-stored", "client-gone")
