# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""The same results as text, Markdown and JSON."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import subprocess
from pathlib import Path

from cases import Bound, Series, Throughput
from machine import OUT, PEERS, PROXY, PUTBACK
from proxies import libraries, program

HEADINGS = [
    "proxy", "uploads/s", "MB/s", "p50 ms", "p99 ms", "CPU µs/upload", "CPU s/GiB", "uploads/s ×", "CPU ×",
]  # fmt: skip


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits, without an exponent."""
    if value is None:
        return "–"
    whole = len(str(int(abs(value))))
    return f"{value:.{max(0, digits - whole)}f}"


def rows(series: list[Series]) -> list[list[str]]:
    base = series[0]
    table = []
    for one in series:
        errors = sum(a_round.errors for a_round in one.rounds)
        table.append([
            one.proxy + (f" ({errors} errors)" if errors else ""),
            number(one.median("uploads_per_second")),
            number((one.median("bytes_per_second") or 0) / 1e6),
            number(one.median("p50_ms")),
            number(one.median("p99_ms")),
            number(one.median("cpu_us_per_upload")),
            number(one.median("cpu_s_per_gib")),
            number(one.ratio("uploads_per_second", base)),
            number(one.ratio("cpu_us_per_upload", base)),
        ])  # fmt: skip
    return table


def bound_rows(bounds: list[Bound]) -> list[list[str]]:
    return [
        [bound.name, f"{number(bound.value)} {bound.unit}", f"{number(bound.below)} {bound.unit}",
         "yes" if bound.holds else "NO"]
        for bound in bounds
    ]  # fmt: skip


def as_text(headings: list[str], table: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [headings, *table]) for column in range(len(headings))]

    def line(row: list[str]) -> str:
        return "  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])])

    return "\n".join(line(row) for row in [headings, *table])


def as_markdown(headings: list[str], table: list[list[str]]) -> str:
    lines = [headings, ["---"] + ["---:"] * (len(headings) - 1), *table]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def first_line(*arguments) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, env=libraries())
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def conditions() -> dict[str, str]:
    """What the numbers depend on."""
    models = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]  # fmt: skip
    said = {
        "processor": models[0] if models else platform.machine(),
        "processors": str(os.cpu_count()),
        "proxy on": ", ".join(map(str, PROXY)),
        "load and origin on": ", ".join(map(str, PEERS)),
        "kernel": platform.release(),
        "Putback": first_line(PUTBACK, "version"),
    }
    for name, label in (("nginx", "nginx"), ("haproxy", "HAProxy")):
        if found := program(name):
            said[label] = first_line(found, "-v")
    return said


def write(results: list[tuple[Throughput, list[Series]]], bounds: list[Bound], is_quick: bool) -> None:
    said = conditions()
    text, page = [], ["# Putback and its peers", ""]
    page += [f"- {name}: {value}" for name, value in said.items()]
    for title, headings, table in [
        *((case.name, HEADINGS, rows(series)) for case, series in results),
        ("Bounds", ["bound", "measured", "below", "holds"], bound_rows(bounds)),
    ]:
        text += ["", title, as_text(headings, table)]
        page += ["", f"## {title}", "", as_markdown(headings, table)]
    document = {
        "conditions": said,
        "quick": is_quick,
        "cases": [
            {**dataclasses.asdict(case), "series": [dataclasses.asdict(one) for one in series]}
            for case, series in results
        ],
        "bounds": [{**dataclasses.asdict(bound), "holds": bound.holds} for bound in bounds],
    }
    (OUT / "report.txt").write_text("\n".join(text).lstrip() + "\n")
    (OUT / "report.md").write_text("\n".join(page) + "\n")
    (OUT / "report.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    print("\n".join(text))
    print("\nEvery × is this proxy's value by that of the first row, median of the rounds. Also in .build/bench/report.*")
