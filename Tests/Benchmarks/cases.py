# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""What is measured: cases, and in each the proxies that are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

from peers import Peers

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

# What a client sends to a peer that is to pass a callback on. The origin only looks whether it is there.
CALLBACK = "x-oss-callback: eyJjYWxsYmFja1VybCI6Imh0dHA6Ly8xMjcuMC4wLjEvYXBwL3VwbG9hZGVkIn0="


@dataclass(frozen=True)
class Row:
    """A proxy in a case. Rows of a group are compared with each other."""

    name: str
    kind: str
    path: str = "/object"
    group: str = ""
    fields: tuple[str, ...] = ()
    workers: int = 1
    idle: int = 0

    @property
    def is_peer(self) -> bool:
        return self.kind not in ("putback", "relay", "direct")


FULL = Row("Putback", "putback", "/full/object")
PARTS = Row("Putback, in parts", "putback", "/parts/object")
LENGTH = Row("Putback, length", "putback", "/length/object")
NGINX = Row("nginx", "nginx")
LOGGING = Row("nginx, with log", "nginx-log")
HAPROXY = Row("HAProxy", "haproxy")
COPYING = Row("HAProxy, no splice", "haproxy-copy")
RELAY = Row("bytes only", "relay")
DIRECT = Row("no proxy", "direct")


@dataclass(frozen=True)
class Case:
    """Uploads of one size over some connections. Seconds and rounds are those of the run unless they are given."""

    group: str
    name: str
    size: int
    connections: int
    rows: tuple[Row, ...]
    is_tls: bool = False
    is_store_tls: bool = False
    is_form: bool = False
    rate: int = 0  # bytes a second on each connection
    delay: int = 0  # of callbacks, in milliseconds
    uploads: int = 0  # instead of seconds
    rounds: int = 0
    against: tuple[str, ...] = ()  # kinds that rows are divided by, beside the peers
    note: str = ""

    @property
    def title(self) -> str:
        return f"{self.group} · {self.name}"


FLOOR = "“bytes only” passes bytes on without looking at them: the least that any proxy costs here. "
PACED = "The clients set the pace: CPU s/GiB and memory are what is compared."
BUSY = "Load and origin are the bottleneck where a proxy comes close to “no proxy”; CPU per upload tells more there."


def bodies(size: int) -> str:
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size} B"


def thousands(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def with_callbacks() -> tuple[Row, ...]:
    by_store = "callback by the store"
    passing = [
        replace(row, name=f"{row.name}, {by_store}", group="callback", fields=(CALLBACK,)) for row in (NGINX, HAPROXY)
    ]
    return (
        FULL,
        NGINX,
        HAPROXY,
        Row(f"Putback, {by_store}", "putback", "/stored/object", "callback"),
        Row("Putback, callback by Putback", "putback", "/called/object", "callback"),
        *passing,
    )


def with_idle(counts: list[int]) -> tuple[Row, ...]:
    return tuple(
        replace(row, name=f"{row.name}, {thousands(count)} open", group=str(count), idle=count)
        for count in counts
        for row in (FULL, NGINX, HAPROXY)
    )


def with_loops() -> tuple[Row, ...]:
    return tuple(
        replace(row, name=f"{row.name}, {name}", group=name, workers=workers)
        for workers, name in ((1, "one loop"), (2, "two loops"))
        for row in (FULL, NGINX, HAPROXY)
    )


def all_cases(is_quick: bool) -> list[Case]:
    both = (FULL, LENGTH, NGINX, HAPROXY)
    paced = (6 if is_quick else 20) * 64 * KIB
    small = (FULL, NGINX, LOGGING, HAPROXY, RELAY, DIRECT)
    cases = [
        Case("B1", f"{bodies(size)} × {connections}", size, connections, small, note=FLOOR + BUSY)
        for size in (KIB, 4 * KIB, 64 * KIB)
        for connections in (1, 16, 64)
    ]
    large = (FULL, LENGTH, NGINX, HAPROXY, COPYING, DIRECT)
    some = 1 if is_quick else 3
    return cases + [
        Case("B2", "256 KiB × 16, TLS towards the client", 256 * KIB, 16, (FULL, NGINX, HAPROXY, DIRECT), is_tls=True,
             note="“no proxy” is TLS from load to origin. " + BUSY),
        Case("B3", "1 GiB × 1", GIB, 1, large, note=BUSY),
        Case("B3", "64 MiB × 16", 64 * MIB, 16, large, note=BUSY),
        Case("B4", "8 × 256 MiB", 256 * MIB, 8, both, uploads=8, rounds=some),
        Case("B5", f"500 × {bodies(paced)} at 64 KiB/s each", paced, 500, both, rate=64 * KIB, uploads=500, rounds=some,
             note=PACED),
        Case("B5", f"500 × {bodies(paced)} at 64 KiB/s each, TLS towards the client", paced, 500, (FULL, NGINX, HAPROXY),
             rate=64 * KIB, uploads=500, rounds=1, is_tls=True, note=PACED),
        Case("B6", "16 KiB × 32, callback of 5 ms", 16 * KIB, 32, with_callbacks(), delay=5,
             note="Peers pass on the client's x-oss-callback. Waiting clients leave the processor idle at times."),
        Case("B8", "1 KiB × 16, TLS towards the store", KIB, 16, (FULL, NGINX, HAPROXY, DIRECT), is_store_tls=True,
             note="“no proxy” is TLS from load to origin. " + BUSY),
        Case("B8", "1 MiB × 4, TLS towards the store", MIB, 4, (FULL, NGINX, HAPROXY, DIRECT), is_store_tls=True,
             note="“no proxy” is TLS from load to origin. " + BUSY),
        Case("B9", "1 KiB × 16, beside open connections", KIB, 16, with_idle([1, 100, 1000, 10_000])),
        Case("B10", "1 KiB × 16, one and two loops", KIB, 16, with_loops(),
             note="Two loops have two processors, and on a machine with two share one of them with load and origin: "
             "only CPU per upload can be compared."),
        *(Case("B11", f"{bodies(size)} × 16, integrity", size, 16, (*both, DIRECT), against=("putback",), note=BUSY)
          for size in (64 * KIB, MIB)),
        Case("B11", "64 MiB × 16, integrity", 64 * MIB, 16, (FULL, LENGTH), against=("putback",),
             note="The peers are in B3."),
        Case("B12", "256 KiB × 16, forms", 256 * KIB, 16, (FULL, NGINX, HAPROXY, DIRECT), is_form=True,
             note="Putback takes the form apart and stores the file that is in it; the peers pass the form on as it is."),
    ]  # fmt: skip


# Files that a process has open beside its idle connections.
FILES_BESIDE = 1000


def rows_here(case: Case, peers: Peers, most_open: int) -> tuple[Row, ...]:
    """The case's rows that can be measured here, with the peers that were named besides nginx and HAProxy."""
    rows = [row for row in case.rows if not row.is_peer or peers.has(row.kind)]
    rows = [row for row in rows if row.idle + FILES_BESIDE < most_open]
    is_plain = not case.is_tls and not case.is_store_tls and not any(row.group for row in case.rows)
    others = [Row(name, name) for name in peers.commands] if is_plain else []
    return tuple([row for row in rows if row is not DIRECT] + others + [row for row in rows if row is DIRECT])
