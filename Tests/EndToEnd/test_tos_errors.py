"""What clients of TOS are told when something is wrong: each row of the vendor's table that an upload gateway can produce,
read as the SDK reads it, and what a store says, passed on as it came."""

from __future__ import annotations

import base64
import datetime
import io
import json

import pytest
import requests
import tos
from support import configs, tos_client
from support.peers import answer, replies
from support.wire import Client
from test_tos_sdk import BODY, Rig

BUCKET = tos_client.BUCKET
PUT = tos.HttpMethodType.Http_Method_Put
POST = tos.HttpMethodType.Http_Method_Post
CRC_OF_X = "727031140999736901"  # CRC-64/XZ of "x", by oss2


@pytest.fixture(params=["directory", "edge"])
def rig(request, start, tmp_path):
    rig = Rig(request.param, start, tmp_path)
    yield rig
    rig.client.close()


def refused(work) -> tos.exceptions.TosServerError:
    with pytest.raises(tos.exceptions.TosServerError) as caught:
        work()
    return caught.value


def told(error: tos.exceptions.TosServerError) -> tuple[int, str, str]:
    """Status, code and sub-code, once all else that a client reads is there."""
    assert error.message
    assert error.request_id == error.header["x-tos-request-id"] and len(error.request_id) == 24
    assert error.header["Content-Type"] == "application/json"
    assert error.header.get("x-tos-ec", "") == (error.ec or "")
    return error.status_code, error.code, error.ec or ""


def read(response: requests.Response) -> tuple[int, str, str]:
    """The same of an answer to a request that the SDK does not make itself."""
    document = response.json()
    assert document["Message"] and document["HostId"]
    assert document["RequestId"] == response.headers["x-tos-request-id"]
    assert response.headers.get("x-tos-ec") == document.get("EC")
    return response.status_code, document["Code"], document.get("EC", "")


def upload(rig, key: str, *bodies: bytes):
    upload_id = rig.client.create_multipart_upload(BUCKET, key).upload_id
    parts = []
    for number, body in enumerate(bodies, 1):
        part = rig.client.upload_part(BUCKET, key, upload_id, number, content=io.BytesIO(body))
        parts.append(tos.models2.UploadedPart(number, part.etag))
    return upload_id, parts


def complete(rig, change):
    upload_id, parts = upload(rig, "misfit", b"one")
    return rig.client.complete_multipart_upload(BUCKET, "misfit", upload_id, change(parts))


def replace(rig):
    rig.client.put_object(BUCKET, "once", content=b"first")
    return rig.client.put_object(BUCKET, "once", content=b"second", forbid_overwrite=True)


def append_to_another_length(rig):
    rig.client.append_object(BUCKET, "log", 0, content=b"12345")
    return rig.client.append_object(BUCKET, "log", 3, content=b"678")


def append_to_a_put(rig):
    rig.client.put_object(BUCKET, "whole", content=b"12345")
    return rig.client.append_object(BUCKET, "whole", 5, content=b"678")


def header(name: str, value: str):
    return tos.models2.GenericInput(request_headers={name: value})


