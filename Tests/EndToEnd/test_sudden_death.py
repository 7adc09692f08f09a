"""SIGKILL in the middle of a hundred uploads to a directory, again and again at other points; then an audit of what is there.

Whatever a client was told is stored is there, byte for byte; what it was not told is there whole or not at all."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import oss2
import pytest

from support import configs, sdks
from support.gateway import Gateway
from support.wire import Client, Closed, Message

UPLOADS = 100
CLIENTS = 6
PART = 100 << 10  # OSS takes no smaller parts but the last
ENDS = (OSError, Closed, oss2.exceptions.RequestError)
DAYS = 24 * 3600


class Death:
    """Kills the process at one of the moments that clients report: a body half sent, an answer just read."""

    def __init__(self, gateway: Gateway, moment: int):
        self.gateway = gateway
        self.moment = moment
        self.happened = threading.Event()
        self._lock = threading.Lock()
        self._seen = 0

    def moment_passes(self) -> None:
        with self._lock:
            self._seen += 1
            if self._seen == self.moment:
                self.gateway.kill()
                self.happened.set()


class Uploader(threading.Thread):
    """One client with keys of its own. What was acknowledged is certain; what was under way may have come true."""

    def __init__(self, number: int, death: Death, seed: int):
        super().__init__()
        self.death = death
        self.number = number
        self.random = random.Random(f"{seed}/{number}")
        self.edge = death.gateway.edge
        self.bucket = sdks.client("oss2-v4", death.gateway.endpoint).bucket
        # Key to content; None: there is no such object.
        self.certain: dict[str, bytes | None] = {}
        self.possible: dict[str, bytes | None] = {}
        # Uploads in parts that nobody completed: key, and the parts that were acknowledged.
        self.unfinished: dict[str, tuple[str, list[tuple[oss2.models.PartInfo, bytes]]]] = {}
        self.appended: list[str] = []
        self.acknowledged = 0
        self.problems: list[str] = []

    def run(self) -> None:
        try:
            for n in range(UPLOADS // CLIENTS + 1):
                kind = self.random.choice([self.put, self.put, self.replace, self.form, self.append, self.parts])
                kind(f"{self.number}/{kind.__name__}-{n}")
        except ENDS:
            if not self.death.happened.wait(10):
                self.problems.append("the gateway closed a connection and was not killed")
        except Exception as error:  # whatever it is, the test must hear of it
            self.problems.append(repr(error))

    def content(self, most: int = 200_000) -> bytes:
        return self.random.randbytes(self.random.randrange(most))

    def expect(self, status: int, what: str) -> None:
        self.death.moment_passes()
        if status != 200:
            self.problems.append(f"{what}: {status}")

    def raw(self, method: str, target: str, body: bytes, *fields: str) -> Message:
        with Client(self.edge) as client:
            lines = [f"{method} {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *fields, "", ""]
            half = len(body) // 2
            client.send("\r\n".join(lines).encode() + body[:half])
            self.death.moment_passes()
            client.send(body[half:])
            return client.response()

    # What it does

    def put(self, key: str) -> None:
        body = self.content()
        self.certain.setdefault(key, None)
        self.possible[key] = body
        self.expect(self.raw("PUT", f"/{key}", body).status, key)
        self.settle(key, body)

    def replace(self, key: str) -> None:
        known = [key for key, body in self.certain.items() if body is not None and key not in self.appended]
        self.put(self.random.choice(known) if known else key)

    def form(self, key: str) -> None:
        part = '--b\r\nContent-Disposition: form-data; name="f"; filename="{}"\r\nContent-Type: text/plain\r\n\r\n'
        files = {f"{n}.txt": self.content(50_000) for n in range(2)}
        for name, body in files.items():
            self.certain[f"{key}/{name}"] = None
            self.possible[f"{key}/{name}"] = body
        document = b"".join(part.format(name).encode() + body + b"\r\n" for name, body in files.items()) + b"--b--\r\n"
        told = self.raw("POST", f"/{key}", document, "Content-Type: multipart/form-data; boundary=b")
        self.expect(told.status, key)
        for name, body in files.items():
            self.settle(f"{key}/{name}", body)

    def append(self, key: str) -> None:
        if self.appended and self.random.random() < 0.8:
            key = self.random.choice(self.appended)
        else:
            self.appended.append(key)
        before = self.certain.setdefault(key, None) or b""
        # An empty piece would be an object all the same; both states would look the same.
        piece = self.content(50_000) + b"."
        self.possible[key] = before + piece
        self.expect(self.bucket.append_object(key, len(before), piece).status, key)
        self.settle(key, before + piece)

    def parts(self, key: str) -> None:
        self.certain.setdefault(key, None)
        upload = self.bucket.init_multipart_upload(key)
        self.expect(upload.status, key)
        done: list[tuple[oss2.models.PartInfo, bytes]] = []
        self.unfinished[key] = (upload.upload_id, done)
        for number in (1, 2, 3):
            body = self.random.randbytes(PART)
            part = self.bucket.upload_part(key, upload.upload_id, number, body)
            done.append((oss2.models.PartInfo(number, part.etag), body))
            self.expect(part.status, key)
        if self.random.random() < 0.2:
            return
        whole = b"".join(body for _, body in done)
        self.possible[key] = whole
        self.expect(self.bucket.complete_multipart_upload(key, upload.upload_id, [info for info, _ in done]).status, key)
        del self.unfinished[key]
        self.settle(key, whole)

    def settle(self, key: str, body: bytes) -> None:
        """The upload was acknowledged."""
        self.certain[key] = body
        self.possible.pop(key, None)
        self.acknowledged += 1


def read(bucket: oss2.Bucket, key: str) -> bytes | None:
    try:
        return bucket.get_object(key).read()
    except oss2.exceptions.NoSuchKey:
        return None


def audit(uploader: Uploader, bucket: oss2.Bucket) -> None:
    for key, expected in uploader.certain.items():
        found = read(bucket, key)
        allowed = [expected, uploader.possible[key]] if key in uploader.possible else [expected]
        assert found in allowed, f"{key}: {len(found) if found is not None else 'nothing'}, which nobody sent"
        uploader.certain[key] = found


def goes_on(uploader: Uploader, bucket: oss2.Bucket) -> None:
    """Parts that were acknowledged still count, and what was appended can be appended to."""
    for key, (upload_id, parts) in uploader.unfinished.items():
        if not parts:
            continue
        try:
            bucket.complete_multipart_upload(key, upload_id, [info for info, _ in parts])
        except oss2.exceptions.NoSuchUpload:
            assert key in uploader.possible, f"{key}: its parts were acknowledged and are gone"
        uploader.certain[key] = b"".join(body for _, body in parts)
        assert read(bucket, key) == uploader.certain[key]
    for key in uploader.appended:
        before = uploader.certain[key] or b""
        assert bucket.append_object(key, len(before), b"more").status == 200
        uploader.certain[key] = before + b"more"
        assert read(bucket, key) == uploader.certain[key]


def objects(root: Path) -> set[str]:
    """The keys of all objects, as the store writes them: the last segment with a `=` in front."""
    files = (file.relative_to(root / "uploads") for file in (root / "uploads").rglob("*") if file.is_file())
    keys = {str(file) for file in files}
    assert all(key.rpartition("/")[2].startswith("=") for key in keys), "a file that is no object"
    return {key.replace("/=", "/") for key in keys}


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("seed", range(8))
def test_loses_nothing_and_keeps_nothing_half(start, tmp_path, seed):
    config = configs.sdk(tmp_path / "objects")
    config["listeners"].append({"name": "edge", "address": "127.0.0.1:0", "dialect": "plain"})
    config["stores"]["shelf"]["bucket"] = "uploads"
    gateway = start(config)
    root = tmp_path / "objects"
    # Two moments and more for each upload.
    death = Death(gateway, random.Random(seed).randrange(1, 2 * UPLOADS))
    uploaders = [Uploader(number, death, seed) for number in range(CLIENTS)]
    for uploader in uploaders:
        uploader.start()
    for uploader in uploaders:
        uploader.join()
    assert [problem for uploader in uploaders for problem in uploader.problems] == []
    assert death.happened.is_set(), "all was over before the moment came"
    sdks.close_all()

    gateway.start()
    bucket = sdks.client("oss2-v4", gateway.endpoint).bucket
    for uploader in uploaders:
        audit(uploader, bucket)
    present = {key for uploader in uploaders for key, body in uploader.certain.items() if body is not None}
    assert objects(root) == present, "an object that nobody uploaded"
    assert files(root / ".tmp") == [], "a half upload lies around after the restart"
    for uploader in uploaders:
        goes_on(uploader, bucket)
    sdks.close_all()
