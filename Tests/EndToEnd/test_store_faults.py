"""What stores do wrong: what the client is told, whether it is true, and that the app hears of stored uploads only."""

from __future__ import annotations

import base64
import socket
import time

import pytest

from support import configs, us3, vendors
from support.peers import Store, answer, md5, replies
from support.wire import Client, Closed, put

BODY = b"hello"
BIG = bytes(range(256)) * 4096 * 4  # 4 MiB: more than the kernel buffers, never held whole
SHORT = {"storeConnect": "500ms", "storeAnswer": "500ms"}
FORBIDDEN = {"oss": "AccessDenied", "tos": "AccessDenied", "us3": "-148643"}
# What every cloud knows.
FACTS = '{"bucket":${bucket},"object":${object},"size":${size}}'


@pytest.fixture(params=vendors.ALL, ids=str)
def vendor(request) -> vendors.Vendor:
    """The cloud whose store has the fault."""
    return request.param


@pytest.fixture
def app(peers):
    return peers.app()


@pytest.fixture
def store_of(peers, vendor):
    """Makes a store of that cloud."""
    return lambda *script, **options: peers.store(*script, kind=vendor.peer, **options)


@pytest.fixture
def gateway_for(start, app, vendor):
    """A gateway in front of a store at this port, with a callback by Putback, so that one too many would be seen."""

    def make(port: int, store: configs.Config | None = None, **change):
        callback = configs.policy(app.port, by="putback", body=FACTS)
        config = configs.edge(vendor.config(port, **(store or {})), callback=callback, timeouts=SHORT)
        return start(configs.merged(config, change))

    return make


def not_stored(answer, app, statuses: set[int], stored: tuple = (False,)) -> None:
    assert answer.status in statuses, answer
    assert answer.header("Content-Type") == "application/problem+json"
    problem = answer.json()
    assert problem["stored"] in stored
    assert problem["party"] == "store"
    assert problem["phase"] in ("storing", "judging")
    assert problem["code"]
    assert problem["status"] == answer.status
    assert app.requests == []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize("body", [BODY, BIG], ids=["small", "big"])
def test_refuses_the_connection(gateway_for, app, body):
    gateway = gateway_for(free_port())
    not_stored(put(gateway.edge, "/x", body), app, {502})


def test_does_not_resolve(gateway_for, app):
    gateway = gateway_for(0, {"endpoint": "http://store.invalid"})
    not_stored(put(gateway.edge, "/x", BODY), app, {502, 504})


