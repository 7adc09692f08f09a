# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""What Putback wants to reach beside its peers, and whether it did in this run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator

from bounds import Bound
from cases import KIB, Case, thousands
from measure import Series

Results = list[tuple[Case, list[Series]]]

SPEED, CPU, CPU_GIB, PEAK = "uploads_per_second", "cpu_us_per_upload", "cpu_s_per_gib", "peak_mib"


@dataclass
class Verdict:
    """A target and what was measured. At least or at most `wanted`, both in the unit of the name."""

    name: str
    measured: float
    wanted: float
    is_least: bool
    tolerance: float = 0  # where it is neither: `wanted` ± this

    @property
    def holds(self) -> bool:
        if self.tolerance:
            return abs(self.measured - self.wanted) <= self.tolerance
        return self.measured >= self.wanted if self.is_least else self.measured <= self.wanted

    @property
    def condition(self) -> str:
        if self.tolerance:
            return f"{self.wanted:g} ± {self.tolerance:g}"
        return f"{'≥' if self.is_least else '≤'} {self.wanted:g}"


class Looked:
    """One case's series by name; None where they were not measured."""

    def __init__(self, case: Case, series: list[Series]):
        self.case = case
        self.by_name = {one.row.name: one for one in series}

    def ratio(self, field: str, row: str, *bases: str) -> float | None:
        """The row's value by that of the base that makes it look worst: the best of the peers."""
        found = [self.by_name[row].ratio(field, self.by_name[base]) for base in bases if base in self.by_name]
        found = [value for value in found if row in self.by_name and value is not None]
        if not found:
            return None
        return min(found) if field == SPEED else max(found)

    def at_least(self, what: str, row: str, base: str, factor: float) -> Iterator[Verdict]:
        value = self.ratio(SPEED, row, base)
        if value is not None:
            yield Verdict(f"{self.case.title}: {row}, {what} × {base}", value, factor, True)

    def at_most(self, field: str, what: str, row: str, bases: list[str], factor: float) -> Iterator[Verdict]:
        value = self.ratio(field, row, *bases)
        if value is not None:
            there = [base for base in bases if base in self.by_name]
            named = there[0] if len(there) == 1 else "the better of both"
            yield Verdict(f"{self.case.title}: {row}, {what} × {named}", value, factor, False)


def of_small(look: Looked) -> Iterator[Verdict]:
    if look.case.connections < 16:
        return
    yield from look.at_least("uploads/s", "Putback", "nginx", 1.25)
    yield from look.at_least("uploads/s", "Putback", "HAProxy", 1.1)
    yield from look.at_most(CPU, "CPU per upload", "Putback", ["nginx"], 0.8)
    yield from look.at_most(CPU, "CPU per upload", "Putback", ["HAProxy"], 0.9)


def of_large(look: Looked) -> Iterator[Verdict]:
    yield from look.at_least("uploads/s", "Putback, length", "HAProxy", 0.95)
    yield from look.at_least("uploads/s", "Putback, length", "nginx", 2)
    yield from look.at_least("uploads/s", "Putback", "nginx", 1)
    yield from look.at_least("uploads/s", "Putback", "HAProxy, no splice", 1.3)


def of_tls_clients(look: Looked) -> Iterator[Verdict]:
    yield from look.at_most(CPU, "CPU per upload and GiB", "Putback", ["nginx", "HAProxy"], 0.95)


def of_slow_clients(look: Looked) -> Iterator[Verdict]:
    rows = [row for row in ("Putback", "Putback, length") if row in look.by_name]
    for row in rows:
        yield from look.at_most(CPU_GIB, "CPU per GiB", row, ["nginx", "HAProxy"], 0.7)
    # What a client of TLS holds is for the most part OpenSSL's.
    if look.case.is_tls:
        return
    for row in rows:
        yield from look.at_most(PEAK, "peak memory", row, ["HAProxy"], 0.75)
        one = look.by_name[row]
        used = (max(one.values(PEAK)) - one.resident_mib) * KIB / look.case.connections
        yield Verdict(f"{look.case.title}: {row}, KiB for each active upload", used, 64, False)


def of_callbacks(look: Looked) -> Iterator[Verdict]:
    cost = look.by_name["Putback, callback by Putback"].difference(CPU, look.by_name["Putback"])
    yield Verdict(f"{look.case.title}: CPU µs that a callback by Putback adds", cost, 60, False)


def of_waits(look: Looked) -> Iterator[Verdict]:
    rate = look.by_name["Putback, all of 500 ms"].median(SPEED)
    yield Verdict(f"{look.case.title}: uploads/s", rate, 128, True, tolerance=6.4)
    beside, alone = (look.by_name[f"Putback, fast × 1 {name}"] for name in ("beside all of 500 ms", "alone"))
    for field, name, factor in (("p50_ms", "p50", 1.1), ("p99_ms", "p99", 1.5)):
        yield Verdict(
            f"{look.case.title}: {name} of fast uploads beside × alone", beside.ratio(field, alone), factor, False
        )


def of_store_tls(look: Looked) -> Iterator[Verdict]:
    if look.case.size <= 64 * KIB:
        yield from look.at_least("uploads/s", "Putback", "HAProxy", 1.1)
    else:
        yield from look.at_most(CPU_GIB, "CPU per GiB", "Putback", ["HAProxy"], 0.9)


def of_open(look: Looked) -> Iterator[Verdict]:
    few, many = (look.by_name.get(f"Putback, {thousands(count)} open") for count in (1, 10_000))
    if not few or not many:
        return
    yield Verdict(f"{look.case.title}: CPU per upload, 10 000 × 1", many.ratio(CPU, few), 1.15, False)
    each = (many.resident_mib - few.resident_mib) * KIB / (many.row.idle - few.row.idle)
    yield Verdict(f"{look.case.title}: KiB for each idle connection", each, 8, False)


def of_loops(look: Looked) -> Iterator[Verdict]:
    one, two = (look.by_name[f"Putback, {count}"] for count in ("one loop", "two loops"))
    yield Verdict(f"{look.case.title}: what two can do × one, by CPU", 2 * one.ratio(CPU, two), 1.9, True)


OF_GROUP: dict[str, Callable[[Looked], Iterator[Verdict]]] = {
    "B1": of_small, "B2": of_tls_clients, "B3": of_large, "B5": of_slow_clients, "B6": of_callbacks, "B7": of_waits,
    "B8": of_store_tls, "B9": of_open, "B10": of_loops,
}  # fmt: skip


def verdicts(results: Results, bounds: list[Bound]) -> list[Verdict]:
    found = []
    for case, series in results:
        if case.group in OF_GROUP:
            found += OF_GROUP[case.group](Looked(case, series))
    for bound in bounds:
        if bound.name.startswith("wake-ups"):
            found.append(Verdict(bound.name, bound.value, 0, False))
    return found


def memory_bounds(results: Results) -> list[Bound]:
    """The bounds of memory that cases measure."""
    found = []
    for case, series in results:
        for one in series:
            name = f"{case.title}: {one.row.name}"
            if case.group == "B4" and one.row.kind == "putback":
                found.append(Bound(name, max(one.values(PEAK)), 64, "MiB"))
            if case.group == "B9" and one.row.kind == "putback" and one.row.idle == 10_000:
                found.append(Bound(name, max([one.resident_mib, *one.values(PEAK)]), 120, "MiB"))
    return found
