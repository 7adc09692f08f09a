"""The vendor's own SDKs as clients of an `oss` listener in front of a directory."""

from __future__ import annotations

import base64
import hashlib
import io

import pytest
from support import configs, sdks
from support.gateway import Gateway
from support.wire import Client, eventually

KEYS = ["plain.txt", "a b/c d.txt", "a+b", "100%", "%2F", "a//b", "中文/文件.txt", "😀.png", "a?b&c=d#e", "~!*'();:@,[]"]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdk")
    gateway = Gateway(configs.sdk(folder / "objects"), folder).start()
    yield gateway
    sdks.close_all()
    left = eventually(gateway.descriptors, gateway.is_at_baseline)
    gateway.stop()
    assert gateway.is_at_baseline(left)


@pytest.fixture(params=list(sdks.KINDS))
def client(request, gateway):
    return sdks.client(request.param, gateway.endpoint)


def body_of(size: int) -> bytes:
    return (bytes(range(256)) * (size // 256 + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, 1000, 65536, 1_000_001, 5 << 20])
def test_stores_and_reads_back_every_byte(client, size):
    body = body_of(size)
    result = client.put(f"size/{size}", body)
    assert result.status == 200
    assert result.etag == hashlib.md5(body).hexdigest().upper()
    assert len(result.request_id) == 24
    assert client.get(f"size/{size}") == body


@pytest.mark.parametrize("key", KEYS)
def test_carries_awkward_keys(client, key):
    body = key.encode()
    assert client.put(key, body).status == 200
    assert client.exists(key)
    assert client.get(key) == body
    assert client.delete(key) == 204
    assert not client.exists(key)


@pytest.mark.parametrize("kind", ["v2-v1", "v2-v4"])
def test_refuses_a_key_that_the_service_refuses(gateway, kind):
    """oss2 refuses it by itself."""
    refused = sdks.client(kind, gateway.endpoint).put("/lead", b"hello")
    assert (refused.status, refused.code) == (400, "InvalidObjectName")


def test_streams_what_has_no_length(client):
    body = body_of(300_000)
    stream = (body[start : start + 10_000] for start in range(0, len(body), 10_000))
    assert client.put("streamed", stream).status == 200
    assert client.get("streamed") == body


def test_reads_ranges(client):
    body = body_of(10_000)
    client.put("ranges", body)
    assert client.get("ranges", 0, 99) == body[:100]
    assert client.get("ranges", 9_990, 9_999) == body[-10:]
    assert client.get("ranges", 5_000) == body[5_000:]


def test_tells_about_an_object(client):
    client.put("about", b"hello", Content_Type="text/plain", Cache_Control="no-cache", x_oss_meta_colour="red")
    about = client.head("about")
    fields = {name.lower(): value for name, value in about.headers.items()}
    assert about.status == 200
    assert about.etag == "5D41402ABC4B2A76B9719D911017C592"
    assert fields["content-length"] == "5"
    assert fields["content-type"] == "text/plain"
    assert fields["cache-control"] == "no-cache"
    assert fields["x-oss-meta-colour"] == "red"
    assert fields["x-oss-hash-crc64ecma"] == "11177612005948864433"
    assert fields["last-modified"].endswith("GMT")
    missing = client.head("missing")
    assert (missing.status, missing.code) == (404, "NoSuchKey")


def test_overwrites_an_object(client):
    for body in (b"first", b"second", b""):
        client.put("again", body)
        assert client.get("again") == body


def test_forbids_to_overwrite_where_the_client_says_so(client):
    client.put("once", b"first")
    refused = client.put("once", b"second", x_oss_forbid_overwrite="true")
    assert (refused.status, refused.code) == (409, "FileAlreadyExists")
    assert client.get("once") == b"first"


def test_checks_the_digest_that_the_client_sends(client):
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    refused = client.put("wrong-digest", b"hello", Content_MD5=wrong)
    assert (refused.status, refused.code) == (400, "InvalidDigest")
    assert not client.exists("wrong-digest")
    right = base64.b64encode(hashlib.md5(b"hello").digest()).decode()
    assert client.put("digest", b"hello", Content_MD5=right).status == 200


def test_keeps_buckets_apart(gateway):
    one = sdks.client("oss2-v4", gateway.endpoint, bucket="bucket-one")
    two = sdks.client("oss2-v4", gateway.endpoint, bucket="bucket-two")
    one.put("same", b"one")
    two.put("same", b"two")
    assert (one.get("same"), two.get("same")) == (b"one", b"two")


@pytest.mark.parametrize("kind", list(sdks.KINDS))
def test_refuses_a_wrong_secret(gateway, kind):
    wrong = sdks.client(kind, gateway.endpoint, secret="wrong")
    refused = wrong.put("refused", b"hello")
    assert (refused.status, refused.code) == (403, "SignatureDoesNotMatch")
    assert configs.PARTNER_SECRET not in str(refused)


@pytest.mark.parametrize("kind", list(sdks.KINDS))
def test_refuses_an_unknown_key(gateway, kind):
    wrong = sdks.client(kind, gateway.endpoint, key_id="nobody")
    refused = wrong.put("refused", b"hello")
    assert (refused.status, refused.code) == (403, "InvalidAccessKeyId")


def test_refuses_a_request_without_signature(gateway):
    with Client(gateway.sdk) as client:
        answer = client.request("PUT", "/uploads/anonymous", b"hello")
        assert answer.status == 403
        assert b"<Code>AccessDenied</Code>" in answer.body
        assert answer.header("Content-Type") == "application/xml"
        assert answer.header("x-oss-request-id")


@pytest.mark.parametrize("minutes", [-20, 20])
@pytest.mark.parametrize("version", ["v1", "v4"])
def test_refuses_a_clock_that_is_wrong(gateway, monkeypatch, version, minutes):
    import time as clock
    from email.utils import formatdate

    import oss2

    shifted = clock.time() + minutes * 60
    client = sdks.client(f"oss2-{version}", gateway.endpoint)
    if version == "v1":
        monkeypatch.setattr(oss2.utils, "http_date", lambda *_: formatdate(shifted, usegmt=True))
    else:
        monkeypatch.setattr(oss2.auth, "datetime", _frozen(shifted))
    refused = client.put("skewed", b"hello")
    assert (refused.status, refused.code) == (403, "RequestTimeTooSkewed")


def _frozen(seconds: float) -> type:
    """Stands in for the class `datetime` inside the SDK."""
    import datetime

    class Frozen(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(tzinfo=None)

    return Frozen


def test_reports_a_broken_off_upload_as_not_stored(client, gateway):
    class Broken(io.RawIOBase):
        def __init__(self):
            self.sent = 0

        def read(self, size=-1):
            if self.sent > 100_000:
                raise RuntimeError("the client breaks off")
            self.sent += 10_000
            return b"x" * 10_000

        def __len__(self):
            return 1_000_000

    with pytest.raises(Exception):
        client.put("broken", Broken())
    assert not client.exists("broken")
