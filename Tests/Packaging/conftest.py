"""What is packaged: the image, the manifests, the units, the man page and the completions."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "EndToEnd")]

import containers  # noqa: E402
import dockerfile  # noqa: E402

BINARY = dockerfile.ROOT / ".build/release/putback"

# `make image-check` compiles in the image as an engine would; `make test` takes what `make build` made.
COMPILES = os.environ.get("PUTBACK_IMAGE") == "compile"


def pytest_sessionstart(session: pytest.Session) -> None:
    if not COMPILES and not os.access(BINARY, os.X_OK):
        pytest.exit(f"no executable {BINARY}; `make build` builds it", returncode=2)


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory):
    """The Dockerfile with all its steps done."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.skip("needs root and debootstrap")
    # Namespaced mounts below /tmp must not meet nodev or noexec, which a build folder has not.
    dockerfile.BASES.mkdir(parents=True, exist_ok=True)
    folder = dockerfile.BASES / f"run-{os.getpid()}"
    folder.mkdir()
    try:
        builder = dockerfile.Builder(folder, None if COMPILES else BINARY)
        builder.build(dockerfile.ROOT / "docker/Dockerfile")
        yield builder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def image(builder):
    return builder.stages["image"]


@pytest.fixture
def network():
    network = containers.Network()
    yield network
    network.stop()


@pytest.fixture
def start(image, network):
    """Starts containers; what a test has not stopped is killed."""
    running: list[containers.Container] = []

    def begin(name: str, mounts: list[containers.Mount], **options) -> containers.Container:
        # As with an engine, each container has a tree of its own: mount points are made in it.
        tree = image.tree.parent / f"container-{len(list(image.tree.parent.iterdir()))}"
        shutil.copytree(image.tree, tree, symlinks=True)
        os.chown(tree / "var/lib/putback", *(int(part) for part in image.user.split(":")))
        container = containers.Container(dataclasses.replace(image, tree=tree), name, network, mounts, **options)
        running.append(container)
        return container

    yield begin
    for container in running:
        container.kill()