ROWS = {
    "callback": (lambda rig: rig.client.put_object(BUCKET, "k", content=b"x", callback="%%%"), (400, "InvalidArgument", "0021-00000001")),
    "flag": (
        lambda rig: rig.client.put_object(BUCKET, "k", content=b"x", generic_input=header("x-tos-forbid-overwrite", "maybe")),
        (400, "InvalidArgument", ""),
    ),
    "digest": (lambda rig: rig.client.put_object(BUCKET, "k", content=b"x", content_md5="short"), (400, "InvalidDigest", "")),
    "other digest": (
        lambda rig: rig.client.put_object(BUCKET, "k", content=b"x", content_md5=base64.b64encode(bytes(16)).decode()),
        (400, "BadDigest", ""),
    ),
    "other hash": (
        lambda rig: rig.client.put_object(BUCKET, "k", content=b"x", content_sha256="0" * 64),
        (400, "ContentSHA256Mismatch", ""),
    ),
    "long key": (lambda rig: rig.client.put_object(BUCKET, "k" * 1025, content=b"x"), (400, "KeyTooLong", "0017-00000002")),
    "no parts": (lambda rig: complete(rig, lambda parts: []), (400, "MalformedBody", "")),
    "other part": (lambda rig: complete(rig, lambda parts: [tos.models2.UploadedPart(1, "0" * 32)]), (400, "InvalidPart", "")),
    "missing part": (lambda rig: complete(rig, lambda parts: [tos.models2.UploadedPart(7, parts[0].etag)]), (400, "InvalidPart", "")),
    "part number": (lambda rig: rig.client.upload_part(BUCKET, "k", "id", 10_001, content=b"x"), (400, "InvalidPartNumber", "")),
    "no object": (lambda rig: rig.client.get_object(BUCKET, "nothing"), (404, "NoSuchKey", "0017-00000003")),
    "no upload": (lambda rig: rig.client.upload_part(BUCKET, "k", "unknown", 1, content=b"x"), (404, "NoSuchUpload", "")),
    "exists": (replace, (409, "DuplicateObject", "0017-00000004")),
    "offset": (append_to_another_length, (409, "OffsetNotMatched", "")),
    "no append": (append_to_a_put, (409, "NotAppendable", "")),
    "condition": (lambda rig: rig.client.put_object(BUCKET, "k", content=b"x", if_match="0123"), (501, "NotImplemented", "")),
    "copy": (lambda rig: rig.client.copy_object(BUCKET, "k", BUCKET, "other"), (501, "NotImplemented", "")),
}


@pytest.mark.parametrize("row", ROWS)
def test_the_sdk_reads_what_is_wrong(rig, row):
    work, expected = ROWS[row]
    assert told(refused(lambda: work(rig))) == expected


# MARK: Who may


def at(rig, when: datetime.datetime):
    generic = tos.models2.GenericInput(request_date=when)
    return lambda: rig.client.put_object(BUCKET, "k", content=b"x", generic_input=generic)


def test_a_wrong_secret_an_unknown_key_and_a_token_that_is_nobodys(rig):
    host, port = rig.front.sdk
    for key_id, secret, token, expected in (
        (tos_client.KEY_ID, "wrong", None, (403, "SignatureDoesNotMatch", "0002-00000024")),
        ("AKLTNOBODY", tos_client.SECRET, None, (403, "InvalidAccessKeyId", "")),
        (tos_client.KEY_ID, tos_client.SECRET, "a token", (403, "InvalidSecurityToken", "")),
    ):
        client = tos.TosClientV2(
            key_id, secret, f"http://{host}:{port}", tos_client.REGION, security_token=token, is_custom_domain=True, max_retry_count=0
        )
        assert told(refused(lambda: client.put_object(BUCKET, "k", content=b"x"))) == expected
        client.close()


def test_a_clock_that_is_off(rig):
    now = datetime.datetime.now(datetime.timezone.utc)
    for minutes in (-16, 16):
        error = refused(at(rig, now + datetime.timedelta(minutes=minutes)))
        assert told(error) == (403, "RequestTimeTooSkewed", "0002-00000018")
    assert at(rig, now - datetime.timedelta(minutes=14))().status_code == 200


def presigned(rig, **change: str) -> str:
    url = rig.client.pre_signed_url(PUT, BUCKET, "signed", expires=60).signed_url
    for name, value in change.items():
        name = "X-Tos-" + name
        start = url.index(name + "=") + len(name) + 1
        end = url.find("&", start)
        url = url[:start] + value + (url[end:] if end >= 0 else "")
    return url


