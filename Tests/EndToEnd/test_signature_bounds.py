"""What a signature covers, held from outside: paths that could be read in two ways, fields and parameters that come twice or
unsigned, dates at the edges. Each row is one request, signed as it says, and what becomes of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import pytest
import requests
import tos
from support import configs, tos_client, us3
from support.wire import Client

OCTET = hashlib.md5(b"x").hexdigest()


def date(offset: int = 0) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset))


def ask(address, target: str, *fields: tuple[str, str], host: str = "127.0.0.1") -> int:
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    with Client(address) as client:
        client.send(f"PUT {target} HTTP/1.1\r\nHost: {host}\r\n{lines}Content-Length: 1\r\n\r\nx".encode())
        return client.response().status


def oss(address, target: str, resource: str, *fields: tuple[str, str], when: str | None = None, lines: str = "", kind: str = "") -> int:
    """In header form of V1, whose text is the simplest to get wrong: nothing in it is escaped."""
    when = when or date()
    text = f"PUT\n\n{kind}\n{when}\n{lines}{resource}"
    code = base64.b64encode(hmac.new(configs.PARTNER_SECRET.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return ask(address, target, ("Date", when), ("Authorization", f"OSS {configs.PARTNER_ID}:{code}"), *fields)


OSS = {
    "as it is": (lambda at: oss(at, "/uploads/k", "/uploads/k"), 200),
    "an encoded slash is one": (lambda at: oss(at, "/uploads/a%2Fk", "/uploads/a/k"), 200),
    "a plus is a blank": (lambda at: oss(at, "/uploads/a+k", "/uploads/a k"), 200),
    "a plus is no plus": (lambda at: oss(at, "/uploads/a+k", "/uploads/a+k"), 403),
    "dots are not resolved": (lambda at: oss(at, "/uploads/x/../k", "/uploads/k"), 403),
    "encoded dots are not resolved": (lambda at: oss(at, "/uploads/x/%2e%2e/k", "/uploads/k"), 403),
    "two slashes are two": (lambda at: oss(at, "/uploads/a//k", "/uploads/a/k"), 403),
    "a NUL": (lambda at: oss(at, "/uploads/a%00k", "/uploads/a\0k"), 400),
    "half an escape": (lambda at: oss(at, "/uploads/a%zk", "/uploads/a%zk"), 400),
    "no UTF-8": (lambda at: oss(at, "/uploads/a%FFk", "/uploads/a"), 400),
    "a question mark of the key is no query": (lambda at: oss(at, "/uploads/a%3Facl", "/uploads/a?acl"), 200),
    "a sub-resource is no part of the key": (lambda at: oss(at, "/uploads/a?acl", "/uploads/a?acl"), 501),
    "a second type": (lambda at: oss(at, "/uploads/k", "/uploads/k", ("Content-Type", "a/b"), ("Content-Type", "c/d"), kind="a/b"), 403),
    "a field that is not signed": (lambda at: oss(at, "/uploads/k", "/uploads/k", ("x-oss-object-acl", "public-read")), 403),
    "the case of a name": (lambda at: oss(at, "/uploads/k", "/uploads/k", ("X-OSS-Meta-A", "b"), lines="x-oss-meta-a:b\n"), 200),
    "a quarter of an hour": (lambda at: oss(at, "/uploads/k", "/uploads/k", when=date(-890)), 200),
    "longer": (lambda at: oss(at, "/uploads/k", "/uploads/k", when=date(-910)), 403),
    "longer ahead": (lambda at: oss(at, "/uploads/k", "/uploads/k", when=date(910)), 403),
    "a day that is none": (lambda at: oss(at, "/uploads/k", "/uploads/k", when="Sat, 31 Feb 2026 00:00:00 GMT"), 403),
    "an empty signature": (lambda at: ask(at, "/uploads/k", ("Date", date()), ("Authorization", f"OSS {configs.PARTNER_ID}:")), 400),
    "an empty id": (lambda at: ask(at, "/uploads/k", ("Date", date()), ("Authorization", "OSS :AAAA")), 400),
}  # fmt: skip


@pytest.mark.parametrize("name", list(OSS))
def test_of_oss(start, tmp_path, name):
    work, status = OSS[name]
    assert work(start(configs.sdk(tmp_path / "objects")).sdk) == status


def ufile(address, target: str, key: str, *fields: tuple[str, str], **signed: str) -> int:
    return ask(address, target, ("Authorization", us3.authorization("PUT", key, **signed)), *fields)


def ends(address, when: object) -> int:
    return requests.put(us3.presigned(address, "PUT", "k", when), data=b"x").status_code


US3 = {
    "as it is": (lambda at: ufile(at, "/k", "k"), 200),
    "an encoded slash is one": (lambda at: ufile(at, "/a%2Fk", "a/k"), 200),
    "a plus is a plus": (lambda at: ufile(at, "/a+k", "a+k"), 200),
    "dots are not resolved": (lambda at: ufile(at, "/x/../k", "k"), 403),
    "two slashes are two": (lambda at: ufile(at, "/a//k", "a/k"), 403),
    "a slash in front": (lambda at: ufile(at, "//k", "/k"), 400),
    "a NUL": (lambda at: ufile(at, "/%00", "\0"), 400),
    "a policy that is not signed as one": (lambda at: ufile(at, "/keyJ9", "k", policy="eyJ9"), 403),
    "a field that is not signed": (lambda at: ufile(at, "/k", "k", ("X-UCloud-Foo", "a")), 403),
    "a second digest": (lambda at: ufile(at, "/k", "k", ("Content-MD5", OCTET), ("Content-MD5", "00"), md5=OCTET), 400),
    "a second date": (lambda at: ufile(at, "/k", "k", ("Date", "x"), ("Date", "y"), date="x"), 403),
    "the end of all numbers": (lambda at: ends(at, 2**64 - 1), 200),
    "behind it": (lambda at: ends(at, 2**64), 401),
    "a negative end": (lambda at: ends(at, -1), 401),
    "an end that is no number": (lambda at: ends(at, "1e9"), 401),
    "the beginning of time": (lambda at: ends(at, 0), 403),
}


@pytest.mark.parametrize("name", list(US3))
def test_of_us3(start, tmp_path, name):
    work, status = US3[name]
    assert work(start(us3.directory(tmp_path / "objects")).sdk) == status


TOS = {
    "as it is": (lambda url: url, 200),
    "the case of a parameter": (lambda url: url.replace("X-Tos-Signature", "x-tos-signature"), 200),
    "one more": (lambda url: url + "&x=1", 403),
    "another signature in front": (lambda url: url.replace("?", "?X-Tos-Signature=00&"), 403),
    "a second life": (lambda url: url + "&X-Tos-Expires=99", 403),
    "dots are not resolved": (lambda url: url.replace("/k?", "/x/../k?"), 403),
    "a dot is not left out": (lambda url: url.replace("/k?", "/./k?"), 403),
    "two slashes are two": (lambda url: url.replace("/k?", "//k?"), 403),
}


@pytest.mark.parametrize("name", list(TOS))
def test_of_tos(start, tmp_path, name):
    change, status = TOS[name]
    front = start(tos_client.directory(tmp_path / "objects"))
    client = tos_client.client(front.sdk)
    url = client.pre_signed_url(tos.HttpMethodType.Http_Method_Put, tos_client.BUCKET, "k", expires=60).signed_url
    client.close()
    host = "{}:{}".format(*front.sdk)
    assert ask(front.sdk, change(url).removeprefix(f"http://{host}"), host=host) == status


@pytest.mark.parametrize("marker", ["abc", "-1", "18446744073709551616"])
def test_a_marker_of_parts_is_a_number(start, tmp_path, marker):
    front = start(tos_client.directory(tmp_path / "objects"))
    told = tos_client.signed(front.sdk, "GET", f"/k?part-number-marker={marker}&uploadId=u", {}, body=None)
    assert (told.status_code, told.json()["Code"]) == (400, "InvalidArgument")
