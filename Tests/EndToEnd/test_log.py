"""One JSON line for each upload, with no secret in it."""

from __future__ import annotations

import pytest

from support import configs, sdks
from support.peers import Gate, Store, answer, replies
from support.wire import Client, put, send


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
