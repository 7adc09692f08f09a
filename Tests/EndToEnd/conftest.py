"""Fixtures: each starts what a test asks for, and looks after the test that nothing was left behind."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support import sdks, us3  # noqa: E402
from support.gateway import BINARY, Gateway  # noqa: E402
from support.peers import App, Store  # noqa: E402


FAILED = pytest.StashKey[bool]()


def pytest_sessionstart(session: pytest.Session) -> None:
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"no executable {BINARY}; `make test` builds it", returncode=2)
    # A proxy of the machine must not catch what goes to loopback.
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)


def pytest_collection_finish() -> None:
    # The SDKs' modules and the tests stay: looking through them for garbage again and again takes a fifth of the time.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Lets a fixture know whether its test failed: a failed test leaves connections open, and that is no second news."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


class Peers:
    """The scripted peers of one test."""

    def __init__(self) -> None:
        self.all: list = []

    def store(self, *script, kind: type[Store] = Store, **options) -> Store:
        return self._add(kind(script, **options))

    def app(self, *script, **options) -> App:
        return self._add(App(script, **options))

    def us3(self, **options) -> us3.Discarding:
        return self._add(us3.Discarding(**options))

    def _add(self, peer):
        self.all.append(peer)
        return peer

    def stop(self) -> None:
        for peer in self.all:
            peer.stop()


@pytest.fixture
def peers():
    """Makes stores and apps; they are stopped after the gateway was looked at."""
    made = Peers()
    yield made
    made.stop()


@pytest.fixture
def start(request: pytest.FixtureRequest, tmp_path: Path, peers: Peers):
    """Starts gateways. After the test none may hold anything for uploads, the first must have its descriptors back, and
    each must end cleanly on SIGTERM."""
    running: list[Gateway] = []

    def begin(config, name: str = "gateway", **options) -> Gateway:
        gateway = Gateway(config, tmp_path / f"{name}-{len(running)}")
        running.append(gateway)
        return gateway.start(**options)

    yield begin
    sdks.close_all()
    # Pooled connections are no leak: with the peers gone they must go too.
    peers.stop()
    failed = request.node.stash.get(FAILED, False)

    def looks(gateway: Gateway) -> bool:
        # One that drains may end at any moment, and then holds nothing.
        return not failed and not gateway.drains and gateway.process is not None and gateway.process.poll() is None

    try:
        for gateway in filter(looks, running):
            held = gateway.held()
            assert not held, f"still held after the test: {held}"
        # One gateway may be the store of another that was started later and pools connections to it.
        for gateway in reversed(running[1:]):
            gateway.stop()
        for gateway in running[:1]:
            if looks(gateway):
                gateway.check_nothing_left()
            gateway.stop()
    finally:
        for gateway in running:
            if gateway.process and gateway.process.poll() is None:
                gateway.kill()


@pytest.fixture
def write_config(tmp_path: Path):
    """Writes a configuration and gives its path."""

    def write(config, name: str = "putback.yaml") -> Path:
        gateway = Gateway(config, tmp_path / "config")
        target = gateway.file.with_name(name)
        gateway.file.rename(target)
        return target

    return write
