"""UCloud's own Python SDK, `ufile`, pointed at a listener that speaks US3."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import threading
import urllib.parse
import uuid
from pathlib import Path
from typing import Any

from ufile import config as settings
from ufile import filemanager, multipartuploadufile

from . import configs
from .gateway import Gateway
from .peers import Peer, answer
from .wire import Closed, Message, Stream

BLOCK = 4 << 20
PUBLIC = "TOKEN_11111111-2222-3333-4444-555555555555"
PRIVATE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
BUCKET = "demobucket"


def listener(**change: Any) -> configs.Config:
    return {"name": "sdk", "address": "127.0.0.1:0", "dialect": "us3", "bucket": BUCKET, "clients": "partners", **change}


def directory(path: Path, route: configs.Config | None = None, callback: configs.Config | None = None) -> configs.Config:
    """Clients of US3 in front of a directory; their own callbacks may go to loopback."""
    config = configs.sdk(path, route=route, callback=callback)
    config["listeners"] = [listener()]
    config["timeouts"] = {"keepAlive": "1s"}  # the SDK never closes a connection
    config["clients"] = {"partners": {"keys": [{"id": PUBLIC, "secret": f"plain:{PRIVATE}"}]}}
    return config


def store(port: int, **change: Any) -> configs.Config:
    """A store that speaks US3 on loopback."""
    return {
        "dialect": "us3",
        "endpoint": f"http://127.0.0.1:{port}",
        "bucket": BUCKET,
        "credentials": {"id": f"plain:{PUBLIC}", "secret": f"plain:{PRIVATE}"},
        **change,
    }


def edge(port: int, route: configs.Config | None = None, callback: configs.Config | None = None) -> configs.Config:
    config = directory(Path("/nowhere"), configs.merged({"key": "in/${path}"}, route or {}), callback)
    config["stores"] = {"shelf": store(port)}
    return config


class Client:
    """`ufile` with the bucket in the user part of its URL, so that it goes to an address (its only way to one)."""

    def __init__(self, address: tuple[str, int], public: str = PUBLIC, private: str = PRIVATE, md5: bool = True):
        suffix = f"@{address[0]}:{address[1]}"
        settings.set_default(uploadsuffix=suffix, downloadsuffix=suffix, open_ssl=False, md5=md5)
        self.files = filemanager.FileManager(public, private, suffix, suffix)
        self.parts = multipartuploadufile.MultipartUploadUFile(public, private, suffix)


def unfinished(store: Gateway) -> list[str]:
    """The uploads in parts that a gateway with a directory store keeps for somebody to finish."""
    folder = store.file.parent.parent / "objects" / ".uploads"
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def etag(body: bytes) -> str:
    """The ETag of an object by the rule of the API manual: how many 4 MiB blocks, and their SHA-1."""
    blocks = [body[start : start + BLOCK] for start in range(0, len(body), BLOCK)]
    digest = hashlib.sha1(body).digest() if len(blocks) <= 1 else hashlib.sha1(b"".join(hashlib.sha1(b).digest() for b in blocks)).digest()
    return base64.urlsafe_b64encode(struct.pack("<I", len(blocks)) + digest).decode()


def part_etag(body: bytes) -> str:
    """The ETag of a part, in quotes: its SHA-1 alone."""
    return f'"{base64.urlsafe_b64encode(hashlib.sha1(body).digest()).decode()}"'


def authorization(method: str, key: str, content_type: str = "", policy: str = "", date: str = "", md5: str = "") -> str:
    """The header that the Go SDK makes; with a put policy, which the Python SDK has no call for."""
    text = f"{method}\n{md5}\n{content_type}\n{date}\n/{BUCKET}/{key}{policy}"
    signature = base64.b64encode(hmac.new(PRIVATE.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return f"UCloud {PUBLIC}:{signature}" + (f":{policy}" if policy else "")


def presigned(
    address: tuple[str, int], method: str, key: str, expires: int, content_type: str = "", md5: str = "", **more: str
) -> str:
    """A URL as `GenPresignedURL` of the Go SDK makes it: the end of its time in place of a date. `more` rides along unsigned."""
    text = f"{method}\n{md5}\n{content_type}\n{expires}\n/{BUCKET}/{key}"
    signature = base64.b64encode(hmac.new(PRIVATE.encode(), text.encode(), hashlib.sha1).digest()).decode()
    query = urllib.parse.urlencode({"Expires": expires, "Signature": signature, "UCloudPublicKey": PUBLIC, **more})
    return f"http://{address[0]}:{address[1]}/{urllib.parse.quote(key)}?{query}"


class Discarding(Peer):
    """A bucket of US3 that keeps nothing of what it is sent but its sum, and knows which uploads are unfinished."""

    def __init__(self, block: int = BLOCK) -> None:
        super().__init__()
        self.block = block
        self.unfinished: set[str] = set()
        self.received = 0
        # Parts are read and not answered while it is closed.
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()

    def behave(self, stream: Stream, request: Message) -> None:
        query = urllib.parse.parse_qs(request.target.partition("?")[2], keep_blank_values=True)
        upload = query.get("uploadId", [""])[0]
        json_type = ("Content-Type", "application/json")
        if "uploads" in query:
            upload = str(uuid.uuid4())
            with self._lock:
                self.unfinished.add(upload)
            document = {"UploadId": upload, "BlkSize": self.block, "Bucket": BUCKET, "Key": "x"}
            stream.send(answer(200, json.dumps(document).encode(), json_type))
        elif request.method == "PUT":
            digest = self._discard(stream, int(request.header("Content-Length") or 0))
            self.gate.wait()
            told = base64.urlsafe_b64encode(digest).decode()
            stream.send(answer(200, b"{}", ("ETag", f'"{told}"'), json_type))
        else:
            stream.read_body(request)
            with self._lock:
                self.unfinished.discard(upload)
            stream.send(answer(200, b"{}", ("ETag", '"whole"'), json_type))

    def stop(self) -> None:
        self.gate.set()
        super().stop()

    def _discard(self, stream: Stream, count: int) -> bytes:
        digest = hashlib.sha1(stream.buffer[:count])
        left = count - len(stream.buffer[:count])
        stream.buffer = stream.buffer[count:]
        room = memoryview(bytearray(1 << 20))
        while left:
            taken = stream.socket.recv_into(room[: min(left, len(room))])
            if not taken:
                raise Closed()
            digest.update(room[:taken])
            left -= taken
        with self._lock:
            self.received += count
        return digest.digest()
