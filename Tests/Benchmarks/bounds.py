# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""What Putback must never exceed, whatever its peers do: memory, and how long it takes to start; and its rest."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass

from cases import FULL, GIB, KIB, MIB, PARTS, Case, Row
from checks import put
from machine import PROXY, WORK, Failed, Origin, Process
from measure import Target, load, started
from peers import Peers
from proxies import Wish, command, configuration, putback


@dataclass
class Bound:
    """A value that must stay below another. Only the `strict` ones fail the run: times depend on the neighbours."""

    name: str
    value: float
    below: float
    unit: str
    strict: bool = True

    @property
    def holds(self) -> bool:
        return self.value < self.below


@dataclass(frozen=True)
class Memory:
    """Uploads through a fresh process, and the most memory that it may ever have had."""

    name: str
    size: int
    uploads: int
    bound: int
    is_chunked: bool = False
    row: Row = FULL


def memory_cases(is_quick: bool) -> list[Memory]:
    one = GIB if is_quick else 5 * GIB
    long = GIB if is_quick else 20 * GIB
    return [
        Memory(f"peak, one body of {one // GIB} GiB", one, 1, 64 * MIB),
        Memory("peak, one body of 1 GiB in chunks", GIB, 1, 64 * MIB, is_chunked=True),
        # To US3: at most three parts of 4 MiB are held, however long the body is.
        Memory(f"peak, one body of {long // GIB} GiB in parts", long, 1, 128 * MIB, is_chunked=True, row=PARTS),
        Memory("peak, 16 bodies of 256 MiB at once", 256 * MIB, 16, 96 * MIB),
    ]


def memory(case: Memory, peers: Peers) -> Bound:
    with ExitStack() as stack:
        origin = started(stack, Origin())
        target = Target(case.row, Case("", case.name, case.size, case.uploads, (case.row,)), peers, origin, stack)
        load(target, case.uploads, case.size, "-n", case.uploads, *(["-k"] if case.is_chunked else []))
        return Bound(case.name, target.proxy.memory("VmHWM") / MIB, case.bound / MIB, "MiB")


def starts(count: int = 10) -> list[Bound]:
    """Time from the start of the process to its `ready` line, and what is resident then."""
    times, resident = [], []
    with ExitStack() as stack:
        arguments = command(configuration(started(stack, Origin())))
        for _ in range(count):
            began = time.monotonic()
            process = Process(arguments, PROXY, subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                lines = []
                while not re.search(r'"event":"ready"', line := process.child.stderr.readline()):
                    lines.append(line)
                    if not line:
                        raise Failed("Putback does not start:\n" + "".join(lines))
                times.append((time.monotonic() - began) * 1e3)
                resident.append(process.memory("VmRSS") / MIB)
            finally:
                process.stop()
    return [
        Bound("idle, after start", max(resident), 24, "MiB"),
        Bound(f"start to ready, median of {count}", statistics.median(times), 200, "ms", strict=False),
    ]


def wakeups(seconds: float) -> int:
    """How often an idle process wakes up in so long, after it has served an upload."""
    with ExitStack() as stack:
        origin = started(stack, Origin())
        proxy = started(stack, putback("Putback", Wish(), origin, output=WORK / "idle.log"))
        put(proxy, FULL.path, bytes(KIB))
        time.sleep(2)
        before = proxy.wakeups()
        time.sleep(seconds)
        return proxy.wakeups() - before


def all_bounds(peers: Peers, is_quick: bool) -> list[Bound]:
    found = [memory(case, peers) for case in memory_cases(is_quick)] + starts()
    seconds = 3 if is_quick else 20
    return found + [Bound(f"wake-ups of an idle process in {seconds} s", wakeups(seconds), 1, "", strict=False)]
