"""TOS: bodies with their checksum behind them, as the Go and Java SDKs send them where they are told to."""

from __future__ import annotations

import base64
import struct

import pytest
import tos
from support import tos_client
from support.peers import crc64
from test_tos_sdk import BODY, BUCKET, Rig

PAYLOAD = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@pytest.fixture(params=["directory", "edge"])
def rig(request, start, tmp_path):
    rig = Rig(request.param, start, tmp_path)
    yield rig
    rig.client.close()


def framed(*pieces: bytes, checksum: int | None = None, name: str = "x-tos-hash-crc64ecma") -> bytes:
    value = crc64(b"".join(pieces)) if checksum is None else checksum
    trailer = base64.b64encode(struct.pack(">Q", value)).decode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return chunks + f"0\r\n{name}:{trailer}\r\n\r\n".encode()


def put(rig, body, path: str = "/framed", **headers: str):
    fields = {"Content-Encoding": "tos-chunked", "x-tos-trailer": "x-tos-hash-crc64ecma"}
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    return tos_client.signed(rig.front.sdk, "PUT", path, {k: v for k, v in fields.items() if v}, body, PAYLOAD)


def test_the_known_answer():
    # Made by the Go SDK.
    assert framed(b"abc") == b"3\r\nabc\r\n0\r\nx-tos-hash-crc64ecma:LNgJShondic=\r\n\r\n"


PIECES = [BODY[start : start + 65536] for start in range(0, len(BODY), 65536)]


@pytest.mark.parametrize(
    "body, headers",
    [
        (framed(BODY), {}),
        (framed(*PIECES), {}),
        (framed(BODY), {"x_tos_decoded_content_length": str(len(BODY))}),
        (iter, {}),
    ],
    ids=["one chunk", "several", "with its length", "chunked outside, too"],
)
def test_what_is_inside_is_stored(rig, body, headers):
    if body is iter:
        whole = framed(*PIECES)
        body = (whole[start : start + 1000] for start in range(0, len(whole), 1000))
    told = put(rig, body, Content_Encoding="tos-chunked, gzip", **headers)
    assert (told.status_code, told.headers["x-tos-hash-crc64ecma"]) == (200, str(crc64(BODY)))
    assert rig.read("framed") == BODY
    head = rig.client.head_object(BUCKET, "framed")
    assert (head.content_length, head.content_encoding) == (len(BODY), "gzip")


def test_a_part_may_be_framed(rig):
    upload_id = rig.client.create_multipart_upload(BUCKET, "parts").upload_id
    told = put(rig, framed(BODY), f"/parts?partNumber=1&uploadId={upload_id}")
    assert told.status_code == 200, told.content
    assert rig.client.complete_multipart_upload(BUCKET, "parts", upload_id, [], complete_all=True).status_code == 200
    assert rig.read("parts") == BODY
    assert rig.client.head_object(BUCKET, "parts").content_encoding is None


@pytest.mark.parametrize(
    "body, headers, status, message",
    [
        (framed(BODY, checksum=1), {}, 400, "checksum"),
        (framed(BODY, name="x-tos-other"), {}, 400, "no checksum"),
        (framed(BODY)[:-2], {}, 400, "ended before"),
        (framed(BODY)[: len(BODY)], {}, 400, "ended before"),
        (framed(BODY) + b"x", {}, 400, "follow the end"),
        (BODY, {}, 400, ""),
        (framed(BODY), {"x_tos_decoded_content_length": str(len(BODY) - 1)}, 400, "longer"),
        (framed(BODY), {"x_tos_decoded_content_length": str(len(BODY) + 1)}, 400, "ended before"),
        (framed(BODY), {"x_tos_decoded_content_length": "some"}, 400, "no length"),
        (framed(BODY), {"Content_Encoding": "gzip"}, 400, "tos-chunked"),
        (framed(BODY), {"x_tos_trailer": "x-tos-other"}, 400, "x-tos-trailer"),
    ],
)
def test_what_does_not_fit_is_not_stored(rig, body, headers, status, message):
    told = put(rig, body, **headers)
    assert told.status_code == status, told.content
    assert message in told.json()["Message"]
    with pytest.raises(tos.exceptions.TosServerError) as missing:
        rig.client.head_object(BUCKET, "framed")
    assert missing.value.status_code == 404


def test_other_streaming_signatures_are_refused(rig):
    told = tos_client.signed(rig.front.sdk, "PUT", "/k", {}, b"x", "STREAMING-TOS4-HMAC-SHA256-PAYLOAD")
    assert (told.status_code, told.json()["Code"]) == (501, "NotImplemented")
    assert "STREAMING-TOS4-HMAC-SHA256-PAYLOAD" in told.json()["Message"]


def test_an_append_needs_a_length(rig):
    body = framed(b"abc")
    fields = {"Content-Encoding": "tos-chunked", "x-tos-trailer": "x-tos-hash-crc64ecma"}
    told = tos_client.signed(rig.front.sdk, "POST", "/log?append=&offset=0", fields, body, PAYLOAD)
    assert (told.status_code, told.json()["Code"]) == (411, "NoContentLength")
    told = tos_client.signed(rig.front.sdk, "POST", "/log?append=&offset=0", {**fields, "x-tos-decoded-content-length": "3"}, body, PAYLOAD)
    assert (told.status_code, told.headers["x-tos-next-append-offset"]) == (200, "3")
    assert rig.read("log") == b"abc"
