"""The life of the process: reload, drain, sudden death, full disks, no descriptors."""

from __future__ import annotations

import signal
import subprocess

import pytest

from support import configs, sdks
from support.peers import Gate, answer
from support.wire import SCALE, Client, Closed, eventually, put

BODY = b"x" * 100_000
HEAD = b"PUT /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture
def store(peers):
    return peers.store()


def begin(gateway, store, name: bytes = b"x") -> Client:
    """An upload that has reached the store and is half done."""
    seen = len(store.requests)
    client = Client(gateway.edge)
    client.send(HEAD % name + BODY[:50_000])
    store.wait_for_requests(seen + 1)
    return client


def accepts(gateway) -> bool:
    try:
        with Client(gateway.edge):
            return True
    except OSError:
        return False


def ready(gateway) -> int:
    with Client(gateway.admin) as client:
        return client.request("GET", "/readyz").status


# SIGHUP


def test_reloads_a_good_config_in_the_middle_of_an_upload(start, store):
    config = configs.edge(configs.oss_store(store.port))
    gateway = start(config)
    with begin(gateway, store, b"during") as client:
        config["routes"][0]["key"] = "new/${path}"
        gateway.write(config)
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_event("reloaded")
        assert put(gateway.edge, "/after", b"hello").json()["object"] == "new/after"
        client.send(BODY[50_000:])
        assert client.response().json()["object"] == "during", "an upload keeps the settings that it began with"
        assert client.request("PUT", "/next", b"hello").json()["object"] == "new/next"
    assert sorted(request.target for request in store.complete) == ["/media/during", "/media/new/after", "/media/new/next"]
    assert sorted(len(request.body) for request in store.complete) == [5, 5, len(BODY)]


@pytest.mark.parametrize("wrong", ["version: 2\n", "{", "version: 1\nlistenrs: []\n", ""])
def test_keeps_the_old_config_when_the_new_one_is_bad(start, store, wrong):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    with begin(gateway, store) as client:
        gateway.write(wrong)
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_event("reload-failed")
        problems = gateway.wait_for_event("config-problem")
        assert all("putback.yaml:" in event["problem"] for event in problems), "the log says where the error is"
        client.send(BODY[50_000:])
        assert client.response().status == 200
    assert put(gateway.edge, "/after", b"hello").json()["object"] == "after"
    assert ready(gateway) == 200


def test_reloads_many_times_under_load(start, store):
    config = configs.edge(configs.oss_store(store.port))
    gateway = start(config)
    with Client(gateway.edge) as client:
        for n in range(20):
            gateway.signal(signal.SIGHUP)
            assert client.request("PUT", f"/{n}", b"hello").status == 200
            gateway.wait_for_event("reloaded", n + 1)
    assert len(store.complete) == 20


def test_takes_up_rotated_secrets_in_the_middle_of_an_upload(start, store, tmp_path):
    """Both kinds: what clients show, and what the store is signed to with."""
    token, key = tmp_path / "token", tmp_path / "key-id"
    token.write_text("old-token\n")
    key.write_text("OLDKEY\n")
    config = configs.edge(configs.oss_store(store.port), clients={"uploaders": {"bearer": [f"file:{token}"]}})
    config["listeners"][0]["clients"] = "uploaders"
    config["stores"]["target"]["credentials"]["id"] = f"file:{key}"
    gateway = start(config)

    def upload(path: str, secret: str) -> int:
        with Client(gateway.edge) as client:
            return client.request("PUT", path, b"hello", {"Authorization": f"Bearer {secret}"}).status

    with Client(gateway.edge) as client:
        client.send(b"PUT /begun HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer old-token\r\n")
        client.send(b"Content-Length: 100000\r\n\r\n" + BODY[:50_000])
        store.wait_for_requests(1)
        token.write_text("new-token\n")
        key.write_text("NEWKEY\n")
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_event("reloaded")
        assert upload("/old", "old-token") == 401
        assert upload("/new", "new-token") == 200
        client.send(BODY[50_000:])
        assert client.response().status == 200
    signed_with = {request.target: request.header("Authorization") for request in store.complete}
    assert "OLDKEY/" in signed_with["/media/begun"] and "NEWKEY/" in signed_with["/media/new"]
    assert sorted(signed_with) == ["/media/begun", "/media/new"]


# SIGTERM


