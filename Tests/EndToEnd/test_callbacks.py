"""Callbacks that Putback makes itself, and what apps do wrong."""

from __future__ import annotations

import json
import socket
import ssl

import pytest

from support import configs
from support.peers import answer, closes, endless, replies, resets
from support.wire import Client, Closed, put

BODY = b"hello"
JSON = ("Content-Type", "application/json")
OK = answer(200, b'{"ok":true}', JSON, reason="OK")


@pytest.fixture
def store(peers):
    return peers.store()


@pytest.fixture
def gateway_for(start, store):
    """A gateway whose route calls this port back, with a short patience."""

    def make(port: int, **policy):
        callback = configs.policy(port, by="putback", timeout="500ms", **policy)
        return start(configs.edge(configs.oss_store(store.port), callback=callback))

    return make


def failed(told, store, app=None, requests: int | None = None) -> dict:
    """Stored, and the callback failed; the store was asked once and never for the callback."""
    assert told.status == 502, told
    problem = told.json()
    assert problem["stored"] is True
    assert problem["party"] == "app"
    assert problem["phase"] == "callingBack"
    assert problem["code"]
    assert len(store.complete) == 1
    assert store.complete[0].header("x-oss-callback") is None
    if requests is not None:
        assert len(app.requests) == requests
    return problem


def test_calls_the_app_once_after_the_object_is_stored(gateway_for, store, peers):
    app = peers.app(replies(answer(200, b'{"id":1}', ("Content-Type", "application/json; charset=utf-8"), ("X-App", "1"))))
    gateway = gateway_for(app.port, host="app.internal")
    told = put(gateway.edge, "/a%20b", BODY, {"Content-Type": "image/png"})
    assert (told.status, told.body) == (200, b'{"id":1}')
    assert told.header("Content-Type") == "application/json; charset=utf-8"
    (call,) = app.complete
    assert (call.method, call.target) == ("POST", "/uploaded")
    assert call.header("Host") == "app.internal"
    assert call.header("Content-Type") == "application/json"
    assert call.header("Content-Length") == str(len(call.body))
    assert call.header("Expect") is None
    assert json.loads(call.body) == {
        "bucket": "media",
        "object": "a b",
        "size": 5,
        "etag": "5D41402ABC4B2A76B9719D911017C592",
        "mimeType": "image/png",
    }
    assert len(store.complete) == 1


def test_escapes_what_clients_say(gateway_for, peers):
    app = peers.app()
    gateway = gateway_for(
        app.port, variables={"note": "${header.X-Note}"}, body='{"note":${x:note},"object":${object}}'
    )
    note = '","admin":true,"x":"'
    assert put(gateway.edge, "/a%22%2C%22b", BODY, {"X-Note": note}).status == 200
    assert json.loads(app.complete[0].body) == {"note": note, "object": 'a","b'}


def test_escapes_what_clients_say_in_forms(gateway_for, peers):
    app = peers.app()
    gateway = gateway_for(
        app.port,
        type="application/x-www-form-urlencoded",
        variables={"note": "${header.X-Note}"},
        body="note=${x:note}&object=${object}&size=${size}",
    )
    assert put(gateway.edge, "/a%26b=c", BODY, {"X-Note": "1&admin=true #+%"}).status == 200
    call = app.complete[0]
    assert call.body == b"note=1%26admin%3Dtrue%20%23%2B%25&object=a%26b%3Dc&size=5"
    assert call.header("Content-Type") == "application/x-www-form-urlencoded"


def test_tries_the_next_address_when_one_fails(gateway_for, store, peers):
    first = peers.app(replies(answer(500, b"{}", JSON)))
    second = peers.app()
    urls = [f"http://127.0.0.1:{peer.port}/n" for peer in (first, second)]
    gateway = gateway_for(0, url=urls)
    assert put(gateway.edge, "/x", BODY).status == 200
    assert (len(first.complete), len(second.complete), len(store.complete)) == (1, 1, 1)


def test_refuses_the_connection(gateway_for, store):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    failed(put(gateway_for(port).edge, "/x", BODY), store)


def test_does_not_resolve(gateway_for, store):
    gateway = gateway_for(0, url="http://app.invalid/uploaded")
    failed(put(gateway.edge, "/x", BODY), store)


def test_redirects(gateway_for, store, peers):
    elsewhere = peers.app()
    location = ("Location", f"http://127.0.0.1:{elsewhere.port}/")
    app = peers.app(*[replies(answer(307, b"{}", JSON, location))] * 3)
    failed(put(gateway_for(app.port).edge, "/x", BODY), store, app, 1)
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "data",
    [
        answer(400, b"{}", JSON),
        answer(404, b"{}", JSON),
        answer(410, b"{}", JSON),
        answer(429, b"{}", JSON, ("Retry-After", "1")),
        answer(500, b"{}", JSON),
        answer(503, b"{}", JSON),
        answer(200, b"{}", JSON).replace(b"Content-Length: 2", b"Content-Length: two"),
        answer(200, b"{}", JSON).replace(b"Content-Length: 2", b"Content-Length: 3"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"nonsense\r\n\r\n",
    ],
    ids="400 404 410 429 500 503 wrong-length cut-short cut-chunks nonsense".split(),
)
def test_answers_that_it_did_not_work(gateway_for, store, peers, data):
    app = peers.app(*[replies(data, close=True)] * 3)
    failed(put(gateway_for(app.port).edge, "/x", BODY), store, app, 1)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (answer(201, b"{}", JSON), b"{}"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (answer(200, b"OK"), b"OK"),
        (answer(200, b""), b""),
        (answer(200, b"\xef\xbb\xbf{}", JSON), b"\xef\xbb\xbf{}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", b"{}"),
        (b"HTTP/1.0 200 OK\r\n\r\n{}", b"{}"),
    ],
    ids="201 204 no-JSON empty BOM chunked no-length HTTP/1.0".split(),
)
def test_relays_whatever_the_app_says_with_success(gateway_for, store, peers, data, body):
    """Stores take 200 with JSON only; a plain client reads the app's answer itself."""
    app = peers.app(replies(data, close=True))
    told = put(gateway_for(app.port).edge, "/x", BODY)
    assert (told.status, told.body) == (200, body)
    assert len(app.requests) == 1


