"""Volcengine's own Python SDK, `tos`, pointed at a listener that speaks TOS."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import tos

from . import configs

KEY_ID = "AKLTEXAMPLEKEYID0000"
SECRET = "TkVYQU1QTEVzZWNyZXRrZXkwMDAwMDAwMDAwMDAwMA=="
REGION = "cn-beijing"
BUCKET = "examplebucket"


def directory(path: Path, route: configs.Config | None = None, callback: configs.Config | None = None) -> configs.Config:
    """Clients of TOS in front of a directory; their own callbacks may go to loopback."""
    config = configs.sdk(path, route=route, callback=callback)
    config["listeners"] = [
        {"name": "sdk", "address": "127.0.0.1:0", "dialect": "tos", "bucket": BUCKET, "clients": "partners"}
    ]
    config["clients"] = {"partners": {"keys": [{"id": KEY_ID, "secret": f"plain:{SECRET}"}]}}
    config["timeouts"] = {"keepAlive": "1s"}
    return config


def store(port: int, **change: Any) -> configs.Config:
    """A store that speaks TOS on loopback."""
    return {
        "dialect": "tos",
        "endpoint": f"http://127.0.0.1:{port}",
        "region": REGION,
        "bucket": BUCKET,
        "addressing": "customDomain",
        "credentials": {"id": f"plain:{KEY_ID}", "secret": f"plain:{SECRET}"},
        **change,
    }


def edge(port: int, route: configs.Config | None = None, callback: configs.Config | None = None) -> configs.Config:
    config = directory(Path("/nowhere"), configs.merged({"key": "in/${path}"}, route or {}), callback)
    config["stores"] = {"shelf": store(port)}
    return config


def client(address: tuple[str, int], secret: str = SECRET) -> tos.TosClientV2:
    return tos.TosClientV2(
        KEY_ID, secret, f"http://{address[0]}:{address[1]}", REGION, is_custom_domain=True, max_retry_count=0, dns_cache_time=0
    )


def encoded(value: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()
