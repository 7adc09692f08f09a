"""Ids and traces that clients bring: to the store, to the app, back to the client, and into the log."""

from __future__ import annotations

import re

import pytest

from support import configs, sdks, tos_client, us3
from support.peers import Store, replies
from support.wire import Client, put

OWN = re.compile(r"[0-9A-F]{24}")
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def store(peers):
    return peers.store()


@pytest.fixture
def app(peers):
    return peers.app()


@pytest.fixture
def gateway(start, store, app):
    return start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))


def own_store(port: int) -> configs.Config:
    return configs.oss_store(
        port,
        bucket="uploads",
        credentials={"id": f"plain:{configs.PARTNER_ID}", "secret": f"plain:{configs.PARTNER_SECRET}"},
    )


def test_an_id_goes_to_all_parties(gateway, store, app):
    told = put(gateway.edge, "/x", b"hello", {"X-Request-Id": "trace-7_a.b:c+d/e=f@g"})
    (sent,), (call,), (line,) = store.complete, app.complete, gateway.wait_for_uploads(1)
    ids = {
        told.header("Putback-Request-Id"),
        told.header("X-Request-Id"),
        sent.header("X-Request-Id"),
        call.header("X-Request-Id"),
        call.header("Putback-Request-Id"),
        line["request"],
    }
    assert ids == {"trace-7_a.b:c+d/e=f@g"}
    # What must be unique stays Putback's own.
    assert OWN.fullmatch(line["ownRequest"]) and call.header("x-oss-request-id") == line["ownRequest"]


def test_who_brings_none_gets_putbacks_own(gateway, store, app):
    told = put(gateway.edge, "/x", b"hello")
    (sent,), (call,), (line,) = store.complete, app.complete, gateway.wait_for_uploads(1)
    own = line["request"]
    assert OWN.fullmatch(own) and "ownRequest" not in line and "traceparent" not in line
    assert {told.header("Putback-Request-Id"), told.header("X-Request-Id")} == {own}
    assert {sent.header("X-Request-Id"), call.header("X-Request-Id"), call.header("Putback-Request-Id")} == {own}
    for message in (sent, call):
        assert message.header("traceparent") is None and message.header("tracestate") is None


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, 'a"b', "<b>", "a\tb", "\xe9", "a,b"])
def test_an_id_that_could_do_harm_is_replaced(gateway, store, bad):
    told = put(gateway.edge, "/x", b"hello", {"X-Request-Id": bad})
    (sent,), (line,) = store.complete, gateway.wait_for_uploads(1)
    assert OWN.fullmatch(line["request"])
    assert sent.all("X-Request-Id") == [line["request"]] == [told.header("X-Request-Id")]
    assert "ownRequest" not in line


def test_a_failure_names_it_too(start, peers):
    store = peers.store(replies(Store.error(403, "AccessDenied")))
    gateway = start(configs.edge(configs.oss_store(store.port), route={"match": {"path": "/in/**"}}))
    for path in ("/in/x", "/elsewhere"):
        told = put(gateway.edge, path, b"hello", {"X-Request-Id": "mine"})
        assert told.status in (403, 404, 502), told.body
        assert told.json()["requestId"] == told.header("Putback-Request-Id") == told.header("X-Request-Id") == "mine"
    assert [line["request"] for line in gateway.wait_for_uploads(2)] == ["mine", "mine"]


def test_keys_are_made_of_putbacks_own_id(start, store):
    """Else a client could choose a key that another upload has."""
    gateway = start(configs.edge(configs.oss_store(store.port), route={"key": "by-id/${request.id}"}))
    put(gateway.edge, "/x", b"hello", {"X-Request-Id": "../../mine"})
    (line,) = gateway.wait_for_uploads(1)
    assert line["object"] == "by-id/" + line["ownRequest"]


def test_a_trace_is_passed_on(gateway, store, app):
    with Client(gateway.edge) as client:
        client.send(
            f"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\ntraceparent: {PARENT}\r\n"
            "tracestate: rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE\r\ntracestate: a@b=c\r\n\r\nhello".encode()
        )
        told = client.response()
    (sent,), (call,), (line,) = store.complete, app.complete, gateway.wait_for_uploads(1)
    for message in (sent, call):
        assert message.all("traceparent") == [PARENT]
        assert message.all("tracestate") == ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,a@b=c"]
    assert line["traceparent"] == PARENT
    assert sent.header("X-Request-Id") == told.header("X-Request-Id") == line["request"] and OWN.fullmatch(line["request"])


