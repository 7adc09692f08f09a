"""Presigned URLs of US3: those that UCloud's SDK makes to read, and those of the Go SDK's rule to write, which the other has not."""

from __future__ import annotations

import hashlib
import io
import time

import pytest
import requests
from support import us3
from support.wire import send
from test_us3_sdk import BODY, Rig

KEYS = ["plain.txt", "dir/sub dir/报告 a+b (1).txt"]


@pytest.fixture(params=["directory", "edge"])
def rig(request, start, tmp_path):
    return Rig(request.param, start, tmp_path)


def soon() -> int:
    return int(time.time()) + 60


def put(url: str, body: bytes = BODY, **headers: str) -> requests.Response:
    return requests.put(url, data=body, headers=headers)


def error(told: requests.Response) -> tuple[int, int, str]:
    return told.status_code, told.json()["RetCode"], told.json()["ErrMsg"]


def stored(rig, key: str) -> bool:
    return requests.head(f"{rig.url}/{key}", headers={"Authorization": us3.authorization("HEAD", key)}).status_code == 200


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("is_escaped", [True, False], ids=["escaped", "bare"])
def test_the_sdks_private_url_reads(rig, key, is_escaped):
    """The SDK leaves the signature's plus signs, slashes and equals signs bare where it is not asked to download itself."""
    rig.client.files.putstream(us3.BUCKET, key, io.BytesIO(BODY))
    # A signature with a plus sign comes sooner or later: each end has another one.
    for seconds in range(60, 90):
        url = rig.client.files.private_download_url(us3.BUCKET, key, seconds, internal=is_escaped)
        told = requests.get(url)
        assert (told.status_code, told.content == BODY) == (200, True), url
    head = requests.head(rig.client.files.private_head_url(us3.BUCKET, key, 60))
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(BODY)))


def test_the_sdk_downloads_through_a_private_url(rig, tmp_path):
    rig.client.files.putstream(us3.BUCKET, "file", io.BytesIO(BODY))
    target = tmp_path / "copy"
    _, told = rig.client.files.download_file(us3.BUCKET, "file", str(target), isprivate=True)
    assert told.status_code == 200 and target.read_bytes() == BODY


@pytest.mark.parametrize("key", KEYS)
def test_a_presigned_url_writes(rig, key):
    status, _ = send("PUT", us3.presigned(rig.front.sdk, "PUT", key, soon()), BODY)
    assert status == 200
    assert rig.read(key) == BODY


def test_type_and_md5_are_part_of_what_was_signed(rig):
    md5 = hashlib.md5(BODY).hexdigest()
    url = us3.presigned(rig.front.sdk, "PUT", "typed", soon(), content_type="image/png", md5=md5)
    for wrong in ({}, {"Content-Type": "image/png"}, {"Content-Type": "image/gif", "Content-MD5": md5}):
        assert error(put(url, **wrong)) == (403, -148658, "invalid signature")
    assert put(url, **{"Content-Type": "image/png", "Content-MD5": md5}).status_code == 200
    assert error(put(url, b"other", **{"Content-Type": "image/png", "Content-MD5": md5})) == (400, -15036, "check md5 failed")
    assert rig.read("typed") == BODY
    head = requests.head(f"{rig.url}/typed", headers={"Authorization": us3.authorization("HEAD", "typed")})
    assert head.headers["Content-Type"] == "image/png"


def test_a_presigned_url_writes_a_part(rig):
    """Other parameters ride along unsigned."""
    signed = {"Authorization": us3.authorization("POST", "parts")}
    upload = requests.post(f"{rig.url}/parts?uploads", headers=signed).json()["UploadId"]
    url = us3.presigned(rig.front.sdk, "PUT", "parts", soon(), uploadId=upload, partNumber="0")
    part = put(url)
    assert (part.status_code, part.json()) == (200, {"PartNumber": 0})
    done = requests.post(f"{rig.url}/parts?uploadId={upload}", data=part.headers["ETag"], headers=signed)
    assert (done.status_code, done.json()["FileSize"]) == (200, len(BODY))
    assert rig.read("parts") == BODY


def test_an_expired_url_does_nothing(rig):
    url = us3.presigned(rig.front.sdk, "PUT", "late", int(time.time()) - 5)
    assert error(put(url)) == (403, -148643, "signature expired")
    # The end of its time is looked at before the signature.
    assert error(put(url.replace("Signature=", "Signature=x"))) == (403, -148643, "signature expired")
    assert not stored(rig, "late")


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("/mine?", "/yours?"),
        lambda url: url.replace("Expires=", "Expires=1"),
        lambda url: url.replace("Signature=", "Signature=x"),
        lambda url: url.replace(us3.PUBLIC, "TOKEN_other"),
        lambda url: url + "&SecurityToken=t",
    ],
    ids=["key", "end", "signature", "public key", "token"],
)
def test_a_changed_url_does_nothing(rig, change):
    url = us3.presigned(rig.front.sdk, "PUT", "mine", soon())
    assert change(url) != url
    assert error(put(change(url))) == (403, -148658, "invalid signature")
    assert not stored(rig, "mine") and not stored(rig, "yours")


def test_a_url_is_good_for_one_method(rig):
    assert error(put(us3.presigned(rig.front.sdk, "GET", "mine", soon()))) == (403, -148658, "invalid signature")
    url = us3.presigned(rig.front.sdk, "PUT", "mine", soon())
    assert put(url).status_code == 200
    assert requests.delete(url).status_code == 403 and requests.get(url).status_code == 403
    assert rig.read("mine") == BODY


def test_half_a_signature_is_none(rig):
    url = us3.presigned(rig.front.sdk, "PUT", "mine", soon())
    for name in ("Expires", "Signature", "UCloudPublicKey"):
        half = "&".join(part for part in url.replace("?", "?&").split("&") if not part.startswith(name))
        assert error(put(half)) == (401, -148643, "no authorization found")
    both = put(url, Authorization=us3.authorization("PUT", "mine"))
    assert error(both) == (403, -148643, "signature in both header and url")
    assert not stored(rig, "mine")
