"""TLS towards clients, stores and apps."""

from __future__ import annotations

import os
import random
import signal
import ssl
import time

import pytest

from support import configs
from support.certificates import Authority
from support.peers import answer, replies
from support.wire import Client, Closed, put

BIG = bytes(range(256)) * 4096


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "putback-test-ca")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "putback-other-ca")


def listener(certificate, key, **change):
    return {
        "name": "edge",
        "address": "127.0.0.1:0",
        "dialect": "plain",
        "tls": {"certificate": str(certificate), "key": str(key), **change},
    }


def client_context(authority, pair=None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if pair:
        context.load_cert_chain(*map(str, pair))
    return context


class TLSClient(Client):
    def __init__(self, address, context: ssl.SSLContext):
        super().__init__(address)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")


def edge(start, store, authority, **more):
    config = configs.edge(configs.oss_store(store.port), **more)
    config["listeners"] = [listener(*authority.issue("server"))]
    return start(config)


@pytest.fixture
def gateway(start, peers, authority):
    return edge(start, peers.store(), authority)


def test_takes_uploads_over_tls(gateway, peers, authority):
    with TLSClient(gateway.edge, client_context(authority)) as client:
        assert client.socket.version() in ("TLSv1.2", "TLSv1.3")
        for n in range(3):
            assert client.request("PUT", f"/{n}", BIG).status == 200
    assert [request.body == BIG for request in peers.all[0].complete] == [True] * 3


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_speaks_the_current_versions(gateway, authority, version):
    context = client_context(authority)
    context.minimum_version = context.maximum_version = version
    with TLSClient(gateway.edge, context) as client:
        assert client.request("PUT", "/x", b"hello").status == 200


def test_refuses_old_versions(gateway, authority):
    context = client_context(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        TLSClient(gateway.edge, context)


def test_survives_plain_text_and_noise_on_the_tls_port(gateway, authority):
    for noise in (b"PUT /x HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 300, b"\0"):
        with Client(gateway.edge) as client:
            client.send(noise)
            client.half_close()
            while client.fill():
                pass
    with TLSClient(gateway.edge, client_context(authority)) as client:
        assert client.request("PUT", "/x", b"hello").status == 200


def test_records_of_any_size_and_pauses(start, peers, authority):
    """The kernel waits for several records at a time; neither pauses nor the end of a body nor the next request must wait for
    more than there is."""
    store = peers.store()
    dice = random.Random(11)
    with TLSClient(edge(start, store, authority).edge, client_context(authority)) as client:
        bodies = [os.urandom(size) for size in (3 * 1024 * 1024 + 5, 65_536, 131_072 + 18_000, 100)]
        for number, body in enumerate(bodies):
            client.send(f"PUT /{number} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            offset = 0
            while offset < len(body):
                size = dice.choice([1, 100, 5_000, 16_384, 40_000, 300_000])
                client.send(body[offset : offset + size])
                offset += size
                time.sleep(dice.choice([0, 0, 0.005]))
            # At once: whoever waited below the mark would wait for five seconds.
            client.socket.settimeout(4)
            assert client.response().status == 200
    assert [request.body for request in store.complete] == bodies


def test_a_slow_client_is_not_taken_for_a_stalled_one(start, peers, authority):
    """Its records do not reach the mark within the idle time."""
    store = peers.store()
    gateway = edge(start, store, authority, timeouts={"bodyIdle": "300ms"})
    body = os.urandom(600_000)
    with TLSClient(gateway.edge, client_context(authority)) as client:
        client.send(f"PUT /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        for offset in range(0, len(body), 6_000):
            client.send(body[offset : offset + 6_000])
            time.sleep(0.02)
        assert client.response().status == 200
    assert [request.body for request in store.complete] == [body]


@pytest.mark.parametrize("pieces", [1, 12])
def test_a_client_that_stalls_below_the_mark(start, peers, authority, pieces):
    store = peers.store()
    gateway = edge(start, store, authority, timeouts={"bodyIdle": "300ms"})
    with TLSClient(gateway.edge, client_context(authority)) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n")
        for _ in range(pieces):
            client.send(b"x" * 20_000)
            time.sleep(0.04)
        assert client.response().status == 408
    assert store.wait_for_idle()
    assert store.complete == []


def test_stores_nothing_of_an_upload_that_tls_cut(start, peers, authority):
    """Without close_notify the end of the connection is an attacker's word: no body framing may trust it."""
    store = peers.store()
    gateway = edge(start, store, authority)
    client = TLSClient(gateway.edge, client_context(authority))
    client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
    store.wait_for_requests(1)
    client.reset()
    assert store.wait_for_idle()
    assert store.complete == []


def test_asks_for_a_client_certificate(start, peers, authority, stranger):
    store = peers.store()
    config = configs.edge(configs.oss_store(store.port))
    config["listeners"] = [listener(*authority.issue("mutual"), clientCA=str(authority.certificate))]
    gateway = start(config)
    with TLSClient(gateway.edge, client_context(authority, authority.issue("client"))) as client:
        assert client.request("PUT", "/x", b"hello").status == 200
    for pair in (None, stranger.issue("client")):
        with pytest.raises((ssl.SSLError, ConnectionError, Closed)):
            with TLSClient(gateway.edge, client_context(authority, pair)) as client:
                client.request("PUT", "/x", b"hello")
    assert len(store.complete) == 1


def test_takes_a_new_certificate_on_reload(start, peers, authority, tmp_path):
    store = peers.store()
    config = configs.edge(configs.oss_store(store.port))
    certificate, key = authority.issue("first")
    live = tmp_path / "live.crt", tmp_path / "live.key"
    for source, target in zip((certificate, key), live):
        target.write_bytes(source.read_bytes())
    config["listeners"] = [listener(*live)]
    gateway = start(config)

    def serial() -> str:
        with TLSClient(gateway.edge, client_context(authority)) as client:
            return client.socket.getpeercert()["serialNumber"]

    first = serial()
    for source, target in zip(authority.issue("second"), live):
        target.write_bytes(source.read_bytes())
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_event("reloaded")
    assert serial() != first


def tls_store(peers, pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, pair))
    return peers.store(tls=context)


def https_store(store, authority, host: str = "127.0.0.1"):
    tls = {"ca": str(authority.certificate)}
    return configs.oss_store(store.port, endpoint=f"https://{host}:{store.port}", tls=tls)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_uploads_to_a_store_over_tls(start, peers, authority, host):
    store = tls_store(peers, authority.issue("store"))
    gateway = start(configs.edge(https_store(store, authority, host)))
    with Client(gateway.edge) as client:
        for n in range(3):
            assert client.request("PUT", f"/{n}", BIG).status == 200
    assert [request.body == BIG for request in store.complete] == [True] * 3
    assert store.connections == 1, "TLS connections are pooled"


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS)
def test_resumes_tls_with_clients(start, peers, authority, version):
    """Whichever loop takes the connection: the sessions of one are good for the other."""
    store = peers.store()
    config = configs.edge(configs.oss_store(store.port), workers=2)
    config["listeners"] = [listener(*authority.issue("resumed"))]
    gateway = start(config)
    context = client_context(authority)
    context.minimum_version = context.maximum_version = version
    session, reused = None, []
    for n in range(16):
        with Client(gateway.edge) as client:
            client.socket = context.wrap_socket(client.socket, server_hostname="localhost", session=session)
            assert client.request("PUT", f"/{n}", b"hello").status == 200
            reused.append(client.socket.session_reused)
            session = client.socket.session
    assert reused == [False] + [True] * 15


def closing(peer, stream, request):
    peer.read(stream, request)
    stream.send(peer.success(request.body, b"", ("Connection", "close")))
    raise Closed()


@pytest.mark.parametrize("version", VERSIONS)
def test_resumes_tls_with_a_store(start, peers, authority, version):
    store = tls_store(peers, authority.issue("store"))
    store.tls.minimum_version = store.tls.maximum_version = version
    store.script = [closing] * 4
    gateway = start(configs.edge(https_store(store, authority, "localhost"), workers=1))
    for n in range(4):
        assert put(gateway.edge, f"/{n}", b"hello").status == 200
    assert store.resumed == [False, True, True, True]


@pytest.mark.parametrize("fault", ["untrusted", "wrong name", "expired"])
def test_does_not_upload_to_a_store_that_tls_rejects(start, peers, authority, stranger, fault):
    pair = {
        "untrusted": lambda: stranger.issue("store"),
        "wrong name": lambda: authority.issue("elsewhere", alternatives="DNS:elsewhere.test,IP:127.0.0.2"),
        "expired": lambda: authority.issue("expired", days=-1),
    }[fault]()
    store = tls_store(peers, pair)
    gateway = start(configs.edge(https_store(store, authority)))
    told = put(gateway.edge, "/x", b"hello")
    assert told.status == 502
    problem = told.json()
    assert (problem["stored"], problem["party"]) == (False, "store")
    assert store.requests == [], "a byte of the upload reached a store that is not the one"


def test_trusts_what_the_system_trusts_without_an_authority_of_its_own(start, peers, authority):
    store = tls_store(peers, authority.issue("store"))
    config = configs.edge(https_store(store, authority))
    del config["stores"]["target"]["tls"]
    trusting = start(config, environment={"SSL_CERT_FILE": str(authority.certificate)})
    assert put(trusting.edge, "/x", b"hello").status == 200
    assert put(start(config).edge, "/x", b"hello").status == 502
    assert len(store.requests) == 1


def test_does_not_upload_to_a_store_that_speaks_no_tls(start, peers, authority):
    store = peers.store()
    gateway = start(configs.edge(https_store(store, authority), timeouts={"storeConnect": "500ms"}))
    told = put(gateway.edge, "/x", b"hello")
    assert told.status in (502, 504), "the store waits for the end of a head that never comes"
    assert told.json()["stored"] is False
    assert store.complete == []


@pytest.mark.parametrize("trusted", [True, False])
def test_calls_an_app_back_over_tls(start, peers, authority, stranger, trusted):
    store = peers.store()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, (authority if trusted else stranger).issue("app")))
    app = peers.app(tls=context)
    callback = configs.policy(app.port, by="putback", url=f"https://localhost:{app.port}/uploaded")
    gateway = start(
        configs.edge(configs.oss_store(store.port), callback=callback),
        environment={"SSL_CERT_FILE": str(authority.certificate)},
    )
    told = put(gateway.edge, "/x", b"hello")
    if trusted:
        assert (told.status, told.body) == (200, app.default)
    else:
        assert told.status == 502
        assert told.json()["stored"] is True
        assert app.requests == []


def test_resumes_tls_with_an_app(start, peers, authority):
    store = peers.store()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, authority.issue("app")))
    app = peers.app(*[replies(answer(200, b"{}", ("Connection", "close")), close=True)] * 3, tls=context)
    callback = configs.policy(app.port, by="putback", url=f"https://localhost:{app.port}/uploaded")
    gateway = start(
        configs.edge(configs.oss_store(store.port), callback=callback, workers=1),
        environment={"SSL_CERT_FILE": str(authority.certificate)},
    )
    for n in range(3):
        assert put(gateway.edge, f"/{n}", b"hello").status == 200
    assert app.resumed == [False, True, True]
