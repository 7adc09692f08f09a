"""A new process takes over from an old one: clients that connect all the while notice nothing."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from support import configs
from support.gateway import Gateway
from support.wire import Client, Closed, eventually, put

# More by hand: PUTBACK_UPGRADES=300 python -m pytest Tests/EndToEnd/test_upgrade.py -k many
UPGRADES = int(os.environ.get("PUTBACK_UPGRADES", "4"))
REQUEST = b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
TAKE_OVER = ("--take-over",)


class Load:
    """Clients that connect, upload and close, over and over; every failure is kept with what was done."""

    def __init__(self, address, clients: int = 6):
        self.address = address
        self.failures: list[str] = []
        self.uploads = 0
        self.connections = 0
        self._counting = threading.Lock()
        self._ends = threading.Event()
        kinds = [self._once, self._slowly, self._kept]
        self.threads = [threading.Thread(target=self._run, args=(kinds[n % len(kinds)],)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self, client) -> None:
        while not self._ends.is_set():
            doing = "connecting"
            try:
                for doing in client():
                    pass
            except (OSError, AssertionError, Closed) as error:
                with self._counting:
                    self.failures.append(f"{client.__name__}, {doing}: {error!r}")
            with self._counting:
                self.connections += 1

    def _uploaded(self, client: Client) -> bool:
        """Takes an answer; whether the connection may be used again."""
        told = client.response()
        assert told.status == 200, told.start
        with self._counting:
            self.uploads += 1
        return (told.header("Connection") or "").lower() != "close"

    def _once(self):
        with Client(self.address) as client:
            yield "uploading"
            client.send(REQUEST)
            self._uploaded(client)

    def _slowly(self):
        """Says nothing for a moment, as over a long way, then its request in pieces."""
        with Client(self.address) as client:
            yield "waiting"
            self._ends.wait(0.05)
            yield "uploading in pieces"
            client.send(REQUEST[:20])
            client.send(REQUEST[20:])
            self._uploaded(client)

    def _kept(self):
        """Keeps its connection until it is told otherwise; a request that finds it closed is sent again, as HTTP
        clients do: RFC 9112 §9.3.1."""
        with Client(self.address) as client:
            yield "uploading"
            client.send(REQUEST)
            while self._uploaded(client) and not self._ends.is_set():
                yield "uploading on a kept connection"
                try:
                    client.send(REQUEST)
                    if not client.fill():
                        return
                except (ConnectionResetError, BrokenPipeError):
                    return

    def stop(self) -> None:
        self._ends.set()
        for thread in self.threads:
            thread.join(timeout=60)


def config_of(store, *, workers: int, port: int, admin: int):
    """`store` is a peer, or a folder: that one keeps no request in memory, however many come."""
    target = configs.directory_store(store) if isinstance(store, Path) else configs.oss_store(store.port)
    config = configs.edge(target, workers=workers)
    config["listeners"][0]["address"] = f"127.0.0.1:{port}"
    config["admin"]["address"] = f"127.0.0.1:{admin}"
    return config


@pytest.fixture
def ports():
    """Two free ports, for processes that have them one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


@pytest.fixture
def generations(tmp_path):
    """Makes gateways on one config; all must end cleanly."""
    made: list[Gateway] = []

    def begin(config, **options) -> Gateway:
        gateway = Gateway(config, tmp_path / f"generation-{len(made)}")
        made.append(gateway)
        return gateway.start(**options)

    yield begin
    for gateway in made:
        gateway.stop()


@pytest.mark.timeout(120 + 10 * UPGRADES)
@pytest.mark.parametrize("workers", [1, 4])
def test_many_upgrades_lose_no_connection(generations, tmp_path, ports, workers):
    config = config_of(tmp_path / "objects", workers=workers, port=ports[0], admin=ports[1])
    old = generations(config)
    load = Load(old.edge)
    try:
        for _ in range(UPGRADES):
            seen = load.uploads
            new = generations(config, arguments=TAKE_OVER)
            assert eventually(lambda: load.uploads > seen + 20)
            old.signal(signal.SIGTERM)
            assert old.wait() == 0
            old.wait_for_event("left-to-others")
            assert not [event for event in old.events if event["event"] == "drain-timed-out"]
            old.lines, old.events = [], []
            old = new
            seen = load.uploads
            assert eventually(lambda: load.uploads > seen + 20)
    finally:
        load.stop()
    assert load.failures == []
    assert load.connections > 20 * UPGRADES


