"""Put policies in front of US3 that Putback writes or passes on: sizes that nobody told, answers without an ETag, completions."""

from __future__ import annotations

import base64
import json

import pytest
import requests
from support import configs, us3
from support.gateway import run
from support.peers import answer
from support.wire import Client, put
from test_us3_sdk import Rig, policy

MIB = 1 << 20
BODY = bytes(range(256)) * 300
JSON_TYPE = ("Content-Type", "application/json")
KIND = "application/octet-stream"


def sized(port: int, **change) -> configs.Config:
    return configs.policy(port, body='{"object":${object},"size":${size}}', by="store", **change)


def chunked(address, path: str, body: bytes):
    with Client(address) as client:
        client.send(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for start in range(0, len(body), MIB):
            piece = body[start : start + MIB]
            client.send(b"%X\r\n%s\r\n" % (len(piece), piece))
        client.send(b"0\r\n\r\n")
        return client.response()


@pytest.mark.parametrize("size", [0, 5, us3.BLOCK, us3.BLOCK + 1, 10 * MIB])
def test_a_policy_tells_the_size_of_a_body_whose_length_nobody_told(start, peers, tmp_path, size):
    """It goes out with the request that ends the upload, when all bytes were counted."""
    app = peers.app()
    store = start(us3.directory(tmp_path / "objects"), name="store")
    edge = start(configs.edge(us3.store(store.sdk[1]), callback=sized(app.port)), name="edge")
    told = chunked(edge.edge, "/film", bytes(size))
    assert (told.status, told.body) == (200, app.default)
    (call,) = app.complete
    assert json.loads(call.body) == {"object": "film", "size": size}


def test_a_form_tells_the_size_of_its_file(start, peers, tmp_path):
    app = peers.app()
    store = start(us3.directory(tmp_path / "objects"), name="store")
    edge = start(configs.edge(us3.store(store.sdk[1]), callback=sized(app.port)), name="edge")
    host, port = edge.edge
    told = requests.post(f"http://{host}:{port}/in", files={"file": ("a.bin", BODY)}, headers={"Connection": "close"})
    assert told.status_code == 200, told.text
    assert json.loads(app.complete[0].body) == {"object": "in/a.bin", "size": len(BODY)}


def test_what_us3_cannot_know_is_an_error_of_the_configuration(tmp_path):
    callback = configs.policy(1, by="store", body='{"etag":${etag}}')
    file = tmp_path / "putback.yaml"
    file.write_text(json.dumps(configs.edge(us3.store(1), callback=callback)))
    told = run("check", "--config", str(file))
    assert told.returncode == 78
    assert "${etag}" in told.stdout + told.stderr


def test_explains_a_policy_whose_size_follows(tmp_path):
    file = tmp_path / "putback.yaml"
    file.write_text(json.dumps(configs.edge(us3.store(1), callback=sized(1))))
    told = run("explain", "--config", str(file), "PUT", "http://localhost/x")
    assert told.returncode == 0, told.stderr
    assert "the size follows once the body is complete" in told.stdout


class Forgetful:
    """A store that answers as the app of a put policy did, without an ETag; HeadFile says what a test wants."""

    def __init__(self, peers, told: bytes, head: bytes):
        self.peer = peers.store(*[self.behave] * 4)
        self.told, self.head = told, head

    def behave(self, peer, stream, request) -> None:
        peer.read(stream, request)
        if request.method != "HEAD":
            return stream.send(self.told)
        # Its length is that of a body that does not follow.
        stream.send(self.head)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.peer.complete]


def head(*fields: tuple[str, str], status: int = 200) -> bytes:
    return answer(status, b"", ("Content-Type", KIND), *fields)


RIGHT = head(("ETag", f'"{us3.etag(BODY)}"'))
CALLED = answer(200, b'{"app":1}', JSON_TYPE)
FAILED = answer(599, b'{"RetCode":20003,"ErrMsg":"send request error: no"}', JSON_TYPE)


def test_an_answer_without_an_etag_is_verified_by_a_head(start, peers):
    store = Forgetful(peers, CALLED, RIGHT)
    edge = start(configs.edge(us3.store(store.peer.port), callback=sized(1)))
    told = put(edge.edge, "/x", BODY)
    assert (told.status, told.body, told.header("ETag")) == (200, b'{"app":1}', f'"{us3.etag(BODY)}"')
    assert store.methods == ["PUT", "HEAD"]


@pytest.mark.parametrize("called", [CALLED, FAILED], ids=["called", "failed"])
def test_another_object_than_was_sent_is_no_success(start, peers, called):
    store = Forgetful(peers, called, head(("ETag", f'"{us3.etag(b"other")}"')))
    edge = start(configs.edge(us3.store(store.peer.port), callback=sized(1)))
    told = put(edge.edge, "/x", BODY)
    assert (told.status, told.json()["code"], told.json()["party"]) == (502, "store-mismatch", "store")
    assert store.methods == ["PUT", "HEAD"]


@pytest.mark.parametrize("nothing", [head(), head(status=404)], ids=["no ETag", "no object"])
def test_what_nothing_can_be_compared_with_is_no_success(start, peers, nothing):
    store = Forgetful(peers, CALLED, nothing)
    edge = start(configs.edge(us3.store(store.peer.port), callback=sized(1)))
    told = put(edge.edge, "/x", BODY)
    assert (told.status, told.json()["code"]) == (502, "store-mismatch")
    assert "integrity: length" in told.json()["detail"]


def test_a_failed_callback_stays_one_where_the_object_is_right(start, peers):
    store = Forgetful(peers, FAILED, RIGHT)
    edge = start(configs.edge(us3.store(store.peer.port), callback=sized(1)))
    told = put(edge.edge, "/x", BODY)
    assert (told.status, told.json()["code"], told.json()["stored"]) == (502, "callback-failed", True)


