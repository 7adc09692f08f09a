# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""Rounds. Every number that is compared comes from alternating rounds of the same run."""

from __future__ import annotations

import copy
import json
import statistics
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeVar

import certificates
from cases import GIB, KIB, MIB, Case, Row
from machine import OUT, PEERS, Failed, Origin, Process
from peers import Peers
from proxies import Proxy, Wish, putback

Kind = TypeVar("Kind", bound=Process)


@dataclass
class Round:
    uploads_per_second: float
    bytes_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_upload: float | None = None
    cpu_s_per_gib: float | None = None
    peak_mib: float | None = None
    errors: int = 0


@dataclass
class Series:
    """What one proxy did in one case."""

    row: Row
    rounds: list[Round] = field(default_factory=list)
    # What was resident before the first round, after some uploads and with the idle connections open.
    resident_mib: float | None = None

    def values(self, name: str) -> list[float]:
        return [value for value in (getattr(a_round, name) for a_round in self.rounds) if value is not None]

    def median(self, name: str) -> float | None:
        values = self.values(name)
        return statistics.median(values) if values else None

    def pairs(self, name: str, base: "Series") -> list[tuple[float, float]]:
        found = [(getattr(mine, name), getattr(other, name)) for mine, other in zip(self.rounds, base.rounds)]
        return [(mine, other) for mine, other in found if mine is not None and other]

    def ratio(self, name: str, base: "Series") -> float | None:
        """The median over the rounds of this value by the base's: machines get slower and faster between rounds."""
        ratios = [mine / other for mine, other in self.pairs(name, base)]
        return statistics.median(ratios) if ratios else None

    def difference(self, name: str, base: "Series") -> float | None:
        differences = [mine - other for mine, other in self.pairs(name, base)]
        return statistics.median(differences) if differences else None


class Target:
    """Where load sends a row's uploads to: a proxy, or the origin itself."""

    def __init__(self, row: Row, case: Case, peers: Peers, origin: Origin, stack: ExitStack):
        wish = Wish(case.is_tls, row.workers, case.connections, row.idle)
        self.row, self.proxy = row, None
        if row.kind == "direct":
            server = origin if origin.is_tls == (case.is_tls or case.is_store_tls) else tls_origin(stack)
        elif row.kind == "putback":
            server = self.proxy = started(stack, putback(row.name, wish, origin))
        else:
            server = self.proxy = started(stack, peers.start(row.kind, row.name, wish, origin))
        self.port, self.is_tls = server.port, server.is_tls

    def like(self, row: Row) -> "Target":
        """The same proxy for another row."""
        twin = copy.copy(self)
        twin.row = row
        return twin

    @property
    def options(self) -> list:
        fields = [option for line in self.row.fields for option in ("-H", line)]
        return fields + (["-s", certificates.folder() / "ca.pem"] if self.is_tls else [])


def started(stack: ExitStack, process: Kind) -> Kind:
    stack.callback(process.stop)
    return process


def tls_origin(stack: ExitStack, *options) -> Origin:
    return started(stack, Origin(*options, pem=certificates.folder() / "edge-both.pem"))


def load_command(target: Target, connections: int, size: int, *options) -> list:
    return [OUT / "load", target.port, target.row.path, connections, size, *target.options, *options]


def start_load(target: Target, connections: int, size: int, *options, **more) -> Process:
    return Process(
        load_command(target, connections, size, *options), PEERS, subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=None, text=True, **more,
    )  # fmt: skip


def report_of(process: Process, target: Target) -> dict:
    """Waits for the load generator's report."""
    try:
        text, _ = process.child.communicate(timeout=600)
    finally:
        process.stop()
    return checked(text, target, process)


def checked(text: str, target: Target, process: Process) -> dict:
    if not text:
        raise Failed(f"{target.row.name}: the load generator ended with {process.child.poll()}")
    report = json.loads(text)
    if report["errors"] and target.row.kind == "putback":
        raise Failed(f"{target.row.name}: {report['errors']} uploads failed, the first with {report['firstError']}")
    return report


def load(target: Target, connections: int, size: int, *options) -> dict:
    return report_of(start_load(target, connections, size, *options), target)


def hold(stack: ExitStack, target: Target) -> Process:
    """Opens the row's idle connections: each has made one upload."""
    holder = start_load(target, target.row.idle, 1024, "-i", stdin=subprocess.PIPE)
    stack.callback(holder.stop)
    checked(holder.child.stdout.readline(), target, holder)
    return holder


def let_go(holder: Process, target: Target) -> None:
    """Closes them, and makes sure that they were open to the end."""
    text, _ = holder.child.communicate(timeout=60)
    if closed := json.loads(text)["closed"]:
        raise Failed(f"{target.row.name}: {closed} of {target.row.idle} idle connections were closed meanwhile")


def options_of(case: Case, seconds: float) -> list:
    amount = ["-n", case.uploads] if case.uploads else ["-t", seconds]
    pace = ["-r", case.rate, "-p", 1000] if case.rate else []
    return amount + pace + (["-f"] if case.is_form else [])


def round_from(report: dict, size: int, proxy: Proxy | None = None, used: float = 0) -> Round:
    """`used` is the time that the proxy was on a processor."""
    uploads = max(report["uploads"] + report["others"], 1)
    result = Round(
        report["uploadsPerSecond"], report["bytesPerSecond"], report["p50Microseconds"] / 1e3,
        report["p99Microseconds"] / 1e3, errors=report["errors"],
    )  # fmt: skip
    if proxy:
        result.cpu_us_per_upload = used / uploads * 1e6
        result.cpu_s_per_gib = used / (uploads * size) * GIB
        result.peak_mib = proxy.memory("VmHWM") / MIB
    return result


def one_round(target: Target, case: Case, seconds: float) -> Round:
    proxy = target.proxy
    if proxy:
        proxy.forget_peak()
    before = proxy.cpu_seconds() if proxy else 0
    report = load(target, case.connections, case.size, *options_of(case, seconds))
    return round_from(report, case.size, proxy, proxy.cpu_seconds() - before if proxy else 0)


def warm_up(target: Target, case: Case) -> None:
    # Paced uploads are to show how much memory they need: before them only as much as brings the code in.
    connections, size = (16, 64 * KIB) if case.rate else (min(case.connections, 64), min(case.size, MIB))
    load(target, connections, size, "-n", 2 * connections, *(["-f"] if case.is_form else []))


def measure(case: Case, rows: tuple[Row, ...], peers: Peers, rounds: int, seconds: float) -> list[Series]:
    """Every proxy in every round, each round beginning with another."""
    with ExitStack() as stack:
        delay = ["-w", case.delay] if case.delay else []
        origin = tls_origin(stack, *delay) if case.is_store_tls else started(stack, Origin(*delay))
        targets = [Target(row, case, peers, origin, stack) for row in rows]
        series = {target.row.name: Series(target.row) for target in targets}
        holders = []
        for target in targets:
            warm_up(target, case)
            if target.row.idle:
                holders.append((hold(stack, target), target))
            if target.proxy:
                series[target.row.name].resident_mib = target.proxy.memory("VmRSS") / MIB
        for number in range(case.rounds or rounds):
            turn = number % len(targets)
            for target in targets[turn:] + targets[:turn]:
                series[target.row.name].rounds.append(one_round(target, case, seconds))
        for holder, target in holders:
            let_go(holder, target)
        return list(series.values())