def test_never_accepts(gateway_for, app):
    """A full backlog: the kernel answers nothing any more."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(full.getsockname())
            waiting.append(client)
        gateway = gateway_for(full.getsockname()[1])
        not_stored(put(gateway.edge, "/x", BODY), app, {504})
        for client in waiting:
            client.close()


@pytest.mark.parametrize("body", [BODY, BIG], ids=["small", "big"])
def test_accepts_and_closes(gateway_for, app, body):
    server = socket.create_server(("127.0.0.1", 0))
    import threading

    def close_all() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connection.close()

    threading.Thread(target=close_all, daemon=True).start()
    try:
        gateway = gateway_for(server.getsockname()[1])
        # Once the whole body is sent, nobody knows whether it is stored: null.
        not_stored(put(gateway.edge, "/x", body), app, {502}, stored=(False, None))
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def closes_on_arrival(peer, stream, request):
    peer.read(stream, request)
    raise Closed()


def called_back(peer, stream, request):
    peer.read(stream, request)
    stream.send(peer.success(request.body, b"{}", ("Content-Type", "application/json")))


def resets_on_arrival(peer, stream, request):
    stream.reset()
    raise Closed()


def test_closes_an_idle_connection_as_it_is_reused(gateway_for, store_of, app, vendor):
    """The whole body is still held and never arrived: it goes to a new connection and the client never learns."""
    store = store_of(Store.behave, resets_on_arrival)
    gateway = gateway_for(store.port)
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/one", BODY).status == 200
        assert client.request("PUT", "/two", BODY).status == 200
    assert [request.target for request in store.complete] == [vendor.target("one"), vendor.target("two")]
    assert store.connections == 2
    assert len(app.complete) == 2


def test_takes_the_upload_on_a_connection_that_is_reused_and_closes(gateway_for, store_of, app):
    """The store may have stored it and made its callback: only the client may decide to repeat."""
    store = store_of(called_back, closes_on_arrival)
    gateway = gateway_for(store.port, callbacks={"uploaded": {"by": "store"}})
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/one", BODY).status == 200
        told = client.request("PUT", "/two", BODY)
    assert told.status == 502
    assert told.json()["stored"] is None
    assert len(store.requests) == 2


def test_repeats_what_can_be_stored_twice_without_harm(gateway_for, store_of, app, vendor):
    """The same case where the store makes no callback: the same bytes once more change nothing."""
    store = store_of(Store.behave, closes_on_arrival)
    gateway = gateway_for(store.port)
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/one", BODY).status == 200
        assert client.request("PUT", "/two", BODY).status == 200
    assert [request.target for request in store.requests] == [vendor.target("one"), vendor.target("two"), vendor.target("two")]
    assert len(app.requests) == 2, "one callback for each upload"


def test_closed_its_idle_connection_long_ago(gateway_for, store_of):
    store = store_of()
    gateway = gateway_for(store.port)
    assert put(gateway.edge, "/one", BODY).status == 200
    store.drop_connections()
    assert store.wait_for_idle()
    assert put(gateway.edge, "/two", BIG).status == 200
    assert len(store.requests) == 2


def test_says_100_and_closes(gateway_for, store_of, app):
    def behaviour(peer, stream, request):
        stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        raise Closed()

    store = store_of(*[behaviour] * 5)
    gateway = gateway_for(store.port)
    # The kernel may have taken the whole body by then; nobody knows what the store did with it.
    not_stored(put(gateway.edge, "/x", BIG), app, {502}, stored=(False, None))


def test_says_100_before_it_answers(gateway_for, store_of):
    def behaviour(peer, stream, request):
        stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        Store.behave(peer, stream, request)

    store = store_of(behaviour)
    gateway = gateway_for(store.port)
    assert put(gateway.edge, "/x", BODY).status == 200


def test_refuses_while_the_body_still_flows(gateway_for, store_of, app, vendor):
    def behaviour(peer, stream, request):
        stream.send(peer.error(403, FORBIDDEN[vendor.name]))
        stream.half_close()
        while stream.fill():  # take the rest, so that the answer is not lost in a reset
            stream.buffer = b""
        raise Closed()

    store = store_of(behaviour)
    gateway = gateway_for(store.port)
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BIG))
        client.send(BIG[:65536])
        refusal = client.response()
    not_stored(refusal, app, {403, 502})


# A refusal of each kind in the words of each cloud: status, code, what a plain client is told.
REFUSALS = [
    (vendors.OSS, 400, "InvalidDigest", 400),
    (vendors.OSS, 403, "AccessDenied", 502),
    (vendors.OSS, 403, "RequestTimeTooSkewed", 502),
    (vendors.OSS, 403, "SignatureDoesNotMatch", 502),
    (vendors.OSS, 404, "NoSuchBucket", 502),
    (vendors.OSS, 409, "FileAlreadyExists", 409),
    (vendors.OSS, 500, "InternalError", 502),
    (vendors.OSS, 301, "Moved", 502),
    (vendors.TOS, 400, "BadDigest", 400),
    (vendors.TOS, 403, "AccessDenied", 502),
    (vendors.TOS, 403, "RequestTimeTooSkewed", 502),
    (vendors.TOS, 403, "SignatureDoesNotMatch", 502),
    (vendors.TOS, 404, "NoSuchBucket", 502),
    (vendors.TOS, 409, "DuplicateObject", 409),
    (vendors.TOS, 500, "InternalError", 502),
    (vendors.TOS, 301, "PermanentRedirect", 502),
    (vendors.US3, 400, "-15036", 400),
    (vendors.US3, 401, "-148643", 502),
    (vendors.US3, 403, "-148658", 502),
    (vendors.US3, 404, "-30010", 502),
    (vendors.US3, 500, "-148660", 502),
    (vendors.US3, 301, "-148660", 502),
]


@pytest.mark.parametrize(("vendor", "status", "code", "told"), REFUSALS)
def test_answers_that_it_did_not_store(gateway_for, store_of, app, vendor, status, code, told):
    """A clock that is wrong (RequestTimeTooSkewed) is the operator's, and the client reads what it is about."""
    store = store_of(*[replies(vendor.peer.error(status, code))] * 4)
    gateway = gateway_for(store.port)
    refusal = put(gateway.edge, "/x", BODY)
    not_stored(refusal, app, {told})
    assert code in refusal.json()["detail"], "the store's own word for it"
    assert len(store.requests) == 1
    assert vendor.secret not in gateway.output


def test_answers_a_success_that_is_none(gateway_for, store_of, app):
    store = store_of(replies(b"HTTP/1.1 204 No Content\r\n\r\n"))
    gateway = gateway_for(store.port)
    told = put(gateway.edge, "/x", BODY)
    assert (told.status, told.json()["stored"], told.json()["party"]) == (502, None, "store")
    assert app.requests == []


