"""`explain` prints what `serve` sends: the same plan, made by the same code."""

from __future__ import annotations

import base64
import json
import re

import pytest

from support import configs, tos_client, us3
from support.gateway import run
from support.wire import put

FROZEN = {"PUTBACK_CLOCK": "1700000000", "PUTBACK_SEED": "7"}


def config_for(port: int, **route):
    callback = {
        "url": "http://app.test/uploaded",
        "type": "application/json",
        "body": '{"object":${object},"who":${x:who}}',
        "variables": {"who": "${header.X-Who}"},
    }
    return configs.edge(configs.oss_store(port), callback=callback, route=route)


@pytest.mark.parametrize("signature", ["v4", "v1"])
@pytest.mark.parametrize("path", ["/photos/a.jpg", "/a%20b%2Bc", "/%E4%B8%AD%E6%96%87?batch=1"])
def test_prints_exactly_what_serve_sends(start, peers, signature, path):
    store = peers.store()
    config = config_for(store.port, key="up/${date:yyyy/MM/dd}/${uuid}/${path}", headers={"x-oss-storage-class": "IA"})
    config["stores"]["target"]["signature"] = signature
    gateway = start(config, environment=FROZEN)
    fields = {"X-Who": "me", "Content-Type": "image/jpeg"}
    assert put(gateway.edge, path, b"hello", fields).status == 200
    (sent,) = store.complete

    arguments = ["-H", "X-Who: me", "-H", "Content-Type: image/jpeg", "--size", "5"]
    result = run(
        "explain", "--config", str(gateway.file), "PUT", f"http://localhost{path}", *arguments, environment=FROZEN
    )
    assert result.returncode == 0, result.stderr
    explained = result.stdout
    assert f"{sent.start}" in explained
    for name, value in sent.headers:
        if name.lower() in ("connection", "accept", "user-agent"):
            continue
        if name.lower() == "authorization":
            # The signature may be redacted; what it covers may not.
            value = re.split(r"Signature=|:", value)[0]
        assert value in explained, f"{name}: {value}"
    assert "2023/11/14/" in sent.target
    assert configs.ACCESS_KEY_SECRET not in explained


def test_tells_the_route_and_why_others_did_not_match(write_config):
    config = config_for(1)
    config["routes"].insert(0, {"name": "videos", "match": {"path": "/videos/**"}, "store": "target", "key": "${path}"})
    config["routes"].insert(
        1, {"name": "small", "match": {"path": "/**", "size": "..1KiB"}, "store": "target", "key": "${path}"}
    )
    path = write_config(config)
    result = run("explain", "--config", str(path), "PUT", "http://localhost/photos/a.jpg", "--size", "5000")
    assert result.returncode == 0, result.stderr
    output = result.stdout
    for word in ("videos", "small", "all", "photos/a.jpg", "OSS4-HMAC-SHA256", "http://app.test/uploaded"):
        assert word in output, word
    assert output.index("videos") < output.index("small")


def test_shows_the_rendered_callback(write_config):
    path = write_config(config_for(1))
    result = run("explain", "--config", str(path), "PUT", "http://localhost/x", "-H", "X-Who: me", "--size", "5")
    assert result.returncode == 0, result.stderr
    encoded = re.search(r"x-oss-callback: ([A-Za-z0-9+/=]+)", result.stdout)
    assert encoded, result.stdout
    assert json.loads(base64.b64decode(encoded[1]))["callbackUrl"] == "http://app.test/uploaded"


@pytest.mark.parametrize("store, title", [(tos_client.store, "x-tos-callback, decoded"), (us3.store, "put policy, decoded")])
def test_shows_the_callback_in_the_words_of_its_cloud(write_config, store, title):
    config = config_for(1)
    config["stores"]["target"] = store(1)
    # The value puts characters of the URL-safe alphabet into the put policy.
    result = run("explain", "--config", str(write_config(config)), "PUT", "http://localhost/x", "-H", "X-Who: \u00fb\u00ff?>~", "--size", "5")
    assert result.returncode == 0, result.stderr
    shown = result.stdout[result.stdout.index(title) :].split("\n")[1]
    assert json.loads(shown)["callbackUrl"] == "http://app.test/uploaded"
    assert "x-oss" not in result.stdout


def test_sends_nothing(peers, write_config):
    store = peers.store()
    path = write_config(config_for(store.port))
    assert run("explain", "--config", str(path), "PUT", "http://localhost/x", "--size", "5").returncode == 0
    assert store.connections == 0


def test_says_that_nothing_matches(write_config):
    path = write_config(config_for(1, match={"path": "/only/**"}))
    result = run("explain", "--config", str(path), "PUT", "http://localhost/other", "--size", "5")
    assert "404" in result.stdout or "no route" in result.stdout.lower()
