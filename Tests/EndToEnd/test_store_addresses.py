"""Stores with several addresses: how uploads are spread, and what becomes of them where an address is dead."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from support import configs
from support.certificates import Authority
from support.peers import Store, replies
from support.wire import Client, put
from test_metrics import Scrape

BODY = bytes(range(256)) * 40
BIG = bytes(range(256)) * 4096 * 4


def dead() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def place(store: Store) -> str:
    return f"127.0.0.1:{store.port}"


def config(addresses: list[str], **change) -> configs.Config:
    store = configs.oss_store(0, endpoint="http://store.example:80", addresses=addresses, **change)
    return configs.merged(configs.edge(store), {"workers": 1})


def counted(stores: list[Store]) -> list[int]:
    return [len(store.complete) for store in stores]


def test_spreads_uploads_over_all_addresses(start, peers):
    stores = [peers.store(), peers.store(), peers.store()]
    gateway = start(config([place(store) for store in stores]))
    with Client(gateway.edge) as client:
        for n in range(30):
            assert client.request("PUT", f"/{n}", BODY).status == 200
    assert counted(stores) == [10, 10, 10]
    assert [store.connections for store in stores] == [1, 1, 1], "each address has its kept connection"
    for store in stores:
        assert {request.header("Host") for request in store.complete} == {"store.example"}, "signed for the endpoint"


@pytest.mark.parametrize("body", [BODY, BIG], ids=["small", "big"])
def test_goes_on_to_the_next_address_where_one_is_dead(start, peers, body):
    store, app, gone = peers.store(), peers.app(), dead()
    policy = configs.policy(app.port, by="putback")
    settings = configs.merged(config([gone, place(store)]), {"callbacks": {"uploaded": policy}})
    settings["routes"][0]["callback"] = "uploaded"
    gateway = start(settings)
    for n in range(4):
        assert put(gateway.edge, f"/{n}", body).status == 200
    assert [request.body == body for request in store.complete] == [True] * 4
    assert len(app.complete) == 4, "one callback for each upload"
    seen = Scrape(gateway)
    # The second upload finds the dead address left alone.
    assert seen.value("putback_store_retries_total", store="target", reason="next-address") == 1
    assert seen.value("putback_store_address_failures_total", store="target", address=gone) == 1
    assert seen.value("putback_store_address_up", store="target", address=gone) == 0
    assert seen.value("putback_store_address_up", store="target", address=place(store)) == 1


def test_says_not_stored_where_no_address_takes_the_connection(start):
    gateway = start(config([dead(), dead()]))
    for n in range(2):
        told = put(gateway.edge, f"/{n}", BODY)
        assert (told.status, told.json()["code"], told.json()["stored"]) == (502, "store-unreachable", False)


def test_uses_the_first_address_as_long_as_it_works(start, peers):
    main, spare = peers.store(), peers.store()
    gateway = start(config([place(main), place(spare)], balance="first"))
    for n in range(3):
        assert put(gateway.edge, f"/{n}", BODY).status == 200
    assert counted([main, spare]) == [3, 0]
    main.stop()
    for n in range(3):
        assert put(gateway.edge, f"/after-{n}", BODY).status == 200
    assert counted([main, spare]) == [3, 3]


def test_leaves_an_address_alone_that_answers_no_more(start, peers):
    """Its request was out: the client must hear that nobody can tell, and the next one goes elsewhere."""
    hold = threading.Event()
    silent = peers.store(lambda peer, stream, request: (peer.read(stream, request), hold.wait(30)))
    store = peers.store()
    settings = configs.merged(config([place(store), place(silent)]), {"timeouts": {"storeAnswer": "300ms"}})
    gateway = start(settings)
    told = put(gateway.edge, "/lost", BODY)
    assert (told.status, told.json()["stored"]) == (504, None)
    hold.set()
    for n in range(4):
        assert put(gateway.edge, f"/{n}", BODY).status == 200
    assert counted([store, silent])[0] == 4
    assert len(silent.requests) == 1, "no second attempt of an upload that may be stored"


def test_does_not_repeat_an_upload_that_a_store_refused(start, peers):
    busy = peers.store(replies(Store.error(503, "SlowDown", "Please slow down.", ("Retry-After", "7"))))
    store = peers.store()
    gateway = start(config([place(store), place(busy)]))
    told = put(gateway.edge, "/x", BODY)
    assert (told.status, told.header("Retry-After"), told.json()["stored"]) == (503, "7", False)
    assert counted([store]) == [0]


def test_verifies_the_name_of_the_endpoint_at_each_address(start, peers, tmp_path):
    authority = Authority(tmp_path / "ca", "ca")

    def over_tls(name: str) -> Store:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, authority.issue(name, f"DNS:{name}")))
        return peers.store(tls=context)

    wrong, right = over_tls("other.example"), over_tls("store.example")
    settings = config([place(right), place(wrong)], tls={"ca": str(authority.certificate)})
    settings["stores"]["target"]["endpoint"] = "https://store.example"
    gateway = start(settings)
    for n in range(3):
        assert put(gateway.edge, f"/{n}", BODY).status == 200
    assert counted([right, wrong]) == [3, 0]
    assert Scrape(gateway).value("putback_store_address_up", store="target", address=place(wrong)) == 0


def test_tries_each_address_that_a_name_has(start, peers):
    """localhost is ::1 and 127.0.0.1 where there is IPv6, and the store listens on the second."""
    store = peers.store()
    gateway = start(configs.edge(configs.oss_store(0, endpoint=f"http://localhost:{store.port}")))
    assert put(gateway.edge, "/x", BODY).status == 200
