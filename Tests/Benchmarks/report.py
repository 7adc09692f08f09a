# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""The same results as text, Markdown, JSON and a chart."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import textwrap
from pathlib import Path

import chart
from bounds import Bound
from cases import COPYING, FULL, HAPROXY, LOGGING, NGINX, Case
from machine import OUT, PEERS, PROXY, PROXY_TWO, PUTBACK
from measure import Series
from packages import first_line
from peers import Peers
from targets import Results, Verdict, verdicts

HEADINGS = [
    "proxy", "uploads/s", "MB/s", "p50 ms", "p99 ms", "CPU µs/upload", "CPU s/GiB", "idle MiB", "peak MiB",
]  # fmt: skip
KINDS = {row.kind: row.name for row in (FULL, NGINX, LOGGING, HAPROXY, COPYING)}


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits, without an exponent."""
    if value is None:
        return "–"
    whole = len(str(int(abs(value))))
    return f"{value:.{max(0, digits - whole)}f}"


def bases(case: Case, series: list[Series]) -> list[str]:
    """The kinds of proxies that a case's rows are divided by: the peers, or Putback itself without any."""
    kinds = list(dict.fromkeys(one.row.kind for one in series if one.row.is_peer))
    return [*kinds, *case.against] if kinds else ["putback"]


def base_of(one: Series, kind: str, series: list[Series]) -> Series | None:
    """The first of a kind in the row's group."""
    return next((other for other in series if (other.row.kind, other.row.group) == (kind, one.row.group)), None)


def compared(one: Series, base: Series | None) -> str:
    if not base or not one.rounds:
        return "–"
    speed, used = one.ratio("uploads_per_second", base), one.ratio("cpu_us_per_upload", base)
    return number(speed) if used is None else f"{number(speed)} · {number(used)}"


def case_table(case: Case, series: list[Series]) -> tuple[list[str], list[list[str]]]:
    against = bases(case, series)
    table = []
    for one in series:
        errors = sum(a_round.errors for a_round in one.rounds)
        peaks = one.values("peak_mib")
        table.append([
            one.row.name + (f" ({errors} errors)" if errors else ""),
            number(one.median("uploads_per_second")),
            number((one.median("bytes_per_second") or 0) / 1e6),
            number(one.median("p50_ms")),
            number(one.median("p99_ms")),
            number(one.median("cpu_us_per_upload")),
            number(one.median("cpu_s_per_gib")),
            number(one.resident_mib),
            number(max(peaks) if peaks else None),
            *(compared(one, base_of(one, kind, series)) for kind in against),
        ])  # fmt: skip
    return HEADINGS + [f"× {KINDS.get(kind, kind)}" for kind in against], table


def bound_table(bounds: list[Bound]) -> tuple[list[str], list[list[str]]]:
    return ["bound", "measured", "below", "holds"], [
        [bound.name, f"{number(bound.value)} {bound.unit}", f"{number(bound.below)} {bound.unit}",
         "yes" if bound.holds else "NO"]
        for bound in bounds
    ]  # fmt: skip


def verdict_table(found: list[Verdict]) -> tuple[list[str], list[list[str]]]:
    return ["target", "measured", "wanted", "met"], [
        [verdict.name, number(verdict.measured), verdict.condition, "yes" if verdict.holds else "NO"]
        for verdict in found
    ]


def wrapped(words: str) -> str:
    return textwrap.fill(words, 120)


def as_text(headings: list[str], table: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [headings, *table]) for column in range(len(headings))]

    def line(row: list[str]) -> str:
        return "  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])])

    return "\n".join(line(row) for row in [headings, *table])


def as_markdown(headings: list[str], table: list[list[str]]) -> str:
    lines = [headings, ["---"] + ["---:"] * (len(headings) - 1), *table]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def conditions(peers: Peers, is_quick: bool, seconds: float) -> dict[str, str]:
    """What the numbers depend on."""
    models = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]  # fmt: skip
    return {
        "processor": models[0] if models else platform.machine(),
        "processors": str(os.cpu_count()),
        "proxy on": ", ".join(map(str, sorted(PROXY))),
        "two loops on": ", ".join(map(str, sorted(PROXY_TWO))),
        "load and origin on": ", ".join(map(str, sorted(PEERS))),
        "kernel": platform.release(),
        "Putback": first_line(PUTBACK, "version"),
        **peers.versions(),
        "TLS": first_line("openssl", "version") + ", TLS 1.3 with OpenSSL's default ciphers, P-256",
        "run": f"{'quick' if is_quick else 'full'}, {seconds:.0f} s",
    }


LEGEND = (
    "The columns with × hold uploads/s and CPU per upload of a row by those of a peer, in the same round; median of "
    "the rounds. “idle MiB” was resident before the first round, “peak MiB” is the most that ever was in one. "
    "Of “no proxy” there is only what load and origin can do on their processor."
)


def document(results: Results, bounds: list[Bound], found: list[Verdict], said: dict, is_quick: bool) -> dict:
    return {
        "conditions": said,
        "quick": is_quick,
        "cases": [
            {
                "group": case.group, "name": case.name, "size": case.size, "connections": case.connections,
                "note": case.note, "series": [dataclasses.asdict(one) for one in series],
            }
            for case, series in results
        ],
        "bounds": [{**dataclasses.asdict(bound), "holds": bound.holds} for bound in bounds],
        "targets": [{**dataclasses.asdict(verdict), "holds": verdict.holds} for verdict in found],
    }  # fmt: skip


def sections(results: Results, bounds: list[Bound], found: list[Verdict]) -> list:
    """Title, note and table of each."""
    all_of_them = [(case.title, case.note, case_table(case, series)) for case, series in results]
    if bounds:
        all_of_them.append(("Bounds", "", bound_table(bounds)))
    if found:
        met = sum(verdict.holds for verdict in found)
        all_of_them.append(("Targets", f"{met} of {len(found)} are met.", verdict_table(found)))
    return all_of_them


def write(results: Results, bounds: list[Bound], peers: Peers, is_quick: bool, seconds: float) -> None:
    said, found = conditions(peers, is_quick, seconds), verdicts(results, bounds)
    text = [f"{name}: {value}" for name, value in said.items()]
    page = ["# Putback and its peers", "", *(f"- {name}: {value}" for name, value in said.items()), "", LEGEND]
    for title, note, (headings, table) in sections(results, bounds, found):
        text += ["", title, *([wrapped(note)] if note else []), as_text(headings, table)]
        page += ["", f"## {title}", "", *([note, ""] if note else []), as_markdown(headings, table)]
    text += ["", wrapped(LEGEND)]
    (OUT / "report.txt").write_text("\n".join(text) + "\n")
    (OUT / "report.md").write_text("\n".join(page) + "\n")
    whole = document(results, bounds, found, said, is_quick)
    (OUT / "report.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    (OUT / "report.svg").write_text(chart.draw(results, said))
    print("\n".join(text))
    print("\nAlso in .build/bench/: report.txt, report.md, report.json (every round), report.svg")
