"""Volcengine's own Python SDK, `tos`, pointed at a listener that speaks TOS."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import requests
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


def hmac_of(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed(
    address: tuple[str, int],
    method: str,
    path: str,
    headers: dict[str, str],
    body: Any = b"x",
    payload: str = "UNSIGNED-PAYLOAD",
    signed_as: dict[str, str] | None = None,
    http_date: bool = False,
    drop: tuple[str, ...] = (),
) -> requests.Response:
    """A request in header form that the SDK does not make, signed by hand: `signed_as` has what is signed in place of a
    header's value, `drop` what is signed and not sent."""
    host = "{}:{}".format(*address)
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    sent = {name.lower(): value for name, value in headers.items()} | {"x-tos-content-sha256": payload}
    if http_date:
        sent["date"] = now.strftime("%a, %d %b %Y %H:%M:%S GMT")
    else:
        sent["x-tos-date"] = stamp
    lines = {"host": host} | {name: value for name, value in sent.items() if name.startswith("x-tos-")} | (signed_as or {})
    names = ";".join(sorted(lines))
    target, _, query = path.partition("?")
    canonical = [method, target, query, *(f"{name}:{lines[name]}" for name in sorted(lines)), "", names, payload]
    scope = f"{stamp[:8]}/{REGION}/tos/request"
    text = ["TOS4-HMAC-SHA256", stamp, scope, hashlib.sha256("\n".join(canonical).encode()).hexdigest()]
    key = SECRET.encode()
    for step in (stamp[:8], REGION, "tos", "request", "\n".join(text)):
        key = hmac_of(key, step)
    sent["authorization"] = f"TOS4-HMAC-SHA256 Credential={KEY_ID}/{scope},SignedHeaders={names},Signature={key.hex()}"
    for name in drop:
        del sent[name]
    return requests.request(method, f"http://{host}{path}", headers=sent, data=body)