@pytest.mark.parametrize(
    "change, headers, expected",
    [
        ({"Algorithm": "AWS4-HMAC-SHA256"}, {}, (403, "AuthorizationQueryParametersError", "0002-00000030")),
        ({"Expires": "0"}, {}, (403, "AuthorizationQueryParametersError", "0002-00000031")),
        ({"Expires": "604801"}, {}, (403, "AuthorizationQueryParametersError", "0002-00000031")),
        ({"Expires": "soon"}, {}, (403, "AuthorizationQueryParametersError", "0002-00000031")),
        ({"Credential": "nobody"}, {}, (403, "AuthorizationQueryParametersError", "")),
        ({"SignedHeaders": "date"}, {}, (403, "AccessDenied", "0002-00000016")),
        ({}, {"x-tos-acl": "public-read"}, (403, "AccessDenied", "0002-00000016")),
        ({}, {"Authorization": "TOS4-HMAC-SHA256 Credential=a"}, (403, "AccessDenied", "")),
        ({"Date": "20200101T000000Z"}, {}, (403, "MissingSecurityHeader", "")),
        ({"Signature": "0" * 64}, {}, (403, "SignatureDoesNotMatch", "0002-00000024")),
    ],
)
def test_a_signed_url_that_was_changed(rig, change, headers, expected):
    assert read(requests.put(presigned(rig, **change), data=b"x", headers=headers)) == expected


def test_runs_of_blanks_may_be_signed_as_one(rig):
    value = "two  blanks   and more"
    for what in (value, "two blanks and more"):
        assert tos_client.signed(rig.front.sdk, "PUT", "/blanks", {"x-tos-meta-note": value}, signed_as={"x-tos-meta-note": what}).status_code == 200
        assert rig.client.head_object(BUCKET, "blanks").meta["note"] == value
    other = tos_client.signed(rig.front.sdk, "PUT", "/blanks", {"x-tos-meta-note": value}, signed_as={"x-tos-meta-note": "twoblanks and more"})
    assert read(other) == (403, "SignatureDoesNotMatch", "0002-00000024")


def test_the_date_of_http_will_do(rig):
    assert tos_client.signed(rig.front.sdk, "PUT", "/dated", {}, http_date=True).status_code == 200
    assert rig.read("dated") == b"x"
    assert read(tos_client.signed(rig.front.sdk, "PUT", "/dated", {}, http_date=True, drop=["date"])) == (403, "MissingSecurityHeader", "")


@pytest.mark.parametrize(
    "authorization, expected",
    [
        ("AWS4-HMAC-SHA256 Credential=a/20260101/r/tos/request,SignedHeaders=host,Signature=0", "0002-00000030"),
        ("Bearer something", "0002-00000030"),
        ("TOS4-HMAC-SHA256 Credential=a/20260101/r/tos/request", ""),
        ("TOS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=0", ""),
        ("TOS4-HMAC-SHA256 ", "0002-00000030"),
    ],
)
def test_an_authorization_that_cannot_be_read(rig, authorization, expected):
    response = requests.put(f"{rig.url}/k", data=b"x", headers={"Authorization": authorization})
    assert read(response) == (403, "AuthorizationHeaderMalformed", expected)


def test_a_header_that_was_not_signed(rig):
    late = tos_client.signed(rig.front.sdk, "PUT", "/k", {})
    assert late.status_code == 200
    sent = {**late.request.headers, "x-tos-acl": "public-read"}
    assert read(requests.put(f"{rig.url}/k", data=b"x", headers=sent)) == (403, "AccessDenied", "0002-00000016")


def test_nobodys_request(rig):
    assert read(requests.put(f"{rig.url}/k", data=b"x")) == (403, "AccessDenied", "")


def test_a_signature_is_good_for_the_bucket_that_is_written_to(start, tmp_path):
    """A target that is a whole URL says the bucket, whatever the signed field Host says (RFC 9112, section 3.2.2)."""
    config = tos_client.directory(tmp_path / "objects")
    config["listeners"][0] |= {"baseHost": "tos.test"}
    del config["listeners"][0]["bucket"]
    config["stores"]["shelf"]["bucket"] = "${bucket}"
    front = start(config)
    mine = tos_client.signed(front.sdk, "PUT", "/k", {"host": "mine.tos.test"}, signed_as={"host": "mine.tos.test"})
    assert mine.status_code == 200
    fields = "".join(f"{name}: {value}\r\n" for name, value in mine.request.headers.items())
    for target, status in (("/k", 200), ("http://mine.tos.test/k", 200), ("http://yours.tos.test/k", 403)):
        with Client(front.sdk) as client:
            client.send(f"PUT {target} HTTP/1.1\r\n{fields}\r\nx".encode())
            assert client.response().status == status, target
    assert [path.name for path in (tmp_path / "objects").iterdir() if not path.name.startswith(".")] == ["mine"]


