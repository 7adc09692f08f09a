# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""Before anything is measured: what was sent is what arrives, through every proxy."""

from __future__ import annotations

import http.client
import os
import ssl
from contextlib import ExitStack

import certificates
from cases import CALLBACK, COPYING, FULL, HAPROXY, KIB, LENGTH, LOGGING, MIB, NGINX, Case, Row
from machine import WORK, Failed, Origin
from measure import Target, started, tls_origin
from peers import Peers
from proxies import Wish, putback

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


def put(
    server, path: str, body: bytes, *, is_chunked: bool = False, method: str = "PUT", fields: dict | None = None
) -> bytes:
    """One upload to anything that has `port` and `is_tls`; the body of its answer, which must be a 200."""
    if server.is_tls:
        context = ssl.create_default_context(cafile=certificates.folder() / "ca.pem")
        client = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=30, context=context)
    else:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        if is_chunked:
            pieces = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
            chunks = {"Transfer-Encoding": "chunked", **(fields or {})}
            client.request(method, path, body=pieces, encode_chunked=True, headers=chunks)
        else:
            client.request(method, path, body=body, headers=fields or {})
        answer = client.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Failed(f"{method} {path} of {len(body)} bytes: {answer.status} {text[:500]!r}")
        return text
    finally:
        client.close()


def line(body: bytes) -> str:
    """What the origin prints of an upload."""
    return f"{len(body)} {crc64(body):016X}\n"


def arrives_whole(target: Target, origin: Origin, bodies: list[tuple[bytes, str]]) -> None:
    """Uploads of several sizes, with a length and in chunks; `origin` verifies."""
    for body, expected in bodies:
        for is_chunked in (False, True):
            put(target, target.row.path, body, is_chunked=is_chunked)
            if (arrived := origin.line()) != expected:
                raise Failed(f"{target.row.name}: sent {expected!r}, arrived {arrived!r}")


def form_arrives(target: Target, origin: Origin) -> None:
    """Of a form the file in it arrives through Putback, and all of it as it is through the peers."""
    file = os.urandom(3 * KIB)
    boundary = "a-boundary"
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    form = part.encode() + file + f"\r\n--{boundary}--\r\n".encode()
    fields = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    put(target, target.row.path, form, method="POST", fields=fields)
    wanted = line(file if target.row.kind == "putback" else form)
    if (arrived := origin.line()) != wanted:
        raise Failed(f"{target.row.name}: {arrived!r} arrived of a form, not {wanted!r}")


def app_is_heard(target: Target, origin: Origin) -> None:
    """What the app answers to a callback is what the client is told."""
    paths = ["/stored/object", "/called/object"] if target.row.kind == "putback" else [target.row.path]
    name, _, value = CALLBACK.partition(": ")
    for path in paths:
        text = put(target, path, b"x", fields=None if target.row.kind == "putback" else {name: value})
        if b"The app has seen" not in text or origin.line() != line(b"x"):
            raise Failed(f"{target.row.name}: the answer to a callback is {text!r}")


def is_stored_whole(origin: Origin) -> None:
    """One upload to a directory, compared byte for byte with what was sent."""
    body = os.urandom(3 * MIB + 1)
    proxy = putback("Putback", Wish(), origin, output=WORK / "directory.log")
    try:
        put(proxy, "/shelf/object", body)
    finally:
        proxy.stop()
    # The file begins with the data; what the store knows about it follows.
    files = [file for file in (WORK / "objects").rglob("*") if file.is_file()]
    if not any(file.read_bytes().startswith(body) for file in files):
        raise Failed(f"the directory store holds {len(files)} files, none of them what was sent")


def correctness(peers: Peers) -> None:
    bodies = [(body, line(body)) for body in map(os.urandom, SIZES)]
    named = [Row(name, name) for name in peers.commands]
    usual = [FULL, LENGTH, *(row for row in (NGINX, HAPROXY) if peers.has(row.kind))]
    plain = usual + [row for row in (LOGGING, COPYING) if peers.has(row.kind)] + named
    for case, rows in [
        (Case("", "plain", 0, 1, ()), plain),
        (Case("", "TLS towards the client", 0, 1, (), is_tls=True), usual),
        (Case("", "TLS towards the store", 0, 1, (), is_store_tls=True), usual),
    ]:
        with ExitStack() as stack:
            verify = tls_origin(stack, "-v") if case.is_store_tls else started(stack, Origin("-v"))
            for row in rows:
                target = Target(row, case, peers, verify, stack)
                arrives_whole(target, verify, bodies)
                # A callback by Putback goes to the origin in plain text.
                if not case.is_store_tls:
                    form_arrives(target, verify)
                    app_is_heard(target, verify)
    with ExitStack() as stack:
        is_stored_whole(started(stack, Origin()))
