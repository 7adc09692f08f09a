"""Requests that must be refused: the right status, the connection closed, nothing forwarded, nothing stored."""

from __future__ import annotations

import pytest

from support import configs, vendors
from support.gateway import Gateway
from support.vendors import PLAIN, Face
from support.wire import Client

HOST = b"Host: localhost\r\n"
LENGTH = b"Content-Length: 5\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def head(*lines: bytes, start: bytes = b"PUT /x HTTP/1.1\r\n", host: bytes = HOST) -> bytes:
    return start + host + b"".join(lines) + b"\r\n"


def chunked(body: bytes) -> bytes:
    return head(CHUNKED) + body


# Name, bytes, statuses.
HEADS: list[tuple[str, bytes, set[int]]] = [
    ("two lengths that differ", head(b"Content-Length: 5\r\nContent-Length: 6\r\n") + b"hello", {400}),
    ("two equal lengths", head(LENGTH, LENGTH) + b"hello", {400}),
    ("two lengths joined by a comma", head(b"Content-Length: 5, 5\r\n") + b"hello", {400}),
    ("length with plus", head(b"Content-Length: +5\r\n") + b"hello", {400}),
    ("length with minus", head(b"Content-Length: -5\r\n") + b"hello", {400}),
    ("length with inner space", head(b"Content-Length: 5 5\r\n") + b"hello", {400}),
    ("length in hex", head(b"Content-Length: 0x5\r\n") + b"hello", {400}),
    ("length over 64 bits", head(b"Content-Length: 18446744073709551616\r\n") + b"hello", {400}),
    ("length of 40 digits", head(b"Content-Length: " + b"9" * 40 + b"\r\n") + b"hello", {400}),
    ("empty length", head(b"Content-Length:\r\n") + b"hello", {400}),
    ("length and chunked", head(LENGTH, CHUNKED) + b"0\r\n\r\n", {400}),
    ("chunked and length", head(CHUNKED, LENGTH) + b"0\r\n\r\n", {400}),
    ("gzip coding", head(b"Transfer-Encoding: gzip\r\n") + b"hello", {400}),
    ("gzip before chunked", head(b"Transfer-Encoding: gzip, chunked\r\n") + b"0\r\n\r\n", {400}),
    ("identity coding", head(b"Transfer-Encoding: identity\r\n") + b"hello", {400}),
    ("identity after chunked", head(b"Transfer-Encoding: chunked, identity\r\n") + b"0\r\n\r\n", {400}),
    ("chunked twice", head(b"Transfer-Encoding: chunked, chunked\r\n") + b"0\r\n\r\n", {400}),
    ("two coding headers", head(CHUNKED, CHUNKED) + b"0\r\n\r\n", {400}),
    ("xchunked", head(b"Transfer-Encoding: xchunked\r\n") + b"0\r\n\r\n", {400}),
    ("empty coding", head(b"Transfer-Encoding:\r\n") + b"hello", {400}),
    ("coding with a space before the colon", head(b"Transfer-Encoding : chunked\r\n") + b"0\r\n\r\n", {400}),
    ("coding with a tab before the colon", head(b"Transfer-Encoding\t: chunked\r\n") + b"0\r\n\r\n", {400}),
    ("coding on a folded line", head(b"Transfer-Encoding:\r\n chunked\r\n") + b"0\r\n\r\n", {400}),
    ("coding in HTTP/1.0", head(CHUNKED, start=b"PUT /x HTTP/1.0\r\n") + b"0\r\n\r\n", {400}),
    ("bare LF after the request line", b"PUT /x HTTP/1.1\n" + HOST + LENGTH + b"\r\nhello", {400}),
    ("bare LF after a field", head(b"X-A: 1\nContent-Length: 5\r\n") + b"hello", {400}),
    ("bare LF at the end of the head", b"PUT /x HTTP/1.1\r\n" + HOST + LENGTH + b"\nhello", {400}),
    ("bare CR in a value", head(b"X-A: 1\rContent-Length: 0\r\n", LENGTH) + b"hello", {400}),
    ("NUL in a value", head(b"X-A: a\0b\r\n", LENGTH) + b"hello", {400}),
    ("control character in a value", head(b"X-A: a\x01b\r\n", LENGTH) + b"hello", {400}),
    ("DEL in a value", head(b"X-A: a\x7fb\r\n", LENGTH) + b"hello", {400}),
    ("space in a name", head(b"X A: 1\r\n", LENGTH) + b"hello", {400}),
    ("parenthesis in a name", head(b"X(A: 1\r\n", LENGTH) + b"hello", {400}),
    ("non-ASCII name", head("X-Ä: 1\r\n".encode(), LENGTH) + b"hello", {400}),
    ("empty name", head(b": 1\r\n", LENGTH) + b"hello", {400}),
    ("line without a colon", head(b"X-A\r\n", LENGTH) + b"hello", {400}),
    ("folded line", head(b"X-A: 1\r\n 2\r\n", LENGTH) + b"hello", {400}),
    ("leading space before the first field", head(LENGTH, host=b" Host: localhost\r\n") + b"hello", {400}),
    ("no Host", head(LENGTH, host=b"") + b"hello", {400}),
    ("two Hosts", head(LENGTH, host=HOST + HOST) + b"hello", {400}),
    ("space in Host", head(LENGTH, host=b"Host: a b\r\n") + b"hello", {400}),
    ("slash in Host", head(LENGTH, host=b"Host: a/b\r\n") + b"hello", {400}),
    ("user in Host", head(LENGTH, host=b"Host: user@a\r\n") + b"hello", {400}),
    ("two Hosts joined by a comma", head(LENGTH, host=b"Host: a,b\r\n") + b"hello", {400}),
    ("port that is no number in Host", head(LENGTH, host=b"Host: a:x\r\n") + b"hello", {400}),
    ("request line without version", head(LENGTH, start=b"PUT /x\r\n") + b"hello", {400}),
    ("HTTP/2.0", head(LENGTH, start=b"PUT /x HTTP/2.0\r\n") + b"hello", {400, 505}),
    ("HTTP/1.10", head(LENGTH, start=b"PUT /x HTTP/1.10\r\n") + b"hello", {400, 505}),
    ("HTTP/0.9", head(LENGTH, start=b"PUT /x HTTP/0.9\r\n") + b"hello", {400, 505}),
    ("lower-case http", head(LENGTH, start=b"PUT /x http/1.1\r\n") + b"hello", {400, 505}),
    ("two spaces before the target", head(LENGTH, start=b"PUT  /x HTTP/1.1\r\n") + b"hello", {400}),
    ("space in the target", head(LENGTH, start=b"PUT /x y HTTP/1.1\r\n") + b"hello", {400}),
    ("tab in the target", head(LENGTH, start=b"PUT /x\ty HTTP/1.1\r\n") + b"hello", {400}),
    ("control character in the target", head(LENGTH, start=b"PUT /x\x01 HTTP/1.1\r\n") + b"hello", {400}),
    ("non-ASCII byte in the target", head(LENGTH, start="PUT /ä HTTP/1.1\r\n".encode()) + b"hello", {400}),
    ("percent without digits", head(LENGTH, start=b"PUT /x% HTTP/1.1\r\n") + b"hello", {400}),
    ("percent with one digit", head(LENGTH, start=b"PUT /x%4 HTTP/1.1\r\n") + b"hello", {400}),
    ("percent with letters", head(LENGTH, start=b"PUT /x%zz HTTP/1.1\r\n") + b"hello", {400}),
    ("encoded NUL", head(LENGTH, start=b"PUT /x%00 HTTP/1.1\r\n") + b"hello", {400}),
    ("target without a slash", head(LENGTH, start=b"PUT x HTTP/1.1\r\n") + b"hello", {400}),
    ("lower-case letters only after the method's end", head(LENGTH, start=b"P@T /x HTTP/1.1\r\n") + b"hello", {400}),
    ("CONNECT", head(start=b"CONNECT localhost:80 HTTP/1.1\r\n"), {405}),
    ("TRACE", head(start=b"TRACE /x HTTP/1.1\r\n"), {405}),
    ("head of 20 KiB", head(b"X-A: " + b"a" * 20480 + b"\r\n", LENGTH) + b"hello", {431}),
    ("head of 200 fields", head(*[b"X-%d: 1\r\n" % n for n in range(2000)], LENGTH) + b"hello", {431}),
    ("target of 9 KiB", head(LENGTH, start=b"PUT /" + b"a" * 9216 + b" HTTP/1.1\r\n") + b"hello", {414}),
    ("unknown expectation", head(b"Expect: 200-ok\r\n", LENGTH) + b"hello", {417}),
    ("no bytes of HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, {400}),
]

CHUNKS: list[tuple[str, bytes, set[int]]] = [
    ("size with 0x", b"0x5\r\nhello\r\n0\r\n\r\n", {400}),
    ("size with plus", b"+5\r\nhello\r\n0\r\n\r\n", {400}),
    ("size with minus", b"-5\r\nhello\r\n0\r\n\r\n", {400}),
    ("size with leading space", b" 5\r\nhello\r\n0\r\n\r\n", {400}),
    ("size with inner space", b"0 5\r\nhello\r\n0\r\n\r\n", {400}),
    ("size of 17 digits", b"00000000000000005\r\nhello\r\n0\r\n\r\n", {400}),
    ("size over 64 bits", b"1FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", {400}),
    ("size near 64 bits", b"FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", {400, 413}),
    ("empty size", b"\r\nhello\r\n0\r\n\r\n", {400}),
    ("size that is no number", b"five\r\nhello\r\n0\r\n\r\n", {400}),
    ("size ended by bare LF", b"5\nhello\r\n0\r\n\r\n", {400}),
    ("data longer than its size", b"5\r\nhello!\r\n0\r\n\r\n", {400}),
    ("data ended by bare LF", b"5\r\nhello\n0\r\n\r\n", {400}),
    ("data followed by CR only", b"5\r\nhello\r0\r\n\r\n", {400}),
    ("extension of 5 KiB", b"5;a=" + b"b" * 5120 + b"\r\nhello\r\n0\r\n\r\n", {400}),
    ("extension with a bare CR", b"5;a=\rb\r\nhello\r\n0\r\n\r\n", {400}),
    ("trailer without a colon", b"5\r\nhello\r\n0\r\nwrong\r\n\r\n", {400}),
    ("body over the limit", b"100001\r\n" + b"a" * 0x100001 + b"\r\n0\r\n\r\n", {413}),
]


@pytest.fixture(scope="module", params=vendors.FACES, ids=str)
def face(request) -> Face:
    """What the listener speaks: refused requests are answered in its words."""
    return request.param


plain = pytest.mark.parametrize("face", [PLAIN], ids=str, indirect=True, scope="module")


@pytest.fixture(scope="module")
def store(face):
    store = face.store.peer()
    yield store
    store.stop()


@pytest.fixture(scope="module")
def gateway(face, store, tmp_path_factory):
    config = face.config(store.port, limits={"uploadSize": "1MiB"})
    gateway = Gateway(config, tmp_path_factory.mktemp("refusals")).start()
    yield gateway
    store.stop()
    gateway.check_nothing_left()
    gateway.stop()


@pytest.fixture(scope="module")
def smuggled(face, gateway) -> bytes:
    """What a smuggler hopes for: a second request behind the first one, and one that may upload."""
    return face.head(gateway, "smuggled", "Content-Length: 3") + b"bad"


@pytest.fixture(scope="module")
def chunked_head(face, gateway) -> bytes:
    return face.head(gateway, "chunks", "Transfer-Encoding: chunked")


def forwarded(store) -> int:
    """Requests that the store saw, but for those whose chunks were refused halfway: it may notice these later than the client."""
    return sum("chunks" not in request.target for request in store.requests)


def refused(face: Face, gateway: Gateway, store, request: bytes, statuses: set[int]) -> None:
    before = len(store.complete)
    with Client(face.address(gateway)) as client:
        client.send(request)
        answer = client.response()
        assert answer.status in statuses, answer
        if face.vendor:
            assert face.vendor.error(answer)
        else:
            assert answer.json()["stored"] is False
        assert client.is_closed(), "the connection stays open after a request that cannot be trusted"
    assert not [request for request in store.complete[before:] if "smuggled" in request.target]
    assert len(store.complete) == before


@pytest.mark.parametrize(("request_bytes", "statuses"), [row[1:] for row in HEADS], ids=[row[0] for row in HEADS])
def test_refuses_the_head(face, gateway, store, smuggled, request_bytes, statuses):
    seen = forwarded(store)
    refused(face, gateway, store, request_bytes + smuggled, statuses)
    assert forwarded(store) == seen, "the store saw a request that was refused"


# SDKs are told of a body that is too long by their vendor's code, with 400.
TOO_LONG_FOR_SDKS = {400}


@pytest.mark.parametrize(("body", "statuses"), [row[1:] for row in CHUNKS], ids=[row[0] for row in CHUNKS])
def test_refuses_the_chunked_body(face, gateway, store, smuggled, chunked_head, body, statuses):
    refused(face, gateway, store, chunked_head + body + smuggled, statuses | (TOO_LONG_FOR_SDKS if face.vendor else set()))


def test_refuses_a_length_over_the_limit(face, gateway, store, smuggled):
    request = face.head(gateway, "x", "Content-Length: 1048577")
    seen = forwarded(store)
    refused(face, gateway, store, request + smuggled, TOO_LONG_FOR_SDKS if face.vendor else {413})
    assert forwarded(store) == seen


@plain
def test_refuses_a_length_over_the_limit_before_reading_the_body(gateway, store):
    with Client(gateway.edge) as client:
        client.send(
            head(b"Content-Length: 1048577\r\nExpect: 100-continue\r\n", start=b"PUT /over-the-limit HTTP/1.1\r\n")
        )
        answer = client.read_head()
        assert answer.status == 413, "no 100 before a refusal"
    # By name: the store may only now notice the end of a request of the tests before.
    assert not [request for request in store.requests if "over-the-limit" in request.target]


@plain
def test_takes_a_body_of_exactly_the_limit(gateway, store):
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/limit", b"a" * 1048576).status == 200
    assert len(store.complete[-1].body) == 1048576


@plain
def test_drops_trailers_that_name_framing_or_authentication(gateway, store):
    with Client(gateway.edge) as client:
        client.send(
            chunked(
                b"5\r\nhello\r\n0\r\nContent-Length: 9\r\nHost: evil\r\nAuthorization: evil\r\n"
                b"Transfer-Encoding: chunked\r\nx-oss-callback: evil\r\n\r\n"
            )
        )
        assert client.response().status == 200
    assert store.complete[-1].body == b"hello"
    assert b"evil" not in store.complete[-1].head


@plain
def test_lets_the_target_win_over_host(gateway, store):
    with Client(gateway.edge) as client:
        client.send(head(LENGTH, start=b"PUT http://localhost/absolute HTTP/1.1\r\n", host=b"Host: other\r\n") + b"hello")
        assert client.response().status == 200
    assert store.complete[-1].target.startswith("/media/absolute")


HOPS = {
    "Connection": "keep-alive, X-Listed",
    "X-Listed": "evil",
    "Keep-Alive": "timeout=5",
    "TE": "trailers",
    "Upgrade": "websocket",
    "Proxy-Authorization": "evil",
    "Proxy-Connection": "evil",
}

STEERING = {
    "Authorization": "OSS evil:evil",
    "x-oss-object-acl": "public-read-write",
    "x-oss-callback": "ZXZpbA==",
    "x-oss-callback-var": "ZXZpbA==",
    "x-oss-security-token": "evil",
    "x-oss-process": "evil",
    "x-tos-acl": "evil",
    "x-amz-acl": "evil",
    "X-UCloud-Test": "evil",
    "X-Ufile-Test": "evil",
    "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
    "SecurityToken": "evil",
}


@plain
@pytest.mark.parametrize("name", [*HOPS, *STEERING])
def test_keeps_the_field_from_the_store(gateway, store, name):
    value = {**HOPS, **STEERING}[name]
    fields = {name: value} if name != "X-Listed" else {"X-Listed": value, "Connection": HOPS["Connection"]}
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/steer", b"hello", fields).status == 200
    seen = store.complete[-1]
    assert value not in seen.all(name)
    assert b"evil" not in seen.head


@plain
def test_signs_a_query_of_the_client_away(gateway, store):
    """A sub-resource in a plain client's query would turn the upload into another operation."""
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/query?acl&callback=ZXZpbA%3D%3D&uploadId=1", b"hello").status == 200
    assert store.complete[-1].target == "/media/query"


@pytest.mark.parametrize(
    "path",
    ["/../up", "/a/../../up", "/a/./b", "/%2e%2e/up", "/a/%2E%2E/b", "/..%2fup", "/" + "n" * 1100, "/a//../b"],
)
def test_refuses_keys_that_could_leave_the_directory(start, tmp_path, path):
    root = tmp_path / "objects"
    gateway = start(configs.edge(configs.directory_store(root)))
    with Client(gateway.edge) as client:
        answer = client.request("PUT", path, b"escaped")
    assert answer.status == 400, answer
    assert answer.json()["stored"] is False
    outside = [file for file in tmp_path.rglob("*") if file.is_file() and b"escaped" in file.read_bytes()]
    assert outside == []


@plain
@pytest.mark.parametrize("path", ["/a/../b", "/a/./b", "/a//b", "/.", "/.."])
def test_treats_dot_segments_as_text_for_a_store_that_allows_them(gateway, store, path):
    with Client(gateway.edge) as client:
        assert client.request("PUT", path, b"hello").status == 200
    assert store.complete[-1].target == "/media" + path
