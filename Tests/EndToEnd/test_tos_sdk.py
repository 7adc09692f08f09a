"""TOS: Volcengine's own SDK, straight at a directory and through an edge in front of it."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
import requests
import tos
from tos.checkpoint import CancelHook
from tos.enum import UploadEventType
from support import configs, tos_client
from support.certificates import Authority
from support.peers import answer, replies
from support.wire import put as plain

BUCKET = tos_client.BUCKET
BODY = bytes(range(256)) * 300
PART = 5 << 20


class Rig:
    def __init__(self, kind: str, start, tmp_path, **options):
        self.store = start(tos_client.directory(tmp_path / "objects"), name="store")
        self.front = self.store
        self.prefix = ""
        if kind == "edge":
            self.front = start(tos_client.edge(self.store.sdk[1], **options), name="edge")
            self.prefix = "in/"
        elif options:
            self.front = start(tos_client.directory(tmp_path / "front", **options), name="front")
        self.client = tos_client.client(self.front.sdk)
        host, port = self.front.sdk
        self.url = f"http://{host}:{port}"

    def read(self, key: str) -> bytes:
        return self.client.get_object(BUCKET, key).read()


@pytest.fixture(params=["directory", "edge"])
def rig(request, start, tmp_path):
    rig = Rig(request.param, start, tmp_path)
    yield rig
    rig.client.close()


@pytest.mark.parametrize("key", ["plain.txt", "目录/a b+c=d&e%25#f~(1)!*'.txt", "a//b"])
def test_put_object_stores_every_byte(rig, key):
    told = rig.client.put_object(BUCKET, key, content=BODY, meta={"colour": "red"}, content_type="text/plain")
    assert told.status_code == 200 and told.hash_crc64_ecma
    assert len(told.request_id) == 24
    assert rig.read(key) == BODY
    head = rig.client.head_object(BUCKET, key)
    assert (head.content_length, head.content_type, head.meta["colour"]) == (len(BODY), "text/plain", "red")
    assert rig.client.delete_object(BUCKET, key).status_code == 204
    with pytest.raises(tos.exceptions.TosServerError) as missing:
        rig.client.get_object(BUCKET, key)
    assert (missing.value.status_code, missing.value.code, missing.value.ec) == (404, "NoSuchKey", "0017-00000003")


def test_streams_what_has_no_length(rig):
    pieces = (BODY[start : start + 10_000] for start in range(0, len(BODY), 10_000))
    assert rig.client.put_object(BUCKET, "streamed", content=pieces).status_code == 200
    assert rig.read("streamed") == BODY


def test_forbids_to_overwrite_where_the_client_says_so(rig):
    rig.client.put_object(BUCKET, "once", content=b"first")
    with pytest.raises(tos.exceptions.TosServerError) as refused:
        rig.client.put_object(BUCKET, "once", content=b"second", forbid_overwrite=True)
    assert refused.value.status_code == 409
    assert rig.read("once") == b"first"


def callback(port: int) -> tuple[str, str]:
    return (
        tos_client.encoded(
            {
                "callbackUrl": f"http://127.0.0.1:{port}/cb",
                "callbackBody": '{"bucket":${bucket},"object":${object},"size":${size},"who":${x:who}}',
                "callbackBodyType": "application/json",
            }
        ),
        tos_client.encoded({"x:who": 'a "b"'}),
    )


def test_put_object_with_a_callback_gives_the_apps_answer(rig, peers):
    app = peers.app()
    asked, variables = callback(app.port)
    told = rig.client.put_object(BUCKET, "called", content=BODY, callback=asked, callback_var=variables)
    assert (told.status_code, told.callback_result.encode()) == (200, app.default)
    (call,) = app.complete
    assert (call.method, call.target) == ("POST", "/cb")
    assert json.loads(call.body) == {"bucket": BUCKET, "object": rig.prefix + "called", "size": len(BODY), "who": 'a "b"'}


@pytest.mark.parametrize("there", [True, False])
def test_a_failed_callback_is_203_and_the_object_stays(rig, peers, there):
    app = peers.app()
    app.script = [replies(answer(500, b"{}", ("Content-Type", "application/json")))]
    asked, variables = callback(app.port if there else 1)
    with pytest.raises(tos.exceptions.TosServerError) as failed:
        rig.client.put_object(BUCKET, "kept", content=BODY, callback=asked, callback_var=variables)
    assert (failed.value.status_code, failed.value.code) == (203, "CallbackFailed")
    assert rig.read("kept") == BODY


def test_a_bad_callback_stores_nothing(rig):
    with pytest.raises(tos.exceptions.TosServerError) as refused:
        rig.client.put_object(BUCKET, "never", content=BODY, callback="%%%")
    assert (refused.value.status_code, refused.value.ec) == (400, "0021-00000001")
    with pytest.raises(tos.exceptions.TosServerError):
        rig.client.head_object(BUCKET, "never")


def parts_of(rig, key: str, body: bytes):
    upload_id = rig.client.create_multipart_upload(BUCKET, key, content_type="text/plain").upload_id
    parts = []
    for number, begin in enumerate(range(0, len(body), PART), 1):
        piece = body[begin : begin + PART]
        told = rig.client.upload_part(BUCKET, key, upload_id, number, content=io.BytesIO(piece))
        parts.append(tos.models2.UploadedPart(number, told.etag))
    return upload_id, parts


def test_makes_an_object_of_parts(rig):
    body = bytes(range(256)) * 4096 * 6
    upload_id, parts = parts_of(rig, "many parts", body)
    listed = rig.client.list_parts(BUCKET, "many parts", upload_id)
    assert [part.size for part in listed.parts] == [PART, len(body) - PART]
    assert (listed.bucket, listed.key) == (BUCKET, "many parts")
    if not rig.prefix:  # an edge that changes keys cannot list the client's
        assert [upload.key for upload in rig.client.list_multipart_uploads(BUCKET).uploads] == ["many parts"]
    told = rig.client.complete_multipart_upload(BUCKET, "many parts", upload_id, parts)
    assert (told.status_code, told.bucket, told.key) == (200, BUCKET, "many parts")
    assert told.etag.endswith("-2") and told.hash_crc64_ecma
    assert rig.read("many parts") == body
    assert rig.client.head_object(BUCKET, "many parts").content_type == "text/plain"


def test_a_completion_calls_the_app_that_the_client_names(rig, peers):
    app = peers.app()
    upload_id, parts = parts_of(rig, "called", BODY)
    asked, variables = callback(app.port)
    told = rig.client.complete_multipart_upload(BUCKET, "called", upload_id, parts, callback=asked, callback_var=variables)
    assert (told.status_code, told.callback_result.encode()) == (200, app.default)
    assert told.etag.endswith("-1")
    (call,) = app.complete
    assert json.loads(call.body)["size"] == len(BODY)


@pytest.mark.parametrize("kind", ["directory", "edge"])
@pytest.mark.parametrize("calls", [False, True])
def test_over_tls_the_location_of_an_object_is_https(kind, calls, start, peers, tmp_path):
    app = peers.app()
    store = start(tos_client.directory(tmp_path / "objects"), name="store")
    config = tos_client.directory(tmp_path / "front") if kind == "directory" else tos_client.edge(store.sdk[1])
    certificate, key = Authority(tmp_path / "authority", "authority").issue("server")
    config["listeners"][0]["tls"] = {"certificate": str(certificate), "key": str(key)}
    front = start(config, name="front")
    url = "https://{}:{}".format(*front.sdk)
    client = tos.TosClientV2(
        tos_client.KEY_ID, tos_client.SECRET, url, tos_client.REGION, is_custom_domain=True, max_retry_count=0, enable_verify_ssl=False
    )
    upload_id = client.create_multipart_upload(BUCKET, "a b").upload_id
    part = client.upload_part(BUCKET, "a b", upload_id, 1, content=io.BytesIO(BODY))
    asked, variables = callback(app.port) if calls else (None, None)
    told = client.complete_multipart_upload(
        BUCKET, "a b", upload_id, [tos.models2.UploadedPart(1, part.etag)], callback=asked, callback_var=variables
    )
    # With a callback the SDK reads a header, without one the document.
    assert told.location == f"{url}/a%20b"
    client.close()


def test_complete_all_and_abort(rig):
    upload_id, _ = parts_of(rig, "all", BODY)
    assert rig.client.complete_multipart_upload(BUCKET, "all", upload_id, [], complete_all=True).status_code == 200
    assert rig.read("all") == BODY
    upload_id, parts = parts_of(rig, "aborted", BODY)
    assert rig.client.abort_multipart_upload(BUCKET, "aborted", upload_id).status_code == 204
    with pytest.raises(tos.exceptions.TosServerError) as refused:
        rig.client.complete_multipart_upload(BUCKET, "aborted", upload_id, parts)
    assert (refused.value.status_code, refused.value.code) == (404, "NoSuchUpload")


def test_appends_where_the_object_ends(rig):
    first = rig.client.append_object(BUCKET, "log", 0, content=BODY, content_type="text/plain", pre_hash_crc64_ecma=0)
    assert first.next_append_offset == len(BODY)
    # The SDK holds the checksum of the whole object against what it computed on from the one of the first piece.
    second = rig.client.append_object(BUCKET, "log", len(BODY), content=b"more", pre_hash_crc64_ecma=first.hash_crc64_ecma)
    assert second.next_append_offset == len(BODY) + 4
    assert rig.read("log") == BODY + b"more"
    head = rig.client.head_object(BUCKET, "log")
    assert (head.content_length, head.content_type) == (len(BODY) + 4, "text/plain")
    with pytest.raises(tos.exceptions.TosServerError) as refused:
        rig.client.append_object(BUCKET, "log", 1, content=b"no")
    assert (refused.value.status_code, refused.value.code) == (409, "OffsetNotMatched")
    assert rig.read("log") == BODY + b"more"


def test_the_bucket_is_there_and_flat(rig):
    told = rig.client.head_bucket(BUCKET)
    assert (told.status_code, told.bucket_type) == (200, "fns")
    assert len(told.request_id) == 24
    wrong = tos_client.client(rig.front.sdk, secret="wrong")
    with pytest.raises(tos.exceptions.TosServerError) as refused:
        wrong.head_bucket(BUCKET)
    assert refused.value.status_code == 403
    wrong.close()


@pytest.mark.parametrize("kind", ["directory", "edge"])
def test_appends_by_a_route_that_takes_no_other_requests(kind, start, tmp_path):
    rig = Rig(kind, start, tmp_path, route={"match": {"path": "/logs/**", "methods": ["POST"]}})
    assert rig.client.append_object(BUCKET, "logs/a", 0, content=b"one").next_append_offset == 3
    assert requests.head(f"{rig.url}/").status_code == 403
    rig.client.close()


def test_the_store_says_of_which_kind_its_bucket_is(start, peers):
    store = peers.store(replies(answer(200, b"", ("x-tos-bucket-region", "cn-beijing"), ("x-tos-bucket-type", "hns"))))
    edge = start(tos_client.edge(store.port), name="edge")
    client = tos_client.client(edge.sdk)
    told = client.head_bucket(BUCKET)
    assert (told.bucket_type, told.region) == ("hns", "cn-beijing")
    (asked,) = store.complete
    assert (asked.method, asked.target) == ("HEAD", "/")
    client.close()


def test_upload_file_goes_through(rig, tmp_path):
    path = tmp_path / "large.bin"
    body = bytes(range(256)) * 4096 * 11
    path.write_bytes(body)
    told = rig.client.upload_file(BUCKET, "file.bin", str(path), part_size=PART, task_num=2)
    assert told.etag.endswith("-3")
    assert rig.read("file.bin") == body


def test_an_upload_that_broke_off_is_resumed(rig, tmp_path):
    path = tmp_path / "large.bin"
    body = bytes(range(256)) * 4096 * 11
    path.write_bytes(body)
    hook = CancelHook()

    def upload(listener=None, cancel=None):
        return rig.client.upload_file(
            BUCKET, "file.bin", str(path), part_size=PART, task_num=1, enable_checkpoint=True,
            checkpoint_file=str(tmp_path / "checkpoint"), upload_event_listener=listener, cancel_hook=cancel,
        )  # fmt: skip

    with pytest.raises(tos.exceptions.TosError):
        upload(lambda *told: hook.cancel(is_abort=False) if told[0] == UploadEventType.Upload_Event_Upload_Part_Succeed else None, hook)
    (begun,) = rig.client.list_multipart_uploads(BUCKET).uploads
    there = rig.client.list_parts(BUCKET, "file.bin", begun.upload_id).parts
    assert 1 <= len(there) < 3
    sent = []
    told = upload(lambda *told: sent.append(told[0]))
    assert told.etag.endswith("-3")
    assert sent.count(UploadEventType.Upload_Event_Upload_Part_Succeed) == 3 - len(there)
    assert rig.client.list_multipart_uploads(BUCKET).uploads == []
    assert rig.read("file.bin") == body


def test_presigned_put_and_get(rig):
    signed = rig.client.pre_signed_url(tos.HttpMethodType.Http_Method_Put, BUCKET, "signed", expires=60)
    assert requests.put(signed.signed_url, data=BODY).status_code == 200
    read = rig.client.pre_signed_url(tos.HttpMethodType.Http_Method_Get, BUCKET, "signed", expires=60)
    assert requests.get(read.signed_url).content == BODY
    forged = requests.put(signed.signed_url.replace("signed?", "other?"), data=b"x")
    assert (forged.status_code, forged.json()["Code"], forged.headers["x-tos-ec"]) == (403, "SignatureDoesNotMatch", "0002-00000024")


def test_post_policy(rig):
    signed = rig.client.pre_signed_post_signature(bucket=BUCKET, key="posted", expires=60)
    fields = {
        "key": "posted",
        "policy": signed.policy,
        "x-tos-algorithm": signed.algorithm,
        "x-tos-credential": signed.credential,
        "x-tos-date": signed.date,
        "x-tos-signature": signed.signature,
    }
    told = requests.post(f"{rig.url}/", data=fields, files={"file": ("a.bin", BODY, "image/png")})
    assert (told.status_code, told.content) == (204, b""), told.content
    assert rig.read("posted") == BODY
    other = requests.post(f"{rig.url}/", data={**fields, "key": "other"}, files={"file": ("a.bin", BODY)})
    assert (other.status_code, other.json()["Code"]) == (403, "AccessDenied")
    forged = requests.post(f"{rig.url}/", data={**fields, "x-tos-signature": "0" * 64}, files={"file": ("a.bin", BODY)})
    assert (forged.status_code, forged.json()["Code"]) == (403, "SignatureDoesNotMatch")


def test_a_wrong_key_may_do_nothing(rig):
    wrong = tos_client.client(rig.front.sdk, secret="wrong")
    with pytest.raises(tos.exceptions.TosServerError) as refused:
        wrong.put_object(BUCKET, "stolen", content=b"x")
    assert (refused.value.status_code, refused.value.code, refused.value.ec) == (403, "SignatureDoesNotMatch", "0002-00000024")
    wrong.close()
    assert requests.put(f"{rig.url}/stolen", data=b"x").status_code == 403


def test_the_hash_that_the_client_signed_is_checked(rig):
    for body, status in ((b"zzz", 200), (b"abc", 400)):
        signed = {"x-tos-content-sha256": hashlib.sha256(b"zzz").hexdigest()}
        url = rig.client.pre_signed_url(tos.HttpMethodType.Http_Method_Put, BUCKET, f"hash-{status}", expires=60, header=signed)
        told = requests.put(url.signed_url, data=body, headers=signed)
        assert told.status_code == status, told.content
    assert told.json()["Code"] == "ContentSHA256Mismatch"
    assert rig.read("hash-200") == b"zzz"
    with pytest.raises(tos.exceptions.TosServerError):
        rig.client.head_object(BUCKET, "hash-400")


@pytest.mark.parametrize("kind", ["directory", "edge"])
def test_a_routes_callback_leaves_the_result_that_the_client_parses(kind, start, peers, tmp_path):
    app = peers.app()
    policy = configs.policy(app.port, body='{"object":${object},"size":${size}}')
    rig = Rig(kind, start, tmp_path, route={"callback": "uploaded"}, callback=policy)
    upload_id, parts = parts_of(rig, "routed", BODY)
    told = rig.client.complete_multipart_upload(BUCKET, "routed", upload_id, parts)
    assert (told.status_code, told.bucket, told.key) == (200, BUCKET, "routed")
    assert told.header["Putback-Callback-Status"] == "200"
    (call,) = app.complete
    assert json.loads(call.body) == {"object": rig.prefix + "routed", "size": len(BODY)}
    rig.client.close()


def test_an_operators_policy_is_performed_by_the_store(start, peers, tmp_path):
    app = peers.app()
    store = start(tos_client.directory(tmp_path / "objects"), name="store")
    callback = configs.policy(
        app.port, body='{"object":${object},"size":${size},"device":${x:device}}', variables={"device": "${header.X-Device-Id}"}
    )
    edge = start(configs.edge(tos_client.store(store.sdk[1]), callback=callback), name="edge")
    told = plain(edge.edge, "/camera/1.jpg", BODY, {"X-Device-Id": 'no "7"'})
    assert (told.status, told.body) == (200, app.default)
    (call,) = app.complete
    assert json.loads(call.body) == {"object": "camera/1.jpg", "size": len(BODY), "device": 'no "7"'}
    app.script = [replies(answer(500, b"{}", ("Content-Type", "application/json")))]
    failed = plain(edge.edge, "/camera/2.jpg", BODY)
    assert (failed.status, failed.json()["stored"]) == (502, True)