# MARK: Requests that the SDK does not make


def test_a_completion_without_a_body(rig):
    upload_id, _ = upload(rig, "k", b"one")
    url = rig.client.pre_signed_url(POST, BUCKET, "k", query={"uploadId": upload_id}).signed_url
    assert read(requests.post(url)) == (400, "MalformedBody", "0005-00000008")
    assert read(requests.post(url, data=b"<xml/>")) == (400, "MalformedBody", "")


def test_a_method_that_objects_do_not_have(rig):
    url = rig.client.pre_signed_url(POST, BUCKET, "k").signed_url
    assert read(requests.post(url, data=b"x")) == (405, "MethodNotAllowed", "")


def test_a_put_without_a_length(rig):
    url = rig.client.pre_signed_url(PUT, BUCKET, "k").signed_url
    with Client(rig.front.sdk) as client:
        host = "{}:{}".format(*rig.front.sdk)
        client.send(f"PUT {url.removeprefix(rig.url)} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        response = client.response()
    assert (response.status, response.json()["Code"]) == (411, "NoContentLength")


def test_a_larger_object_than_the_route_takes(start, tmp_path):
    rig = Rig("directory", start, tmp_path, route={"match": {"path": "/**", "size": "..1KiB"}})
    assert told(refused(lambda: rig.client.put_object(BUCKET, "k", content=BODY))) == (400, "EntityTooLarge", "")
    pieces = (BODY[:600] for _ in range(3))
    assert told(refused(lambda: rig.client.put_object(BUCKET, "k", content=pieces))) == (400, "EntityTooLarge", "")
    rig.client.close()


def half(rig):
    """A put of which only a part comes."""
    url = rig.client.pre_signed_url(PUT, BUCKET, "k").signed_url
    client = Client(rig.front.sdk)
    host = "{}:{}".format(*rig.front.sdk)
    client.send(f"PUT {url.removeprefix(rig.url)} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\nhalf".encode())
    return client


def test_a_client_that_stalls(start, tmp_path):
    """408, which every SDK sends again."""
    config = configs.merged(tos_client.directory(tmp_path / "objects"), {"timeouts": {"bodyIdle": "100ms"}})
    rig = Rig.__new__(Rig)
    rig.front = start(config)
    rig.client, rig.url = tos_client.client(rig.front.sdk), "http://{}:{}".format(*rig.front.sdk)
    with half(rig) as client:
        response = client.response()
    document = response.json()
    assert (response.status, document["Code"]) == (408, "RequestTimeout")
    assert document["Message"] == "The request was not read within the timeout period."
    assert document["RequestId"] == response.header("x-tos-request-id") and response.header("Content-Type") == "application/json"
    assert told(refused(lambda: rig.client.get_object(BUCKET, "k")))[:2] == (404, "NoSuchKey")
    rig.client.close()


def test_the_sdk_sends_a_request_that_timed_out_again(start, peers):
    """Of a store, passed on: what the SDK makes of the status."""
    timeout = answer(408, b'{"Code":"RequestTimeout","Message":"No.","RequestId":"1"}', ("Content-Type", "application/json"))
    stored = answer(200, b"", ("ETag", '"0"'), ("x-tos-hash-crc64ecma", CRC_OF_X))
    store = peers.store(replies(timeout), replies(stored))
    edge = start(tos_client.edge(store.port), name="edge")
    client = tos.TosClientV2(
        tos_client.KEY_ID, tos_client.SECRET, "http://{}:{}".format(*edge.sdk), tos_client.REGION,
        is_custom_domain=True, max_retry_count=1, dns_cache_time=0,
    )  # fmt: skip
    assert client.put_object(BUCKET, "k", content=b"x").status_code == 200
    assert len(store.complete) == 2
    client.close()


def test_a_body_that_ends_early(rig):
    with half(rig) as client:
        client.half_close()
        response = client.response()
    assert (response.status, response.json()["Code"]) == (400, "UnexpectedEOF")
    assert told(refused(lambda: rig.client.get_object(BUCKET, "k")))[:2] == (404, "NoSuchKey")


def test_a_range_that_is_not_there(rig):
    rig.client.put_object(BUCKET, "k", content=b"12345")
    assert told(refused(lambda: rig.client.get_object(BUCKET, "k", range="bytes=5-"))) == (416, "InvalidRange", "")


@pytest.mark.parametrize("name", ["up", "-begins", "a_b"])
def test_a_bucket_that_tos_does_not_take(start, tmp_path, name):
    """The SDK refuses such names itself."""
    config = tos_client.directory(tmp_path / "objects")
    config["listeners"][0]["baseHost"] = "tos.test"
    front = start(config)
    response = requests.put("http://{}:{}/k".format(*front.sdk), data=b"x", headers={"Host": f"{name}.tos.test"})
    assert read(response) == (400, "InvalidBucketName", "")


def test_a_part_that_is_named_twice(rig):
    """The SDK sorts what its caller says; nobody can say which of two is meant."""
    upload_id, (part,) = upload(rig, "k", bytes(5 << 20))
    url = rig.client.pre_signed_url(POST, BUCKET, "k", query={"uploadId": upload_id}).signed_url
    entry = {"PartNumber": 1, "ETag": part.etag}
    assert read(requests.post(url, json={"Parts": [entry, entry]})) == (400, "InvalidPart", "")


def test_a_small_part_before_the_last(rig):
    upload_id, parts = upload(rig, "k", b"one", b"two")
    error = refused(lambda: rig.client.complete_multipart_upload(BUCKET, "k", upload_id, parts))
    assert told(error) == (400, "EntityTooSmall", "")
    assert told(refused(lambda: rig.client.get_object(BUCKET, "k")))[:2] == (404, "NoSuchKey")


def test_no_route_and_no_capacity(start, tmp_path):
    rig = Rig("directory", start, tmp_path, route={"match": {"path": "/only/**"}, "limits": {"rate": "1/h"}})
    assert told(refused(lambda: rig.client.put_object(BUCKET, "x", content=b"x"))) == (403, "AccessDenied", "")
    rig.client.put_object(BUCKET, "only/x", content=b"x")
    error = refused(lambda: rig.client.put_object(BUCKET, "only/y", content=b"x"))
    assert told(error) == (503, "ServiceUnavailable", "")
    assert "come faster than it may take them" in error.message and int(error.header["Retry-After"]) >= 1
    rig.client.close()


# MARK: Forms


def form(rig, conditions=None, drop=(), add=None, **options):
    """A form whose policy was made by hand, where `conditions` are given, and signed by the SDK otherwise."""
    made = rig.client.pre_signed_post_signature(bucket=BUCKET, key="posted", expires=60, **options)
    fields = {
        "key": "posted",
        "policy": made.policy,
        "x-tos-algorithm": made.algorithm,
        "x-tos-credential": made.credential,
        "x-tos-date": made.date,
        "x-tos-signature": made.signature,
    }
    if conditions is not None:
        policy = json.loads(base64.b64decode(made.policy))
        policy = conditions(policy)
        fields["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
        key = tos_client.SECRET.encode()
        for step in (made.date[:8], tos_client.REGION, "tos", "request", fields["policy"]):
            key = tos_client.hmac_of(key, step)
        fields["x-tos-signature"] = key.hex()
    fields.update(add or {})
    for name in drop:
        del fields[name]
    return requests.post(f"{rig.url}/", data=fields, files={"file": ("a.bin", BODY, "image/png")})


def with_condition(*conditions):
    return lambda policy: {**policy, "conditions": policy["conditions"] + list(conditions)}


def without(name: str):
    return lambda policy: {**policy, "conditions": [c for c in policy["conditions"] if name not in c]}


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"conditions": lambda policy: policy}, None),
        ({"conditions": with_condition(["content-length-range", 1, 10])}, (400, "EntityTooLarge", "")),
        ({"conditions": with_condition(["content-length-range", 1 << 20, 1 << 21])}, (400, "EntityTooSmall", "")),
        ({"conditions": with_condition(["content-length-range", 10, 1])}, (400, "InvalidPolicyDocument", "0017-00000412")),
        ({"conditions": with_condition({"x-tos-acl": "private"})}, (403, "AccessDenied", "")),
        ({"conditions": lambda policy: {**policy, "expiration": "2020-01-01T00:00:00Z"}}, (403, "AccessDenied", "")),
        ({"conditions": without("x-tos-algorithm")}, (400, "InvalidPolicyDocument", "")),
        ({"conditions": without("x-tos-credential")}, (400, "InvalidPolicyDocument", "")),
        ({"conditions": without("x-tos-date")}, (400, "InvalidPolicyDocument", "")),
        ({"conditions": lambda policy: {"expiration": policy["expiration"]}}, (400, "InvalidPolicyDocument", "")),
        ({"add": {"x-tos-algorithm": "HMAC-SHA256"}}, (403, "AuthorizationQueryParametersError", "0002-00000030")),
        ({"add": {"x-tos-signature": "0" * 64}}, (403, "SignatureDoesNotMatch", "0002-00000024")),
        ({"add": {"x-tos-security-token": "one"}}, (403, "InvalidSecurityToken", "")),
        ({"drop": ["x-tos-signature"]}, (403, "AccessDenied", "")),
        ({"drop": ["key"]}, (400, "InvalidArgument", "")),
    ],
)
def test_forms(rig, options, expected):
    response = form(rig, **options)
    if expected is None:
        assert (response.status_code, rig.read("posted")) == (204, BODY)
    else:
        assert read(response) == expected


