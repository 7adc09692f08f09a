"""What thousands of slow clients cost the honest ones: processor time, which bounds the rate of a busy process."""

from __future__ import annotations

import json
import os
import resource
import tempfile
import time
from pathlib import Path

import costs
import pytest
from costs import Putback, load, until
from support import configs, sdks
from support.slow import SlowClients
from support.wire import put

KIB, MIB = 1 << 10, 1 << 20
COUNT = 5000
UPLOADS = 4000


@pytest.fixture
def shelf():
    """A directory in memory: what a file system on a disk does for a new file depends on what was deleted before."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as path:
        yield Path(path)


@pytest.fixture
def putback(origin, tmp_path, shelf):
    """Honest uploads go to the store; what the slow ones send and read is in a directory."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * COUNT + 1000:
        pytest.skip(f"needs {2 * COUNT + 1000} descriptors, and the hard limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    config = costs.configuration(origin.port)
    # Room for all of them: who comes when there is none is told so at once, honest or not.
    config["limits"] = {"buffers": "2GiB"}
    config["stores"]["shelf"] = configs.directory_store(shelf / "objects", bucket="uploads")
    plain, *others = config["routes"]
    slow = {"name": "slow", "match": {"path": "/slow/**", "listener": "edge"}, "store": "shelf"}
    # Clients of the SDK read from the directory.
    config["routes"] = [plain, slow, *({**route, "store": "shelf"} if route["name"] == "sdk" else route for route in others)]
    running = Putback(config, tmp_path / "run")
    yield running
    running.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def processor_seconds(putback: Putback) -> float:
    """Of all threads, in user mode and in the kernel."""
    tasks = Path(f"/proc/{putback.child.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def cost(putback: Putback) -> float:
    """Of one honest upload. The least of three rounds: what neighbours do to the caches and clock can only add to it."""
    rounds = []
    for _ in range(3):
        before = processor_seconds(putback)
        load("plain", 64 * KIB, connections=16)(putback, UPLOADS)
        rounds.append((processor_seconds(putback) - before) / UPLOADS)
    return min(rounds)


def has_settled(putback: Putback) -> bool:
    """Whether it is busy with little more than the bytes that trickle in: some hundredths of a processor."""
    before = processor_seconds(putback)
    time.sleep(1)
    return processor_seconds(putback) - before < 0.15


def test_honest_uploads_keep_half_of_their_rate(putback, judge):
    assert put(putback.address("edge"), "/slow/large", bytes(4 * MIB)).status == 200
    host, port = putback.address("sdk")
    endpoint = f"http://{host}:{port}"
    target = sdks.client("oss2-v4", endpoint).presign("GET", "slow/large").removeprefix(endpoint)
    cost(putback)
    calm = cost(putback)
    before = processor_seconds(putback)
    slow = SlowClients(
        putback.address("edge"), (host, port), f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode(), COUNT
    )
    try:
        # What their arrival costs, once, is not what they cost from then on.
        until(lambda: has_settled(putback), "an end of their arrival")
        arrival = (processor_seconds(putback) - before) / COUNT
        trickled = slow.trickled
        attacked = cost(putback)
        until(lambda: slow.trickled > trickled, "slow clients that are still there")
    finally:
        slow.stop()
    ready = next(json.loads(line) for line in putback.log.read_text().splitlines() if '"event":"ready"' in line)
    assert putback.status("VmHWM") * KIB < ready["memoryBound"]
    judge.check(
        "upload 64 KiB among 5000 slow clients: processor time, times that without them",
        attacked / calm,
        "perf top -p of the process while Tests/EndToEnd/test_slow_clients.py runs",
    )
    judge.check(
        "arrival of a slow client: processor time, times that of an upload of 64 KiB",
        arrival / calm,
        "perf record -g -e cpu-clock -p of the process while Tests/EndToEnd/test_slow_clients.py starts",
    )
