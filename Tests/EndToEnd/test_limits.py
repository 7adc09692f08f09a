"""What clients and routes may use, and that whoever asks for more is told so at once."""

from __future__ import annotations

import signal

import pytest

from support import configs, sdks
from support.peers import Gate
from support.wire import Client, eventually, put

BODY = b"x" * 100_000
HEAD = b"PUT /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n%s\r\n"


@pytest.fixture
def store(peers):
    return peers.store()


def begin(gateway, store, name: bytes = b"held", fields: bytes = b"") -> Client:
    """An upload that has reached the store and is half done."""
    seen = len(store.requests)
    client = Client(gateway.edge)
    client.send(HEAD % (name, fields) + BODY[:50_000])
    store.wait_for_requests(seen + 1)
    return client


def refused(message, code: str, most_seconds: int = 1) -> None:
    assert message.status == 503
    assert 1 <= int(message.header("Retry-After")) <= most_seconds
    told = message.json()
    assert (told["code"], told["stored"]) == (code, False)


def two_routes(store, **limits) -> configs.Config:
    config = configs.edge(configs.oss_store(store.port))
    rest = config["routes"][0]
    photos = {**rest, "name": "photos", "match": {"path": "/photos/**"}, "limits": limits}
    config["routes"] = [photos, rest]
    return config


def test_bounds_the_uploads_of_a_route_and_leaves_others_alone(start, store):
    gateway = start(two_routes(store, uploadsInFlight=1))
    with begin(gateway, store, b"photos/held") as held:
        refused(put(gateway.edge, "/photos/second", b"hello"), "route-limit")
        assert put(gateway.edge, "/other", b"hello").status == 200
        held.send(BODY[50_000:])
        assert held.response().status == 200
    assert put(gateway.edge, "/photos/second", b"hello").status == 200
    assert "/media/photos/second" in [request.target for request in store.complete]


def test_gives_the_place_back_of_an_upload_that_was_broken_off(start, store):
    gateway = start(two_routes(store, uploadsInFlight=1))
    begin(gateway, store, b"photos/held").reset()
    assert eventually(lambda: put(gateway.edge, "/photos/x", b"hello").status, lambda status: status == 200) == 200


def test_bounds_how_fast_the_uploads_of_a_route_come(start, store):
    gateway = start(two_routes(store, rate="1/h", burst=3))
    with Client(gateway.edge) as client:
        statuses = [client.request("PUT", f"/photos/{n}", b"hello").status for n in range(3)]
        assert statuses == [200, 200, 200]
        refused(client.request("PUT", "/photos/4", b"hello"), "route-limit", 3600)
    assert put(gateway.edge, "/other", b"hello").status == 200
    assert len(store.complete) == 4


def test_a_reload_does_not_forget_what_was_used(start, store):
    config = two_routes(store, rate="1/h", burst=1)
    gateway = start(config)
    assert put(gateway.edge, "/photos/1", b"hello").status == 200
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_event("reloaded")
    refused(put(gateway.edge, "/photos/2", b"hello"), "route-limit", 3600)


CLIENTS = {
    "internal": {"bearer": [{"id": name, "token": f"plain:{name}-token"} for name in ("a", "b")]},
    "strict": {"bearer": [{"id": "c", "token": "plain:c-token"}], "limits": {"rate": "1/h", "burst": 1}},
}


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}-token"}


def test_bounds_each_client_by_its_name(start, store):
    config = configs.edge(configs.oss_store(store.port), clients=CLIENTS, limits={"client": {"uploadsInFlight": 1}})
    config["routes"] = [
        {**config["routes"][0], "name": "strict", "match": {"path": "/strict/**"}, "clients": "strict"},
        {**config["routes"][0], "clients": "internal"},
    ]
    gateway = start(config)
    with begin(gateway, store, fields=b"Authorization: Bearer a-token\r\n") as held:
        refused(put(gateway.edge, "/x", b"hello", bearer("a")), "client-limit")
        assert put(gateway.edge, "/x", b"hello", bearer("b")).status == 200
        held.send(BODY[50_000:])
        assert held.response().status == 200
    assert put(gateway.edge, "/x", b"hello", bearer("a")).status == 200
    # A group's own limits stand instead of the general ones.
    assert put(gateway.edge, "/strict/1", b"hello", bearer("c")).status == 200
    refused(put(gateway.edge, "/strict/2", b"hello", bearer("c")), "client-limit", 3600)
    # Who may not upload at all uses nobody's quota.
    assert put(gateway.edge, "/strict/2", b"hello", bearer("a")).status == 401


def test_bounds_who_has_no_name_by_the_address(start, store):
    config = configs.edge(configs.oss_store(store.port), limits={"client": {"rate": "2/h"}})
    gateway = start(config)
    assert [put(gateway.edge, "/x", b"hello").status for _ in range(3)] == [200, 200, 503]
    with Client(gateway.edge, source="127.0.0.2") as client:
        assert client.request("PUT", "/x", b"hello").status == 200


def test_a_client_over_its_quota_uses_nothing_of_the_routes(start, store):
    config = configs.edge(configs.oss_store(store.port), {"limits": {"rate": "2/h"}}, limits={"client": {"rate": "1/h"}})
    gateway = start(config)
    assert put(gateway.edge, "/x", b"hello").status == 200
    for _ in range(3):
        refused(put(gateway.edge, "/x", b"hello"), "client-limit", 3600)
    with Client(gateway.edge, source="127.0.0.2") as client:
        assert client.request("PUT", "/x", b"hello").status == 200


def test_counts_each_file_of_a_form(start, store):
    config = configs.edge(configs.oss_store(store.port), limits={"client": {"rate": "2/h"}})
    gateway = start(config)
    part = '--b\r\nContent-Disposition: form-data; name="f"; filename="%d"\r\n\r\nhello\r\n'
    body = "".join(part % n for n in range(3)) + "--b--\r\n"
    told = put(gateway.edge, "/", body.encode(), {"Content-Type": "multipart/form-data; boundary=b"}, "POST")
    assert told.status == 207
    assert [file["status"] for file in told.json()["files"]] == [200, 200, 503]
    assert len(store.complete) == 2


def test_tells_sdks_in_their_words_and_when_to_come_back(start, tmp_path):
    config = configs.sdk(tmp_path / "objects")
    config["routes"][0]["limits"] = {"rate": "1/h"}
    gateway = start(config)
    client = sdks.client("oss2-v4", gateway.endpoint)
    targets = [client.presign("PUT", key).removeprefix(gateway.endpoint) for key in ("x", "y")]
    first, second = (put(gateway.sdk, target, b"hello") for target in targets)
    assert first.status == 200
    assert second.status == 503 and b"<Code>ServiceUnavailable</Code>" in second.body
    assert 1 <= int(second.header("Retry-After")) <= 3600
    assert not client.exists("y")
    sdks.close_all()


def test_a_callback_under_way_still_counts(start, store, peers):
    gate = Gate(lambda request: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    app = peers.app(gate)
    policy = {"url": f"http://127.0.0.1:{app.port}/", "body": "{}", "by": "putback"}
    config = configs.edge(configs.oss_store(store.port), {"limits": {"uploadsInFlight": 1}}, policy)
    gateway = start(config)
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        app.wait_for_requests(1)
        refused(put(gateway.edge, "/y", b"hello"), "route-limit")
        gate.open()
        assert client.response().status == 200
    assert len(store.complete) == 1
