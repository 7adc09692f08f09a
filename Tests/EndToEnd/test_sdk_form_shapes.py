"""Forms of SDK clients in the shapes that browsers, curl and old scripts give them: each is stored, or refused in the vendor's words."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import requests
import test_tos_sdk as tos_rig
from support import us3
from support.wire import put as raw
from test_post_object import v1
from test_sdk_multipart import Rig as OSSRig
from test_us3_sdk import Rig as US3Rig

BODY = bytes(range(256)) * 40


class OSS:
    status = 204

    def __init__(self, kind, start, tmp_path, **options):
        self.rig = OSSRig(kind, start, tmp_path, **options)
        self.path = "/uploads/"

    def fields(self, key: str) -> dict[str, str]:
        return {"key": key, **v1([])}

    def read(self, key: str) -> bytes | None:
        return self.rig.bucket.get_object(key).read() if self.rig.bucket.object_exists(key) else None

    def code(self, told) -> str:
        return re.search(rb"<Code>(\w+)</Code>", told.body)[1].decode()

    def close(self) -> None:
        self.rig.bucket.session.session.close()


class TOS(OSS):
    def __init__(self, kind, start, tmp_path, **options):
        self.rig = tos_rig.Rig(kind, start, tmp_path, **options)
        self.path = "/"

    def fields(self, key: str) -> dict[str, str]:
        signed = self.rig.client.pre_signed_post_signature(bucket=tos_rig.BUCKET, key=key, expires=60)
        return {
            "key": key, "policy": signed.policy, "x-tos-algorithm": signed.algorithm, "x-tos-credential": signed.credential,
            "x-tos-date": signed.date, "x-tos-signature": signed.signature,
        }  # fmt: skip

    def read(self, key: str) -> bytes | None:
        try:
            return self.rig.read(key)
        except tos_rig.tos.exceptions.TosServerError as error:
            assert error.status_code == 404
            return None

    def code(self, told) -> str:
        return json.loads(told.body)["Code"]

    def close(self) -> None:
        self.rig.client.close()


class US3(OSS):
    status = 200

    def __init__(self, kind, start, tmp_path, **options):
        self.rig = US3Rig(kind, start, tmp_path, **options)
        self.path = "/"

    def fields(self, key: str) -> dict[str, str]:
        return {"FileName": key, "Authorization": us3.authorization("POST", key, "text/plain")}

    def read(self, key: str) -> bytes | None:
        told = requests.get(f"{self.rig.url}/{key}", headers={"Authorization": us3.authorization("GET", key)})
        return told.content if told.status_code == 200 else None

    def code(self, told) -> str:
        return str(told.json()["RetCode"])

    def close(self) -> None:
        pass


MALFORMED = {OSS: "MalformedPOSTRequest", TOS: None, US3: "-148660"}
VENDORS = [OSS, TOS, US3]


@pytest.fixture(params=[(vendor, kind) for vendor in VENDORS for kind in ("directory", "edge")], ids=lambda it: f"{it[0].__name__}-{it[1]}")
def vendor(request, start, tmp_path):
    made, kind = request.param
    vendor = made(kind, start, tmp_path)
    yield vendor
    vendor.close()


def form(fields: dict[str, str], body: bytes = BODY, boundary: str = "b", end: bytes | None = None, before: bytes = b"") -> bytes:
    mark = f"--{boundary}".encode()
    text = b"".join(mark + f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items())
    file = b'\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: text/plain\r\n\r\n'
    return text + before + mark + file + body + b"\r\n" + (mark + b"--\r\n" if end is None else end)


def post(vendor, body: bytes, boundary: str = "b"):
    type = f'multipart/form-data; boundary="{boundary}"'
    return raw(vendor.rig.front.sdk, vendor.path, body, {"Content-Type": type}, "POST")


def is_refused(vendor, told, status: int = 400) -> None:
    assert told.status == status, told.body
    code = vendor.code(told)
    assert code == (MALFORMED[type(vendor)] or code) and code


def test_curl_sends_fields_and_a_file(vendor, tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(BODY)
    fields = [argument for name, value in vendor.fields("curled").items() for argument in ("--form-string", f"{name}={value}")]
    host, port = vendor.rig.front.sdk
    command = ["curl", "--silent", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", *fields, "-F", f"file=@{file};type=text/plain"]
    done = subprocess.run([*command, f"http://{host}:{port}{vendor.path}"], capture_output=True, text=True, timeout=60)
    assert done.stdout == str(vendor.status)
    assert vendor.read("curled") == BODY


def test_what_follows_the_file_does_not_count(vendor):
    """Neither fields nor files: the vendors say that the file is the last part."""
    other = b'--b\r\nContent-Disposition: form-data; name="file"; filename="c"\r\n\r\nother\r\n'
    late = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nlate\r\n'
    told = post(vendor, form(vendor.fields("first"), end=other + late + b"--b--\r\n"))
    assert told.status == vendor.status, told.body
    assert vendor.read("first") == BODY
    assert vendor.read("late") is None


def test_a_boundary_of_seventy_characters(vendor):
    boundary = "0aZ'()+_,-./:=?" + "x" * 55
    content = b"data\r\n--" + boundary.encode()[:-1]
    assert post(vendor, form(vendor.fields("long"), content, boundary), boundary).status == vendor.status
    assert vendor.read("long") == content
    is_refused(vendor, post(vendor, form(vendor.fields("longer"), BODY, boundary + "x"), boundary + "x"))
    assert vendor.read("longer") is None


@pytest.mark.parametrize("count", [900, 10_000])
def test_ten_thousand_fields(vendor, count):
    fields = {**vendor.fields("many"), **{f"note{n}": str(n) for n in range(count)}}
    told = post(vendor, form(fields))
    if count == 900:
        assert told.status == vendor.status, told.body
        assert vendor.read("many") == BODY
    else:
        # limits.formParts is 1000.
        assert told.status == 400 and vendor.code(told)
        assert vendor.read("many") is None


def test_the_end_of_the_last_file_must_be_there(vendor):
    """`ufile` ends its forms without the closing dashes; a file without any boundary behind it may be cut off."""
    assert post(vendor, form(vendor.fields("open"), end=b"--b\r\n")).status == vendor.status
    assert vendor.read("open") == BODY
    told = post(vendor, form(vendor.fields("cut"), end=b""))
    assert told.status == 400 and vendor.code(told)
    assert vendor.read("cut") is None


def test_a_part_without_a_name(vendor):
    nameless = b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n"
    is_refused(vendor, post(vendor, form(vendor.fields("nameless"), before=nameless)))
    is_refused(vendor, post(vendor, form(vendor.fields("nameless"), before=b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n")))
    assert vendor.read("nameless") is None