def test_finishes_the_upload_after_sigterm(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    idle = Client(gateway.edge)
    with begin(gateway, store) as client:
        gateway.signal(signal.SIGTERM)
        assert not eventually(lambda: accepts(gateway), lambda open: not open), "the listener is still open"
        assert idle.is_closed(), "idle connections have nothing to finish"
        client.send(BODY[50_000:])
        told = client.response()
        assert told.status == 200
        assert (told.header("Connection") or "").lower() == "close"
        assert client.is_closed()
    idle.close()
    assert gateway.wait() == 0
    assert store.complete[0].body == BODY


def test_finishes_the_callback_after_sigterm(start, store, peers):
    gate = Gate(lambda _: answer(200, b'{"late":1}', ("Content-Type", "application/json")))
    app = peers.app(gate)
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
        app.wait_for_complete(1)
        gateway.signal(signal.SIGTERM)
        assert not eventually(lambda: accepts(gateway), lambda open: not open)
        gate.open()
        assert client.response().body == b'{"late":1}'
    assert gateway.wait() == 0
    assert len(app.requests) == 1


def test_says_that_it_is_not_ready_while_it_drains(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    assert ready(gateway) == 200
    with begin(gateway, store) as client:
        gateway.signal(signal.SIGTERM)
        assert eventually(lambda: ready(gateway), lambda status: status == 503) == 503
        with Client(gateway.admin) as admin:
            assert admin.request("GET", "/healthz").status == 200, "alive all the same"
        client.send(BODY[50_000:])
        assert client.response().status == 200
    assert gateway.wait() == 0


def test_aborts_what_is_left_when_the_time_to_drain_is_over(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port), timeouts={"drain": "300ms"}))
    with begin(gateway, store) as client:
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == 0
        while client.fill():
            pass
        if client.buffer:
            told = client.response()
            assert told.status == 503
            assert told.json()["stored"] is False
    assert store.wait_for_idle()
    assert store.complete == []


