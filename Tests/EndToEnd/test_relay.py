"""What the client is told: the table of answers, for callbacks that the store makes."""

from __future__ import annotations

import base64
import json

import pytest

from support import configs
from support.peers import Store, crc64, md5, replies
from support.wire import Closed, put

BODY = b"hello"
ETAG = md5(BODY).hex().upper()


@pytest.fixture
def relay(start, peers):
    """A gateway whose store makes callbacks, as the script says; gives the gateway and the store."""

    def make(*script, callback=None, **route):
        store = peers.store(*script)
        policy = configs.policy(1, **(callback or {}))
        return start(configs.edge(configs.oss_store(store.port), callback=policy, route=route)), store

    return make


def decoded(request, name: str):
    return json.loads(base64.b64decode(request.header(name), validate=True))


def test_asks_the_store_for_the_callback_of_the_route(relay):
    gateway, store = relay(
        callback={
            "url": ["http://app-a.test/up?x=1", "http://app-b.test/up"],
            "host": "app.internal",
            "variables": {"device": "${header.X-Device-Id}", "batch": "${query.batch}"},
            "body": '{"bucket":${bucket},"device":${x:device},"batch":${x:batch}}',
        }
    )
    answer = put(gateway.edge, "/x?batch=b%2F1", BODY, {"X-Device-Id": 'a"b\\c', "x-oss-callback": "ZXZpbA=="})
    assert answer.status == 200
    (request,) = store.complete
    assert len(request.all("x-oss-callback")) == 1, "the client's own parameters are dropped"
    callback = decoded(request, "x-oss-callback")
    assert callback["callbackUrl"] == "http://app-a.test/up?x=1;http://app-b.test/up"
    assert callback["callbackHost"] == "app.internal"
    assert callback["callbackBodyType"] == "application/json"
    assert callback["callbackBody"] == '{"bucket":${bucket},"device":${x:device},"batch":${x:batch}}'
    assert decoded(request, "x-oss-callback-var") == {"x:device": 'a"b\\c', "x:batch": "b/1"}
    for name in ("x-oss-callback", "x-oss-callback-var"):
        assert len(request.header(name)) <= 5 * 1024
        assert "\n" not in request.header(name)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/xml"])
def test_relays_the_answer_of_the_app(relay, kind):
    body = '{"id": 7, "名": "值"}\n'.encode()
    gateway, _ = relay(replies(Store.success(BODY, body, ("Content-Type", kind))))
    answer = put(gateway.edge, "/x", BODY)
    assert (answer.status, answer.body) == (200, body)
    assert answer.header("Content-Type") == kind
    assert answer.header("ETag") == f'"{ETAG}"'
    assert answer.header("Putback-Request-Id")


def test_relays_an_answer_of_a_megabyte(relay):
    body = json.dumps({"filler": "x" * (1 << 20)}).encode()[: 1 << 20]
    body = b'{"filler":"' + b"x" * ((1 << 20) - 13) + b'"}'
    assert len(body) == 1 << 20
    gateway, _ = relay(replies(Store.success(BODY, body, ("Content-Type", "application/json"))))
    answer = put(gateway.edge, "/x", BODY)
    assert (answer.status, len(answer.body), answer.body == body) == (200, len(body), True)


