"""What clients do wrong. Nothing may be stored, called back or reported that the client did not finish sending."""

from __future__ import annotations

import pytest

from support import configs, vendors
from support.peers import Gate, answer
from support.vendors import PLAIN, Face
from support.wire import Client, eventually, put

SHORT = {"head": "300ms", "bodyIdle": "300ms", "keepAlive": "300ms"}
BIG = b"x" * 200_000
FACTS = '{"bucket":${bucket},"object":${object},"size":${size}}'
SLOW = {"plain": 408, "oss": "RequestTimeout", "tos": "RequestTimeout", "us3": "-148660"}
CUT = {"plain": 400, "oss": "IncompleteBody", "tos": "UnexpectedEOF", "us3": "-148660"}


@pytest.fixture(params=vendors.FACES, ids=str)
def face(request) -> Face:
    """What the client speaks, and the store behind."""
    return request.param


@pytest.fixture
def app(peers):
    return peers.app()


@pytest.fixture
def store(peers, face):
    return peers.store(kind=face.store.peer)


@pytest.fixture
def gateway_for(start, store, face):
    """A callback by Putback, so that one too many would be seen."""

    def make(app, **change):
        callback = configs.policy(app.port, by="putback", body=FACTS)
        return start(face.config(store.port, callback, **change))

    return make


@pytest.fixture
def gateway(gateway_for, app):
    return gateway_for(app, timeouts=SHORT)


def nothing_happened(store, app) -> None:
    # A connection on which nothing was sent may go back to the pool.
    assert not store.requests or store.wait_for_idle(), "a request that cannot end is still open"
    assert store.complete == [], "the store has a whole upload that the client never finished"
    assert app.requests == [], "the app was called for an upload that is not stored"


def test_stalls_in_the_head(gateway, face, store, app):
    with Client(face.address(gateway)) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: local")
        told = client.response()
        assert told.status == 408
        face.check_refusal(told, **SLOW)
        assert client.is_closed()
    nothing_happened(store, app)


def test_says_nothing_at_all(gateway, face, store, app):
    with Client(face.address(gateway)) as client:
        assert client.is_closed()
    nothing_happened(store, app)


def test_stays_idle_after_an_upload(gateway, face, store, app):
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "x", "Content-Length: 5") + b"hello")
        assert client.response().status == 200
        assert client.is_closed(), "an idle connection is closed without a word"
    assert (len(store.complete), len(app.complete)) == (1, 1)


@pytest.mark.parametrize("sent", [0, 5, len(BIG) - 1])
def test_stalls_in_the_body(gateway, face, store, app, sent):
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "x", f"Content-Length: {len(BIG)}") + BIG[:sent])
        face.check_refusal(client.response(), **SLOW)
        assert client.is_closed()
    nothing_happened(store, app)


def test_sends_too_slowly(gateway_for, face, store, app):
    gateway = gateway_for(app, timeouts={"minimumRate": {"bytes": "1KiB", "per": "100ms", "after": "300ms"}})
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "x", "Content-Length: 1000000"))
        client.socket.settimeout(0.02)
        for _ in range(1000):  # one byte every 20 ms; twenty seconds at most
            try:
                client.send(b"x")
                if not client.fill():
                    break
            except TimeoutError:
                continue
            except OSError:
                break
            if client.buffer:
                break
        client.socket.settimeout(10)
        face.check_refusal(client.response(), **SLOW)
    nothing_happened(store, app)


@pytest.mark.parametrize("face", [PLAIN])
def test_may_take_its_time_above_the_minimum_rate(gateway_for, face, store, app):
    gateway = gateway_for(app, timeouts={"minimumRate": {"bytes": "1B", "per": "1s", "after": "100ms"}})
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n")
        client.socket.settimeout(0.03)
        for _ in range(19):
            client.send(b"x")
            with pytest.raises(TimeoutError):
                client.fill()
        client.socket.settimeout(10)
        client.send(b"x")
        assert client.response().status == 200


