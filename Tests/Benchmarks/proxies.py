# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""A started proxy, and Putback with everything of the main job switched on."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import certificates
from machine import PROXY, PROXY_TWO, PUTBACK, WORK, Origin, Process, accepts, free_port


@dataclass(frozen=True)
class Wish:
    """What a proxy is started for."""

    is_tls: bool = False  # towards the client; towards the store as the origin is
    workers: int = 1
    active: int = 64  # connections that upload at a time
    idle: int = 0  # connections beside them

    @property
    def connections(self) -> int:
        return self.active + self.idle


class Proxy(Process):
    """A started proxy, with as many processors as it has workers."""

    def __init__(self, name: str, arguments: list, port: int, wish: Wish, output: Path | int, **options):
        super().__init__(arguments, PROXY if wish.workers == 1 else PROXY_TWO, output, **options)
        self.name, self.port, self.is_tls = name, port, wish.is_tls
        try:
            self.wait_for(lambda: accepts(port), f"start of {name}")
        except BaseException:
            self.stop()
            raise


def write(name: str, text: str) -> Path:
    WORK.mkdir(parents=True, exist_ok=True)
    file = WORK / name
    file.write_text(text)
    return file


def configuration(origin: Origin, port: int = 0, wish: Wish = Wish()) -> dict:
    """Putback in front of the origin as an OSS bucket, and of a directory. The path says what is done with an upload:
    /full/ and /length/ how much is checked, /stored/ and /called/ who makes a callback, /shelf/ is the directory. Below
    /parts/ the origin is a bucket of US3, which takes no body of unknown length but in parts."""
    store = {
        "dialect": "oss", "endpoint": f"http://127.0.0.1:{origin.port}", "region": "cn-hangzhou", "bucket": "bench",
        "addressing": "path", "credentials": {"id": "bench", "secret": "plain:bench"},
    }  # fmt: skip
    if origin.is_tls:
        store["endpoint"] = f"https://localhost:{origin.port}"
        store["tls"] = {"ca": str(certificates.folder() / "ca.pem")}
    parts = {
        "dialect": "us3", "endpoint": f"http://127.0.0.1:{origin.port}", "bucket": "bench", "addressing": "customDomain",
        "credentials": {"id": "bench", "secret": "plain:bench"},
    }  # fmt: skip
    listener = {"name": "edge", "address": f"127.0.0.1:{port}", "dialect": "plain"}
    if wish.is_tls:
        folder = certificates.folder()
        listener["tls"] = {"certificate": str(folder / "edge.pem"), "key": str(folder / "edge.key")}
    body = '{"bucket":${bucket},"object":${object},"size":${size},"etag":${etag}}'
    callback = {"url": f"http://127.0.0.1:{origin.port}/app/uploaded", "body": body}
    return {
        "version": 1,
        "workers": wish.workers,
        "listeners": [listener],
        "admin": {"address": "127.0.0.1:0"},
        "limits": {"connections": max(10_000, wish.connections + 1000)},
        "timeouts": {"keepAlive": "600s"},
        "stores": {"origin": store, "parts": parts, "shelf": {"dialect": "directory", "path": str(WORK / "objects")}},
        "callbacks": {"stored": callback | {"by": "store"}, "called": callback | {"by": "putback", "timeout": "5s"}},
        "routes": [
            {"name": "full", "match": {"path": "/full/**"}, "store": "origin", "integrity": "full"},
            {"name": "length", "match": {"path": "/length/**"}, "store": "origin", "integrity": "length"},
            {"name": "stored", "match": {"path": "/stored/**"}, "store": "origin", "callback": "stored"},
            {"name": "called", "match": {"path": "/called/**"}, "store": "origin", "callback": "called"},
            {"name": "shelf", "match": {"path": "/shelf/**"}, "store": "shelf"},
            {"name": "parts", "match": {"path": "/parts/**"}, "store": "parts", "limits": {"uploadSize": "32GiB"}},
        ],
    }


def command(config: dict) -> list:
    file = write(f"putback-{config['listeners'][0]['address'].rpartition(':')[2]}.yaml", json.dumps(config, indent=1))
    return [PUTBACK, "serve", "--config", file]


def putback(name: str, wish: Wish, origin: Origin, output: Path | int = subprocess.DEVNULL) -> Proxy:
    port = free_port()
    return Proxy(name, command(configuration(origin, port, wish)), port, wish, output)