@pytest.mark.parametrize(
    "fields, state",
    [
        ({"traceparent": PARENT.upper(), "tracestate": "a=1"}, None),
        ({"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01"}, None),
        ({"traceparent": PARENT + "-x"}, None),
        ({"tracestate": "a=1"}, None),
        ({"traceparent": PARENT, "tracestate": "A=1"}, PARENT),
    ],
)
def test_what_is_no_trace_is_dropped(gateway, store, app, fields, state):
    put(gateway.edge, "/x", b"hello", fields)
    (sent,), (call,), (line,) = store.complete, app.complete, gateway.wait_for_uploads(1)
    for message in (sent, call):
        assert message.header("traceparent") == state and message.header("tracestate") is None
    assert line.get("traceparent") == state


@pytest.mark.parametrize("dialect", ["oss-v4", "oss-v1", "tos", "us3"])
def test_a_store_verifies_requests_that_carry_them(start, tmp_path, dialect):
    """No vendor's signature covers these fields: the second process recomputes it."""
    directory, target = {
        "oss-v4": (configs.sdk, own_store),
        "oss-v1": (configs.sdk, lambda port: {**own_store(port), "signature": "v1"}),
        "tos": (tos_client.directory, tos_client.store),
        "us3": (us3.directory, us3.store),
    }[dialect]
    store = start(directory(tmp_path / "objects"), name="store")
    edge = start(configs.edge(target(store.sdk[1])), name="edge")
    told = put(edge.edge, "/x", b"hello", {"X-Request-Id": "mine", "traceparent": PARENT, "tracestate": "a=1"})
    assert told.status == 200, told.body
    lines = edge.wait_for_uploads(1) + store.wait_for_uploads(1)
    assert [(line["request"], line["traceparent"]) for line in lines] == [("mine", PARENT)] * 2


def test_each_request_of_an_upload_in_parts_carries_it(start, tmp_path):
    store = start(configs.sdk(tmp_path / "objects"), name="store")
    unbounded = {"limits": {"uploadSize": "6GiB"}}
    edge = start(configs.edge(own_store(store.sdk[1]), **unbounded), name="edge")
    body = bytes(9 << 20)
    with Client(edge.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nX-Request-Id: mine\r\n\r\n")
        client.send(b"%X\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert client.response().status == 200
    assert [line["request"] for line in store.wait_for_uploads(3)] == ["mine"] * 3


@pytest.mark.parametrize("kind", sdks.KINDS)
def test_sdk_clients_bring_them_too(start, store, app, kind):
    config = configs.sdk(None, route={"store": "target"}, stores={"target": configs.oss_store(store.port)})
    del config["stores"]["shelf"]
    gateway = start(config)
    told = sdks.client(kind, gateway.endpoint).put("x", b"hello", **{"X-Request-Id": "mine", "traceparent": PARENT})
    assert told.status == 200
    (sent,), (line,) = store.complete, gateway.wait_for_uploads(1)
    assert (sent.header("X-Request-Id"), sent.header("traceparent")) == ("mine", PARENT)
    assert (line["request"], line["traceparent"]) == ("mine", PARENT)


@pytest.mark.parametrize("kind", sdks.KINDS)
def test_a_vendors_request_id_stays_of_its_shape(start, tmp_path, kind):
    gateway = start(configs.sdk(tmp_path / "objects"))
    told = sdks.client(kind, gateway.endpoint).put("x", b"hello", **{"X-Request-Id": "mine"})
    (line,) = gateway.wait_for_uploads(1)
    assert told.headers["x-oss-request-id"] == line["ownRequest"]
    assert told.headers["Putback-Request-Id"] == line["request"] == "mine"


def test_the_files_of_a_form_share_it(gateway, store):
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\nhello\r\n' for name in ("1", "2")
    )
    headers = {"X-Request-Id": "mine", "Content-Type": "multipart/form-data; boundary=b"}
    told = put(gateway.edge, "/form", (parts + "--b--\r\n").encode(), headers, "POST")
    assert told.header("Putback-Request-Id") == "mine"
    lines = gateway.wait_for_uploads(2)
    assert [line["request"] for line in lines] == ["mine", "mine"]
    own = [line["ownRequest"] for line in lines]
    assert own == [file["requestId"] for file in told.json()["files"]] and own[0] != own[1]
    assert len({line["form"] for line in lines}) == 1
