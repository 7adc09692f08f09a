"""What clients do wrong. Nothing may be stored, called back or reported that the client did not finish sending."""

from __future__ import annotations

import pytest

from support import configs
from support.peers import Gate, answer
from support.wire import Client, eventually, put

SHORT = {"head": "300ms", "bodyIdle": "300ms", "keepAlive": "300ms"}
BIG = b"x" * 200_000


@pytest.fixture
def app(peers):
    return peers.app()


@pytest.fixture
def store(peers):
    return peers.store()


@pytest.fixture
def gateway(start, store, app):
    """A callback by Putback, so that one too many would be seen."""
    callback = configs.policy(app.port, by="putback")
    return start(configs.edge(configs.oss_store(store.port), callback=callback, timeouts=SHORT))


def nothing_happened(store, app) -> None:
    assert store.complete == [], "the store has a whole upload that the client never finished"
    assert app.requests == [], "the app was called for an upload that is not stored"


def test_stalls_in_the_head(gateway, store, app):
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: local")
        answer = client.response()
        assert answer.status == 408
        assert client.is_closed()
    nothing_happened(store, app)


def test_says_nothing_at_all(gateway, store, app):
    with Client(gateway.edge) as client:
        assert client.is_closed()
    nothing_happened(store, app)


def test_stays_idle_after_an_upload(gateway, store):
    with Client(gateway.edge) as client:
        assert client.request("PUT", "/x", b"hello").status == 200
        assert client.is_closed(), "an idle connection is closed without a word"
    assert len(store.complete) == 1


@pytest.mark.parametrize("sent", [0, 5, len(BIG) - 1])
def test_stalls_in_the_body(gateway, store, app, sent):
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BIG) + BIG[:sent])
        answer = client.response()
        assert answer.status == 408
        assert answer.json()["stored"] is False
        assert client.is_closed()
    store.wait_for_idle()
    nothing_happened(store, app)


def test_sends_too_slowly(start, store, app):
    timeouts = {"minimumRate": {"bytes": "1KiB", "per": "100ms", "after": "300ms"}}
    callback = configs.policy(app.port, by="putback")
    gateway = start(configs.edge(configs.oss_store(store.port), callback=callback, timeouts=timeouts))
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
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
        answer = client.response()
        assert answer.status == 408
    store.wait_for_idle()
    nothing_happened(store, app)


def test_may_take_its_time_above_the_minimum_rate(start, store, app):
    timeouts = {"minimumRate": {"bytes": "1B", "per": "1s", "after": "100ms"}}
    gateway = start(configs.edge(configs.oss_store(store.port), timeouts=timeouts))
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
def test_resets_in_the_body(gateway, store, app, sent):
    client = Client(gateway.edge)
    client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BIG) + BIG[:sent])
    store.wait_for_requests(1)
    client.reset()
    assert store.wait_for_idle(), "the store's connection is still open although the upload can never end"
    nothing_happened(store, app)


def test_resets_in_the_head(gateway, store, app):
    client = Client(gateway.edge)
    client.send(b"PUT /x HTT")
    client.reset()
    assert put(gateway.edge, "/next", b"hello").status == 200
    assert [request.target for request in store.complete] == ["/media/next"]
    assert len(app.complete) == 1


def test_half_closes_after_the_body(gateway, store, app):
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
        client.half_close()
        assert client.response().status == 200
        assert client.is_closed()
    assert len(store.complete) == 1
    assert len(app.complete) == 1


@pytest.mark.parametrize("framing", [b"Content-Length: 10", b"Transfer-Encoding: chunked"])
def test_half_closes_in_the_body(gateway, store, app, framing):
    body = b"hello" if b"Length" in framing else b"5\r\nhello\r\n"
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\n" + framing + b"\r\n\r\n" + body)
        client.half_close()
        answer = client.response()
        assert answer.status == 400
        assert answer.json()["stored"] is False
        assert client.is_closed()
    store.wait_for_idle()
    nothing_happened(store, app)


@pytest.mark.parametrize("tail", [b"", b"5\r\nhel", b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n", b"5\r\nhello\r\n0\r\nX-Trailer: "])
def test_never_ends_its_chunked_body(gateway, store, app, tail):
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + tail)
        answer = client.response()
        assert answer.status == 408
        assert client.is_closed()
    store.wait_for_idle()
    nothing_happened(store, app)


def test_sends_bytes_after_the_body(gateway, store, app):
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello, and more\r\n\r\n")
        assert client.response().status == 200
        assert client.response().status == 400
        assert client.is_closed()
    assert [request.body for request in store.complete] == [b"hello"]
    assert len(app.complete) == 1


def test_pipelines_a_second_upload_while_the_first_is_called_back(start, peers, store):
    gate = Gate(lambda _: answer(200, b'{"n":1}', ("Content-Type", "application/json")))
    app = peers.app(gate)
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    with Client(gateway.edge) as client:
        client.send(b"PUT /one HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\none")
        app.wait_for_complete(1)
        client.send(b"PUT /two HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\ntwo")
        gate.open()
        assert client.response().body == b'{"n":1}'
        assert client.response().status == 200
    assert [request.body for request in store.complete] == [b"one", b"two"]
    assert len(app.complete) == 2


def test_expects_100_and_waits(gateway, store):
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert client.read_head().status == 100
        client.send(b"hello")
        assert client.response().status == 200
    assert store.complete[0].body == b"hello"
    assert store.complete[0].header("Expect") is None


def test_expects_100_in_http_1_0(gateway, store):
    """RFC 9110, 10.1.1: an expectation in HTTP/1.0 is ignored."""
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello")
        assert client.read_head().status == 200


def test_goes_away_while_the_callback_runs(start, peers, store):
    gate = Gate(lambda _: answer(200, b"{}", ("Content-Type", "application/json")))
    app = peers.app(gate)
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    client = Client(gateway.edge)
    client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
    app.wait_for_complete(1)
    client.reset()
    gate.open()
    assert put(gateway.edge, "/next", b"hello").status == 200
    assert [request.target for request in store.complete] == ["/media/x", "/media/next"]
    assert len(app.requests) == 2, "one callback for each stored upload, none twice"


def test_goes_away_while_the_store_thinks(start, peers):
    gate = Gate(lambda request: peers.all[0].success(request.body))
    store = peers.store(gate)
    app = peers.app()
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    client = Client(gateway.edge)
    client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
    store.wait_for_complete(1)
    client.reset()
    gate.open()
    assert put(gateway.edge, "/next", b"hello").status == 200
    # The first object may be stored: then its app must have heard of it; if the store's answer was not awaited, not.
    assert len(app.complete) in (1, 2)


def test_does_not_read_the_answer(gateway, store):
    clients = []
    for n in range(20):
        client = Client(gateway.edge)
        client.send(b"PUT /%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello" % n)
        clients.append(client)
    store.wait_for_complete(20)
    for client in clients:
        client.reset()
    assert put(gateway.edge, "/next", b"hello").status == 200


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