BUSY = [
    (vendors.OSS, 503, "ServiceUnavailable"),
    (vendors.TOS, 503, "ServiceUnavailable"),
    (vendors.TOS, 429, "ExceedBucketQPSLimit"),
    (vendors.US3, 503, "-148660"),
]


@pytest.mark.parametrize(("vendor", "status", "code"), BUSY)
def test_asks_to_come_back_later(gateway_for, store_of, app, vendor, status, code):
    store = store_of(*[replies(vendor.peer.error(status, code, "Please retry.", ("Retry-After", "7")))] * 4)
    gateway = gateway_for(store.port)
    refusal = put(gateway.edge, "/x", BODY)
    not_stored(refusal, app, {503})
    assert refusal.header("Retry-After") == "7"
    assert len(store.requests) == 1, "only the client may try again"


def test_reads_slowly(gateway_for, store_of):
    def behaviour(peer, stream, request):
        received = 0
        parts = []
        while received < len(BIG):
            data = stream.buffer or stream.socket.recv(65536)
            stream.buffer = b""
            received += len(data)
            parts.append(data)
            time.sleep(0.001)
        request.body = b"".join(parts)
        request.complete = True
        stream.send(peer.success(request.body))

    store = store_of(behaviour)
    gateway = gateway_for(store.port, timeouts={"storeAnswer": "30s"})
    assert put(gateway.edge, "/x", BIG).status == 200
    assert store.complete[0].body == BIG


def test_stops_reading(gateway_for, store_of, app):
    held = []

    def behaviour(peer, stream, request):
        held.append(stream)
        while not peer._stopped:
            time.sleep(0.01)

    store = store_of(behaviour)
    gateway = gateway_for(store.port, timeouts={"bodyIdle": "500ms"})
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (64 << 20))
        try:
            for _ in range(64):
                client.send(b"x" * (1 << 20))
        except OSError:
            pass  # the gateway has answered and closed
        refusal = client.response()
    not_stored(refusal, app, {504})


def test_never_answers(gateway_for, store_of, app):
    def behaviour(peer, stream, request):
        peer.read(stream, request)
        while stream.fill():
            pass
        raise Closed()

    store = store_of(*[behaviour] * 4)
    gateway = gateway_for(store.port)
    refusal = put(gateway.edge, "/x", BODY)
    assert refusal.status == 504
    assert refusal.json()["party"] == "store"
    assert app.requests == []
    assert len(store.complete) == 1, "an upload that may be stored is not sent again"


def test_resets_after_the_whole_answer(gateway_for, store_of, app):
    def behaviour(peer, stream, request):
        peer.read(stream, request)
        stream.send(peer.success(request.body))
        stream.reset()
        raise Closed()

    store = store_of(behaviour)
    gateway = gateway_for(store.port)
    told = put(gateway.edge, "/x", BODY)
    # The reset may overtake the answer in the kernel; told or not, it must be the truth as far as it is known.
    assert told.status in (200, 502)
    assert len(app.complete) == (1 if told.status == 200 else 0)


def test_resets_in_the_middle_of_its_answer(gateway_for, store_of, app):
    def behaviour(peer, stream, request):
        peer.read(stream, request)
        stream.send(peer.success(request.body, b'{"a":1}')[:-3])
        raise Closed()

    store = store_of(*[behaviour] * 4)
    gateway = gateway_for(store.port)
    told = put(gateway.edge, "/x", BODY)
    assert told.status == 502
    assert len(store.complete) == 1, "an upload that may be stored is not sent again"


@pytest.mark.parametrize("size", [len(BODY), len(BIG)])
@pytest.mark.parametrize("wrong", [{"etag": '"00000000000000000000000000000000"', "crc": "1"}, {"crc": "12345"}])
def test_stores_other_bytes_than_were_sent(gateway_for, store_of, app, vendor, wrong, size):
    body = BIG[:size]
    store = store_of(*[replies(vendor.peer.success(body, **wrong))] * 4)
    gateway = gateway_for(store.port)
    told = put(gateway.edge, "/x", body)
    assert told.status == 502
    assert told.json()["party"] == "store"
    assert app.requests == [], "no app hears of an object with other bytes"


def test_tells_only_an_etag_and_not_that_of_the_digest_that_the_client_sent(gateway_for, store_of, app):
    data = answer(200, b"", ("ETag", '"00000000000000000000000000000000"'))
    store = store_of(*[replies(data)] * 4)
    gateway = gateway_for(store.port)
    told = put(gateway.edge, "/x", BODY, {"Content-MD5": base64.b64encode(md5(BODY)).decode()})
    assert told.status == 502
    assert app.requests == []