@pytest.mark.parametrize("sent", [1, 70_000])
def test_resets_in_the_body(gateway, face, store, app, sent):
    client = Client(face.address(gateway))
    client.send(face.head(gateway, "x", f"Content-Length: {len(BIG)}") + BIG[:sent])
    store.wait_for_requests(1)
    client.reset()
    assert store.wait_for_idle(), "the store's connection is still open although the upload can never end"
    nothing_happened(store, app)


def test_resets_in_the_head(gateway, face, store, app):
    client = Client(face.address(gateway))
    client.send(b"PUT /x HTT")
    client.reset()
    assert face.put(gateway, "next").status == 200
    assert [request.target for request in store.complete] == [face.target("next")]
    assert len(app.complete) == 1


def test_half_closes_after_the_body(gateway, face, store, app):
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "x", "Content-Length: 5") + b"hello")
        client.half_close()
        told = client.response()
        assert (told.status, told.body) == (200, app.default)
        assert client.is_closed()
    assert len(store.complete) == 1
    assert len(app.complete) == 1


@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_half_closes_in_the_body(gateway, face, store, app, framing):
    body = b"hello" if "Length" in framing else b"5\r\nhello\r\n"
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "x", framing) + body)
        client.half_close()
        face.check_refusal(client.response(), **CUT)
        assert client.is_closed()
    nothing_happened(store, app)


@pytest.mark.parametrize("tail", [b"", b"5\r\nhel", b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n", b"5\r\nhello\r\n0\r\nX-Trailer: "])
def test_never_ends_its_chunked_body(gateway, face, store, app, tail):
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "x", "Transfer-Encoding: chunked") + tail)
        face.check_refusal(client.response(), **SLOW)
        assert client.is_closed()
    nothing_happened(store, app)


def test_sends_bytes_after_the_body(gateway, face, store, app):
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "x", "Content-Length: 5") + b"hello, and more\r\n\r\n")
        assert client.response().status == 200
        assert client.response().status == 400
        assert client.is_closed()
    assert [request.body for request in store.complete] == [b"hello"]
    assert len(app.complete) == 1


def test_pipelines_a_second_upload_while_the_first_is_called_back(gateway_for, face, peers, store):
    gate = Gate(lambda _: answer(200, b'{"n":1}', ("Content-Type", "application/json")))
    app = peers.app(gate)
    gateway = gateway_for(app)
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "one", "Content-Length: 3") + b"one")
        app.wait_for_complete(1)
        client.send(face.head(gateway, "two", "Content-Length: 3") + b"two")
        gate.open()
        assert client.response().body == b'{"n":1}'
        assert client.response().status == 200
    assert [request.body for request in store.complete] == [b"one", b"two"]
    assert len(app.complete) == 2


def test_expects_100_and_waits(gateway, face, store, app):
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "x", "Content-Length: 5", "Expect: 100-continue"))
        assert client.read_head().status == 100
        client.send(b"hello")
        assert client.response().status == 200
    assert store.complete[0].body == b"hello"
    assert store.complete[0].header("Expect") is None
    assert len(app.complete) == 1


def test_expects_100_in_http_1_0(gateway, face, store, app):
    """RFC 9110, 10.1.1: an expectation in HTTP/1.0 is ignored."""
    with Client(face.address(gateway)) as client:
        client.send(face.head(gateway, "x", "Content-Length: 5", "Expect: 100-continue", version="1.0") + b"hello")
        told = client.response()
        assert (told.status, told.body) == (200, app.default)
        assert client.is_closed()
    assert (len(store.complete), len(app.complete)) == (1, 1)


