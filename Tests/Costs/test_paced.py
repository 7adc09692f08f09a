"""What a body that comes slowly costs: the kernel is told how much to wait for, so it is not read packet by packet."""

from __future__ import annotations

import costs
import pytest
from costs import Counts, Putback, load
from support.certificates import Authority

# Eight seconds of a client that sends 8 KiB every 125 ms (load.c).
RATE, BYTES = 64 << 10, 512 << 10
CLIENTS = 8


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def counted(origin, authority, tmp_path_factory):
    certificate, key = authority.issue("edge")
    config = costs.configuration(origin.port)
    tls = {"certificate": str(certificate), "key": str(key)}
    config["listeners"].append({"name": "secure", "address": "127.0.0.1:0", "dialect": "plain", "tls": tls})
    config["routes"] = [{"name": "plain", "match": {"path": "/plain/**"}, "store": "origin"}]
    folder = tmp_path_factory.mktemp("paced")
    counts = Counts(folder / "counter")
    putback = Putback(config, folder, environment=counts.environment)
    yield putback, counts
    putback.stop()


@pytest.mark.parametrize("listener", ["edge", "secure"])
def test_reads_of_a_paced_upload(listener, counted, authority, judge):
    putback, counts = counted
    secure = ["-s", authority.certificate] if listener == "secure" else []
    upload = load("plain", BYTES, CLIENTS, "-r", RATE, *secure, listener=listener)
    before = counts.reads
    upload(putback, CLIENTS)
    name = "TLS" if secure else "plain"
    each = (counts.reads - before) / CLIENTS
    # At least a head and a body, and the store's answer: otherwise nothing was counted.
    assert each >= 3
    judge.check(f"upload 512 KiB at 64 KiB/s, {name}: reads", each, "ServerConnection+pacing.swift, what its marks became")
