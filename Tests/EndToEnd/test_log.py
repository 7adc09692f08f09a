"""One JSON line for each upload, with no secret in it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import threading
import time

import pytest

from support import configs, sdks
from support.peers import Gate, Store, answer, replies
from support.gateway import BINARY, Gateway
from support.wire import DEADLINE, Client, put, send


@pytest.fixture
def store(peers):
    return peers.store()


def test_one_line_tells_one_upload(start, store, peers):
    app = peers.app()
    callback = configs.policy(app.port, by="putback")
    gateway = start(configs.edge(configs.oss_store(store.port), callback=callback))
    told = put(gateway.edge, "/a%20b?secret=1", b"hello", {"Host": "up.example.com"})
    (line,) = gateway.wait_for_uploads(1)
    expected = {
        "level": "info",
        "request": told.header("Putback-Request-Id"),
        "listener": "edge",
        "route": "all",
        "address": "127.0.0.1",
        "method": "PUT",
        "host": "up.example.com",
        "path": "/a%20b",
        "store": "target",
        "bucket": "media",
        "object": "a b",
        "bytes": 5,
        "status": 200,
        "callback": "uploaded",
    }
    assert {name: line.get(name) for name in expected} == expected
    assert line["time"].endswith("Z")
    for name in ("milliseconds", "clientMilliseconds", "storeMilliseconds", "appMilliseconds"):
        assert 0 <= line[name] < 60_000, name
    assert "secret" not in gateway.output


def test_a_failure_is_told_with_party_and_phase(start, peers):
    store = peers.store(replies(Store.error(403, "AccessDenied")))
    gateway = start(configs.edge(configs.oss_store(store.port)))
    told = put(gateway.edge, "/x", b"hello")
    (line,) = gateway.wait_for_uploads(1)
    problem = told.json()
    assert line["status"] == told.status
    assert line["storeStatus"] == 403
    for name in ("code", "party", "phase"):
        assert line[name] == problem[name]


def test_a_callback_that_failed_is_told(start, store, peers):
    app = peers.app(replies(answer(418, b"{}")))
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    put(gateway.edge, "/x", b"hello")
    (line,) = gateway.wait_for_uploads(1)
    assert (line["status"], line["callbackStatus"]) == (502, 418)


def test_a_client_that_went_away_is_told_as_499(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    client = Client(gateway.edge)
    client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhello")
    store.wait_for_requests(1)
    client.reset()
    (line,) = gateway.wait_for_uploads(1)
    assert (line["status"], line["bytes"], line["party"]) == (499, 5, "client")


def test_an_upload_is_told_when_it_is_over_and_not_before(start, peers):
    gate = Gate(lambda request: Store.success(request.body))
    store = peers.store(gate)
    gateway = start(configs.edge(configs.oss_store(store.port)))
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
        store.wait_for_complete(1)
        assert not [event for event in gateway.events if event["event"] == "upload"]
        gate.open()
        assert client.response().status == 200
    assert len(gateway.wait_for_uploads(1)) == 1


def test_no_signature_and_no_secret_is_logged(start, tmp_path):
    gateway = start(configs.sdk(tmp_path / "objects"))
    for kind in sdks.KINDS:
        client = sdks.client(kind, gateway.endpoint)
        assert client.put("x", b"hello").status == 200
        url = client.presign("PUT", "y")
        assert send("PUT", url, b"hello")[0] == 200
        assert "ignature" not in gateway.output
    assert len(gateway.wait_for_uploads(2 * len(sdks.KINDS))) == 2 * len(sdks.KINDS)
    assert {line.get("client") for line in gateway.wait_for_uploads(1)} == {configs.PARTNER_ID}
    assert configs.PARTNER_SECRET not in gateway.output


def test_control_characters_cannot_forge_a_line(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    put(gateway.edge, "/a%0A%7B%22event%22%3A%22ready%22%7D%1B", b"hello", {"Host": "localhost"})
    gateway.wait_for_uploads(1)
    assert len([event for event in gateway.events if event.get("event") == "ready"]) == 1
    assert "\x1b" not in gateway.output


def held(seconds: float) -> float:
    """Lets time pass, since that is what is measured; returns how many milliseconds it was at least."""
    began = time.monotonic()
    threading.Event().wait(seconds)
    return (time.monotonic() - began) * 1000 - 1


def test_a_body_that_does_not_come_waits_for_the_client(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
        store.wait_for_requests(1)
        waited = held(0.2)
        client.send(b"world")
        assert client.response().status == 200
    (line,) = gateway.wait_for_uploads(1)
    assert line["clientMilliseconds"] >= waited
    assert line["clientMilliseconds"] + line["storeMilliseconds"] <= line["milliseconds"]


@pytest.mark.parametrize("integrity", ["full", "length"])
def test_a_body_that_cannot_be_passed_on_waits_for_the_store(start, peers, integrity):
    reads = threading.Event()

    def behaviour(peer, stream, request):
        reads.wait(DEADLINE)
        peer.read(stream, request)
        stream.send(Store.success(request.body))

    store = peers.store(behaviour)
    gateway = start(configs.edge(configs.oss_store(store.port), route={"integrity": integrity}))
    size = 64 << 20
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size + bytes(1))
        store.wait_for_requests(1)
        left = memoryview(bytes(size - 1))
        client.socket.settimeout(0.2)
        try:
            # Full at last: the store takes nothing, so nobody reads.
            while left:
                left = left[client.socket.send(left[: 1 << 20]) :]
        except TimeoutError:
            pass
        assert left
        waited = held(0.2)
        reads.set()
        client.socket.settimeout(DEADLINE)
        client.send(left)
        assert client.response().status == 200
    (line,) = gateway.wait_for_uploads(1)
    assert line["storeMilliseconds"] >= waited
    assert line["clientMilliseconds"] + line["storeMilliseconds"] <= line["milliseconds"]


def test_an_upload_that_fails_on_its_way_tells_where_the_time_went(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    client = Client(gateway.edge)
    client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
    store.wait_for_requests(1)
    waited = held(0.1)
    client.reset()
    (line,) = gateway.wait_for_uploads(1)
    assert waited <= line["clientMilliseconds"] <= line["milliseconds"]


def test_credentials_of_plain_clients_are_not_logged(start, peers):
    """Whatever becomes of the upload: stored, refused by the store, or by Putback."""
    store = peers.store(replies(Store.success(b"hello")), replies(Store.error(403, "AccessDenied")))
    config = configs.edge(configs.oss_store(store.port), route={"match": {"path": "/in/**"}, "clients": "internal"})
    config["clients"] = {"internal": {"bearer": ["plain:bearer-secret-1"]}}
    gateway = start(config)
    query = "?OSSAccessKeyId=a&Signature=query-secret-2&x-oss-security-token=query-secret-3"
    for path, token in (("/in/x", "bearer-secret-1"), ("/in/y", "bearer-secret-1"), ("/in/z", "bearer-secret-4"), ("/no", "5")):
        put(gateway.edge, path + query, b"hello", {"Authorization": f"Bearer {token}", "Cookie": "cookie-secret-6"})
    put(gateway.edge, f"/in/%{query}", b"hello", {"Authorization": "Bearer bearer-secret-7"})
    assert len(gateway.wait_for_uploads(4)) >= 4
    assert "-secret-" not in gateway.output and "ignature" not in gateway.output
    assert configs.ACCESS_KEY_SECRET not in gateway.output


def test_a_terminal_gets_text(tmp_path, store):
    config = Gateway(configs.edge(configs.oss_store(store.port)), tmp_path / "terminal")
    ours, theirs = pty.openpty()
    process = subprocess.Popen([str(BINARY), "serve", "--config", str(config.file)], stderr=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    seen = b""

    def read_until(mark: bytes) -> None:
        nonlocal seen
        while mark not in seen:
            seen += os.read(ours, 4096)

    with process:
        try:
            read_until(b" ready ")
            port = re.search(rb'listener="edge" address="127.0.0.1:(\d+)"', seen)[1]
            assert put(("127.0.0.1", int(port)), "/a", b"hello").status == 200
            read_until(b" upload ")
        finally:
            process.terminate()
            process.wait(DEADLINE)
            os.close(ours)
    lines = seen.decode().splitlines()
    assert any(re.match(r'\S+Z upload request="[0-9A-F]{24}" .* outcome="stored"', line) for line in lines), lines
    assert not any(line.startswith("{") for line in lines)
