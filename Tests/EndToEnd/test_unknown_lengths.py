"""Uploads that one PUT cannot carry: Putback makes an upload in parts of them."""

from __future__ import annotations

import json

import pytest
from support import configs, tos_client, us3
from support.wire import Client, eventually

MIB = 1 << 20


def oss_pair(start, tmp_path, callback=None):
    store = start(configs.sdk(tmp_path / "objects"), name="store")
    target = configs.oss_store(
        store.sdk[1],
        bucket="uploads",
        credentials={"id": f"plain:{configs.PARTNER_ID}", "secret": f"plain:{configs.PARTNER_SECRET}"},
    )
    # Chunks could bring more than the 5 GiB that one PUT takes.
    edge = start(configs.edge(target, callback=callback, limits={"uploadSize": "6GiB"}), name="edge")
    return store, edge


def us3_pair(start, tmp_path, callback=None):
    store = start(us3.directory(tmp_path / "objects"), name="store")
    return store, start(configs.edge(us3.store(store.sdk[1]), callback=callback), name="edge")


def tos_pair(start, tmp_path, callback=None):
    store = start(tos_client.directory(tmp_path / "objects"), name="store")
    edge = configs.edge(tos_client.store(store.sdk[1]), callback=callback, limits={"uploadSize": "6GiB"})
    return store, start(edge, name="edge")


PAIRS = {"oss": oss_pair, "tos": tos_pair, "us3": us3_pair}


def objects(tmp_path) -> list[bytes]:
    return [path.read_bytes() for path in (tmp_path / "objects").rglob("=*") if path.is_file()]


def unfinished(tmp_path) -> list[str]:
    folder = tmp_path / "objects" / ".uploads"
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def chunked(address, path: str, body: bytes, whole: bool = True):
    client = Client(address)
    client.send(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    for begin in range(0, len(body), MIB):
        piece = body[begin : begin + MIB]
        client.send(b"%X\r\n%s\r\n" % (len(piece), piece))
    if whole:
        client.send(b"0\r\n\r\n")
    return client


@pytest.mark.parametrize("dialect", list(PAIRS))
@pytest.mark.parametrize("size", [0, 1, 4 * MIB, 4 * MIB + 1, 8 * MIB, 8 * MIB + 1, 30 * MIB])
def test_a_body_of_unknown_length_is_stored_byte_for_byte(dialect, size, start, peers, tmp_path):
    app = peers.app()
    policy = configs.policy(app.port, body='{"object":${object},"mimeType":${mimeType}}')
    store, edge = PAIRS[dialect](start, tmp_path, policy)
    body = (bytes(range(251)) * (size // 251 + 1))[:size]
    with chunked(edge.edge, "/film.mp4", body) as client:
        told = client.response()
    assert (told.status, told.body) == (200, app.default)
    (call,) = app.complete
    assert json.loads(call.body) == {"object": "film.mp4", "mimeType": "video/mp4"}
    (stored,) = objects(tmp_path)
    assert stored[:size] == body and len(stored) - size < 4096  # behind the data stands what the store knows of it
    assert unfinished(tmp_path) == []


@pytest.mark.parametrize("dialect", list(PAIRS))
def test_a_client_that_goes_away_leaves_nothing(dialect, start, peers, tmp_path):
    app = peers.app()
    store, edge = PAIRS[dialect](start, tmp_path, configs.policy(app.port, body='{"object":${object}}'))
    client = chunked(edge.edge, "/half", bytes(20 * MIB), whole=False)
    assert eventually(lambda: unfinished(tmp_path), lambda now: len(now) == 1)
    client.close()
    assert eventually(lambda: unfinished(tmp_path), lambda now: now == []) == []
    assert objects(tmp_path) == [] and app.requests == []


@pytest.mark.parametrize("dialect", list(PAIRS))
def test_a_store_that_dies_is_told_as_not_stored(dialect, start, peers, tmp_path):
    store, edge = PAIRS[dialect](start, tmp_path)
    client = chunked(edge.edge, "/lost", bytes(12 * MIB), whole=False)
    assert eventually(lambda: unfinished(tmp_path), lambda now: len(now) == 1)
    store.kill()
    try:
        client.send(b"%X\r\n%s\r\n" % (9 * MIB, bytes(9 * MIB)) + b"0\r\n\r\n")
    except OSError:
        pass  # refused before all of it was read
    told = client.response()
    assert (told.status, told.json()["stored"], told.json()["party"]) == (502, False, "store")
    client.close()


def test_memory_stays_below_the_parts_in_flight(start, tmp_path):
    store, edge = us3_pair(start, tmp_path)
    before = edge.memory()
    with chunked(edge.edge, "/large", bytes(200 * MIB)) as client:
        assert client.response().status == 200
    assert edge.peak_memory() - before < 64 * MIB


def test_the_clients_digest_of_the_whole_body_is_checked(start, tmp_path):
    store, edge = us3_pair(start, tmp_path)
    body = bytes(9 * MIB)
    with Client(edge.edge) as client:
        client.send(b"PUT /digest HTTP/1.1\r\nHost: localhost\r\nContent-MD5: AAAAAAAAAAAAAAAAAAAAAA==\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"%X\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        told = client.response()
    assert (told.status, told.json()["code"], told.json()["stored"]) == (400, "bad-digest", False)
    assert objects(tmp_path) == []
    assert eventually(lambda: unfinished(tmp_path), lambda now: now == []) == []
