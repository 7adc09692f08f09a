"""Uploads in parts and appends with the vendor's SDKs: straight at a directory, and through an edge in front of it."""

from __future__ import annotations

import base64
import io
import json

import alibabacloud_oss_v2 as v2
import oss2
import pytest
from support import configs, sdks
from support.gateway import Gateway
from support.peers import answer, replies

PART = 128 * 1024
BODY = bytes(range(256)) * 1600  # 409 600 bytes: three whole parts and a rest


class Rig:
    """A listener for SDK clients; `edge` puts a second gateway in front, with another bucket and other keys."""

    def __init__(self, kind: str, start, tmp_path, route=None, callback=None):
        self.store = start(configs.sdk(tmp_path / "objects"), name="store")
        self.front = self.store
        if kind == "edge":
            target = configs.oss_store(
                self.store.sdk[1],
                bucket="inner-bucket",
                credentials={"id": f"plain:{configs.PARTNER_ID}", "secret": f"plain:{configs.PARTNER_SECRET}"},
            )
            config = configs.sdk(tmp_path / "none", route=configs.merged({"key": "in/${path}"}, route or {}), callback=callback)
            config["stores"] = {"shelf": target}
            self.front = start(config, name="edge")
        elif route or callback:
            self.front = start(configs.sdk(tmp_path / "other", route=route, callback=callback), name="front")
        self.bucket = oss2.Bucket(
            oss2.AuthV4(configs.PARTNER_ID, configs.PARTNER_SECRET), self.front.endpoint, "uploads", region="cn-hangzhou"
        )
        self.new = sdks.client("v2-v4", self.front.endpoint).client


@pytest.fixture(params=["directory", "edge"])
def rig(request, start, tmp_path):
    rig = Rig(request.param, start, tmp_path)
    yield rig
    rig.bucket.session.session.close()
    sdks.close_all()


def parts_of(bucket: oss2.Bucket, key: str, body: bytes = BODY, upload_id: str | None = None):
    upload_id = upload_id or bucket.init_multipart_upload(key, headers={"Content-Type": "text/plain"}).upload_id
    parts = []
    for number, begin in enumerate(range(0, len(body), PART), 1):
        piece = body[begin : begin + PART]
        result = bucket.upload_part(key, upload_id, number, piece)
        parts.append(oss2.models.PartInfo(number, result.etag, size=len(piece), part_crc=result.crc))
    return upload_id, parts


def test_oss2_makes_an_object_of_parts(rig):
    upload_id, parts = parts_of(rig.bucket, "dir/many parts.bin")
    listed = rig.bucket.list_parts("dir/many parts.bin", upload_id)
    assert [(part.part_number, part.size) for part in listed.parts] == [(1, PART), (2, PART), (3, PART), (4, len(BODY) - 3 * PART)]
    result = rig.bucket.complete_multipart_upload("dir/many parts.bin", upload_id, parts)
    assert result.status == 200
    assert result.etag.endswith("-4")
    checksum = oss2.utils.Crc64()
    checksum.update(BODY)
    assert result.crc == checksum.crc
    assert rig.bucket.get_object("dir/many parts.bin").read() == BODY
    assert rig.bucket.head_object("dir/many parts.bin").content_type == "text/plain"


def test_the_client_reads_its_own_names(rig):
    created = rig.new.initiate_multipart_upload(v2.InitiateMultipartUploadRequest(bucket="uploads", key="own name"))
    assert (created.bucket, created.key) == ("uploads", "own name")
    part = rig.new.upload_part(
        v2.UploadPartRequest(bucket="uploads", key="own name", upload_id=created.upload_id, part_number=1, body=b"hello")
    )
    done = rig.new.complete_multipart_upload(
        v2.CompleteMultipartUploadRequest(
            bucket="uploads",
            key="own name",
            upload_id=created.upload_id,
            complete_multipart_upload=v2.CompleteMultipartUpload(parts=[v2.UploadPart(part_number=1, etag=part.etag)]),
        )
    )
    assert (done.bucket, done.key) == ("uploads", "own name")
    assert rig.bucket.get_object("own name").read() == b"hello"
    assert rig.bucket.delete_object("own name").status == 204
    assert not rig.bucket.object_exists("own name")


