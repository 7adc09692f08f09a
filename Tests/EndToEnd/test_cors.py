"""Pages of other origins upload by script (Fetch standard, CORS)."""

from __future__ import annotations

import pytest

from support import configs
from support.wire import Client

PAGE = "https://www.example.com"


@pytest.fixture
def edge(start, peers):
    def make(*origins: str):
        store = peers.store()
        listener = {"name": "edge", "address": "127.0.0.1:0", "dialect": "plain"}
        if origins:
            listener["cors"] = list(origins)
        return start(configs.edge(configs.oss_store(store.port), listeners=[listener])), store

    return make


def preflight(client: Client, origin: str):
    fields = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type,x-device-id",
    }
    return client.request("OPTIONS", "/x", b"", fields)


@pytest.mark.parametrize("allowed", [PAGE, "*"])
def test_lets_a_page_upload(edge, allowed):
    gateway, store = edge(allowed)
    with Client(gateway.edge) as client:
        answer = preflight(client, PAGE)
        assert answer.status == 204
        assert answer.header("Access-Control-Allow-Origin") == allowed
        assert "PUT" in answer.header("Access-Control-Allow-Methods")
        assert answer.header("Access-Control-Allow-Headers") == "content-type,x-device-id"
        told = client.request("PUT", "/x", b"hello", {"Origin": PAGE})
    assert told.status == 200
    assert told.header("Access-Control-Allow-Origin") == allowed
    assert "ETag" in told.header("Access-Control-Expose-Headers")
    assert (told.header("Vary") == "Origin") is (allowed != "*")
    assert len(store.requests) == 1, "a preflight is no upload"


def test_lets_the_page_read_errors_too(edge):
    gateway, _ = edge(PAGE)
    with Client(gateway.edge) as client:
        told = client.request("GET", "/x", b"", {"Origin": PAGE})
    assert told.status == 405
    assert told.header("Access-Control-Allow-Origin") == PAGE


@pytest.mark.parametrize("origins", [(), ("https://other.example.com",)])
def test_says_nothing_to_other_pages(edge, origins):
    gateway, store = edge(*origins)
    with Client(gateway.edge) as client:
        answer = preflight(client, PAGE)
        assert answer.status == 405
        assert answer.header("Access-Control-Allow-Origin") is None
        told = client.request("PUT", "/x", b"hello", {"Origin": PAGE})
    assert told.status == 200, "CORS protects the reader of the answer, not the store"
    assert told.header("Access-Control-Allow-Origin") is None
    assert len(store.requests) == 1