def test_does_not_wait_for_an_answer_without_end(relay):
    def endless(peer, stream, request):
        peer.read(stream, request)
        stream.send(Store.success(BODY).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        try:
            for _ in range(4096):
                stream.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except OSError:
            pass
        raise Closed()

    gateway, store = relay(endless)
    answer = put(gateway.edge, "/x", BODY)
    assert answer.status == 502
    assert gateway.peak_memory() < 400 << 20
    assert len(store.requests) == 1


FAILED = Store.callback_failed(BODY)


def test_tells_that_the_object_is_stored_although_the_callback_failed(relay):
    gateway, store = relay(replies(FAILED))
    answer = put(gateway.edge, "/photos/x", BODY)
    assert answer.status == 502
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.header("ETag") == f'"{ETAG}"'
    assert answer.header("Putback-Request-Id")
    problem = answer.json()
    assert problem["stored"] is True
    assert problem["bucket"] == "media"
    assert problem["object"] == "photos/x"
    assert problem["etag"].strip('"') == ETAG
    assert problem["party"] == "app"
    assert problem["phase"] in ("callingBack", "judging", "storing")
    assert problem["code"]
    assert problem["status"] == 502
    assert "Error status : 502." in answer.body.decode(), "what the app did is part of the answer"
    assert len(store.complete) == 1


@pytest.mark.parametrize("status", [200, 202, 203, 502, 504])
def test_answers_a_failed_callback_as_the_route_says(relay, status):
    gateway, _ = relay(replies(FAILED), callback={"onFailure": {"answer": status}})
    answer = put(gateway.edge, "/x", BODY)
    assert answer.status == status
    assert answer.json()["stored"] is True


def test_deletes_the_object_of_a_failed_callback_where_the_route_says_so(relay):
    gone = replies(b"HTTP/1.1 204 No Content\r\nx-oss-request-id: 1\r\n\r\n")
    gateway, store = relay(replies(FAILED), gone, callback={"onFailure": {"answer": 502, "object": "delete"}})
    answer = put(gateway.edge, "/a%20b", BODY)
    assert answer.status == 502
    assert answer.json()["stored"] is False
    upload, deletion = store.requests
    assert (deletion.method, deletion.target) == ("DELETE", "/media/a%20b")
    assert deletion.header("Authorization")
    assert deletion.header("x-oss-callback") is None


def test_tells_the_truth_when_the_object_cannot_be_deleted(relay):
    stays = replies(Store.error(403, "AccessDenied"))
    gateway, store = relay(replies(FAILED), *[stays] * 3, callback={"onFailure": {"answer": 502, "object": "delete"}})
    answer = put(gateway.edge, "/x", BODY)
    assert answer.status == 502
    assert answer.json()["stored"] is True


@pytest.mark.parametrize(
    "data",
    [
        Store.callback_failed(b"other"),
        Store.success(b"other", b"{}", ("Content-Type", "application/json")),
    ],
    ids=["failed callback", "successful callback"],
)
def test_never_reports_other_bytes_as_stored(relay, data):
    gateway, _ = relay(replies(data))
    answer = put(gateway.edge, "/x", BODY)
    assert answer.status == 502
    problem = answer.json()
    assert problem["party"] == "store"
    assert problem.get("stored") is not True or problem["code"] != "CallbackFailed"


def test_relays_an_error_document_that_tries_to_look_like_an_answer(relay):
    """200 with an error document inside is the app's word, not the store's: it is relayed as it is."""
    body = b'<?xml version="1.0"?><Error><Code>InternalError</Code></Error>'
    gateway, _ = relay(replies(Store.success(BODY, body, ("Content-Type", "application/xml"))))
    answer = put(gateway.edge, "/x", BODY)
    assert (answer.status, answer.body) == (200, body)


def test_does_not_pass_headers_of_the_store_on(relay):
    secret = ("x-oss-internal", "secret"), ("Set-Cookie", "a=b"), ("Connection", "X-Listed"), ("X-Listed", "1")
    gateway, _ = relay(replies(Store.success(BODY, b"{}", ("Content-Type", "application/json"), *secret)))
    answer = put(gateway.edge, "/x", BODY)
    assert answer.status == 200
    assert answer.header("X-Listed") is None
    assert answer.header("x-oss-internal") is None
    assert answer.header("Set-Cookie") is None


def test_gives_each_upload_an_id_of_its_own(relay):
    gateway, _ = relay()
    ids = {put(gateway.edge, f"/{n}", BODY).header("Putback-Request-Id") for n in range(10)}
    assert len(ids) == 10


def test_adds_the_headers_of_the_route_and_signs_them(relay):
    gateway, store = relay(headers={"x-oss-storage-class": "IA", "x-oss-meta-via": "putback"})
    put(gateway.edge, "/x", BODY)
    (request,) = store.complete
    assert request.header("x-oss-storage-class") == "IA"
    assert request.header("x-oss-meta-via") == "putback"
    assert request.header("Authorization").startswith("OSS4-HMAC-SHA256 ")
    assert configs.ACCESS_KEY_SECRET.encode() not in request.head


def test_makes_the_key_from_the_template(relay):
    gateway, store = relay(key="up/${path.1}/${query.who}/${header.X-Kind}/${path.name}${path.extension}")
    answer = put(gateway.edge, "/a/b.jpg?who=me%2Fyou", BODY, {"X-Kind": "k+1"})
    assert answer.status == 200
    key = answer.json()["object"] if answer.body.startswith(b"{") and b"object" in answer.body else None
    target = store.complete[0].target
    assert target.startswith("/media/up/")
    assert "%2B" in target and "+" not in target
    assert key is None or key.startswith("up/")


def test_the_crc_of_the_peers_is_that_of_the_standard():
    assert crc64(b"123456789") == 0x995DC9BBDF1939FA