def test_complete_all_takes_every_part(rig):
    upload_id, _ = parts_of(rig.bucket, "all")
    result = rig.bucket.complete_multipart_upload("all", upload_id, None, headers={"x-oss-complete-all": "yes"})
    assert result.status == 200
    assert rig.bucket.get_object("all").read() == BODY


def test_resumable_uploads_go_through(rig, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(BODY)
    result = oss2.resumable_upload(
        rig.bucket, "resumed", str(path), store=oss2.ResumableStore(root=str(tmp_path)), multipart_threshold=1, part_size=PART, num_threads=2
    )
    assert result.status == 200
    uploaded = v2.Uploader(rig.new).upload_file(v2.PutObjectRequest(bucket="uploads", key="uploader"), str(path), part_size=PART)
    assert uploaded.status_code == 200
    for key in ("resumed", "uploader"):
        assert rig.bucket.get_object(key).read() == BODY


def test_an_upload_that_broke_off_is_resumed(rig, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(BODY)
    place = oss2.ResumableStore(root=str(tmp_path))

    def upload(progress=None):
        return oss2.resumable_upload(
            rig.bucket, "resumed", str(path), store=place, multipart_threshold=1, part_size=PART, num_threads=1, progress_callback=progress
        )

    def break_off(sent, _):
        if sent >= 2 * PART:
            raise ConnectionAbortedError("two parts are enough")

    with pytest.raises(ConnectionAbortedError):
        upload(break_off)
    (begun,) = rig.bucket.list_multipart_uploads().upload_list
    assert len(rig.bucket.list_parts("resumed", begun.upload_id).parts) == 2
    sent = []
    assert upload(lambda done, _: sent.append(done)).status == 200
    assert sent[0] == 2 * PART, "what is there is not sent again"
    assert rig.bucket.list_multipart_uploads().upload_list == []
    assert rig.bucket.get_object("resumed").read() == BODY


def test_an_aborted_upload_is_gone(rig):
    upload_id, parts = parts_of(rig.bucket, "aborted")
    assert rig.bucket.abort_multipart_upload("aborted", upload_id).status == 204
    with pytest.raises(oss2.exceptions.NoSuchUpload) as refused:
        rig.bucket.complete_multipart_upload("aborted", upload_id, parts)
    assert refused.value.status == 404
    with pytest.raises(oss2.exceptions.NoSuchUpload):
        rig.bucket.upload_part("aborted", upload_id, 5, b"late")
    assert not rig.bucket.object_exists("aborted")


@pytest.mark.parametrize(
    "change, code",
    [
        (lambda parts: parts[::-1], "InvalidPartOrder"),
        (lambda parts: parts + [oss2.models.PartInfo(9, parts[0].etag)], "InvalidPart"),
        (lambda parts: [oss2.models.PartInfo(1, "0" * 32)] + parts[1:], "InvalidPart"),
        (lambda parts: [], "MalformedXML"),
    ],
)
def test_refuses_a_completion_that_does_not_fit(rig, change, code):
    upload_id, parts = parts_of(rig.bucket, "misfit")
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        if code == "InvalidPartOrder":  # the SDK sorts
            body = "".join(f"<Part><PartNumber>{p.part_number}</PartNumber><ETag>{p.etag}</ETag></Part>" for p in change(parts))
            rig.bucket._Bucket__do_object(
                "POST", "misfit", params={"uploadId": upload_id}, data=f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>"
            )
        else:
            rig.bucket.complete_multipart_upload("misfit", upload_id, change(parts))
    assert (refused.value.status, refused.value.code) == (400, code)
    assert not rig.bucket.object_exists("misfit")


def test_refuses_small_parts_when_the_object_is_made(rig):
    upload_id = rig.bucket.init_multipart_upload("small").upload_id
    parts = [oss2.models.PartInfo(n, rig.bucket.upload_part("small", upload_id, n, b"tiny").etag) for n in (1, 2)]
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        rig.bucket.complete_multipart_upload("small", upload_id, parts)
    assert (refused.value.status, refused.value.code) == (400, "EntityTooSmall")


def test_appends(rig):
    first = rig.bucket.append_object("log", 0, b"one,", init_crc=0)
    assert first.next_position == 4
    second = rig.bucket.append_object("log", 4, b"two", init_crc=first.crc)
    assert (second.status, second.next_position) == (200, 7)
    with pytest.raises(oss2.exceptions.PositionNotEqualToLength) as refused:
        rig.bucket.append_object("log", 4, b"again")
    assert (refused.value.status, refused.value.next_position) == (409, 7)
    assert rig.bucket.get_object("log").read() == b"one,two"
    rig.bucket.put_object("fixed", b"x")
    with pytest.raises(oss2.exceptions.ServerError) as fixed:
        rig.bucket.append_object("fixed", 1, b"y")
    assert (fixed.value.status, fixed.value.code) == (409, "ObjectNotAppendable")


def test_a_wrong_key_may_do_nothing(rig):
    wrong = oss2.Bucket(oss2.AuthV4(configs.PARTNER_ID, "wrong"), rig.front.endpoint, "uploads", region="cn-hangzhou")
    upload_id, parts = parts_of(rig.bucket, "mine")
    for call in (
        lambda: wrong.init_multipart_upload("mine"),
        lambda: wrong.upload_part("mine", upload_id, 1, b"x"),
        lambda: wrong.complete_multipart_upload("mine", upload_id, parts),
        lambda: wrong.abort_multipart_upload("mine", upload_id),
        lambda: wrong.list_parts("mine", upload_id),
    ):
        with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
            call()
    wrong.session.session.close()
    assert rig.bucket.complete_multipart_upload("mine", upload_id, parts).status == 200


def test_a_completion_calls_the_app_that_the_client_names(rig, peers):
    app = peers.app()
    callback = {"callbackUrl": f"http://127.0.0.1:{app.port}/done", "callbackBody": "object=${object}&size=${size}&op=${operation}"}
    upload_id, parts = parts_of(rig.bucket, "called")
    result = rig.bucket.complete_multipart_upload(
        "called", upload_id, parts, headers={"x-oss-callback": base64.b64encode(json.dumps(callback).encode()).decode()}
    )
    assert (result.status, result.resp.read()) == (200, app.default)
    (call,) = app.complete
    inner = "in%2Fcalled" if rig.front is not rig.store else "called"
    assert call.body == f"object={inner}&size={len(BODY)}&op=CompleteMultipartUpload".encode()


@pytest.mark.parametrize("kind", ["directory", "edge"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_routes_callback_leaves_the_result_that_the_client_parses(kind, fails, start, peers, tmp_path):
    app = peers.app()
    if fails:
        app.script = [replies(answer(500, b"{}", ("Content-Type", "application/json")))]
    policy = configs.policy(app.port, body='{"object":${object},"size":${size},"operation":${operation}}')
    rig = Rig(kind, start, tmp_path, route={"callback": "uploaded"}, callback=policy)
    created = rig.new.initiate_multipart_upload(v2.InitiateMultipartUploadRequest(bucket="uploads", key="routed"))
    part = rig.new.upload_part(
        v2.UploadPartRequest(bucket="uploads", key="routed", upload_id=created.upload_id, part_number=1, body=BODY)
    )
    done = rig.new.complete_multipart_upload(
        v2.CompleteMultipartUploadRequest(
            bucket="uploads",
            key="routed",
            upload_id=created.upload_id,
            complete_multipart_upload=v2.CompleteMultipartUpload(parts=[v2.UploadPart(part_number=1, etag=part.etag)]),
        )
    )
    assert (done.status_code, done.bucket, done.key) == (200, "uploads", "routed")
    assert done.etag.strip('"').endswith("-1")
    assert done.headers["Putback-Callback-Status"] == ("500" if fails else "200")
    if not fails:
        assert base64.b64decode(done.headers["Putback-Callback-Body"]) == app.default
    (call,) = app.complete
    key = "in/routed" if kind == "edge" else "routed"
    assert json.loads(call.body) == {"object": key, "size": len(BODY), "operation": "CompleteMultipartUpload"}
    rig.bucket.session.session.close()
    sdks.close_all()


def test_a_route_with_changing_keys_takes_no_parts(start, tmp_path):
    rig = Rig("directory", start, tmp_path, route={"key": "${uuid}"})
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        rig.bucket.init_multipart_upload("x")
    assert (refused.value.status, refused.value.code) == (501, "NotImplemented")
    assert "another key" in refused.value.message
    rig.bucket.session.session.close()
    sdks.close_all()
