"""UCloud's own Python SDK, `ufile`, pointed at a listener that speaks US3."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from pathlib import Path
from typing import Any

from ufile import config as settings
from ufile import filemanager, multipartuploadufile

from . import configs

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

    def __init__(self, address: tuple[str, int], public: str = PUBLIC, private: str = PRIVATE):
        suffix = f"@{address[0]}:{address[1]}"
        settings.set_default(uploadsuffix=suffix, downloadsuffix=suffix, open_ssl=False, md5=True)
        self.files = filemanager.FileManager(public, private, suffix, suffix)
        self.parts = multipartuploadufile.MultipartUploadUFile(public, private, suffix)


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