def test_a_route_that_compares_lengths_only_asks_nothing_more(start, peers):
    store = Forgetful(peers, CALLED, RIGHT)
    edge = start(configs.edge(us3.store(store.peer.port), {"integrity": "length"}, callback=sized(1)))
    assert put(edge.edge, "/x", BODY).status == 200
    assert store.methods == ["PUT"]


def test_a_refusal_is_not_asked_about(start, peers):
    refusal = answer(400, b'{"RetCode":-148660,"ErrMsg":"invalid put policy"}', JSON_TYPE)
    store = Forgetful(peers, refusal, RIGHT)
    edge = start(configs.edge(us3.store(store.peer.port), callback=sized(1)))
    told = put(edge.edge, "/x", BODY)
    assert (told.status, told.json()["stored"], told.json()["storeCode"]) == (502, False, "-148660")
    assert store.methods == ["PUT"]


def begun(rig, key: str) -> tuple[str, str]:
    """An upload of one part: its id and the ETag of the part."""
    signed = {"Content-Type": KIND, "Authorization": us3.authorization("POST", key, KIND)}
    upload = requests.post(f"{rig.url}/{key}?uploads", headers=signed).json()["UploadId"]
    signed["Authorization"] = us3.authorization("PUT", key, KIND)
    part = requests.put(f"{rig.url}/{key}?partNumber=0&uploadId={upload}", data=BODY, headers=signed)
    return upload, part.headers["ETag"].strip('"')


def finish(rig, key: str, upload: str, etag: str, policy: str = "", more: str = "") -> requests.Response:
    signed = {"Content-Type": KIND, "Authorization": us3.authorization("POST", key, KIND, policy)}
    return requests.post(f"{rig.url}/{key}?uploadId={upload}{more}", data=etag, headers=signed)


ROUTED = '{"object":${object},"operation":${operation}}'


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("kind, by", [("directory", "putback"), ("edge", "putback"), ("edge", "store")])
def test_a_routes_callback_leaves_the_result_that_the_client_parses(kind, by, fails, start, peers, tmp_path):
    """CPP's SDK needs FileSize and an ETag; a 599 would make clients send again what is stored."""
    app = peers.app()
    if fails:
        app.script = [lambda peer, stream, request: (peer.read(stream, request), stream.send(answer(500, b"{}", JSON_TYPE)))]
    callback = configs.policy(app.port, body=ROUTED, by=by)
    rig = Rig(kind, start, tmp_path, route={"callback": "uploaded"}, callback=callback)
    upload, etag = begun(rig, "routed")
    told = finish(rig, "routed", upload, etag)
    assert told.status_code == 200, told.content
    assert told.json()["Bucket"] == us3.BUCKET and told.json()["Key"] == "routed"
    assert told.json()["FileSize"] == len(BODY)
    assert told.headers["ETag"].strip('"') == us3.etag(BODY)
    assert told.headers["Putback-Callback-Status"] == ("500" if fails else "200")
    if not fails:
        assert base64.b64decode(told.headers["Putback-Callback-Body"]) == app.default
    (call,) = app.complete
    assert json.loads(call.body) == {"object": rig.prefix + "routed", "operation": "CompleteMultipartUpload"}
    assert rig.read("routed") == BODY


def test_a_routes_callback_that_tells_the_size_is_made_by_putback(start, peers, tmp_path):
    app = peers.app()
    rig = Rig("edge", start, tmp_path, route={"callback": "uploaded"}, callback=configs.policy(app.port))
    upload, etag = begun(rig, "routed")
    assert finish(rig, "routed", upload, etag).json()["FileSize"] == len(BODY)
    (call,) = app.complete
    told = json.loads(call.body)
    assert (told["size"], told["etag"], told["mimeType"]) == (len(BODY), us3.etag(BODY), KIND)


def test_a_finish_under_another_key_is_refused(start, tmp_path):
    for kind in ("directory", "edge"):
        folder = tmp_path / kind
        folder.mkdir()
        rig = Rig(kind, start, folder)
        upload, etag = begun(rig, "first")
        told = finish(rig, "first", upload, etag, more="&newKey=second")
        assert (told.status_code, told.json()["RetCode"]) == (501, -148660)
        assert told.json()["ErrMsg"] == "newKey, another key at the end of an upload, is not implemented"
        # The Java SDK sends an empty one; and the upload is still there.
        assert finish(rig, "first", upload, etag, more="&newKey=").json()["Key"] == "first"
        assert rig.read("first") == BODY


def test_a_client_that_is_called_back_by_its_own_policy_gets_the_apps_answer(start, peers, tmp_path):
    """Not the result document, which US3 leaves out then."""
    app = peers.app()
    rig = Rig("edge", start, tmp_path)
    upload, etag = begun(rig, "own")
    told = finish(rig, "own", upload, etag, policy(app.port))
    assert (told.status_code, told.content) == (200, app.default)
    assert len(app.complete) == 1


def test_a_size_that_the_store_does_not_tell_is_left_out(start, peers):
    store = Forgetful(peers, CALLED, head(status=404))
    config = us3.edge(store.peer.port, route={"callback": "uploaded"}, callback=configs.policy(1, body=ROUTED, by="store"))
    edge = start(config)
    host, port = edge.sdk
    signed = {"Content-Type": KIND, "Authorization": us3.authorization("POST", "x", KIND), "Connection": "close"}
    told = requests.post(f"http://{host}:{port}/x?uploadId=u", data="etag", headers=signed)
    assert (told.status_code, told.json()) == (200, {"Bucket": us3.BUCKET, "Key": "x"})
    assert store.methods == ["POST", "HEAD"]
