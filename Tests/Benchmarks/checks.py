# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""Before anything is measured: what was sent is what arrives, through every proxy."""

from __future__ import annotations

import http.client
import os

from machine import WORK, Failed, Origin
from proxies import Proxy, putback

KIB, MIB = 1 << 10, 1 << 20
SIZES = [0, 1, KIB, 64 * KIB, MIB + 3]


def crc64_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0xC96C5795D7870F42 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc64_table()


def crc64(body: bytes) -> int:
    """CRC-64/XZ, a second time and not from crc64.h, so that a slip there cannot hide."""
    state = 0xFFFFFFFFFFFFFFFF
    for byte in body:
        state = TABLE[(state ^ byte) & 0xFF] ^ state >> 8
    return state ^ 0xFFFFFFFFFFFFFFFF


def put(port: int, path: str, body: bytes, *, is_chunked: bool = False) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        if is_chunked:
            pieces = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
            client.request("PUT", path, body=pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        else:
            client.request("PUT", path, body=body)
        answer = client.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Failed(f"PUT {path} of {len(body)} bytes: {answer.status} {text[:500]!r}")
    finally:
        client.close()


def arrives_whole(proxy: Proxy, origin: Origin) -> None:
    """Uploads of several sizes, with a length and in chunks; `origin` verifies."""
    for size in SIZES:
        for is_chunked in (False, True):
            body = os.urandom(size)
            put(proxy.port, proxy.path, body, is_chunked=is_chunked)
            expected = f"{size} {crc64(body):016X}\n"
            if (arrived := origin.line()) != expected:
                raise Failed(f"{proxy.name}: sent {expected!r}, arrived {arrived!r}")


def is_stored_whole(origin: Origin) -> None:
    """One upload to a directory, compared byte for byte with what was sent."""
    body = os.urandom(3 * MIB + 1)
    proxy = putback(origin, output=WORK / "directory.log")
    try:
        put(proxy.port, "/shelf/object", body)
    finally:
        proxy.stop()
    # The file begins with the data; what the store knows about it follows.
    files = [file for file in (WORK / "objects").rglob("*") if file.is_file()]
    if not any(file.read_bytes().startswith(body) for file in files):
        raise Failed(f"the directory store holds {len(files)} files, none of them what was sent")
