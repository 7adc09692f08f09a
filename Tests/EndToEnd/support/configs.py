"""Configurations as dictionaries, so that a test changes only what it is about."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

ACCESS_KEY_ID = "LTAI5tPutbackTestKeyId00"
ACCESS_KEY_SECRET = "putback-test-secret-0000000000"
PARTNER_ID = "partner-1"
PARTNER_SECRET = "partner-secret-1"

Config = dict[str, Any]


def merged(base: Config, change: Config) -> Config:
    """`base` with the values of `change`, dictionary by dictionary."""
    result = copy.deepcopy(base)
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def oss_store(port: int, **change: Any) -> Config:
    """A store that speaks OSS on loopback."""
    return {
        "dialect": "oss",
        "endpoint": f"http://127.0.0.1:{port}",
        "region": "cn-hangzhou",
        "bucket": "media",
        "addressing": "path",
        "credentials": {"id": f"plain:{ACCESS_KEY_ID}", "secret": f"plain:{ACCESS_KEY_SECRET}"},
        **change,
    }


def directory_store(path: Path, **change: Any) -> Config:
    return {"dialect": "directory", "path": str(path), **change}


def base(**change: Any) -> Config:
    return merged({"version": 1, "admin": {"address": "127.0.0.1:0"}}, change)


def edge(store: Config, route: Config | None = None, callback: Config | None = None, **change: Any) -> Config:
    """Plain clients on one listener, one store, one route; `callback` is the route's policy."""
    rule: Config = {"name": "all", "match": {"path": "/**"}, "store": "target", "key": "${path}"}
    config = base(
        listeners=[{"name": "edge", "address": "127.0.0.1:0", "dialect": "plain"}],
        stores={"target": store},
    )
    if callback is not None:
        config["callbacks"] = {"uploaded": callback}
        rule["callback"] = "uploaded"
    config["routes"] = [merged(rule, route or {})]
    return merged(config, change)


def policy(port: int, **change: Any) -> Config:
    """A callback to an app on loopback."""
    return {
        "url": f"http://127.0.0.1:{port}/uploaded",
        "type": "application/json",
        "body": '{"bucket":${bucket},"object":${object},"size":${size},"etag":${etag},"mimeType":${mimeType}}',
        **change,
    }


def sdk(path: Path, route: Config | None = None, callback: Config | None = None, **change: Any) -> Config:
    """Clients of the OSS SDKs in front of a directory; their own callbacks may go to loopback."""
    rule: Config = {
        "name": "all",
        "match": {"path": "/**"},
        "store": "shelf",
        "key": "${path}",
        "clientCallbacks": {"allow": ["127.0.0.1"]},
    }
    config = base(
        listeners=[
            {
                "name": "sdk",
                "address": "127.0.0.1:0",
                "dialect": "oss",
                "baseHost": "oss.test",
                "clients": "partners",
            }
        ],
        clients={"partners": {"keys": [{"id": PARTNER_ID, "secret": f"plain:{PARTNER_SECRET}"}]}},
        stores={"shelf": directory_store(path, bucket="${bucket}")},
    )
    if callback is not None:
        config["callbacks"] = {"uploaded": callback}
        rule["callback"] = "uploaded"
    config["routes"] = [merged(rule, route or {})]
    return merged(config, change)
