"""Callbacks that the store makes, in each cloud's words: what plain and SDK clients are told, and that it is asked once."""

from __future__ import annotations

import pytest

from support import configs, vendors
from support.peers import answer, replies
from support.vendors import OSS, TOS, US3, US3Store
from support.wire import put

BODY = b"hello"
JSON = ("Content-Type", "application/json")
FACTS = '{"bucket":${bucket},"object":${object},"size":${size}}'
# US3 cannot tell its app how long an object of parts is.
NAMES = '{"bucket":${bucket},"object":${object}}'
MEGABYTE = b'{"filler":"' + b"x" * ((1 << 20) - 13) + b'"}'

# What the store says of a callback that failed: cloud, answer, what stands in the message, the app's status if told.
NOT_CALLED = US3Store.error(599, "20003", "send request error: Post http://app/: connection refused")
NO_JSON = US3Store.error(599, "20008", "expect json, but received text/plain; charset=utf-8")
FAILURES = {
    "oss-203": (OSS, OSS.peer.callback_failed(BODY), "Error status : 502."),
    "tos-203": (TOS, TOS.peer.callback_failed(BODY), "Error status : 502."),
    "us3-599-20003": (US3, NOT_CALLED, "connection refused"),
    "us3-599-20008": (US3, NO_JSON, "expect json, but received text/plain"),
    "us3-app-404": (US3, US3.peer.success(BODY, b'{"why":"no"}', JSON).replace(b"200 OK", b"404 No", 1), "404"),
}
failures = pytest.mark.parametrize(("vendor", "data", "message"), FAILURES.values(), ids=FAILURES)
every_vendor = pytest.mark.parametrize("vendor", vendors.ALL, ids=str)


@pytest.fixture
def plain(start, peers):
    """An edge whose store answers as the script says; gives the gateway and the store."""

    def make(vendor, *script):
        store = peers.store(*script, kind=vendor.peer)
        callback = configs.policy(1, by="store", body=FACTS)
        return start(configs.edge(vendor.config(store.port), callback=callback)), store

    return make


@pytest.fixture
def sdk(start, peers):
    """The same for clients of the vendor's SDK; `callback` is the route's."""

    def make(vendor, *script, callback=None):
        store = peers.store(*script, kind=vendor.peer)
        return start(vendor.edge(store.port, callback)), store

    return make


def asked_once(vendor, store) -> None:
    """One upload, which asks for the callback; US3 is asked about the object where its answer had no ETag."""
    (request, *others) = store.requests
    assert vendor.asks_for_callback(request)
    assert request.body == BODY
    assert [other.method for other in others] in ([], ["HEAD"])
    assert vendor is US3 or not others
    assert not any(vendor.asks_for_callback(other) for other in others)


@every_vendor
def test_passes_an_answer_of_a_megabyte_on(plain, vendor):
    assert len(MEGABYTE) == 1 << 20
    gateway, store = plain(vendor, replies(vendor.peer.success(BODY, MEGABYTE, JSON)))
    told = put(gateway.edge, "/x", BODY)
    assert (told.status, told.body == MEGABYTE) == (200, True)
    assert told.header("Content-Type") == "application/json"
    asked_once(vendor, store)


@failures
def test_tells_plain_clients_that_the_object_is_stored(plain, vendor, data, message):
    gateway, store = plain(vendor, replies(data))
    told = put(gateway.edge, "/x", BODY)
    problem = told.json()
    assert (told.status, problem["stored"], problem["party"]) == (502, True, "app")
    assert message in told.body.decode()
    asked_once(vendor, store)


@pytest.mark.parametrize("vendor", [OSS, TOS, US3], ids=str)
def test_believes_no_callback_of_other_bytes(plain, vendor):
    gateway, store = plain(vendor, replies(vendor.peer.success(b"other", b"{}", JSON)))
    told = put(gateway.edge, "/x", BODY)
    assert (told.status, told.json()["party"], told.json()["code"]) == (502, "store", "store-mismatch")
    asked_once(vendor, store)


@every_vendor
def test_passes_a_clients_own_callback_through(sdk, vendor):
    gateway, store = sdk(vendor, replies(vendor.peer.success(BODY, MEGABYTE, JSON)))
    told = vendors.Face(vendor).put(gateway, "x", BODY, callback=9)
    assert (told.status, told.body == MEGABYTE) == (200, True)
    asked_once(vendor, store)


@failures
def test_tells_a_client_that_asked_what_its_store_said(sdk, vendor, data, message):
    """Byte for byte, whatever it is: its SDK knows what to do with it."""
    gateway, store = sdk(vendor, replies(data))
    told = vendors.Face(vendor).put(gateway, "x", BODY, callback=9)
    expected = data.partition(b"\r\n\r\n")[2]
    assert (told.status, told.body) == (int(data.split(b" ")[1]), expected)
    asked_once(vendor, store)


@failures
def test_never_tells_a_client_that_asked_nothing_to_send_again(sdk, vendor, data, message):
    """The route asked: no 5xx follows a stored upload, because an SDK would repeat it."""
    gateway, store = sdk(vendor, replies(data), callback=configs.policy(9, by="store", body=NAMES))
    told = vendors.Face(vendor).put(gateway, "x", BODY)
    assert told.status == {"oss": 203, "tos": 203, "us3": 200}[vendor.name]
    if vendor is not US3:
        assert vendor.error(told) == "CallbackFailed"
    else:
        assert told.header("Putback-Callback-Status") in ("failed", "404")
    asked_once(vendor, store)


@every_vendor
@pytest.mark.parametrize("deletes", [True, False])
def test_deletes_the_object_where_the_policy_says_so(start, peers, vendor, deletes):
    gone = answer(204) if deletes else vendor.peer.error(403, "AccessDenied" if vendor is not US3 else "-148643")
    looks = [vendor.peer.behave] if vendor is US3 else []
    store = peers.store(replies(vendor.peer.callback_failed(BODY)), *looks, replies(gone), kind=vendor.peer)
    callback = configs.policy(1, by="store", body=FACTS, onFailure={"answer": 502, "object": "delete"})
    gateway = start(configs.edge(vendor.config(store.port), callback=callback))
    told = put(gateway.edge, "/x", BODY)
    assert (told.status, told.json()["stored"]) == (502, not deletes)
    assert [request.method for request in store.requests] == ["PUT", *(["HEAD"] if looks else []), "DELETE"]
    assert not any(vendor.asks_for_callback(request) for request in store.requests[1:])