def test_a_new_process_that_is_taken_back_loses_none(generations, tmp_path, ports):
    config = config_of(tmp_path / "objects", workers=2, port=ports[0], admin=ports[1])
    old = generations(config)
    load = Load(old.edge)
    try:
        for _ in range(2):
            new = generations(config, arguments=TAKE_OVER)
            seen = load.uploads
            assert eventually(lambda: load.uploads > seen + 20)
            new.signal(signal.SIGTERM)
            assert new.wait() == 0
            new.wait_for_event("left-to-others")
            seen = load.uploads
            assert eventually(lambda: load.uploads > seen + 20)
    finally:
        load.stop()
    assert load.failures == []


def test_an_upgrade_may_change_the_number_of_loops(generations, tmp_path, ports):
    store = tmp_path / "objects"
    old = generations(config_of(store, workers=2, port=ports[0], admin=ports[1]))
    load = Load(old.edge)
    try:
        new = generations(config_of(store, workers=4, port=ports[0], admin=ports[1]), arguments=TAKE_OVER)
        old.signal(signal.SIGTERM)
        assert old.wait() == 0
    finally:
        load.stop()
    assert load.failures == []
    # All four are asked again once the old process is gone.
    clients = [Client(new.edge) for _ in range(64)]
    for n, client in enumerate(clients):
        assert client.request("PUT", f"/{n}", b"hello").status == 200
        client.close()


def test_uploads_in_flight_end_where_they_began(generations, peers, ports):
    store = peers.store()
    config = config_of(store, workers=2, port=ports[0], admin=ports[1])
    old = generations(config)
    with Client(old.edge) as client:
        client.send(b"PUT /begun HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
        store.wait_for_requests(1)
        new = generations(config, arguments=TAKE_OVER)
        old.signal(signal.SIGTERM)
        old.wait_for_event("left-to-others")
        for n in range(20):
            assert put(new.edge, f"/{n}", b"hello").status == 200
        client.send(b"hello")
        assert client.response().json()["object"] == "begun"
    assert old.wait() == 0
    assert len(old.wait_for_uploads(1)) >= 1


def test_the_admin_port_is_handed_over(generations, peers, ports):
    """While the old process drains, the port says that the gateway is ready: the new one is."""
    store = peers.store()
    config = config_of(store, workers=2, port=ports[0], admin=ports[1])
    old = generations(config)
    with Client(old.edge) as client:
        client.send(b"PUT /begun HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello")
        store.wait_for_requests(1)
        generations(config, arguments=TAKE_OVER)
        old.signal(signal.SIGTERM)
        old.wait_for_event("left-to-others")
        for _ in range(50):
            with Client(("127.0.0.1", ports[1])) as admin:
                assert admin.request("GET", "/readyz").status == 200
        client.send(b"hello")
        assert client.response().status == 200
    assert old.wait() == 0


def test_nobody_shares_an_address_without_being_asked_to(generations, peers, ports, tmp_path):
    config = config_of(peers.store(), workers=2, port=ports[0], admin=ports[1])
    generations(config)
    second = Gateway(config, tmp_path / "second")
    with pytest.raises(AssertionError, match="Address already in use"):
        second.start()
    assert second.wait() == 69


def test_an_upgrade_loses_no_connection_to_a_unix_socket(generations, tmp_path, ports):
    path = f"{tmp_path}/edge.sock"
    config = config_of(tmp_path / "objects", workers=2, port=ports[0], admin=ports[1])
    config["listeners"].append({"name": "local", "address": f"unix:{path}", "dialect": "plain"})
    old = generations(config)
    load = Load(path)
    try:
        for _ in range(2):
            new = generations(config, arguments=TAKE_OVER)
            seen = load.uploads
            assert eventually(lambda: load.uploads > seen + 20)
            old.signal(signal.SIGTERM)
            assert old.wait() == 0
            assert os.path.exists(path), "the file is the new process's"
            old = new
    finally:
        load.stop()
    assert load.failures == []
    old.stop()
    assert not os.path.exists(path)
