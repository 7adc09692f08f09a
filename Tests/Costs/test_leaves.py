"""Heap allocations of the functions that every upload goes through."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from costs import DEADLINE, LEAVES, Counts


@pytest.fixture(scope="module")
def leaves(tmp_path_factory) -> dict[str, float]:
    counter = Counts(tmp_path_factory.mktemp("leaves") / "counter")
    done = subprocess.run(
        [LEAVES, "--json"],
        env={**os.environ, **counter.environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    assert counter.allocations > 0, "counter.so is not there: nothing was counted"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {f"leaf, {line['name']}: allocations": line["allocations"] for line in lines}


def test_leaves_allocate_no_more_than_allowed(leaves, judge):
    problems = []
    for name, allocations in leaves.items():
        try:
            judge.check(name, allocations, "make leaves, and what changed in the function")
        except AssertionError as problem:
            problems.append(str(problem).splitlines()[0])
    assert not problems, "\n".join(problems)


def test_every_threshold_of_a_leaf_guards_one(leaves, judge):
    assert {name for name in judge.allowed if name.startswith("leaf, ")} == set(leaves)
