"""Under a service manager: notifications, the watchdog, sockets that are passed; Unix sockets and their files."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import stat
import time

import pytest

from support import configs
from support.gateway import BINARY, Gateway
from support.wire import DEADLINE, Client, put


class Manager:
    """Hears what a service tells its manager (sd_notify(3)), at a path or an abstract name."""

    def __init__(self, name: str):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.socket.settimeout(DEADLINE)
        self.told: list[dict[str, str]] = []

    def hear(self) -> dict[str, str]:
        """The next message."""
        text = self.socket.recv(4096).decode()
        message = dict(line.split("=", 1) for line in text.split("\n"))
        self.told.append(message)
        return message

    def hear_until(self, key: str) -> dict[str, str]:
        while key not in (message := self.hear()):
            pass
        return message


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    manager = Manager(f"@putback-{os.getpid()}-{time.monotonic_ns()}" if request.param == "abstract" else f"{tmp_path}/notify")
    yield manager
    manager.socket.close()


@pytest.fixture
def config(peers):
    return configs.edge(configs.oss_store(peers.store().port))


# Notifications


def test_tells_when_it_is_ready_reloads_and_stops(start, config, manager):
    gateway = start(config, environment={"NOTIFY_SOCKET": manager.name})
    ready = manager.hear()
    assert ready["READY"] == "1" and "listeners: 1" in ready["STATUS"]
    assert put(gateway.edge, "/x", b"hello").status == 200, "ready means that uploads are taken"

    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    gateway.signal(signal.SIGHUP)
    reloading = manager.hear()
    assert reloading["RELOADING"] == "1"
    assert before <= int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert manager.hear()["READY"] == "1"

    gateway.signal(signal.SIGTERM)
    stopping = manager.hear()
    assert stopping["STOPPING"] == "1" and "STATUS" in stopping
    assert gateway.wait() == 0


def test_tells_that_a_reload_was_refused(start, config, manager):
    gateway = start(config, environment={"NOTIFY_SOCKET": manager.name})
    manager.hear_until("READY")
    gateway.write("version: 2\n")
    gateway.signal(signal.SIGHUP)
    manager.hear_until("RELOADING")
    again = manager.hear()
    assert again["READY"] == "1", "it serves on"
    assert "refused" in again["STATUS"]


def test_says_nothing_where_the_start_fails(manager, write_config):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = configs.base(
            listeners=[{"name": "edge", "address": "127.0.0.1:%d" % taken.getsockname()[1], "dialect": "plain"}],
            stores={"shelf": configs.directory_store("/tmp")},
            routes=[{"name": "all", "store": "shelf"}],
        )
        gateway = Gateway(config, write_config(config).parent / "taken")
        with pytest.raises(AssertionError, match="no event ready"):
            gateway.start(environment={"NOTIFY_SOCKET": manager.name})
    assert gateway.wait() == 69
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.hear()


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "/nonexistent/notify", "/" + "x" * 200])
def test_serves_all_the_same_where_nobody_can_be_told(start, config, address):
    gateway = start(config, environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"})
    assert put(gateway.edge, "/x", b"hello").status == 200


# The watchdog


def test_feeds_the_watchdog_while_it_serves_and_drains(start, config, peers, manager):
    gateway = start(config, environment={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "100000"})
    for _ in range(3):
        manager.hear_until("WATCHDOG")
    store = peers.all[0]
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe")
        store.wait_for_requests(1)
        gateway.signal(signal.SIGTERM)
        manager.hear_until("STOPPING")
        for _ in range(3):
            manager.hear_until("WATCHDOG")
        client.send(b"llo")
        assert client.response().status == 200
    assert gateway.wait() == 0


def test_leaves_the_watchdog_of_another_process_alone(start, config, tmp_path):
    manager = Manager(f"{tmp_path}/notify")
    environment = {"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"}
    gateway = start(config, environment=environment)
    for n in range(50):
        assert put(gateway.edge, f"/{n}", b"hello").status == 200
    gateway.signal(signal.SIGTERM)
    manager.hear_until("STOPPING")
    assert not [message for message in manager.told if "WATCHDOG" in message]
    manager.socket.close()


# Sockets that are passed


def listening(family: int = socket.AF_INET, address=("127.0.0.1", 0)) -> socket.socket:
    server = socket.socket(family)
    server.bind(address)
    server.listen(64)
    return server


def passing(config, folder, sockets, names: str | None = None, count: int | None = None, pid: str = "$$") -> Gateway:
    """A gateway that is started as systemd does it: descriptors from 3 on, and `LISTEN_PID` its own number."""
    gateway = Gateway(config, folder)
    # Far from where they shall be, so that no move covers another.
    gateway.passed = [fcntl.fcntl(server, fcntl.F_DUPFD, 200) for server in sockets]
    moves = " ".join(f"{3 + n}<&{number} {number}<&-" for n, number in enumerate(gateway.passed))
    variables = f"LISTEN_FDS={len(sockets) if count is None else count}"
    if names is not None:
        variables += f" LISTEN_FDNAMES='{names}'"
    gateway.command = ["/bin/bash", "-c", f'exec {moves or "3<&-"}; exec env LISTEN_PID={pid} {variables} "$@"', "-", str(BINARY)]
    return gateway


@pytest.fixture
def activated(tmp_path):
    running: list[Gateway] = []

    def begin(config, sockets, **options) -> Gateway:
        gateway = passing(config, tmp_path / f"activated-{len(running)}", sockets, **options)
        running.append(gateway)
        try:
            return gateway.start()
        except AssertionError:
            assert gateway.wait() == 78, "a start that fails ends the process"
            raise

    yield begin
    for gateway in running:
        if gateway.process and gateway.process.poll() is None:
            gateway.stop()
        for number in gateway.passed:
            os.close(number)


def test_takes_sockets_over_by_name_and_by_address(activated, config):
    with listening() as edge, listening() as admin:
        port = admin.getsockname()[1]
        config["admin"]["address"] = f"127.0.0.1:{port}"
        config["listeners"][0]["address"] = "127.0.0.1:1"  # never bound: the socket of that name is taken
        gateway = activated(config, [admin, edge], names="putback.socket:edge")
        assert gateway.edge == edge.getsockname()
        assert put(edge.getsockname(), "/x", b"hello").status == 200
        with Client(("127.0.0.1", port)) as client:
            assert client.request("GET", "/readyz").status == 200


def test_takes_a_unix_socket_over_and_leaves_its_file(activated, config, tmp_path):
    path = f"{tmp_path}/edge.sock"
    config["listeners"][0]["address"] = f"unix:{path}"
    with listening(socket.AF_UNIX, path) as server:
        gateway = activated(config, [server])
        assert put(path, "/x", b"hello").status == 200
        gateway.stop()
        assert os.path.exists(path), "it belongs to the service manager"


def test_serves_on_all_its_loops_what_one_socket_brings(activated, config):
    config["workers"] = 4
    with listening() as edge:
        activated(config, [edge], names="edge")
        clients = [Client(edge.getsockname()) for _ in range(32)]
        for n, client in enumerate(clients):
            assert client.request("PUT", f"/{n}", b"hello").status == 200
            client.close()


def test_clients_wait_in_a_passed_socket_while_the_service_restarts(activated, config):
    """The socket is the service manager's: connections between two processes are served by the second."""
    with listening() as edge:
        first = activated(config, [edge], names="edge")
        assert put(edge.getsockname(), "/first", b"hello").status == 200
        first.stop()
        waiting = Client(edge.getsockname())
        waiting.send(b"PUT /between HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
        activated(config, [edge], names="edge")
        assert waiting.response().json()["object"] == "between"
        waiting.close()


def test_ignores_sockets_for_another_process(activated, config):
    with listening() as other:
        gateway = activated(config, [other], names="edge", pid="1")
        assert gateway.edge != other.getsockname()
        assert put(gateway.edge, "/x", b"hello").status == 200


def test_refuses_a_socket_that_no_listener_wants(activated, config):
    with listening() as stray:
        with pytest.raises(AssertionError) as told:
            activated(config, [stray], names="egde")
        text = f"127.0.0.1:{stray.getsockname()[1]} (egde)"
        assert "start-failed" in str(told.value) and text in str(told.value) and "no listener" in str(told.value)


@pytest.mark.parametrize("kind", ["datagram", "connected", "file", "missing"])
def test_refuses_what_is_no_listening_socket(activated, config, kind, tmp_path):
    made: list = []
    if kind == "datagram":
        made.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    elif kind == "connected":
        made += socket.socketpair()
    elif kind == "file":
        made.append(open(tmp_path / "file", "w"))
    with pytest.raises(AssertionError, match="no listening stream socket"):
        activated(config, made[:1], names="edge", count=1)
    for thing in made:
        thing.close()


# Files of Unix sockets


def test_removes_the_file_of_its_socket_at_the_end(start, config, tmp_path):
    path = f"{tmp_path}/edge.sock"
    config["listeners"].append({"name": "local", "address": f"unix:{path}", "mode": "0660", "dialect": "plain"})
    gateway = start(config)
    assert put(path, "/x", b"hello").status == 200
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    assert os.listdir(tmp_path).count("edge.sock") == 1 and not [name for name in os.listdir(tmp_path) if "sock." in name]
    gateway.stop()
    assert not os.path.exists(path)


def test_removes_the_file_of_a_listener_that_a_reload_drops(start, config, tmp_path):
    path = f"{tmp_path}/edge.sock"
    config["listeners"].append({"name": "local", "address": f"unix:{path}", "dialect": "plain"})
    gateway = start(config)
    assert os.path.exists(path)
    del config["listeners"][1]
    gateway.write(config)
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_event("reloaded")
    assert not os.path.exists(path)
    gateway.stop()


def test_replaces_the_file_that_a_crash_left(start, config, tmp_path):
    path = f"{tmp_path}/edge.sock"
    config["listeners"].append({"name": "local", "address": f"unix:{path}", "dialect": "plain"})
    gateway = start(config)
    gateway.kill()
    assert os.path.exists(path)
    gateway.start()
    assert put(path, "/x", b"hello").status == 200


def test_leaves_the_file_of_another_process_alone(start, config, tmp_path):
    path = f"{tmp_path}/edge.sock"
    config["listeners"].append({"name": "local", "address": f"unix:{path}", "dialect": "plain"})
    gateway = start(config)
    os.unlink(path)
    with listening(socket.AF_UNIX, path):
        gateway.stop()
        assert os.path.exists(path)


@pytest.mark.parametrize("there", ["alive", "file", "folder"])
def test_refuses_a_path_that_is_somebody_elses(config, tmp_path, there):
    path = f"{tmp_path}/edge.sock"
    config["listeners"] = [{"name": "local", "address": f"unix:{path}", "dialect": "plain"}]
    server = listening(socket.AF_UNIX, path) if there == "alive" else None
    if there == "file":
        open(path, "w").close()
    elif there == "folder":
        os.mkdir(path)
    inode = os.stat(path).st_ino
    gateway = Gateway(config, tmp_path / "gateway")
    with pytest.raises(AssertionError, match=re.escape(f"bind unix:{path}: Address already in use")):
        gateway.start()
    assert gateway.wait() == 69
    assert os.stat(path).st_ino == inode
    if server:
        server.close()
