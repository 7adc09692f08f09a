"""Plain uploads, as legacy clients make them."""

from __future__ import annotations

import subprocess

import pytest

from support import configs
from support.wire import Client, put

BODY = bytes(range(256)) * 300


@pytest.fixture
def store(peers):
    return peers.store()


@pytest.fixture
def gateway(start, store):
    return start(configs.edge(configs.oss_store(store.port)))


def curl(*arguments: str, body: bytes | None = None) -> bytes:
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--fail-with-body", "--noproxy", "*", "--max-time", "30", *arguments],
        input=body,
        capture_output=True,
        check=True,
    ).stdout


def url(gateway, path: str) -> str:
    host, port = gateway.edge
    return f"http://{host}:{port}{path}"


def test_stores_what_curl_uploads_from_a_file(gateway, store, tmp_path):
    file = tmp_path / "photo.jpg"
    file.write_bytes(BODY)
    curl("-T", str(file), url(gateway, "/photos/photo.jpg"))
    (request,) = store.complete
    assert request.body == BODY
    assert request.target == "/media/photos/photo.jpg"


def test_stores_what_curl_posts(gateway, store):
    curl("--data-binary", "@-", "-H", "Content-Type: image/png", url(gateway, "/posted"), body=BODY)
    (request,) = store.complete
    assert (request.method, request.body, request.header("Content-Type")) == ("PUT", BODY, "image/png")


def test_stores_what_curl_sends_in_chunks(gateway, store):
    curl("-T", "-", url(gateway, "/chunked"), body=BODY)
    (request,) = store.complete
    assert request.body == BODY


def test_tells_curl_at_once_to_go_on_when_it_expects_100(gateway, store):
    """curl waits for a second before it sends the body unasked; the log of the wire says that it did not have to."""
    out = curl("-v", "-T", "-", "-H", "Expect: 100-continue", "--expect100-timeout", "60", url(gateway, "/e"), body=BODY)
    assert out
    assert store.complete[0].body == BODY


