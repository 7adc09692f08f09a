# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""An SVG chart of throughput and CPU by case and proxy: bars, each case to its own scale."""

from __future__ import annotations

from html import escape

from cases import MIB, Case, Row
from measure import Series

WIDTH, MARGIN, LABELS, GAP = 1040, 24, 250, 40
BAR, STEP, APART, TITLE, BETWEEN = 14, 18, 7, 26, 18
VALUES = 64  # room for a number beside the longest bar
PANEL = (WIDTH - 2 * MARGIN - LABELS - GAP) // 2
TOP = 96

COLOURS = {
    "putback": "#1c5fb8", "nginx": "#2b8a3e", "nginx-log": "#8fc99b", "haproxy": "#d9730d", "haproxy-copy": "#f0b37a",
    "relay": "#868e96", "direct": "#b4b8bd",
}  # fmt: skip
LENGTH_COLOUR, OTHER_COLOUR = "#7fa9dd", "#8a5fb5"


def colour(row: Row) -> str:
    if row.kind == "putback" and row.path.startswith("/length/"):
        return LENGTH_COLOUR
    return COLOURS.get(row.kind, OTHER_COLOUR)


def number(value: float) -> str:
    """Three digits that count, thousands apart."""
    if value >= 100:
        return f"{value:,.0f}".replace(",", "\u2009")
    return f"{value:.{2 if value < 10 else 1}f}"


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def bar(left: float, y: float, value: float | None, most: float, fill: str) -> list[str]:
    """A bar and its number. One that is too long is broken."""
    if value is None or not most:
        return [text(left + 4, y + BAR - 3, "–", "value")]
    room = PANEL - VALUES
    length = min(max(1.0, value / most * room), room)
    drawn = [f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{fill}" rx="1.5"/>']
    if value > most:
        drawn.append(f'<path d="M{left + room - 22} {y + BAR + 1}l8 {-BAR - 2}" stroke="#ffffff" stroke-width="3"/>')
    return [*drawn, text(left + length + 5, y + BAR - 3, number(value), "value")]


def panel(left: float, places: list[float], series: list[Series], values: list[float | None]) -> list[str]:
    """The bars of one case, to the scale of the proxies: what is possible without one can be far more."""
    proxies = [value for value, one in zip(values, series) if value and one.row.kind != "direct"]
    most = max(proxies, default=0)
    return [
        drawn
        for y, one, value in zip(places, series, values)
        for drawn in bar(left, y, value, most, colour(one.row))
    ]  # fmt: skip


def places_of(series: list[Series], top: float) -> list[float]:
    """Where each bar is; there is a gap between groups."""
    places = []
    for index, one in enumerate(series):
        if index and one.row.group != series[index - 1].row.group:
            top += APART
        places.append(top)
        top += STEP
    return places


def one_case(case: Case, series: list[Series], top: float) -> list[str]:
    is_large = case.size >= MIB or case.rate > 0
    left, right = MARGIN + LABELS, MARGIN + LABELS + PANEL + GAP
    places = places_of(series, top + TITLE)
    drawn = [
        text(MARGIN, top + 15, case.title, "case"),
        text(left + PANEL, top + 15, "MB/s" if is_large else "uploads/s", "unit", "end"),
        text(right + PANEL, top + 15, "CPU s/GiB" if is_large else "CPU µs/upload", "unit", "end"),
    ]
    drawn += [text(left - 8, y + BAR - 3, one.row.name, "label", "end") for y, one in zip(places, series)]
    speeds = [one.median("bytes_per_second" if is_large else "uploads_per_second") for one in series]
    used = [one.median("cpu_s_per_gib" if is_large else "cpu_us_per_upload") for one in series]
    scale = 1e6 if is_large else 1
    drawn += panel(left, places, series, [value / scale if value else None for value in speeds])
    return drawn + panel(right, places, series, used)


def height(series: list[Series]) -> float:
    return places_of(series, TITLE)[-1] + STEP + BETWEEN


STYLE = """
text { font-family: system-ui, 'DejaVu Sans', Verdana, sans-serif; fill: #22262b; }
.head { font-size: 20px; font-weight: bold; } .about { font-size: 12px; fill: #5b6168; }
.panel { font-size: 13px; font-weight: bold; } .case { font-size: 13px; font-weight: bold; }
.unit { font-size: 11px; fill: #5b6168; } .label, .value { font-size: 12px; }
"""


def draw(results: list[tuple[Case, list[Series]]], said: dict[str, str]) -> str:
    total = TOP + sum(height(series) for _, series in results) + MARGIN
    left, right = MARGIN + LABELS, MARGIN + LABELS + PANEL + GAP
    machine = f"{said['processor']}, Linux {said['kernel']}"
    about = f"{machine}; the proxy on one processor, load and store on another; medians, each case to its own scale"
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" height="{total}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{total}" fill="#ffffff"/>',
        text(MARGIN, 34, "Putback and its peers", "head"),
        text(MARGIN, 56, about, "about"),
        text(left, 84, "Throughput: longer is better", "panel"),
        text(right, 84, "CPU: shorter is better", "panel"),
    ]
    top = TOP
    for case, series in results:
        drawn.append(f'<path d="M{MARGIN} {top - 2}H{WIDTH - MARGIN}" stroke="#e3e6e9"/>')
        drawn += one_case(case, series, top)
        top += height(series)
    return "\n".join([*drawn, "</svg>"]) + "\n"
