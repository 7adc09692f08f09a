# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: correctness, throughput beside nginx and HAProxy, memory, start. Exits with 1 if a bound is broken."""

from __future__ import annotations

import argparse
import shutil
import sys

import cases
import checks
import report
from machine import PROCESSORS, WORK, Failed, Origin
from proxies import all_proxies


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def correctness() -> None:
    origin = Origin(is_verifying=True)
    started = []
    try:
        started = all_proxies(origin)
        for proxy in started:
            checks.arrives_whole(proxy, origin)
        checks.is_stored_whole(origin)
    finally:
        for process in [*started, origin]:
            process.stop()


def throughput(origin: Origin, rounds: int, seconds: float) -> list:
    started = all_proxies(origin)
    try:
        results = []
        for case in cases.CASES:
            say(f"{case.name}, {rounds} rounds")
            results.append((case, cases.throughput(case, [*started, cases.Direct(origin)], rounds, seconds)))
        return results
    finally:
        for proxy in started:
            proxy.stop()


def bounds(origin: Origin, is_quick: bool) -> list[cases.Bound]:
    say("memory and start")
    found = [cases.memory(case, origin) for case in cases.memory_cases(is_quick)]
    return found + cases.starts(origin)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, smaller bodies")
    parser.add_argument("--rounds", type=int, help="instead of 7, or 3 with --quick")
    parser.add_argument("--seconds", type=float, help="of each round, instead of 3, or 1 with --quick")
    options = parser.parse_args()
    rounds = options.rounds or (3 if options.quick else 7)
    seconds = options.seconds or (1 if options.quick else 3)
    if len(PROCESSORS) < 2:
        say("one processor for everything: throughput says little")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        say("correctness")
        correctness()
        origin = Origin()
        try:
            results = throughput(origin, rounds, seconds)
            found = bounds(origin, options.quick)
        finally:
            origin.stop()
    except Failed as failure:
        say(str(failure))
        return 1
    report.write(results, found, options.quick)
    broken = [bound for bound in found if not bound.holds]
    for bound in broken:
        say(f"{bound.name}: {bound.value:.1f} {bound.unit}, not below {bound.below:g}")
    return 1 if any(bound.strict for bound in broken) else 0


if __name__ == "__main__":
    sys.exit(main())
