"""US3: UCloud's own SDK, and the requests of its Go SDK with put policies, straight and through an edge."""

from __future__ import annotations

import base64
import hashlib
import io
import json

import pytest
import requests
from support import us3
from support.peers import answer, replies
from support.wire import Client, eventually

BODY = bytes(range(256)) * 300


class Rig:
    def __init__(self, kind: str, start, tmp_path, **options):
        self.store = start(us3.directory(tmp_path / "objects"), name="store")
        self.front = self.store
        self.prefix = ""
        if kind == "edge":
            self.front = start(us3.edge(self.store.sdk[1], **options), name="edge")
            self.prefix = "in/"
        elif options:
            self.front = start(us3.directory(tmp_path / "front", **options), name="front")
        self.client = us3.Client(self.front.sdk)
        host, port = self.front.sdk
        self.url = f"http://{host}:{port}"

    def read(self, key: str) -> bytes:
        return requests.get(f"{self.url}/{key}", headers={"Authorization": us3.authorization("GET", key)}).content


@pytest.fixture(params=["directory", "edge"])
def rig(request, start, tmp_path):
    return Rig(request.param, start, tmp_path)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "body.bin"
    path.write_bytes(BODY)
    return str(path)


@pytest.mark.parametrize("key", ["plain.txt", "dir/sub dir/报告 a+b (1).txt", "a//b"])
def test_putfile_stores_every_byte(rig, file, key):
    _, told = rig.client.files.putfile(us3.BUCKET, key, file)
    assert told.status_code == 200, told.content
    assert told.etag.strip('"') == us3.etag(BODY)
    _, head = rig.client.files.head_file(us3.BUCKET, key)
    assert (head.status_code, head.content_length) == (200, str(len(BODY)))
    assert rig.read(key) == BODY


def test_putstream_stores_every_byte(rig, file):
    _, told = rig.client.files.putstream(us3.BUCKET, "streamed", io.BytesIO(BODY))
    assert told.status_code == 200, told.content
    assert rig.read("streamed") == BODY


LENGTHS = [0, 1, us3.BLOCK, us3.BLOCK + 1, 3 * us3.BLOCK + 5]


def pieces(body: bytes):
    """A stream without a length."""
    return (body[begin : begin + 100_000] for begin in range(0, len(body), 100_000))


