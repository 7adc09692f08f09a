"""Uploads in parts as US3's manual describes them, by requests that the tests sign: the SDK neither aborts nor lists."""

from __future__ import annotations

import base64
import hashlib

import pytest
import requests
from support import us3
from test_us3_sdk import Rig

KIND = "application/octet-stream"
PART = bytes(range(256)) * (us3.BLOCK // 256)


@pytest.fixture(params=["directory", "edge", "edge, same keys"])
def rig(request, start, tmp_path):
    if request.param == "edge, same keys":
        rig = Rig("edge", start, tmp_path, route={"key": "${path}"})
        rig.prefix = ""
        return rig
    return Rig(request.param, start, tmp_path)


def call(rig, method: str, key: str, query: str, body: bytes = b"", **change) -> requests.Response:
    """A request signed over `key`, which is empty for lists."""
    signed = {"Content-Type": KIND} if method in ("POST", "PUT") else {}
    signed["Authorization"] = us3.authorization(method, key, signed.get("Content-Type", ""), **change)
    return requests.request(method, f"{rig.url}/{key}?{query}", data=body, headers=signed)


def begin(rig, key: str) -> str:
    told = call(rig, "POST", key, "uploads")
    assert told.status_code == 200, told.content
    assert list(told.json()) == ["UploadId", "BlkSize", "Bucket", "Key"]
    return told.json()["UploadId"]


def etag(part: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha1(part).digest()).decode()


def put_part(rig, key: str, upload: str, number: int, body: bytes = PART) -> str:
    told = call(rig, "PUT", key, f"partNumber={number}&uploadId={upload}", body)
    assert (told.status_code, told.json()) == (200, {"PartNumber": number})
    assert told.headers["ETag"] == f'"{etag(body)}"'
    return etag(body)


def parts(rig, upload: str, query: str = "") -> dict:
    told = call(rig, "GET", "", f"muploadpart&uploadId={upload}{query}")
    assert told.status_code == 200, told.content
    return told.json()


def test_lists_the_parts_of_an_upload(rig):
    upload = begin(rig, "a/listed")
    for number in (0, 1, 3):
        put_part(rig, "a/listed", upload, number)
    put_part(rig, "a/listed", upload, 2, b"last")
    told = parts(rig, upload)
    assert {name: told[name] for name in ("RetCode", "ErrMsg", "Action", "Bucket", "Key", "UploadId", "Status", "MaxParts")} == {
        "RetCode": 0, "ErrMsg": "", "Action": "GetMultiUploadPart", "Bucket": us3.BUCKET, "Key": "a/listed",
        "UploadId": upload, "Status": 0, "MaxParts": 100,
    }  # fmt: skip
    assert (told["IsTruncated"], told["NextPartNumberMarker"], told["StorageClass"]) == (False, 4, "STANDARD")
    assert [(part["PartNum"], part["Etag"], part["Size"]) for part in told["Parts"]] == [
        (0, etag(PART), us3.BLOCK), (1, etag(PART), us3.BLOCK), (2, etag(b"last"), 4), (3, etag(PART), us3.BLOCK),
    ]  # fmt: skip
    assert all(part["LastModified"] > 1_600_000_000 for part in told["Parts"])


@pytest.mark.parametrize("kind", ["directory", "edge"])
def test_a_key_that_cannot_be_told_back_is_not_told(kind, start, tmp_path):
    """The request names no key, so only the store's would be known."""
    rig = Rig(kind, start, tmp_path, route={"key": "x${path}y"})
    upload = begin(rig, "inner")
    put_part(rig, "inner", upload, 0, b"x")
    told = parts(rig, upload)
    assert (told["Key"], told["Bucket"], [part["PartNum"] for part in told["Parts"]]) == ("", us3.BUCKET, [0])


@pytest.mark.parametrize("kind", ["directory", "edge"])
def test_an_upload_under_another_key_is_none_of_the_routes(kind, start, tmp_path):
    rig = Rig(kind, start, tmp_path, route={"key": "in/${path}"})
    if kind == "directory":  # the store of the rig is another folder
        config = us3.directory(tmp_path / "objects", route={"key": "in/${path}"})
        rig.store, rig.front = start(us3.directory(tmp_path / "objects"), name="neighbour"), start(config, name="same folder")
        rig.url = "http://{}:{}".format(*rig.front.sdk)
    url = "http://{}:{}".format(*rig.store.sdk)
    signed = {"Authorization": us3.authorization("POST", "im/theirs")}
    theirs = requests.post(f"{url}/im/theirs?uploads", headers=signed).json()["UploadId"]
    told = call(rig, "GET", "", f"muploadpart&uploadId={theirs}")
    assert (told.status_code, told.json()) == (404, {"RetCode": -148654, "ErrMsg": "upload id not exist"})


def test_lists_parts_a_page_at_a_time(rig):
    """The marker is the first part wanted."""
    upload = begin(rig, "paged")
    for number in range(5):
        put_part(rig, "paged", upload, number, b"%d" % number)
    seen, marker = [], 0
    while True:
        page = parts(rig, upload, f"&max-parts=2&part-number-marker={marker}")
        assert page["MaxParts"] == 2
        seen.append([part["PartNum"] for part in page["Parts"]])
        marker = page["NextPartNumberMarker"]
        if not page["IsTruncated"]:
            break
    assert seen == [[0, 1], [2, 3], [4]]


def test_an_aborted_upload_is_gone(rig):
    upload = begin(rig, "aborted")
    part = put_part(rig, "aborted", upload, 0)
    told = call(rig, "DELETE", "aborted", f"uploadId={upload}")
    assert (told.status_code, told.content) == (200, b"")
    gone = {"RetCode": -148654, "ErrMsg": "upload id not exist"}
    for late in (
        call(rig, "DELETE", "aborted", f"uploadId={upload}"),
        call(rig, "PUT", "aborted", f"partNumber=1&uploadId={upload}", b"late"),
        call(rig, "POST", "aborted", f"uploadId={upload}", part.encode()),
        call(rig, "GET", "", f"muploadpart&uploadId={upload}"),
    ):
        assert (late.status_code, late.json()) == (404, gone)
    assert requests.head(f"{rig.url}/aborted", headers={"Authorization": us3.authorization("HEAD", "aborted")}).status_code == 404
    folder = rig.store.file.parent.parent / "objects" / ".uploads"
    assert list(folder.iterdir()) == []


def test_an_upload_that_goes_on_is_not_disturbed_by_an_aborted_one(rig):
    first, second = begin(rig, "same"), begin(rig, "same")
    put_part(rig, "same", first, 0, b"first")
    kept = put_part(rig, "same", second, 0, b"second")
    assert call(rig, "DELETE", "same", f"uploadId={first}").status_code == 200
    done = call(rig, "POST", "same", f"uploadId={second}", kept.encode())
    assert (done.status_code, done.json()) == (200, {"Bucket": us3.BUCKET, "Key": "same", "FileSize": 6})
    assert rig.read("same") == b"second"


def uploads(rig, query: str = "") -> requests.Response:
    return call(rig, "GET", "", f"muploadid{query}")


def test_lists_uploads(rig):
    keys = ["a/1", "a/2", "b/1"]
    ids = {key: begin(rig, key) for key in keys}
    document = uploads(rig).json()
    assert (document["RetCode"], document["ErrMsg"], document["NextMarker"]) == (0, "", "")
    assert [(one["FileName"], one["UploadId"], one["StorageClass"]) for one in document["DataSet"]] == [
        (key, ids[key], "STANDARD") for key in keys
    ]
    assert [one["FileName"] for one in uploads(rig, "&prefix=a%2F").json()["DataSet"]] == ["a/1", "a/2"]
    page = uploads(rig, "&limit=2").json()
    assert [one["FileName"] for one in page["DataSet"]] == ["a/1", "a/2"] and page["NextMarker"] == "a/2"
    rest = uploads(rig, f"&limit=2&marker={page['NextMarker']}").json()
    assert [one["FileName"] for one in rest["DataSet"]] == ["b/1"] and rest["NextMarker"] == ""
    call(rig, "DELETE", "a/1", f"uploadId={ids['a/1']}")
    assert [one["FileName"] for one in uploads(rig).json()["DataSet"]] == ["a/2", "b/1"]


def test_each_of_these_requests_must_be_signed(rig):
    upload = begin(rig, "mine")
    put_part(rig, "mine", upload, 0, b"x")
    for method, key, query in (
        ("DELETE", "mine", f"uploadId={upload}"),
        ("GET", "", f"muploadpart&uploadId={upload}"),
        ("GET", "", "muploadid"),
    ):
        forged = {"Authorization": us3.authorization(method, key + "other")}
        told = requests.request(method, f"{rig.url}/{key}?{query}", headers=forged)
        assert (told.status_code, told.json()["ErrMsg"]) == (403, "invalid signature")
        told = requests.request(method, f"{rig.url}/{key}?{query}")
        assert (told.status_code, told.json()["ErrMsg"]) == (401, "no authorization found")
    assert [part["PartNum"] for part in parts(rig, upload)["Parts"]] == [0]