def test_a_form_with_only_a_token_claims_to_come_from_somebody(rig):
    fields = {"key": "k", "x-tos-security-token": "token"}
    response = requests.post(f"{rig.url}/", data=fields, files={"file": ("a.bin", BODY)})
    assert read(response)[:2] == (403, "AccessDenied")
    assert "x-tos-signature" in response.json()["Message"]
    anonymous = requests.post(f"{rig.url}/", data={"key": "k"}, files={"file": ("a.bin", BODY)})
    assert "Anonymous" in anonymous.json()["Message"]


# MARK: What the store says


@pytest.mark.parametrize(
    "status, code, ec, fields",
    [
        (203, "CallbackFailed", "0021-00000099", ()),
        (400, "UnexpectedEOF", "0005-00000044", ()),
        (403, "AccessDenied", "", ()),
        (404, "NoSuchBucket", "0006-00000001", ()),
        (409, "DuplicateObject", "0017-00000004", ()),
        (412, "PreconditionFailed", "", ()),
        (429, "ExceedBucketQPSLimit", "", (("Retry-After", "3"),)),
        (503, "ServiceUnavailable", "", (("Retry-After", "5"),)),
        (500, "InternalError", "", ()),
        (301, "PermanentRedirect", "", (("Location", "https://examplebucket.tos-cn-shanghai.volces.com/k"),)),
    ],
)
def test_what_a_store_refuses_is_passed_on(start, peers, status, code, ec, fields):
    document = {"Code": code, "Message": "No.", "RequestId": "7f4c", "HostId": "store", "Resource": "k", **({"EC": ec} if ec else {})}
    head = [("Content-Type", "application/json"), ("x-tos-request-id", "7f4c"), ("x-tos-id-2", "second"), *fields]
    if ec:
        head.append(("x-tos-ec", ec))
    store = peers.store(replies(answer(status, json.dumps(document).encode(), *head)))
    edge = start(tos_client.edge(store.port), name="edge")
    client = tos_client.client(edge.sdk)
    error = refused(lambda: client.put_object(BUCKET, "k", content=b"x", if_match="0123"))
    assert (error.status_code, error.code, error.ec or "", error.message) == (status, code, ec, "No.")
    assert (error.request_id, error.id2, error.host_id, error.resource) == ("7f4c", "second", "store", "k")
    for name, value in fields:
        assert error.header[name] == value
    (request,) = store.complete
    assert request.header("x-tos-if-match") == "0123"
    client.close()