def test_exits_at_once_after_a_second_sigterm(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    with begin(gateway, store) as client:
        gateway.signal(signal.SIGTERM)
        assert not eventually(lambda: accepts(gateway), lambda open: not open)
        gateway.signal(signal.SIGTERM)
        gateway.wait()  # well before the 30 s of the drain, by the deadline of the wait
        assert client.socket.fileno() >= 0
    assert store.wait_for_idle()
    assert store.complete == []


def test_ends_at_once_when_nothing_is_to_be_finished(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    gateway.signal(signal.SIGINT)
    assert gateway.wait() == 0


def test_waits_a_moment_only_for_a_head_that_stalls(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: loc")
        with Client(gateway.edge) as other:
            assert other.request("PUT", "/y", b"hello").status == 200, "the head before it has arrived by now"
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(8) == 0, "less than the time for a head, far less than the time to drain"


def test_serves_who_has_connected_before_sigterm(start, store):
    """Connections in the listener's queue: closing it alone would reset them."""
    gateway = start(configs.edge(configs.oss_store(store.port), workers=1))
    gateway.signal(signal.SIGSTOP)
    clients = [Client(gateway.edge) for _ in range(100)]
    for n, client in enumerate(clients):
        client.send(b"PUT /%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello" % n)
    gateway.signal(signal.SIGTERM)
    gateway.signal(signal.SIGCONT)
    for client in clients:
        told = client.response()
        assert told.status == 200
        assert client.is_closed()
        client.close()
    assert gateway.wait() == 0
    assert len(store.complete) == 100


def test_serves_the_request_that_has_arrived_on_a_kept_connection(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port), workers=1))
    for _ in range(10):
        with Client(gateway.edge) as client:
            assert client.request("PUT", "/first", b"hello").status == 200
            # Both stand still while the request and the signal arrive, so the process finds both at once.
            gateway.signal(signal.SIGSTOP)
            client.send(b"PUT /second HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
            gateway.signal(signal.SIGTERM)
            gateway.signal(signal.SIGCONT)
            told = client.response()
            assert (told.status, told.json()["object"]) == (200, "second")
            assert client.is_closed()
        assert gateway.wait() == 0
        gateway.start()


# SIGKILL and the directory store


def directory(tmp_path):
    config = configs.sdk(tmp_path / "objects")
    config["listeners"].append({"name": "edge", "address": "127.0.0.1:0", "dialect": "plain"})
    config["stores"]["shelf"]["bucket"] = "uploads"
    return config


def test_has_no_half_object_and_every_finished_one_after_sigkill(start, tmp_path):
    gateway = start(directory(tmp_path))
    for n in range(20):
        assert put(gateway.edge, f"/done/{n}", b"body %d" % n).status == 200
    clients = [Client(gateway.edge) for _ in range(5)]
    for n, client in enumerate(clients):
        client.send(HEAD % b"half/%d" % n + BODY[:90_000])
    assert put(gateway.edge, "/done/last", BODY).status == 200
    gateway.kill()
    for client in clients:
        client.close()

    gateway.start()
    client = sdks.client("oss2-v4", gateway.endpoint)
    for n in range(20):
        assert client.get(f"done/{n}") == b"body %d" % n
    assert client.get("done/last") == BODY
    for n in range(5):
        assert not client.exists(f"half/{n}")
    left = [file for file in (tmp_path / "objects").rglob("*") if file.is_file() and file.stat().st_size >= 90_000]
    assert [file.name.removeprefix("=") for file in left] == ["last"], "a half upload lies around after the restart"


def test_leaves_nothing_behind_of_an_upload_that_was_broken_off(start, tmp_path):
    gateway = start(directory(tmp_path))
    assert put(gateway.edge, "/whole", b"hello").status == 200

    def files() -> list[str]:
        return sorted(str(file) for file in (tmp_path / "objects").rglob("*") if file.is_file())

    before = files()
    for _ in range(5):
        client = Client(gateway.edge)
        client.send(HEAD % b"half" + BODY[:90_000])
        client.reset()
    assert eventually(files, lambda now: now == before) == before


def test_keeps_the_old_object_when_the_new_one_is_broken_off(start, tmp_path):
    gateway = start(directory(tmp_path))
    assert put(gateway.edge, "/x", b"old").status == 200
    client = Client(gateway.edge)
    client.send(HEAD % b"x" + BODY[:90_000])
    client.reset()
    reader = sdks.client("oss2-v4", gateway.endpoint)
    assert reader.get("x") == b"old"


# Limits of the machine


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_survives_a_full_disk(small_disk, start, tmp_path):
    config = directory(tmp_path)
    config["stores"]["shelf"]["path"] = str(small_disk)
    gateway = start(config)
    told = put(gateway.edge, "/big", b"x" * (2 << 20))
    assert told.status in (500, 502, 503, 507)
    assert told.json()["stored"] is False
    client = sdks.client("oss2-v4", gateway.endpoint)
    assert not client.exists("big")
    assert put(gateway.edge, "/small", b"hello").status == 200, "the room of the failed upload is free again"
    assert client.get("small") == b"hello"
    refused = client.put("big", b"x" * (2 << 20))
    assert refused.status >= 400


@pytest.mark.skipif(SCALE > 1, reason="sanitizers reserve more memory than any limit that would tell")
def test_works_within_a_limit_of_memory(start, tmp_path):
    """As in a container: far less than the bodies that pass."""
    config = directory(tmp_path)
    gateway = start({**config, "workers": 1}, memory=256 << 20)
    block = b"x" * (1 << 20)
    with Client(gateway.edge) as client:
        client.send(b"PUT /big HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (384 << 20))
        for _ in range(384):
            client.send(block)
        assert client.response().status == 200


def test_survives_the_limit_of_descriptors(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port), timeouts={"head": "60s"}), descriptors=64)
    clients = [Client(gateway.edge) for _ in range(200)]
    for client in clients:
        client.close()
    for n in range(3):
        assert put(gateway.edge, f"/{n}", b"hello").status == 200


def test_refuses_an_upload_while_there_is_no_descriptor_for_the_store(start, store):
    def closes(peer, stream, request):
        peer.read(stream, request)
        stream.send(peer.success(request.body, b"", ("Connection", "close")))
        raise Closed()

    store.script = [closes]
    gateway = start(configs.edge(configs.oss_store(store.port), timeouts={"head": "60s"}), descriptors=48)
    first = Client(gateway.edge)
    # Its connection is accepted, and none to the store is left over.
    assert first.request("PUT", "/before", b"hello").status == 200
    others = [Client(gateway.edge) for _ in range(100)]
    told = first.request("PUT", "/x", b"hello")
    assert told.status in (200, 502, 503)
    assert (told.status == 200) == (len(store.complete) == 2)
    first.close()
    for client in others:
        client.close()
    assert put(gateway.edge, "/after", b"hello").status == 200
