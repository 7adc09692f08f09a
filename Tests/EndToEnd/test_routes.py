"""Which route takes an upload, as seen by where the object goes."""

from __future__ import annotations

import pytest

from support import configs
from support.wire import Client, put


@pytest.fixture
def store(peers):
    return peers.store()


@pytest.fixture
def gateway(start, store):
    config = configs.edge(configs.oss_store(store.port))

    def route(name: str, **match):
        return {"name": name, "match": match, "store": "target", "key": name + "/${path}"}

    config["routes"] = [
        route("host", host="*.example.com", path="/h/**"),
        route("type", contentType=["image/*"]),
        route("header", header={"X-Tenant": "?*"}),
        route("query", query={"kind": "log"}),
        route("size", path="/s/**", size="..1KiB"),
        route("method", path="/m/**", methods=["POST"]),
        {**route("captures", path="/c/*/x/**"), "key": "captures/${path.1}/${path.2}/${path.name}/${path.extension}"},
        route("rest", path="/**"),
    ]
    return start(config)


@pytest.mark.parametrize(
    ("path", "fields", "key"),
    [
        ("/h/a", {"Host": "eu.example.com:8080"}, "host/h/a"),
        ("/h/a", {"Host": "EU.Example.COM"}, "host/h/a"),
        ("/h/a", {"Host": "example.com"}, "rest/h/a"),
        ("/h/a", {"Host": "a.b.example.com"}, "rest/h/a"),
        ("/a", {"Content-Type": "image/png; x=y"}, "type/a"),
        ("/a", {"Content-Type": "Image/PNG"}, "type/a"),
        ("/a", {"X-Tenant": "t"}, "header/a"),
        ("/a", {"X-Tenant": ""}, "rest/a"),
        ("/a?kind=log", {}, "query/a"),
        ("/a?kind=logs", {}, "rest/a"),
        ("/s/a", {}, "size/s/a"),
        ("/m/a", {}, "rest/m/a"),
        ("/c/one/x/two/three.tar.gz", {}, "captures/one/two/three.tar.gz/three.tar.gz/.gz"),
        ("/%63/one/x/two", {}, "captures/one/two/two/"),
    ],
)
def test_the_first_route_that_matches_takes_it(gateway, store, path, fields, key):
    answer = put(gateway.edge, path, b"hello", fields)
    assert answer.status == 200
    assert answer.json()["object"] == key
    assert store.complete[0].target == "/media/" + key


def test_the_method_chooses(gateway, store):
    assert put(gateway.edge, "/m/a", b"hello", method="POST").json()["object"] == "method/m/a"


def test_a_body_over_the_size_goes_to_the_next_route(gateway, store):
    assert put(gateway.edge, "/s/a", b"x" * 1025).json()["object"] == "rest/s/a"


@pytest.mark.parametrize(("size", "status"), [(1024, 200), (1025, 413), (100_000, 413)])
def test_a_body_without_length_is_cut_at_the_size_of_its_route(gateway, store, size, status):
    with Client(gateway.edge) as client:
        client.send(b"PUT /s/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"%X\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size))
        answer = client.response()
        assert answer.status == status
        assert status == 200 or client.is_closed()
    store.wait_for_idle() if status != 200 else None
    assert len(store.complete) == (1 if status == 200 else 0)


def test_a_template_cannot_be_steered_by_what_it_holds(start, store):
    config = configs.edge(configs.oss_store(store.port), route={"key": "in/${header.X-Name}/${query.q}"})
    gateway = start(config)
    answer = put(gateway.edge, "/x?q=%24%7Bpath%7D%3Fa%3Db%23c", b"hello", {"X-Name": "${host}/../../x?acl&y"})
    assert answer.status == 200
    assert answer.json()["object"] == "in/${host}/../../x?acl&y/${path}?a=b#c"
    assert "?" not in store.complete[0].target


def test_an_empty_key_is_refused(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port), route={"key": "${header.X-Name}"}))
    answer = put(gateway.edge, "/x", b"hello")
    assert answer.status == 400
    assert answer.json()["stored"] is False
    assert store.requests == []
