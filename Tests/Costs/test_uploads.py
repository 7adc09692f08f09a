"""Heap allocations and instructions of one upload in steady state."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import costs
import pytest
from costs import ROOT, Counts, Instructions, Putback, Upload, load, replay

KIB, MIB = 1 << 10, 1 << 20
# Kept after the tests, so that whoever exceeds a threshold can look at once.
PROFILES = ROOT / ".build/costs"


@dataclass(frozen=True)
class Case:
    name: str
    upload: Upload
    uploads: int = 300
    #: What the cost is divided by, besides the uploads.
    units: int = 1
    config: str = "store"


CASES = [
    Case("upload 1 KiB", load("plain", KIB)),
    Case("upload 1 KiB, 16 connections", load("plain", KIB, connections=16), uploads=960),
    Case("upload 64 KiB", load("plain", 64 * KIB)),
    Case("upload 256 KiB in chunks", load("plain", 256 * KIB, 1, "-k"), uploads=100),
    Case("form of 256 KiB", load("plain", 256 * KIB, 1, "-f"), uploads=100),
    Case("upload 64 MiB, each MiB", load("plain", 64 * MIB), uploads=8, units=64),
    Case("upload 1 KiB, callback by store", load("by-store", KIB)),
    Case("upload 1 KiB, callback by putback", load("by-putback", KIB), uploads=100),
    Case("upload 1 KiB by SDK", replay(KIB)),
    Case("upload 1 KiB by SDK of US3", replay(KIB, "us3", costs.us3_upload), config="vendors"),
    Case("upload 1 KiB by SDK of TOS", replay(KIB, "tos", costs.tos_upload), config="vendors"),
    Case("upload 1 KiB to directory", load("shelf", KIB), config="shelf"),
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: slug(case))
def case(request) -> Case:
    return request.param


@pytest.fixture(scope="module")
def configurations(origin, tmp_path_factory):
    return {
        "store": costs.configuration(origin.port),
        "vendors": costs.vendor_configuration(origin.port),
        "shelf": costs.shelf_configuration(tmp_path_factory.mktemp("objects")),
    }


@pytest.fixture(scope="module")
def counted(configurations, tmp_path_factory):
    """Processes whose allocations are counted."""
    started = {}
    for name, config in configurations.items():
        folder = tmp_path_factory.mktemp(name)
        counts = Counts(folder / "counter")
        started[name] = (Putback(config, folder, environment=counts.environment), counts)
    yield started
    for putback, _ in started.values():
        putback.stop()


@pytest.fixture(scope="module")
def emulated(configurations):
    """The same under callgrind."""
    shutil.rmtree(PROFILES, ignore_errors=True)
    started = {name: Instructions(config, PROFILES / name) for name, config in configurations.items()}
    yield started
    for instructions in started.values():
        instructions.putback.stop()


def profiles(case: Case) -> str:
    return f"{PROFILES.relative_to(ROOT) / case.config}/{slug(case)}-*"


def slug(case: Case) -> str:
    return case.name.replace(",", "").replace(" ", "-")


def test_allocations(case, counted, judge):
    putback, counts = counted[case.config]
    # Two runs that differ in nothing but the uploads: what connections and their ends cost cancels out.
    case.upload(putback, case.uploads)
    start = counts.settled()
    case.upload(putback, case.uploads)
    middle = counts.settled()
    case.upload(putback, 2 * case.uploads)
    end = counts.settled()
    each = ((end - middle) - (middle - start)) / case.uploads / case.units
    judge.check(
        f"{case.name}: allocations",
        each,
        "callgrind_annotate --tree=caller --threshold=100 FILE | grep -B 30 '[*].*:swift_allocObject' | swift demangle, "
        f"where FILE is the largest of {profiles(case)}",
    )


def test_instructions(case, emulated, judge):
    count = emulated[case.config].count(case.upload, case.uploads, slug(case))
    judge.check(
        f"{case.name}: instructions",
        count / case.uploads / case.units,
        f"callgrind_annotate --inclusive=yes FILE, where FILE is the largest of {profiles(case)}",
    )
