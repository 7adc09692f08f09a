# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""Where nginx and HAProxy come from: the system, or Debian's packages unpacked into the build folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from machine import OUT

UNPACKED = OUT / "peers"
# With the libraries that a small system lacks.
PACKAGES = {
    "nginx": ["nginx", "libpcre2-8-0", "zlib1g"],
    "haproxy": ["haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1", "libpcre2-8-0"],
}


def libraries() -> dict[str, str]:
    """The environment in which what was unpacked finds its libraries."""
    folders = [str(folder) for part in ("usr/lib", "lib") for folder in (UNPACKED / part).glob("*-linux-gnu*")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)} if folders else dict(os.environ)


def program(name: str) -> Path | None:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:{UNPACKED / 'usr/sbin'}")
    return Path(found) if found else None


def first_line(*arguments) -> str:
    """What a program says first; nothing if it cannot be run."""
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, env=libraries(), timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    said = (done.stdout or done.stderr).strip().partition("\n")[0]
    return said if done.returncode == 0 else ""


def runs(name: str) -> bool:
    """Whether the program is there and can be executed, unpacking it if it is not."""
    if not (program(name) and first_line(program(name), "-v")):
        unpack(name)
    return bool(program(name) and first_line(program(name), "-v"))


def unpack(name: str) -> None:
    """Unpacks Debian packages: nothing is installed, no service starts."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return
    UNPACKED.mkdir(parents=True, exist_ok=True)
    if not download(name, PACKAGES[name]):
        # Most often there are no package lists yet, and only root can fetch them.
        quietly("apt-get", "update", "-qq")
        download(name, PACKAGES[name])
    for file in UNPACKED.glob("*.deb"):
        quietly("dpkg-deb", "-x", file, UNPACKED)
        file.unlink()


def download(name: str, packages: list[str]) -> bool:
    """Whether the program's own package has come. The others may have another name here, or be there already."""
    for package in packages:
        quietly("apt-get", "download", package)
    return any(UNPACKED.glob(f"{name}_*.deb"))


def quietly(*arguments) -> None:
    subprocess.run(
        arguments, cwd=UNPACKED, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=120,
    )  # fmt: skip
