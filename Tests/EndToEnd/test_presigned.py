"""Presigned URLs made by the SDKs and used without them."""

from __future__ import annotations

import re

import pytest

from support import configs, sdks
from support.wire import send


@pytest.fixture
def gateway(start, tmp_path):
    return start(configs.sdk(tmp_path / "objects"))


@pytest.fixture(params=list(sdks.KINDS))
def client(request, gateway):
    return sdks.client(request.param, gateway.endpoint)


def code(document: bytes) -> str:
    found = re.search(rb"<Code>(\w+)</Code>", document)
    return found[1].decode() if found else ""


@pytest.mark.parametrize("key", ["plain", "a b/c+d", "中文.txt"])
def test_uploads_and_reads_with_a_presigned_url(client, key):
    status, _ = send("PUT", client.presign("PUT", key), b"hello")
    assert status == 200
    assert client.get(key) == b"hello"
    assert send("GET", client.presign("GET", key)) == (200, b"hello")


def test_refuses_another_method(client):
    status, document = send("PUT", client.presign("GET", "x"), b"hello")
    assert (status, code(document)) == (403, "SignatureDoesNotMatch")
    assert not client.exists("x")


def test_refuses_another_key(client):
    url = client.presign("PUT", "mine")
    status, document = send("PUT", url.replace("/mine?", "/yours?"), b"hello")
    assert (status, code(document)) == (403, "SignatureDoesNotMatch")
    assert not client.exists("yours")


def test_refuses_a_changed_signature(client):
    url = client.presign("PUT", "x")
    match = re.search(r"([?&](?:x-oss-)?[Ss]ignature=)([^&]{4})", url)
    assert match
    start = match.start(2)
    other = "0000" if url[start : start + 4] != "0000" else "1111"
    status, document = send("PUT", url[:start] + other + url[start + 4 :], b"hello")
    assert (status, code(document)) == (403, "SignatureDoesNotMatch")


def test_refuses_a_longer_lifetime_than_was_signed(client):
    url = client.presign("PUT", "x")
    longer = re.sub(r"(x-oss-expires=)\d+", r"\g<1>9999", url)
    longer = re.sub(r"([?&]Expires=)(\d+)", lambda match: f"{match[1]}{int(match[2]) + 9999}", longer)
    assert longer != url
    status, document = send("PUT", longer, b"hello")
    assert (status, code(document)) == (403, "SignatureDoesNotMatch")


def test_refuses_an_expired_url(start, tmp_path):
    """The gateway's clock stands an hour ahead: no test waits for a URL to expire."""
    import time

    later = str(int(time.time()) + 3600)
    gateway = start(configs.sdk(tmp_path / "later"), environment={"PUTBACK_CLOCK": later})
    for kind in sdks.KINDS:
        url = sdks.client(kind, gateway.endpoint).presign("PUT", "x", seconds=60)
        status, document = send("PUT", url, b"hello")
        assert (status, code(document)) == (403, "AccessDenied"), kind
        assert b"expired" in document.lower()


def test_takes_v1_urls_with_extra_parameters_and_no_v4_ones(gateway):
    """The service tolerates parameters that V1 does not sign; V4 signs them all."""
    v1 = sdks.client("oss2-v1", gateway.endpoint)
    assert send("PUT", v1.presign("PUT", "x") + "&utm=1", b"hello")[0] == 200
    v4 = sdks.client("oss2-v4", gateway.endpoint)
    status, document = send("PUT", v4.presign("PUT", "y") + "&utm=1", b"hello")
    assert (status, code(document)) == (403, "SignatureDoesNotMatch")