@pytest.mark.parametrize("size", LENGTHS)
def test_streams_what_has_no_length(rig, size):
    """The SDK sends it in chunks. A store of US3 wants a length, so the edge makes parts of what is longer than one."""
    body = (BODY * (size // len(BODY) + 1))[:size]
    client = us3.Client(rig.front.sdk, md5=False)  # the SDK cannot sum up what it does not hold
    _, told = client.files.putstream(us3.BUCKET, "dir/unknown length", pieces(body), mime_type="video/mp4")
    assert (told.status_code, told.etag.strip('"')) == (200, us3.etag(body)), told.content
    _, head = client.files.head_file(us3.BUCKET, "dir/unknown length")
    assert (head.content_length, head.content_type) == (str(size), "video/mp4")
    assert rig.read("dir/unknown length") == body
    assert us3.unfinished(rig.store) == []


@pytest.mark.parametrize("size", [5, us3.BLOCK + 1])
def test_a_put_policy_comes_with_a_body_of_unknown_length(rig, peers, size):
    """As the Go SDK would send a reader that is no file."""
    app = peers.app()
    text = policy(app.port)
    signed = {"Authorization": us3.authorization("PUT", "called", "video/mp4", text), "Content-Type": "video/mp4", "X-Ufile-Meta-Film": "1"}
    body = (BODY * (size // len(BODY) + 1))[:size]
    told = requests.put(f"{rig.url}/called", data=pieces(body), headers=signed)
    assert (told.status_code, told.content) == (200, app.default)
    (call,) = app.complete
    assert call.body == b'{"Name":"Alice"}'
    assert rig.read("called") == body
    head = requests.head(f"{rig.url}/called", headers={"Authorization": us3.authorization("HEAD", "called")})
    assert (head.headers["Content-Type"], head.headers["X-Ufile-Meta-Film"]) == ("video/mp4", "1")


@pytest.mark.parametrize("size", [5, us3.BLOCK + 1])
@pytest.mark.parametrize("is_right", [True, False])
def test_the_digest_of_a_body_of_unknown_length_is_checked(rig, size, is_right):
    body = (BODY * (size // len(BODY) + 1))[:size]
    md5 = hashlib.md5(body if is_right else b"another").hexdigest()
    signed = {"Authorization": us3.authorization("PUT", "summed", md5=md5), "Content-MD5": md5}
    told = requests.put(f"{rig.url}/summed", data=pieces(body), headers=signed)
    if is_right:
        assert told.status_code == 200 and rig.read("summed") == body
    else:
        assert (told.status_code, told.json()) == (400, {"RetCode": -15036, "ErrMsg": "check md5 failed"})
        head = requests.head(f"{rig.url}/summed", headers={"Authorization": us3.authorization("HEAD", "summed")})
        assert head.status_code == 404
    assert eventually(lambda: us3.unfinished(rig.store), lambda now: now == []) == []


def test_a_body_of_unknown_length_that_breaks_off_leaves_nothing(rig):
    with Client(rig.front.sdk) as client:
        signed = us3.authorization("PUT", "half")
        client.send(f"PUT /half HTTP/1.1\r\nHost: x\r\nAuthorization: {signed}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        client.send(b"%X\r\n%s\r\n" % (us3.BLOCK + 1, bytes(us3.BLOCK + 1)))
        if rig.prefix:
            assert eventually(lambda: us3.unfinished(rig.store), lambda now: len(now) == 1)
    assert eventually(lambda: us3.unfinished(rig.store), lambda now: now == []) == []
    head = requests.head(f"{rig.url}/half", headers={"Authorization": us3.authorization("HEAD", "half")})
    assert head.status_code == 404


def test_postfile_stores_every_byte(start, tmp_path, file):
    rig = Rig("directory", start, tmp_path)
    _, told = rig.client.files.postfile(us3.BUCKET, "posted.bin", file)
    assert told.status_code == 200, told.content
    assert rig.read("posted.bin") == BODY


def test_deletes(rig, file):
    rig.client.files.putfile(us3.BUCKET, "gone", file)
    _, told = rig.client.files.deletefile(us3.BUCKET, "gone")
    assert told.status_code == 204
    _, missing = rig.client.files.head_file(us3.BUCKET, "gone")
    assert missing.status_code == 404


def test_uploads_in_parts(rig, tmp_path):
    body = bytes(range(256)) * 4096 * 9  # two whole blocks and a rest
    path = tmp_path / "large.bin"
    path.write_bytes(body)
    _, told = rig.client.parts.uploadfile(us3.BUCKET, "large.bin", str(path))
    assert told.status_code == 200, told.content
    assert rig.read("large.bin") == body
    head = requests.head(f"{rig.url}/large.bin", headers={"Authorization": us3.authorization("HEAD", "large.bin")})
    assert head.headers["ETag"].strip('"') == us3.etag(body)


def test_an_upload_in_parts_that_broke_off_is_resumed(rig):
    body = bytes(range(256)) * 4096 * 9

    class Breaking(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise ConnectionAbortedError("one part is enough")
            return super().read(size)

    client = rig.client.parts
    with pytest.raises(ConnectionAbortedError):
        client.uploadstream(us3.BUCKET, "resumed.bin", Breaking(body), mime_type="video/mp4")
    # The SDK sends parts by threads, and knows an ETag once its part is there.
    (first,) = eventually(lambda: list(client.etaglist), all)
    _, told = client.resumeuploadstream(stream=io.BytesIO(body[us3.BLOCK :]), pausepartnumber=1)
    assert told.status_code == 200, told.content
    assert len(client.etaglist) == 3 and client.etaglist[0] == first
    assert rig.read("resumed.bin") == body


def test_refuses_a_wrong_key(rig, file):
    wrong = us3.Client(rig.front.sdk, private="wrong")
    _, told = wrong.files.putfile(us3.BUCKET, "stolen", file)
    assert told.status_code == 403
    document = json.loads(told.content) if isinstance(told.content, (bytes, str)) else told.content
    assert (document["RetCode"], document["ErrMsg"]) == (-148658, "invalid signature")
    none = requests.put(f"{rig.url}/stolen", data=b"x")
    assert (none.status_code, none.json()["ErrMsg"]) == (401, "no authorization found")
    assert none.headers["X-SessionId"]


def test_refuses_a_wrong_digest(rig):
    md5 = "0" * 32
    told = requests.put(
        f"{rig.url}/bad", data=b"hello", headers={"Content-MD5": md5, "Authorization": us3.authorization("PUT", "bad", md5=md5)}
    )
    assert (told.status_code, told.json()) == (400, {"RetCode": -15036, "ErrMsg": "check md5 failed"})


def policy(port: int, **change) -> str:
    document = {
        "callbackUrl": f"http://127.0.0.1:{port}/cb",
        "callbackBody": '{"Name":"$(x:name)"}',
        "callbackBodyType": "application/json",
        "callbackVar": {"x:name": "Alice"},
        **change,
    }
    text = json.dumps({name: value for name, value in document.items() if value is not None}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def put(rig, key: str, put_policy: str):
    return requests.put(f"{rig.url}/{key}", data=BODY, headers={"Authorization": us3.authorization("PUT", key, policy=put_policy)})


def test_a_put_policy_with_a_body_type_is_posted_as_the_body(rig, peers):
    app = peers.app()
    told = put(rig, "called", policy(app.port))
    assert (told.status_code, told.content) == (200, app.default)
    (call,) = app.complete
    assert (call.method, call.target, call.body) == ("POST", "/cb", b'{"Name":"Alice"}')
    assert call.header("Content-Type") == "application/json"
    assert rig.read("called") == BODY


def test_a_put_policy_without_a_body_type_is_the_query(rig, peers):
    app = peers.app()
    told = put(rig, "called", policy(app.port, callbackBody="Name=$(x:name)&Age=20", callbackBodyType=None))
    assert (told.status_code, told.content) == (200, app.default)
    (call,) = app.complete
    assert (call.method, call.target, call.body) == ("POST", "/cb?Name=Alice&Age=20", b"")


def test_the_apps_status_is_passed_on(rig, peers):
    app = peers.app()
    app.script = [replies(answer(404, b'{"why":"no"}', ("Content-Type", "application/json")))]
    told = put(rig, "refused", policy(app.port))
    assert (told.status_code, told.json()) == (404, {"why": "no"})
    assert rig.read("refused") == BODY


@pytest.mark.parametrize(
    "response, message",
    [
        (answer(200, b"OK", ("Content-Type", "text/plain; charset=utf-8")), "expect json, but received text/plain; charset=utf-8"),
        (answer(200, b"{nope", ("Content-Type", "application/json")), "expect json, but the response body is not a strict json string"),
    ],
)
def test_an_answer_that_is_no_json_is_599(rig, peers, response, message):
    app = peers.app()
    app.script = [replies(response)]
    told = put(rig, "kept", policy(app.port))
    assert (told.status_code, told.json()) == (599, {"RetCode": 20008, "ErrMsg": message})
    assert rig.read("kept") == BODY


def test_an_app_that_is_not_there_is_599(rig):
    told = put(rig, "kept", policy(1))
    assert (told.status_code, told.json()["RetCode"]) == (599, 20003)
    assert told.json()["ErrMsg"].startswith("send request error: Post http://127.0.0.1:1/cb")
    assert rig.read("kept") == BODY


@pytest.mark.parametrize("bad", [base64.urlsafe_b64encode(b"not json").decode(), base64.urlsafe_b64encode(b'{"callbackBody":"x"}').decode()])
def test_a_bad_policy_stores_nothing(rig, bad):
    told = put(rig, "never", bad)
    assert (told.status_code, told.json()) == (400, {"RetCode": -148660, "ErrMsg": "invalid put policy"})
    assert requests.head(f"{rig.url}/never", headers={"Authorization": us3.authorization("HEAD", "never")}).status_code == 404


def test_finish_takes_the_put_policy(rig, peers):
    app = peers.app()
    kind = "application/octet-stream"
    begun = requests.post(f"{rig.url}/multi?uploads", headers={"Content-Type": kind, "Authorization": us3.authorization("POST", "multi", kind)})
    assert begun.status_code == 200, begun.content
    upload = begun.json()
    assert (upload["Bucket"], upload["Key"], upload["BlkSize"]) == (us3.BUCKET, "multi", us3.BLOCK)
    target = f"{rig.url}/multi?partNumber=0&uploadId={upload['UploadId']}"
    signed = {"Content-Type": kind, "Authorization": us3.authorization("PUT", "multi", kind)}
    part = requests.put(target, data=BODY, headers=signed)
    assert (part.status_code, part.json()) == (200, {"PartNumber": 0})
    again = requests.put(target, data=BODY, headers=signed)
    if rig.prefix:  # the edge knows the part by its ETag
        assert (again.status_code, again.headers["ETag"]) == (200, part.headers["ETag"])
    else:
        assert (again.status_code, again.json()) == (500, {"RetCode": -1014, "ErrMsg": "put duplicate key error"})
    text = policy(app.port)
    done = requests.post(
        f"{rig.url}/multi?uploadId={upload['UploadId']}",
        data=part.headers["ETag"].strip('"'),
        headers={"Content-Type": kind, "Authorization": us3.authorization("POST", "multi", kind, text)},
    )
    assert (done.status_code, done.content) == (200, app.default)
    (call,) = app.complete
    assert call.body == b'{"Name":"Alice"}'
    assert rig.read("multi") == BODY


@pytest.mark.parametrize("step", ["part", "finish"])
def test_a_part_without_a_length_is_refused_through_an_edge(start, tmp_path, step):
    """The store takes none; the gateway must say so and live on."""
    rig = Rig("edge", start, tmp_path)
    kind = "application/octet-stream"
    signed = {"Content-Type": kind, "Authorization": us3.authorization("POST", "multi", kind)}
    upload = requests.post(f"{rig.url}/multi?uploads", headers=signed).json()
    pieces = (piece for piece in (b"hel", b"lo"))
    if step == "part":
        signed["Authorization"] = us3.authorization("PUT", "multi", kind)
        told = requests.put(f"{rig.url}/multi?partNumber=0&uploadId={upload['UploadId']}", data=pieces, headers=signed)
    else:
        told = requests.post(f"{rig.url}/multi?uploadId={upload['UploadId']}", data=pieces, headers=signed)
    assert (told.status_code, told.json()["ErrMsg"]) == (411, "no content length")
    _, alive = rig.client.files.putstream(us3.BUCKET, "after", io.BytesIO(BODY))
    assert alive.status_code == 200


def test_an_operators_policy_travels_as_a_put_policy(start, peers, tmp_path):
    from support import configs
    from support.wire import put as plain

    app = peers.app()
    store = start(us3.directory(tmp_path / "objects"), name="store")
    callback = configs.policy(
        app.port, body='{"object":${object},"size":${size},"device":${x:device}}', variables={"device": "${header.X-Device-Id}"}, by="store"
    )
    edge = start(configs.edge(us3.store(store.sdk[1]), callback=callback), name="edge")
    told = plain(edge.edge, "/camera/1.jpg", BODY, {"X-Device-Id": '$(x:a) "7"'})
    assert (told.status, told.body) == (200, app.default)
    (call,) = app.complete
    assert json.loads(call.body) == {"object": "camera/1.jpg", "size": len(BODY), "device": '$(x:a) "7"'}
    app.script = [replies(answer(200, b"OK", ("Content-Type", "text/plain")))]
    failed = plain(edge.edge, "/camera/2.jpg", BODY)
    assert (failed.status, failed.json()["stored"]) == (502, True)
    app.script = [replies(answer(404, b"{}", ("Content-Type", "application/json")))]
    refused = plain(edge.edge, "/camera/3.jpg", BODY)
    assert (refused.status, refused.json()["stored"], refused.json()["callback"]["status"]) == (502, True, 404)