@pytest.mark.parametrize("size", [0, 1, 5, 16383, 16384, 65535, 65536, 65537, 1 << 20, (1 << 22) + 1])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_stores_every_size_byte_for_byte(gateway, store, size, framing):
    body = (BODY * (size // len(BODY) + 1))[:size]
    with Client(gateway.edge) as client:
        if framing == "length":
            answer = client.request("PUT", "/size", body)
        else:
            client.send(b"PUT /size HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in range(0, size, 10007):
                chunk = body[start : start + 10007]
                client.send(b"%X;note=1\r\n%s\r\n" % (len(chunk), chunk))
            client.send(b"0\r\nX-Trailer: dropped\r\n\r\n")
            answer = client.response()
    assert answer.status == 200, answer
    assert answer.json()["size"] == size
    assert store.complete[-1].body == body


def test_answers_without_a_callback_what_was_stored(gateway, store):
    answer = put(gateway.edge, "/a/b.txt", b"hello", {"Content-Type": "text/plain"})
    assert answer.status == 200
    assert answer.header("Content-Type").startswith("application/json")
    assert answer.header("ETag") == '"5D41402ABC4B2A76B9719D911017C592"'
    assert answer.header("Putback-Request-Id")
    described = answer.json()
    assert {name: described[name] for name in ("bucket", "object", "size")} == {
        "bucket": "media",
        "object": "a/b.txt",
        "size": 5,
    }
    assert described["etag"].strip('"') == "5D41402ABC4B2A76B9719D911017C592"
    assert store.complete[0].header("Content-Type") == "text/plain"


def test_takes_http_1_0(gateway, store):
    with Client(gateway.edge) as client:
        client.send(b"PUT /old HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello")
        answer = client.response()
        assert answer.status == 200
        assert client.is_closed()
    assert store.complete[0].body == b"hello"


def test_keeps_the_connection_of_http_1_0_when_asked(gateway, store):
    with Client(gateway.edge) as client:
        for name in ("one", "two"):
            client.send(f"PUT /{name} HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello".encode())
            answer = client.response()
            assert answer.status == 200
            assert (answer.header("Connection") or "").lower() == "keep-alive"
    assert len(store.complete) == 2


def test_serves_pipelined_uploads_in_order(gateway, store):
    one = b"PUT /%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nbody-%d"
    with Client(gateway.edge) as client:
        client.send(b"".join(one % (n, n) for n in range(5)))
        answers = [client.response() for _ in range(5)]
    assert [answer.json()["object"] for answer in answers] == [str(n) for n in range(5)]
    assert [request.body for request in store.complete] == [b"body-%d" % n for n in range(5)]


def test_keeps_the_connection_and_reuses_the_one_to_the_store(gateway, store):
    with Client(gateway.edge) as client:
        for n in range(20):
            assert client.request("PUT", f"/{n}", b"hello").status == 200
    assert len(store.complete) == 20
    assert store.connections <= 2, "the pool opens a connection per upload"


def test_closes_when_the_client_says_so(gateway):
    with Client(gateway.edge) as client:
        answer = client.request("PUT", "/x", b"hello", {"Connection": "close"})
        assert answer.status == 200
        assert (answer.header("Connection") or "").lower() == "close"
        assert client.is_closed()


def test_reads_a_head_that_arrives_byte_by_byte(gateway, store):
    with Client(gateway.edge) as client:
        for byte in b"PUT /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello":
            client.send(bytes([byte]))
        assert client.response().status == 200
    assert store.complete[0].body == b"hello"


KEYS = ["a b", "a+b", "100%", "a//b", "中文/文件.txt", "😀.png", "a?b", "a#b", "a&b=c", "[x]{y}", "'quote\"", "~tilde*"]


@pytest.mark.parametrize("key", KEYS)
def test_carries_the_key_unharmed(gateway, store, key):
    from urllib.parse import quote, unquote

    answer = put(gateway.edge, "/" + quote(key, safe="/"), b"hello")
    assert answer.status == 200
    assert answer.json()["object"] == key
    target = store.complete[0].target
    assert unquote(target.removeprefix("/media/")) == key
    assert "+" not in target, "a plus in the path is a space to OSS"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_takes_uploads_only(gateway, store, method):
    with Client(gateway.edge) as client:
        client.send(f"{method} /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert client.response(method).status in (404, 405)
    assert store.requests == []


def test_answers_404_where_no_route_matches(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port), route={"match": {"path": "/only/**"}}))
    answer = put(gateway.edge, "/other", b"hello")
    assert answer.status == 404
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.json()["stored"] is False
    assert store.requests == []


def test_serves_a_unix_socket(start, store, tmp_path):
    path = tmp_path / "edge.sock"
    config = configs.edge(configs.oss_store(store.port))
    config["listeners"][0]["address"] = f"unix:{path}"
    gateway = start(config)
    assert put(str(path), "/unix", b"hello").status == 200
    assert store.complete[0].body == b"hello"
    assert gateway.process.poll() is None


def test_sends_the_headers_of_the_object(gateway, store):
    fields = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "max-age=60",
        "Content-Disposition": 'attachment; filename="a.txt"',
        "Content-Encoding": "gzip",
    }
    assert put(gateway.edge, "/x", b"hello", fields).status == 200
    seen = store.complete[0]
    assert {name: seen.header(name) for name in fields} == fields


def test_asks_the_store_to_check_what_the_client_promised(gateway, store):
    """Content-MD5 is the client's word for its body; a wrong one must not end in a stored object."""
    import base64

    from support.peers import md5

    right = base64.b64encode(md5(b"hello")).decode()
    assert put(gateway.edge, "/right", b"hello", {"Content-MD5": right}).status == 200
    wrong = base64.b64encode(md5(b"other")).decode()
    answer = put(gateway.edge, "/wrong", b"hello", {"Content-MD5": wrong})
    if store.complete[-1].target == "/media/wrong":
        assert store.complete[-1].header("Content-MD5") == wrong, "the store was not told"
    else:
        assert answer.status == 400