def test_stores_a_part_of_the_body(gateway_for, store_of, app, vendor):
    store = store_of(replies(vendor.peer.success(BODY[:3])))
    gateway = gateway_for(store.port)
    assert put(gateway.edge, "/x", BODY).status == 502
    assert app.requests == []


@pytest.mark.parametrize("framing", ["close", "chunked"])
def test_answers_without_content_length(gateway_for, store_of, framing):
    def behaviour(peer, stream, request):
        peer.read(stream, request)
        data = peer.success(request.body).replace(b"Content-Length: 0\r\n", b"")
        if framing == "chunked":
            stream.send(data[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        else:
            stream.send(data)
            raise Closed()

    store = store_of(behaviour)
    gateway = gateway_for(store.port)
    assert put(gateway.edge, "/x", BODY).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nX-Big: " + b"a" * (1 << 20) + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
    ],
    ids=["head of 1 MiB", "another protocol", "two lengths", "status of four digits", "HTTP/2", "TLS alert"],
)
def test_answers_what_is_no_answer(gateway_for, store_of, app, data):
    store = store_of(*[replies(data, close=True)] * 4)
    gateway = gateway_for(store.port)
    told = put(gateway.edge, "/x", BODY)
    assert told.status == 502
    assert told.json()["party"] == "store"
    assert app.requests == []
    assert len(store.complete) == 1, "an upload that may be stored is not sent again"


def test_answers_with_more_bytes_than_it_announced(gateway_for, store_of):
    def behaviour(peer, stream, request):
        peer.read(stream, request)
        stream.send(peer.success(request.body) + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"poison\"\r\n\r\n")

    store = store_of(behaviour)
    gateway = gateway_for(store.port)
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/one", BODY).status == 200
        second = client.request("PUT", "/two", BODY)
    assert second.status == 200
    assert b"poison" not in second.head
    assert store.connections == 2, "a connection with bytes left over is never used again"


def test_closes_after_each_answer(gateway_for, store_of):
    def behaviour(peer, stream, request):
        peer.read(stream, request)
        stream.send(peer.success(request.body, b"", ("Connection", "close")))
        raise Closed()

    store = store_of(*[behaviour] * 5)
    gateway = gateway_for(store.port)
    with Client(gateway.edge) as client:
        for n in range(5):
            assert client.request("PUT", f"/{n}", BODY).status == 200
    assert store.connections == 5


def long_body(vendor: vendors.Vendor) -> bytes:
    """Of two parts, if nobody says how long it is."""
    return bytes((us3.BLOCK if vendor is vendors.US3 else 8 << 20) + 1)


CREATED = {
    "oss": b"<InitiateMultipartUploadResult><UploadId>U1</UploadId></InitiateMultipartUploadResult>",
    "tos": b'{"Bucket":"b","Key":"x","UploadId":"U1"}',
    "us3": b'{"UploadId":"U1","BlkSize":4194304,"Bucket":"b","Key":"x"}',
}
# The error documents of the vendors, behind a head that said 200.
ERROR_BEHIND_200 = {
    "oss": (b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>We failed.</Message></Error>", "application/xml"),
    "tos": (b'{"Code":"InternalError","Message":"We failed.","RequestId":"1","HostId":"2"}', "application/json"),
    "us3": (b'{"RetCode":-148660,"ErrMsg":"failed"}', "application/json"),
}


def test_completes_with_200_and_an_error_document(gateway_for, store_of, app, vendor):
    """As Amazon S3 does when a completion fails behind its status line: nobody can tell, and no app is called."""
    seen = []

    def behaviour(peer, stream, request):
        peer.read(stream, request)
        query = request.target.partition("?")[2]
        seen.append(request.method)
        if request.method == "POST" and query.startswith("uploads"):
            stream.send(answer(200, CREATED[vendor.name], ("Content-Type", "application/json")))
        elif request.method == "PUT":
            etag = us3.part_etag(request.body) if vendor is vendors.US3 else ""
            stream.send(peer.success(request.body, etag=etag))
        else:
            document, kind = ERROR_BEHIND_200[vendor.name]
            stream.send(answer(200, document, ("Content-Type", kind)))

    store = store_of(*[behaviour] * 6)
    gateway = gateway_for(store.port, limits={"uploadSize": "6GiB"})
    body = long_body(vendor)
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"%X\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
        told = client.response()
    assert (told.status, told.json()["stored"], told.json()["party"]) == (502, None, "store")
    assert app.requests == []
    assert seen.count("POST") == 2, "a completion is never sent again"
