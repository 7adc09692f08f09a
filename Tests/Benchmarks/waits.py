# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""Callbacks that take their time, made by Putback, and fast uploads beside them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from cases import KIB, Case, Row
from machine import Failed, Origin
from measure import Series, Target, load, report_of, round_from, start_load, started, warm_up
from peers import Peers

SIZE, CONNECTIONS = 16 * KIB, 64
# Every twentieth callback takes longer than the 5 s that Putback waits for one.
USUAL, SLOW, SLOW_EVERY = 500, 6000, 20

MIXED = Row("Putback, 5 % of 6 s", "putback", "/called/object", "mixed")
ALL = Row("Putback, all of 500 ms", "putback", "/called/object", "all")
ALONE = Row("Putback, fast × 1 alone", "putback", "/full/object", "fast")
BESIDE = Row("Putback, fast × 1 beside all of 500 ms", "putback", "/full/object", "fast")

CASE = Case("B7", "16 KiB × 64, callback of 500 ms", SIZE, CONNECTIONS, (MIXED, ALL, ALONE, BESIDE))


def with_failures(target: Target, origin: Origin, uploads: int) -> tuple[dict, int]:
    """Uploads some of whose callbacks fail for want of time: these, and only these, are answered 502 with `stored`."""
    before = origin.counts()
    report = load(target, CONNECTIONS, SIZE, "-n", uploads, "-x", 502)
    after = origin.counts()
    seen = {name: after[name] - before[name] for name in after}
    wanted = {"uploads": uploads, "callbacks": uploads, "slow": uploads // SLOW_EVERY}
    if seen != wanted or report["others"] != seen["slow"] or report["uploads"] != uploads - seen["slow"]:
        raise Failed(f"{target.row.name}: the store and the app saw {seen}, the clients {report}")
    return report, seen["slow"]


def measure_waits(peers: Peers, rounds: int, is_quick: bool) -> tuple[Case, list[Series]]:
    turns = 6 if is_quick else 20
    seconds = turns * USUAL / 1000
    failed = 0
    with ExitStack() as stack:
        origin = started(stack, Origin("-w", USUAL, "-l", SLOW, "-e", SLOW_EVERY))
        mixed = Target(MIXED, CASE, peers, origin, stack)
        slow = Target(ALL, CASE, peers, started(stack, Origin("-w", USUAL)), stack)
        series = {row: Series(row) for row in CASE.rows}
        alone, beside = slow.like(ALONE), slow.like(BESIDE)
        warm_up(alone, CASE)
        for _ in range(rounds):
            before = mixed.proxy.cpu_seconds()
            report, count = with_failures(mixed, origin, (5 if is_quick else 20) * CONNECTIONS)
            failed += count
            series[MIXED].rounds.append(
                round_from(report, SIZE, mixed.proxy, mixed.proxy.cpu_seconds() - before)
            )  # fmt: skip
            before = slow.proxy.cpu_seconds()
            report = load(alone, 1, SIZE, "-t", seconds)
            series[ALONE].rounds.append(round_from(report, SIZE, slow.proxy, slow.proxy.cpu_seconds() - before))
            # The processor's time of these two cannot be told apart.
            running = start_load(slow, CONNECTIONS, SIZE, "-n", turns * CONNECTIONS)
            series[BESIDE].rounds.append(round_from(load(beside, 1, SIZE, "-t", seconds), SIZE))
            series[ALL].rounds.append(round_from(report_of(running, slow), SIZE))
    note = (
        f"Made by Putback. {failed} callbacks took {SLOW // 1000} s; as many uploads were answered 502 with "
        "`stored: true` after 5 s, and no others."
    )
    return replace(CASE, note=note), list(series.values())
