# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: correctness, then Putback beside its peers, then its bounds. Exits with 1 if correctness or a bound of
memory is broken; a missed target is only reported."""

from __future__ import annotations

import argparse
import shutil
import sys
import time

import report
from bounds import Bound, all_bounds
from cases import Case, all_cases, rows_here
from checks import correctness
from machine import PROCESSORS, PUTBACK, WORK, Failed, raise_limits
from measure import Series, measure
from peers import Peers
from targets import memory_bounds
from waits import measure_waits

BOUNDS = "BOUNDS"


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def measure_cases(groups: set[str], peers: Peers, options: argparse.Namespace, most_open: int) -> list:
    rounds = options.rounds or (3 if options.quick else 5)
    seconds = options.seconds or (0.25 if options.quick else 2)
    results: list[tuple[Case, list[Series]]] = []
    for case in all_cases(options.quick):
        if groups and case.group not in groups:
            continue
        say(case.title)
        rows = rows_here(case, peers, most_open)
        for row in case.rows:
            if row.idle and row.kind == "putback" and row not in rows:
                say(f"no more than {most_open} open files are allowed: without {row.idle} connections")
        results.append((case, measure(case, rows, peers, rounds, seconds)))
    if not groups or "B7" in groups:
        say("B7 · slow callbacks")
        results.append(measure_waits(peers, options.rounds or (1 if options.quick else 3), options.quick))
    return sorted(results, key=lambda result: int(result[0].group[1:]))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, smaller bodies")
    parser.add_argument("--cases", default="", help='such as "B1 B5 bounds"; everything without')
    parser.add_argument("--peers", default="nginx haproxy", help='names, or "NAME=COMMAND with {port} and {origin}"')
    parser.add_argument("--rounds", type=int, help="instead of 5, or 3 with --quick")
    parser.add_argument("--seconds", type=float, help="of each round, instead of 2, or 0.25 with --quick")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    began = time.monotonic()
    groups = set(options.cases.upper().split())
    known = {case.group for case in all_cases(True)} | {"B7", BOUNDS}
    if unknown := groups - known:
        say(f"there is no {', '.join(sorted(unknown))}; there are B1 to B12 and bounds")
        return 64
    if len(PROCESSORS) < 2:
        say("one processor for everything: throughput says little")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    most_open = raise_limits()
    try:
        if not PUTBACK.exists():
            raise Failed(f"{PUTBACK} is missing: make build")
        peers = Peers(options.peers)
        say("correctness")
        correctness(peers)
        results = measure_cases(groups, peers, options, most_open)
        found: list[Bound] = memory_bounds(results)
        if not groups or BOUNDS in groups:
            say("bounds")
            found += all_bounds(peers, options.quick)
    except Failed as failure:
        say(str(failure))
        return 1
    report.write(results, found, peers, options.quick, time.monotonic() - began)
    broken = [bound for bound in found if not bound.holds]
    for bound in broken:
        say(f"{bound.name}: {bound.value:.1f} {bound.unit}, not below {bound.below:g}")
    return 1 if any(bound.strict for bound in broken) else 0


if __name__ == "__main__":
    sys.exit(main())
