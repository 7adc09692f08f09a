"""Errors of OSS as its clients read them: status, code, message, sub-code and fields, straight at a directory and through an edge.

The rows are those of "HTTP 4xx status codes" of the OSS developer guide that an upload gateway can give; what a callback does
wrong is in test_sdk_callbacks.py."""

from __future__ import annotations

import base64
import hashlib
import hmac
import xml.etree.ElementTree as ElementTree

import alibabacloud_oss_v2 as v2
import oss2
import pytest
import requests
from support import configs, sdks
from support.peers import Store, replies
from support.wire import Client
from support.wire import put as plain
from test_post_object import post, v1
from test_sdk_multipart import Rig, rig  # noqa: F401 (a fixture)

BODY = b"hello"


def error(call) -> oss2.exceptions.ServerError:
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        call()
    return refused.value


def is_document(told, status: int, code: str, message: str, ec: str | None = None) -> dict[str, str]:
    """The document as it stands on the wire: never labelled as JSON, which the Go SDK would believe."""
    assert told.status_code == status, told.content
    assert told.headers["Content-Type"] == "application/xml"
    assert told.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n  <Code>')
    root = ElementTree.fromstring(told.content)
    members = {element.tag: element.text or "" for element in root}
    assert (members["Code"], members["Message"]) == (code, message)
    assert members["RequestId"] == told.headers["x-oss-request-id"]
    assert members["HostId"]
    if ec:
        assert members["EC"] == ec == told.headers["x-oss-ec"]
    return members


def url(rig, method: str, key: str, params=None, headers=None) -> str:
    return rig.bucket.sign_url(method, key, 60, params=params, headers=headers, slash_safe=True)


