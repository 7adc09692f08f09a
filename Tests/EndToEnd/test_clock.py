"""The wall clock jumps while uploads are under way: by a day, in both directions, as a machine does that was wrong."""

from __future__ import annotations

import datetime
import mmap
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

from support import configs, sdks
from support.peers import Gate
from support.wire import SCALE, Client, put

DAY = 24 * 3600
SOURCE = Path(__file__).parent / "support/clock.c"
pytestmark = pytest.mark.skipif(SCALE > 1, reason="sanitizers want to be loaded first")


class Clock:
    """The clock of a process that is started with `environment`."""

    def __init__(self, folder: Path, library: Path):
        file = folder / "shift"
        file.write_bytes(bytes(8))
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_SHIFT": str(file)}

    def jump(self, seconds: int) -> None:
        self._memory[:8] = struct.pack("=q", seconds)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Where there is a Swift toolchain there is a clang."""
    compiler = shutil.which("cc") or shutil.which("clang")
    made = tmp_path_factory.mktemp("clock") / "clock.so"
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", made, SOURCE], check=True)
    return made


@pytest.fixture
def clock(library, tmp_path):
    return Clock(tmp_path, library)


def signed_at(request) -> float:
    text = request.header("x-oss-date")
    return datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()


def near(seconds: float, shift: int) -> bool:
    return abs(seconds - time.time() - shift) < 600


jumps = pytest.mark.parametrize("shift", [DAY, -DAY], ids=["forward", "back"])


@jumps
def test_finishes_what_is_under_way(start, peers, clock, shift):
    """Half a body, a store that thinks, an app that thinks: no deadline goes by the wall clock."""
    store = peers.store()
    app_gate = Gate(lambda _: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    store_gate = Gate(lambda request: store.success(request.body))
    app = peers.app(app_gate)
    callback = configs.policy(app.port, by="putback", timeout="60s")
    gateway = start(configs.edge(configs.oss_store(store.port), callback=callback), environment=clock.environment)
    idle = Client(gateway.edge)
    assert idle.request("OPTIONS", "/x").status < 500
    with Client(gateway.edge) as sending, Client(gateway.edge) as called, Client(gateway.edge) as waiting:
        called.send(b"PUT /called HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
        app.wait_for_complete(1)
        store.script = [store_gate]
        waiting.send(b"PUT /waiting HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
        store.wait_for_complete(2)
        sending.send(b"PUT /sending HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + bytes(100_000))
        store.wait_for_requests(3)
        clock.jump(shift)
        assert put(gateway.edge, "/after", b"hello").status == 200
        sending.send(bytes(100_000))
        assert sending.response().status == 200
        store_gate.open()
        assert waiting.response().status == 200
        app_gate.open()
        assert called.response().status == 200
    assert idle.request("PUT", "/idle", b"hello").status == 200, "an idle connection is not a day old"
    idle.close()
    assert len(store.complete) == len(app.complete) == 5


@jumps
def test_signs_and_logs_by_the_new_time(start, peers, clock, shift):
    store = peers.store()
    gateway = start(configs.edge(configs.oss_store(store.port)), environment=clock.environment)
    assert put(gateway.edge, "/before", b"hello").status == 200
    clock.jump(shift)
    assert put(gateway.edge, "/after", b"hello").status == 200
    before, after = store.complete
    assert near(signed_at(before), 0) and near(signed_at(after), shift)
    lines = gateway.wait_for_uploads(2)
    times = [datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp() for line in lines]
    assert near(times[0], 0) and near(times[1], shift)


@jumps
def test_judges_clients_by_the_new_time(start, tmp_path, clock, shift):
    """A clock that is wrong refuses everybody; once it is right again, everybody is let in."""
    gateway = start(configs.sdk(tmp_path / "objects"), environment=clock.environment)
    client = sdks.client("oss2-v4", gateway.endpoint)
    clock.jump(shift)
    refused = client.put("x", b"hello")
    assert (refused.status, refused.code) == (403, "RequestTimeTooSkewed")
    clock.jump(0)
    assert client.put("x", b"hello").status == 200
    assert client.get("x") == b"hello"