def test_goes_away_while_the_callback_runs(gateway_for, face, peers, store):
    gate = Gate(lambda _: answer(200, b"{}", ("Content-Type", "application/json")))
    app = peers.app(gate)
    gateway = gateway_for(app)
    client = Client(face.address(gateway))
    client.send(face.head(gateway, "x", "Content-Length: 5") + b"hello")
    app.wait_for_complete(1)
    client.reset()
    gate.open()
    assert face.put(gateway, "next").status == 200
    assert [request.target for request in store.complete] == [face.target("x"), face.target("next")]
    assert len(app.requests) == 2, "one callback for each stored upload, none twice"


def test_goes_away_while_the_store_thinks(gateway_for, face, store, app):
    gate = Gate(lambda request: face.store.peer.success(request.body))
    store.script = [gate]
    gateway = gateway_for(app)
    client = Client(face.address(gateway))
    client.send(face.head(gateway, "x", "Content-Length: 5") + b"hello")
    store.wait_for_complete(1)
    client.reset()
    gate.open()
    assert face.put(gateway, "next").status == 200
    # The upload was complete: it goes on without its client.
    assert len(app.wait_for_complete(2)) == 2
    assert len(store.requests) == 2


def test_does_not_read_the_answer(gateway, face, store, app):
    clients = []
    for n in range(20):
        client = Client(face.address(gateway))
        client.send(face.head(gateway, f"{n}", "Content-Length: 5") + b"hello")
        clients.append(client)
    store.wait_for_complete(20)
    for client in clients:
        client.reset()
    assert face.put(gateway, "next").status == 200
    assert len(app.wait_for_complete(21)) == 21
    assert len(app.requests) == 21


@pytest.mark.parametrize("face", [PLAIN])
def test_opens_thousands_of_connections_and_says_nothing(start, store):
    timeouts = {"head": "60s"}
    gateway = start(configs.edge(configs.oss_store(store.port), timeouts=timeouts))
    before = gateway.memory()
    count = 9_000  # with limits.connections at its default of 10 000 and descriptors for both sides
    idle = [Client(gateway.edge) for _ in range(count)]
    assert put(gateway.edge, "/among", b"hello").status == 200
    grown = gateway.memory() - before
    assert grown < count * 16 * 1024, f"{grown // count} bytes for each idle connection"
    for client in idle:
        client.close()


@pytest.mark.parametrize("face", [PLAIN])
def test_finds_no_room_above_the_limit_of_connections(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port), limits={"connections": 4}, timeouts={"head": "60s"}))
    idle = [Client(gateway.edge) for _ in range(4)]
    for client in idle:
        assert client.request("PUT", "/admitted", b"hello").status == 200
    with Client(gateway.edge) as client:
        refusal = client.response()
        assert refusal.status == 503
        assert refusal.header("Retry-After")
        assert client.is_closed()
    for client in idle:
        client.close()
    assert eventually(lambda: admitted(gateway)), "room that became free is not given away"
    assert [request.target for request in store.requests] == ["/media/admitted"] * 4 + ["/media/after"]


def admitted(gateway) -> bool:
    with Client(gateway.edge) as client:
        client.socket.settimeout(0.1)
        try:
            client.fill()
            return False
        except TimeoutError:
            client.socket.settimeout(10)
            return client.request("PUT", "/after", b"hello").status == 200


def test_finds_no_room_above_the_limit_of_uploads(start, peers):
    gate = Gate(lambda request: peers.all[0].success(request.body))
    store = peers.store(gate)
    gateway = start(configs.edge(configs.oss_store(store.port), limits={"uploadsInFlight": 1}))
    with Client(gateway.edge) as first:
        first.send(b"PUT /one HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\none")
        store.wait_for_complete(1)
        refusal = put(gateway.edge, "/two", b"two")
        assert refusal.status == 503
        assert refusal.header("Retry-After")
        assert refusal.json()["stored"] is False
        gate.open()
        assert first.response().status == 200
    # The room is given back just after the answer, by another thread than the one that takes the next upload.
    assert eventually(lambda: put(gateway.edge, "/three", b"three").status, lambda status: status == 200) == 200
    assert [request.body for request in store.complete] == [b"one", b"three"]
