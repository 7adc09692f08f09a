# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""The certificates of one run, made with the `openssl` command: everybody shows the same one for `localhost`."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from machine import WORK, Failed

P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments) -> None:
    if not shutil.which("openssl"):
        raise Failed("the openssl command is missing")
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"openssl {arguments[0]}: {done.stderr.strip()}")


@cache
def folder() -> Path:
    """`ca.pem`, which is trusted; `edge.pem` and `edge.key`, and both in `edge-both.pem`."""
    place = WORK / "certificates"
    place.mkdir(parents=True, exist_ok=True)
    names = place / "names.cnf"
    names.write_text("subjectAltName = DNS:localhost, IP:127.0.0.1\n")
    openssl("req", "-x509", *P256, "-subj", "/CN=bench CA", "-days", 2, "-keyout", place / "ca.key", "-out",
            place / "ca.pem")  # fmt: skip
    openssl("req", *P256, "-subj", "/CN=localhost", "-keyout", place / "edge.key", "-out", place / "edge.csr")
    openssl("x509", "-req", "-in", place / "edge.csr", "-CA", place / "ca.pem", "-CAkey", place / "ca.key",
            "-CAcreateserial", "-days", 2, "-extfile", names, "-out", place / "edge.pem")  # fmt: skip
    both = (place / "edge.pem").read_text() + (place / "edge.key").read_text()
    (place / "edge-both.pem").write_text(both)
    return place
