"""What an idle process does, and how much memory a busy one takes."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import costs
import pytest
from costs import Putback, load, until
from support.wire import Client

MIB = 1 << 20


@pytest.fixture
def putback(origin, tmp_path):
    running = Putback(costs.configuration(origin.port), tmp_path)
    yield running
    running.stop()


def wakeups(putback: Putback) -> int:
    """How often the threads of the process went off a processor so far, whoever wanted it."""
    total = 0
    for task in Path(f"/proc/{putback.child.pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if "ctxt_switches:" in line:
                total += int(line.split()[1])
    return total


@pytest.mark.parametrize("connections", [0, 200])
def test_an_idle_process_sleeps(putback, connections):
    with contextlib.ExitStack() as stack:
        started = wakeups(putback)
        for _ in range(connections):
            client = stack.enter_context(Client(putback.address("edge")))
            assert client.request("PUT", "/plain/object", bytes(1024)).status == 200
        assert wakeups(putback) - started >= connections, "what is counted does not count"

        def is_quiet() -> bool:
            before = wakeups(putback)
            time.sleep(0.5)
            return wakeups(putback) == before

        # The last line of the log is still on its way.
        until(is_quiet, "an end of the work before")
        before = wakeups(putback)
        time.sleep(3)
        assert wakeups(putback) - before == 0


def test_memory_of_eight_big_uploads(putback, judge):
    load("plain", 256 * MIB, connections=8)(putback, 8)
    judge.check(
        "8 uploads of 256 MiB at once: resident MiB",
        putback.status("VmHWM") / 1024,
        "valgrind --tool=massif --pages-as-heap=yes .build/release/putback serve ... under the same load",
    )