def test_tells_the_client_the_status_of_the_app(gateway_for, store, peers):
    app = peers.app(replies(answer(418, b"{}", JSON)))
    told = put(gateway_for(app.port).edge, "/x", BODY)
    failed(told, store, app, 1)
    assert "418" in told.body.decode()


def never_answers(peer, stream, request):
    peer.read(stream, request)
    while stream.fill():
        pass
    raise Closed()


def slow_head(peer, stream, request):
    peer.read(stream, request)
    try:
        for byte in OK * 1000:
            stream.send(bytes([byte]))
            stream.socket.settimeout(0.05)
            try:
                if not stream.fill():
                    break
            except TimeoutError:
                pass
    except OSError:
        pass
    raise Closed()


def slow_body(peer, stream, request):
    peer.read(stream, request)
    stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nContent-Type: application/json\r\n\r\n")
    try:
        for _ in range(2000):
            stream.send(b" ")
            stream.socket.settimeout(0.02)
            try:
                if not stream.fill():
                    break
            except TimeoutError:
                pass
    except OSError:
        pass
    raise Closed()


@pytest.mark.parametrize("behaviour", [never_answers, slow_head, slow_body])
def test_takes_too_long(gateway_for, store, peers, behaviour):
    app = peers.app(behaviour)
    failed(put(gateway_for(app.port).edge, "/x", BODY), store, app, 1)


@pytest.mark.parametrize("framing", [b"Content-Length: 1000000000", b"Connection: close"])
def test_answers_without_end(gateway_for, store, peers, framing):
    app = peers.app(endless(framing))
    gateway = gateway_for(app.port)
    failed(put(gateway.edge, "/x", BODY), store, app, 1)
    assert gateway.peak_memory() < 300 << 20


@pytest.mark.parametrize("behaviour", [resets, closes])
def test_goes_away_after_it_took_the_callback(gateway_for, store, peers, behaviour):
    """The app may have acted on it: sending it again would be the duplicate that apps complain of."""
    app = peers.app(*[behaviour] * 3)
    failed(put(gateway_for(app.port).edge, "/x", BODY), store, app, 1)


def test_does_not_send_the_callback_again_on_a_connection_that_was_pooled(gateway_for, store, peers):
    app = peers.app(replies(OK), closes, closes)
    gateway = gateway_for(app.port)
    assert put(gateway.edge, "/one", BODY).status == 200
    told = put(gateway.edge, "/two", BODY)
    assert told.status == 502
    assert told.json()["stored"] is True
    assert len(app.requests) == 2


def test_keeps_the_connection_to_the_app(gateway_for, peers):
    app = peers.app()
    gateway = gateway_for(app.port)
    with Client(gateway.edge) as client:
        for n in range(20):
            assert client.request("PUT", f"/{n}", BODY).status == 200
    assert [call.header("Connection") for call in app.complete] == [None] * 20
    # Unused for a second it is closed: a slow machine may need more than one.
    assert app.connections < 20
    assert app.wait_for_idle()


def test_calls_back_once_where_the_kept_connection_was_closed(gateway_for, peers):
    app = peers.app()
    gateway = gateway_for(app.port)
    with Client(gateway.edge) as client:
        for n in range(10):
            assert client.request("PUT", f"/{n}", BODY).status == 200
            app.drop_connections()
            assert app.wait_for_idle()
    assert [json.loads(call.body)["object"] for call in app.requests] == [f"{n}" for n in range(10)]
    assert app.connections == 10


def test_deletes_the_object_where_the_route_says_so(gateway_for, peers, store):
    store.script = [type(store).behave, replies(b"HTTP/1.1 204 No Content\r\n\r\n")]
    app = peers.app(replies(answer(500, b"{}", JSON)))
    gateway = gateway_for(app.port, onFailure={"answer": 502, "object": "delete"})
    told = put(gateway.edge, "/x", BODY)
    assert told.status == 502
    assert told.json()["stored"] is False
    assert [request.method for request in store.requests] == ["PUT", "DELETE"]


def test_makes_many_callbacks_at_once(gateway_for, store, peers):
    import threading

    app = peers.app()
    gateway = gateway_for(app.port)
    statuses = []
    threads = [
        threading.Thread(target=lambda n=n: statuses.append(put(gateway.edge, f"/{n}", BODY).status)) for n in range(32)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 32
    assert len(app.complete) == 32
    assert len({json.loads(call.body)["object"] for call in app.complete}) == 32


def test_names_the_server_in_the_tls_handshake(start, store, peers, tmp_path):
    from support.certificates import Authority

    authority = Authority(tmp_path / "ca", "sni-ca")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, authority.issue("localhost")))
    names = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    app = peers.app(tls=context)
    callback = configs.policy(app.port, by="putback", url=f"https://localhost:{app.port}/")
    gateway = start(
        configs.edge(configs.oss_store(store.port), callback=callback),
        environment={"SSL_CERT_FILE": str(authority.certificate)},
    )
    assert put(gateway.edge, "/x", BODY).status == 200
    assert names == ["localhost"]
