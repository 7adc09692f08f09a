"""Five thousand slow clients hold what they can, while honest ones upload."""

from __future__ import annotations

import resource
import threading

import pytest

from support import configs, sdks
from support.slow import SlowClients
from support.wire import Client, SCALE, eventually, put

COUNT = 5000 if SCALE == 1 else 1500
HONEST = 16
ROUNDS = 25
# Descriptors of the gateway: connections, and the files of those that send and read.
DESCRIPTORS = 2 * COUNT + 1000


@pytest.fixture
def descriptors():
    """Enough of them for this process, and for the gateway, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < DESCRIPTORS:
        pytest.skip(f"needs {DESCRIPTORS} descriptors, and the hard limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def gateway(descriptors, start, tmp_path):
    config = configs.sdk(
        tmp_path / "objects",
        # As many as attack must not lack room: who comes when there is none is told so at once, honest or not.
        limits={"buffers": "2GiB"},
        timeouts={"head": "60s"},
    )
    config["listeners"].append({"name": "edge", "address": "127.0.0.1:0", "dialect": "plain"})
    config["stores"]["shelf"]["bucket"] = "uploads"
    return start(config)


def honest(gateway, number: int, told: list[int]) -> None:
    body = bytes([number]) * 64_000
    with Client(gateway.edge) as client:
        for n in range(ROUNDS):
            told.append(client.request("PUT", f"/honest/{number}-{n}", body).status)


def test_honest_uploads_succeed_among_slow_clients(gateway):
    assert put(gateway.edge, "/large", bytes(4 << 20)).status == 200
    target = sdks.client("oss2-v4", gateway.endpoint).presign("GET", "large").removeprefix(gateway.endpoint)
    request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    slow = SlowClients(gateway.edge, gateway.sdk, request, COUNT)
    told: list[int] = []
    threads = [threading.Thread(target=honest, args=(gateway, number, told)) for number in range(HONEST)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    peak = gateway.peak_memory()
    trickled = eventually(lambda: slow.trickled, lambda count: count > COUNT)
    slow.stop()
    assert told == [200] * (HONEST * ROUNDS)
    assert trickled > COUNT, "the slow ones were cut off before the honest ones came"
    assert peak < gateway.wait_for_event("ready")[0]["memoryBound"]
    client = sdks.client("oss2-v4", gateway.endpoint)
    for number in range(HONEST):
        assert client.get(f"honest/{number}-{ROUNDS - 1}") == bytes([number]) * 64_000