def ask(rig, method: str, key: str, body: bytes | None = BODY, params=None, **headers: str) -> requests.Response:
    """A request signed in its URL; its fields are not signed but for those of OSS."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, url(rig, method, key, params, fields), data=body, headers=fields)


def begun(rig) -> str:
    return rig.bucket.init_multipart_upload("parts").upload_id


def complete(rig, document: bytes, upload: str | None = None) -> requests.Response:
    return ask(rig, "POST", "parts", document, {"uploadId": upload or begun(rig)})


def parts(*numbers_and_etags: tuple[int, str]) -> bytes:
    body = "".join(f'<Part><PartNumber>{number}</PartNumber><ETag>"{etag}"</ETag></Part>' for number, etag in numbers_and_etags)
    return f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>".encode()


def small_parts(rig) -> requests.Response:
    upload = begun(rig)
    etags = [rig.bucket.upload_part("parts", upload, number, b"x").etag for number in (1, 2)]
    return complete(rig, parts((1, etags[0]), (2, etags[1])), upload)


def wrong_order(rig) -> requests.Response:
    upload = begun(rig)
    etags = [rig.bucket.upload_part("parts", upload, number, bytes(128 << 10)).etag for number in (1, 2)]
    return complete(rig, parts((2, etags[1]), (1, etags[0])), upload)


def append_twice(rig) -> requests.Response:
    rig.bucket.append_object("log", 0, BODY)
    return ask(rig, "POST", "log", BODY, {"append": "", "position": "0"})


def append_to_a_file(rig) -> requests.Response:
    rig.bucket.put_object("fixed", BODY)
    return ask(rig, "POST", "fixed", BODY, {"append": "", "position": "5"})


def overwrite(rig) -> requests.Response:
    rig.bucket.put_object("once", BODY)
    return ask(rig, "PUT", "once", b"other", x_oss_forbid_overwrite="true")


NO_PART = (
    "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag."
)
NO_XML = "The XML you provided was not well-formed or did not validate against our published schema."
NO_UPLOAD = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
WRONG = "The request signature we calculated does not match the signature you provided. Check your key and signing method."
MD5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()

# What is asked for, and the answer: status, code, message, EC.
REFUSALS = {
    "wrong MD5": (lambda rig: ask(rig, "PUT", "x", Content_MD5=MD5), 400, "InvalidDigest", "The Content-MD5 you specified was invalid.", None),
    "MD5 that is none": (
        lambda rig: ask(rig, "PUT", "x", Content_MD5="x"), 400, "InvalidDigest", "The Content-MD5 you specified was invalid.", None,
    ),
    "wrong CRC": (
        lambda rig: ask(rig, "PUT", "x", x_oss_hash_crc64ecma="1"), 400, "InvalidCRC64",
        "The x-oss-hash-crc64ecma you specified does not match what we calculated.", None,
    ),
    "condition on a put": (
        lambda rig: ask(rig, "PUT", "x", If_Match='"x"'), 400, "NotImplemented",
        "A header you provided implies functionality that is not implemented.", None,
    ),
    "no such object": (
        lambda rig: ask(rig, "GET", "x", None), 404, "NoSuchKey", "The specified key does not exist.", "0026-00000001",
    ),
    "no such upload": (
        lambda rig: complete(rig, parts((1, "0" * 32)), "0" * 32), 404, "NoSuchUpload", NO_UPLOAD, "0042-00000002",
    ),
    "part of no upload": (
        lambda rig: ask(rig, "PUT", "x", BODY, {"uploadId": "0" * 32, "partNumber": "1"}), 404, "NoSuchUpload", NO_UPLOAD, "0042-00000002",
    ),
    "no XML": (lambda rig: complete(rig, b"<no"), 400, "MalformedXML", NO_XML, None),
    "other XML": (lambda rig: complete(rig, b"<Other/>"), 400, "MalformedXML", NO_XML, None),
    "no parts": (lambda rig: complete(rig, parts()), 400, "MalformedXML", NO_XML, None),
    "part that is not there": (lambda rig: complete(rig, parts((1, "0" * 32))), 400, "InvalidPart", NO_PART, None),
    "small part": (
        small_parts, 400, "EntityTooSmall", "Your proposed upload smaller than the minimum allowed size.", None,
    ),
    "wrong order": (wrong_order, 400, "InvalidPartOrder", "The list of parts was not in ascending order.", None),
    "position": (append_twice, 409, "PositionNotEqualToLength", "Position is not equal to file length.", "0026-00000016"),
    "not appendable": (append_to_a_file, 409, "ObjectNotAppendable", "The object is not appendable.", None),
    "overwrite": (
        overwrite, 409, "FileAlreadyExists", "The object you specified already exists and can not be overwritten.", None,
    ),
    "other method": (
        lambda rig: ask(rig, "PATCH", "x"), 405, "MethodNotAllowed", "The specified method is not allowed against this resource.", None,
    ),
    "wrong signature": (
        lambda rig: requests.put(url(rig, "PUT", "mine").replace("/mine?", "/x?"), data=BODY), 403, "SignatureDoesNotMatch", WRONG,
        "0002-00000040",
    ),
    "form that is none": (
        lambda rig: requests.post(f"{rig.front.endpoint}/uploads/", data=BODY, headers={"Content-Type": "text/plain"}), 400,
        "RequestIsNotMultiPartContent", "Bucket POST must be of the enclosure-type multipart/form-data.", None,
    ),
    "two files": (
        lambda rig: requests.post(f"{rig.front.endpoint}/uploads/", data=v1([]), files={"key": (None, "x")}), 400,
        "IncorrectNumberOfFilesInPOSTRequest", "POST requires exactly one file upload per request.", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(REFUSALS))
def test_a_refusal_in_the_words_of_oss(rig, name):
    call, status, code, message, ec = REFUSALS[name]
    is_document(call(rig), status, code, message, ec)
    assert not rig.bucket.object_exists("x")


def test_an_answer_to_head_says_it_in_a_field(rig):
    """Without a document the SDKs read it from x-oss-err."""
    told = ask(rig, "HEAD", "no", None)
    assert (told.status_code, told.content) == (404, b"")
    document = base64.b64decode(told.headers["x-oss-err"])
    assert b"<Code>NoSuchKey</Code>" in document and told.headers["x-oss-ec"] == "0026-00000001"
    assert error(lambda: rig.bucket.head_object("no")).status == 404


def test_the_place_to_append_at_is_told(rig):
    told = append_twice(rig)
    assert told.headers["x-oss-next-append-position"] == str(len(BODY))


@pytest.mark.parametrize(
    "key, message",
    [
        ("/x", "The specified object is not valid."),
        ("\\x", "The specified object is not valid."),
        ("x" * 1024, "The Length of Object name must be less than 1024."),
    ],
)
def test_a_key_that_oss_does_not_take(rig, key, message):
    told = error(lambda: rig.bucket.put_object(key, BODY))
    assert (told.status, told.code, told.message) == (400, "InvalidObjectName", message)


@pytest.mark.parametrize("name", ["up", "Upper-case", "-begins"])
def test_a_bucket_that_oss_does_not_take(rig, name):
    told = requests.put(f"{rig.front.endpoint}/{name}/x?OSSAccessKeyId=a&Expires=1&Signature=b", data=BODY)
    is_document(told, 400, "InvalidBucketName", "The specified bucket is not valid.")


@pytest.mark.parametrize("number", ["0", "10001", "x", "-1"])
def test_a_part_number_that_oss_does_not_take(rig, number):
    told = ask(rig, "PUT", "parts", BODY, {"uploadId": begun(rig), "partNumber": number})
    members = is_document(told, 400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive.")
    assert (members["ArgumentName"], members["ArgumentValue"]) == ("partNumber", number)


def test_a_put_without_a_length(rig):
    address = url(rig, "PUT", "x").partition(f":{rig.front.sdk[1]}")[2]
    with Client(rig.front.sdk) as client:
        client.send(f"PUT {address} HTTP/1.1\r\nHost: 127.0.0.1:{rig.front.sdk[1]}\r\n\r\n".encode())
        told = client.response()
    assert told.status == 411 and b"<Code>MissingContentLength</Code>" in told.body
    assert b"<Message>You must provide the Content-Length HTTP header.</Message>" in told.body


def test_a_body_that_ends_early(rig):
    address = url(rig, "PUT", "x").partition(f":{rig.front.sdk[1]}")[2]
    with Client(rig.front.sdk) as client:
        client.send(f"PUT {address} HTTP/1.1\r\nHost: 127.0.0.1:{rig.front.sdk[1]}\r\nContent-Length: 9\r\n\r\nhalf".encode())
        client.half_close()
        told = client.response()
    assert told.status == 400 and b"<Code>IncompleteBody</Code>" in told.body
    assert b"You did not provide the number of bytes specified by the Content-Length HTTP header." in told.body


def test_a_client_that_stalls(start, tmp_path):
    front = start(configs.sdk(tmp_path / "objects", timeouts={"bodyIdle": "100ms"}))
    bucket = sdks.client("oss2-v4", front.endpoint).bucket
    address = bucket.sign_url("PUT", "x", 60).partition(f":{front.sdk[1]}")[2]
    with Client(front.sdk) as client:
        client.send(f"PUT {address} HTTP/1.1\r\nHost: 127.0.0.1:{front.sdk[1]}\r\nContent-Length: 9\r\n\r\nhalf".encode())
        told = client.response()
    assert told.status == 400 and b"<Code>RequestTimeout</Code>" in told.body
    assert b"Your socket connection to the server was not read from or written to within the timeout period." in told.body


def test_a_body_longer_than_a_route_allows(start, tmp_path):
    front = start(configs.sdk(tmp_path / "objects", route={"limits": {"uploadSize": "1KiB"}}))
    bucket = sdks.client("oss2-v4", front.endpoint).bucket
    for body in (bytes(1025), iter([bytes(1025)])):
        told = error(lambda: bucket.put_object("x", body))
        assert (told.status, told.code) == (400, "EntityTooLarge")
        assert told.message == "Your proposed upload exceeds the maximum allowed size."
        assert told.details["MaxSizeAllowed"] == "1024"
    assert not bucket.object_exists("x")


def test_no_route_and_no_capacity(start, tmp_path):
    front = start(configs.sdk(tmp_path / "objects", route={"match": {"path": "/only/**"}, "limits": {"rate": "1/h"}}))
    bucket = sdks.client("oss2-v4", front.endpoint).bucket
    told = error(lambda: bucket.put_object("x", BODY))
    assert (told.status, told.code, told.message) == (403, "AccessDenied", "No route takes this request.")
    assert bucket.put_object("only/x", BODY).status == 200
    told = error(lambda: bucket.put_object("only/y", BODY))
    assert (told.status, told.code) == (503, "ServiceUnavailable")
    assert "come faster than it may take them" in told.message


# Form fields, and what is wrong with them.
FORMS = {
    "wrong key": (lambda: {"key": "y", **v1([{"key": "x"}])}, 403, "AccessDenied"),
    "policy that is no JSON": (lambda: {"key": "x", **_signed(b"no")}, 400, "InvalidPolicyDocument"),
    "policy that is no base64": (lambda: {"key": "x", **v1([]), "policy": "%%%"}, 400, "InvalidPolicyDocument"),
    "no such key id": (lambda: {"key": "x", **v1([]), "OSSAccessKeyId": "nobody"}, 403, "InvalidAccessKeyId"),
    "wrong signature": (lambda: {"key": "x", **v1([], secret="wrong")}, 403, "SignatureDoesNotMatch"),
    "no key id": (lambda: {"key": "x", **v1([]), "OSSAccessKeyId": ""}, 400, "InvalidArgument"),
    "too long": (lambda: {"key": "x", **v1([["content-length-range", 0, 1]])}, 400, "EntityTooLarge"),
    "too short": (lambda: {"key": "x", **v1([["content-length-range", 100, 200]])}, 400, "EntityTooSmall"),
    "long field": (lambda: {"key": "x", "note": "x" * (3 << 20), **v1([])}, 400, "FieldItemTooLong"),
    "long fields": (
        lambda: {"key": "x", **{f"note{n}": "x" * (1 << 20) for n in range(3)}, **v1([])}, 400, "MaxPOSTPreDataLengthExceededError",
    ),
}  # fmt: skip


def _signed(policy: bytes) -> dict[str, str]:
    text = base64.b64encode(policy)
    signature = base64.b64encode(hmac.new(configs.PARTNER_SECRET.encode(), text, hashlib.sha1).digest()).decode()
    return {"OSSAccessKeyId": configs.PARTNER_ID, "policy": text.decode(), "Signature": signature}


@pytest.mark.parametrize("name", list(FORMS))
def test_a_form_that_is_refused(rig, name):
    fields, status, code = FORMS[name]
    told = post(rig, fields(), BODY)
    message = ElementTree.fromstring(told.content).findtext("Message") or ""
    is_document(told, status, code, message)
    assert message
    assert not rig.bucket.object_exists("x") and not rig.bucket.object_exists("y")


def test_a_named_callback_policy_is_refused(rig):
    """They are kept with a bucket of the real service; nobody but it can know what they say."""
    told = ask(rig, "PUT", "x", x_oss_callback=sdks.encoded({"callbackPolicy": "mine"}))
    members = is_document(told, 400, "InvalidArgument", "The callback policy does not exist.")
    assert members["ArgumentName"] == "callbackPolicy"
    upload = begun(rig)
    etag = rig.bucket.upload_part("parts", upload, 1, BODY).etag
    named = {"x-oss-callback": sdks.encoded({"callbackPolicy": "mine"})}
    done = error(lambda: rig.bucket.complete_multipart_upload("parts", upload, [oss2.models.PartInfo(1, etag)], headers=named))
    assert (done.status, done.code) == (400, "InvalidArgument")
    form = post(rig, {"key": "x", "callback": named["x-oss-callback"], **v1([])}, BODY)
    assert form.status_code == 400 and b"The callback policy does not exist." in form.content
    assert not rig.bucket.object_exists("x") and not rig.bucket.object_exists("parts")
    # The upload was refused, not ended.
    assert rig.bucket.complete_multipart_upload("parts", upload, [oss2.models.PartInfo(1, etag)]).status == 200


def test_lists_of_uploads_and_parts(rig):
    upload = begun(rig)
    part = rig.bucket.upload_part("parts", upload, 1, BODY)
    listed = rig.new.list_parts(v2.ListPartsRequest(bucket="uploads", key="parts", upload_id=upload))
    assert (listed.bucket, listed.key, listed.upload_id) == ("uploads", "parts", upload)
    assert [(one.part_number, one.size, one.etag.strip('"')) for one in listed.parts] == [(1, len(BODY), part.etag)]
    assert [(one.key, one.upload_id) for one in rig.bucket.list_multipart_uploads().upload_list] == [("parts", upload)]


# What only the service says: it reaches an SDK as it is, and a plain client as what it means.
OF_THE_STORE = [
    (400, "InvalidArgument"), (400, "InvalidTag"), (400, "InvalidEncryptionAlgorithmError"), (400, "KmsServiceNotEnabled"),
    (400, "FilePartNotExist"), (400, "MissingArgument"), (403, "AccessDenied"), (403, "InvalidAccessKeyId"), (403, "SecurityTokenExpired"),
    (403, "UserDisable"), (403, "SecondLevelDomainForbidden"), (403, "NonStandardHostForbidden"), (404, "NoSuchBucket"),
    (409, "FileImmutable"), (412, "PreconditionFailed"),
]  # fmt: skip


@pytest.mark.parametrize("status, code", OF_THE_STORE)
def test_a_stores_error_reaches_its_client_as_it_is(start, peers, tmp_path, status, code):
    said = Store.error(status, code, f"Of {code}.", ("x-oss-ec", "0001-00000001"))
    store = peers.store(*[replies(said)] * 2)
    config = configs.sdk(tmp_path / "none")
    config["stores"] = {"shelf": configs.oss_store(store.port)}
    config["listeners"].append({"name": "edge", "address": "127.0.0.1:0", "dialect": "plain"})
    front = start(config)
    told = error(lambda: sdks.client("oss2-v4", front.endpoint).bucket.put_object("x", BODY))
    assert (told.status, told.code, told.message) == (status, code, f"Of {code}.")
    assert told.request_id == "5C06A3B67B8B5A3DA422299D"
    assert told.headers["x-oss-ec"] == "0001-00000001" and told.headers["Putback-Request-Id"]
    problem = plain(front.edge, "/x", BODY)
    assert problem.status == 502
    document = problem.json()
    assert (document["stored"], document["storeStatus"], document["storeCode"]) == (False, status, code)
    assert f"Of {code}." in document["detail"]


@pytest.mark.parametrize("code", ["UploadTrafficRateLimitExceeded", "TotalQpsLimitExceeded", "ServiceUnavailable"])
def test_a_store_that_is_busy(start, peers, code):
    store = peers.store(replies(Store.error(503, code, "Slow down.", ("Retry-After", "7"))))
    front = start(configs.edge(configs.oss_store(store.port)))
    told = plain(front.edge, "/x", BODY)
    assert (told.status, told.json()["code"], told.json()["storeCode"]) == (503, "store-busy", code)
    assert told.header("Retry-After") == "7"
