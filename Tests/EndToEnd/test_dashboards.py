"""The Grafana dashboard and the Prometheus alerts under config/ ask for what a gateway tells: metrics, labels, values."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from support import configs
from support.gateway import ROOT
from support.wire import Client

DASHBOARD = ROOT / "config/grafana/putback.json"
ALERTS = ROOT / "config/prometheus/alerts.yml"

# Those that Prometheus itself adds, and words of PromQL that stand where a metric could.
SCRAPED = {"instance", "job"}
WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"}
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
MATCHER = re.compile(r'([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def rules() -> list[dict]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return group["rules"]


def panels() -> list[dict]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> dict[str, str]:
    found = {f"alert {rule['alert']}": rule["expr"] for rule in rules()}
    for panel in panels():
        for target in panel["targets"]:
            found[f"panel {panel['title']} {target['refId']}"] = target["expr"]
    dashboard = json.loads(DASHBOARD.read_text())
    for annotation in dashboard["annotations"]["list"]:
        found[f"annotation {annotation['name']}"] = annotation["expr"]
    return found


def parse(expression: str) -> tuple[list[tuple[str, list[tuple[str, str, str]]]], set[str]]:
    """The selectors of an expression (metric and matchers), and the labels that it groups by."""
    groups: set[str] = set()

    def group(match: re.Match) -> str:
        groups.update(NAME.findall(match[1]))
        return " "

    text = re.sub(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)", group, expression)
    text = re.sub(r"\[[^\]]*\]", " ", text)
    selectors = []
    for match in re.finditer(r"(?<![\w.$])([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\}|\()?", text):
        name, rest = match[1], match[2] or ""
        if rest != "(" and name not in WORDS and not _is_quoted(text, match.start()):
            selectors.append((name, MATCHER.findall(rest)))
    return selectors, groups


def _is_quoted(text: str, position: int) -> bool:
    return text[:position].count('"') % 2 == 1


@pytest.fixture
def told(start, peers) -> dict[str, list[dict[str, str]]]:
    """Every sample's labels, by its name, of a gateway with a bit of everything."""
    app, store = peers.app(), peers.store()
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    with Client(gateway.admin) as client:
        text = client.request("GET", "/metrics").body.decode()
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def test_the_parser_finds_what_is_asked_for():
    parsed, groups = parse('sum by (a, b) (rate(x_total{c="d",e=~"f|g"}[5m])) / on (h) y > 0.5 and absent(z_info)')
    assert parsed == [("x_total", [("c", "=", "d"), ("e", "=~", "f|g")]), ("y", []), ("z_info", [])]
    assert groups == {"a", "b", "h"}


def test_every_metric_label_and_value_is_told(told):
    assert len(expressions()) > 30
    for place, expression in expressions().items():
        selectors, groups = parse(expression)
        assert selectors, f"{place}: nothing is asked for in {expression}"
        labels: set[str] = set(SCRAPED)
        for metric, matchers in selectors:
            assert metric in told, f"{place}: no metric {metric}"
            labels.update(*told[metric])
            for label, operator, value in matchers:
                if label in SCRAPED:
                    continue
                values = {labels.get(label) for labels in told[metric]}
                assert values != {None}, f"{place}: {metric} has no label {label}"
                for one in value.split("|") if "~" in operator else [value]:
                    assert one in values, f"{place}: {metric} never has {label}={one}"
        assert groups <= labels, f"{place}: none of its metrics has {groups - labels}"


def test_every_alert_says_what_it_means():
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        # Labels in a text are those that are left after the sum.
        grouped = re.findall(r"by \(([^)]*)\)", rule["expr"])
        for used in re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())):
            assert not grouped or used in grouped[0], f"{rule['alert']}: {used} is summed away"


def test_the_panels_of_the_dashboard_do_not_overlap():
    dashboard = json.loads(DASHBOARD.read_text())
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
