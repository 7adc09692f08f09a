"""Costs of the release build, counted rather than timed, against Tests/Benchmarks/thresholds.json."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "EndToEnd")]

import costs  # noqa: E402

# Below this part of what is allowed, a threshold guards little.
LOOSE = 0.7


class Judge:
    """Compares what was counted with what is allowed, and keeps it for the table at the end."""

    def __init__(self):
        self.allowed: dict[str, float] = json.loads(costs.THRESHOLDS.read_text())
        self.measured: dict[str, float] = {}

    def check(self, name: str, measured: float, look: str) -> None:
        self.measured[name] = measured
        assert name in self.allowed, f"{name}: {measured:.4g} measured; {costs.THRESHOLDS} has no threshold for it"
        allowed = self.allowed[name]
        assert measured <= allowed, f"{name}: {measured:.6g} measured, {allowed:.6g} allowed; to look: {look}"
        if measured < allowed * LOOSE:
            warnings.warn(f"{name}: {measured:.4g} measured, {allowed:.4g} allowed: the threshold can be lowered")


JUDGE = pytest.StashKey[Judge]()


def pytest_sessionstart(session: pytest.Session) -> None:
    for binary in (costs.PUTBACK, costs.LEAVES):
        if not os.access(binary, os.X_OK):
            pytest.exit(f"no executable {binary}; `make build build-leaves` builds it", returncode=2)
    # A proxy of the machine must not catch what goes to loopback.
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)
    tools = [os.path.relpath(costs.TOOLS / name, costs.BENCHMARKS) for name in ("origin", "load", "counter.so")]
    subprocess.run(["make", "--silent", "-C", costs.BENCHMARKS, *tools], check=True)
    session.config.stash[JUDGE] = Judge()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    judge = config.stash.get(JUDGE, None)
    if not judge or not judge.measured:
        return
    terminalreporter.section("costs: measured, allowed")
    for name, measured in judge.measured.items():
        terminalreporter.write_line(f"{name:<60}{measured:>12,.6g}{judge.allowed.get(name, 0):>12,.6g}")


@pytest.fixture(scope="session")
def judge(pytestconfig: pytest.Config) -> Judge:
    return pytestconfig.stash[JUDGE]


@pytest.fixture(scope="session")
def origin():
    origin = costs.Origin()
    yield origin
    origin.stop()
