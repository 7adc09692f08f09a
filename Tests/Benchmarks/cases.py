# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""The measurements. Every number that is compared comes from alternating rounds of the same run."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import time
from dataclasses import dataclass, field

from checks import KIB, MIB
from machine import OUT, PEERS, PROXY, WORK, Failed, Origin, Process
from proxies import Proxy, command, configuration, putback

GIB = 1 << 30


@dataclass(frozen=True)
class Throughput:
    name: str
    size: int
    connections: int = 16


@dataclass(frozen=True)
class Memory:
    """Uploads through a fresh process, and the most memory that it may ever have had."""

    name: str
    size: int
    uploads: int
    bound: int
    is_chunked: bool = False


@dataclass
class Round:
    uploads_per_second: float
    bytes_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_upload: float | None = None
    cpu_s_per_gib: float | None = None
    errors: int = 0


@dataclass
class Series:
    """What one proxy did in one case."""

    proxy: str
    rounds: list[Round] = field(default_factory=list)

    def median(self, name: str) -> float | None:
        values = [value for value in (getattr(a_round, name) for a_round in self.rounds) if value is not None]
        return statistics.median(values) if values else None

    def ratio(self, name: str, base: "Series") -> float | None:
        """The median over the rounds of this value by the base's: machines get slower and faster between rounds."""
        pairs = [(getattr(mine, name), getattr(other, name)) for mine, other in zip(self.rounds, base.rounds)]
        ratios = [mine / other for mine, other in pairs if mine is not None and other]
        return statistics.median(ratios) if ratios else None


@dataclass
class Bound:
    """A value that must stay below another. Only the `strict` ones fail the run: times depend on the neighbours."""

    name: str
    value: float
    below: float
    unit: str
    strict: bool

    @property
    def holds(self) -> bool:
        return self.value < self.below


class Direct:
    """No proxy at all: what load and origin can do on their one processor."""

    name, path = "no proxy", "/object"

    def __init__(self, origin: Origin):
        self.port = origin.port


def load(proxy: Proxy | Direct, size: int, connections: int, *, uploads: int = 0, seconds: float = 0,
         is_chunked: bool = False) -> dict:  # fmt: skip
    """Runs the load generator; its report."""
    process = Process(
        [OUT / "load", proxy.port, proxy.path, connections, size]
        + (["-n", uploads] if uploads else ["-t", seconds])
        + (["-k"] if is_chunked else []),
        PEERS, subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=None, text=True,
    )  # fmt: skip
    try:
        text, _ = process.child.communicate(timeout=600)
    finally:
        process.stop()
    if not text:
        raise Failed(f"{proxy.name}: the load generator ended with {process.child.returncode}")
    report = json.loads(text)
    if report["errors"] and proxy.name.startswith("Putback"):
        raise Failed(f"{proxy.name}: {report['errors']} uploads failed, the first with {report['firstError']}")
    return report


def one_round(proxy: Proxy | Direct, case: Throughput, seconds: float) -> Round:
    is_measured = isinstance(proxy, Proxy)
    before = proxy.cpu_seconds() if is_measured else 0
    report = load(proxy, case.size, case.connections, seconds=seconds)
    used = proxy.cpu_seconds() - before if is_measured else 0
    uploads = max(report["uploads"], 1)
    result = Round(
        report["uploadsPerSecond"], report["bytesPerSecond"], report["p50Microseconds"] / 1e3,
        report["p99Microseconds"] / 1e3, errors=report["errors"],
    )  # fmt: skip
    if is_measured:
        result.cpu_us_per_upload = used / uploads * 1e6
        result.cpu_s_per_gib = used / (uploads * case.size) * GIB
    return result


def throughput(case: Throughput, proxies: list, rounds: int, seconds: float) -> list[Series]:
    """Every proxy in every round, each round beginning with another."""
    series = {proxy.name: Series(proxy.name) for proxy in proxies}
    for proxy in proxies:
        load(proxy, case.size, case.connections, uploads=2 * case.connections)
    for number in range(rounds):
        turn = number % len(proxies)
        for proxy in proxies[turn:] + proxies[:turn]:
            series[proxy.name].rounds.append(one_round(proxy, case, seconds))
    return list(series.values())


def memory(case: Memory, origin: Origin) -> Bound:
    proxy = putback(origin, output=WORK / "memory.log")
    try:
        load(proxy, case.size, case.uploads, uploads=case.uploads, is_chunked=case.is_chunked)
        return Bound(case.name, proxy.memory("VmHWM") / MIB, case.bound / MIB, "MiB", strict=True)
    finally:
        proxy.stop()


def starts(origin: Origin, count: int = 10) -> list[Bound]:
    """Time from the start of the process to its `ready` line, and what is resident then."""
    times, resident = [], []
    arguments = command(configuration(origin.port))
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
        Bound("idle, after start", max(resident), 24, "MiB", strict=True),
        Bound(f"start to ready, median of {count}", statistics.median(times), 200, "ms", strict=False),
    ]


CASES = [
    Throughput("1 KiB × 16", KIB),
    Throughput("64 KiB × 16", 64 * KIB),
    Throughput("1 MiB × 16", MIB),
    Throughput("64 MiB × 16", 64 * MIB),
]


def memory_cases(is_quick: bool) -> list[Memory]:
    one = GIB if is_quick else 5 * GIB
    return [
        Memory(f"peak, one body of {one // GIB} GiB", one, 1, 64 * MIB),
        Memory("peak, one body of 1 GiB in chunks", GIB, 1, 64 * MIB, is_chunked=True),
        Memory("peak, 16 bodies of 256 MiB at once", 256 * MIB, 16, 96 * MIB),
    ]
