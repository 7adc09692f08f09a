"""Who may upload on a plain listener."""

from __future__ import annotations

import base64

import pytest

from support import configs
from support.wire import Client, put

CLIENTS = {
    "internal": {"bearer": ["plain:token-1", "plain:token-2"], "basic": [{"user": "scanner", "password": "plain:pass:word"}]},
    "nearby": {"cidr": ["127.0.0.0/8"]},
    "elsewhere": {"cidr": ["192.0.2.0/24"]},
    "both": {"cidr": ["127.0.0.0/8"], "bearer": ["plain:token-3"]},
}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.fixture
def store(peers):
    return peers.store()


@pytest.fixture
def gateway_for(start, store):
    def make(group: str | None, route_group: str | None = None):
        config = configs.edge(configs.oss_store(store.port), clients=CLIENTS)
        if group:
            config["listeners"][0]["clients"] = group
        if route_group:
            config["routes"][0]["clients"] = route_group
        return start(config)

    return make


@pytest.mark.parametrize(
    "authorization",
    ["Bearer token-1", "bearer token-2", "Bearer  token-1", basic("scanner:pass:word")],
)
def test_admits_who_shows_a_credential(gateway_for, store, authorization):
    gateway = gateway_for("internal")
    assert put(gateway.edge, "/x", b"hello", {"Authorization": authorization}).status == 200
    assert b"token" not in store.complete[0].head
    assert "token-1" not in gateway.output and "pass:word" not in gateway.output


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Bearer token-3",
        "Bearer token-",
        "Bearer token-11",
        "Bearer",
        "Bearer ",
        "Token token-1",
        basic("scanner:wrong"),
        basic("scanner"),
        basic("other:pass:word"),
        "Basic %%%",
        "Basic",
    ],
)
def test_refuses_who_shows_none(gateway_for, store, authorization):
    gateway = gateway_for("internal")
    answer = put(gateway.edge, "/x", b"hello", {"Authorization": authorization} if authorization else {})
    assert answer.status == 401
    assert answer.header("WWW-Authenticate")
    problem = answer.json()
    assert (problem["stored"], problem["party"], problem["phase"]) == (False, "client", "authorizing")
    assert store.requests == []


def test_refuses_before_the_body(gateway_for, store):
    gateway = gateway_for("internal")
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n")
        assert client.read_head().status == 401
    assert store.requests == []


def test_asks_for_every_request(gateway_for, store):
    gateway = gateway_for("internal")
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/x", b"hello", {"Authorization": "Bearer token-1"}).status == 200
        assert client.request("PUT", "/x", b"hello").status == 401
    assert len(store.complete) == 1


@pytest.mark.parametrize(("group", "status"), [("nearby", 200), ("elsewhere", 403)])
def test_looks_at_the_address(gateway_for, store, group, status):
    gateway = gateway_for(group)
    assert put(gateway.edge, "/x", b"hello").status in ({status} if status == 200 else {401, 403})
    assert len(store.complete) == (1 if status == 200 else 0)


def test_wants_address_and_credential_where_both_are_named(gateway_for):
    gateway = gateway_for("both")
    assert put(gateway.edge, "/x", b"hello").status == 401
    assert put(gateway.edge, "/x", b"hello", {"Authorization": "Bearer token-3"}).status == 200


def test_lets_the_route_decide_instead_of_the_listener(gateway_for):
    gateway = gateway_for("elsewhere", "internal")
    assert put(gateway.edge, "/x", b"hello", {"Authorization": "Bearer token-1"}).status == 200
    assert put(gateway.edge, "/x", b"hello").status == 401
