"""Objects that one request cannot carry to their store: Putback sends them in parts, and its clients notice nothing.

A second process is the store, verified from outside with the vendor's SDK."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import oss2
import pytest
import requests

from support import configs, sdks, us3
from support.gateway import run
from support.peers import answer, crc64
from support.wire import SCALE, Client, Message, eventually

MIB = 1 << 20
SIZE = 30 * MIB
# More than OSS takes in one PutObject (5 GiB), so that a body of unknown length may turn out to be too long.
UNBOUNDED = {"limits": {"uploadSize": "6GiB"}}


@pytest.fixture
def body() -> bytes:
    return os.urandom(SIZE)


@pytest.fixture
def app(peers):
    return peers.app()


@pytest.fixture
def store(start, tmp_path):
    return start(configs.sdk(tmp_path / "objects"), name="store")


def target(port: int) -> configs.Config:
    return configs.oss_store(
        port,
        bucket="uploads",
        credentials={"id": f"plain:{configs.PARTNER_ID}", "secret": f"plain:{configs.PARTNER_SECRET}"},
    )


@pytest.fixture(params=["store", "putback"])
def edge(request, start, store, app, tmp_path):
    callback = configs.policy(app.port, by=request.param)
    return start(
        configs.edge(target(store.sdk[1]), callback=callback, state={"path": str(tmp_path / "state")}, **UNBOUNDED),
        name="edge",
    )


@pytest.fixture
def plain_edge(start, store, tmp_path):
    """Without a callback."""
    return start(
        configs.edge(target(store.sdk[1]), state={"path": str(tmp_path / "state")}, **UNBOUNDED), name="edge"
    )


def bucket(store) -> oss2.Bucket:
    return sdks.client("oss2-v4", store.endpoint).bucket


def uploads(store) -> list[str]:
    return [upload.upload_id for upload in bucket(store).list_multipart_uploads().upload_list]


def notes(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "state").glob("*/*") if path.is_file()]


def begin(client: Client, target: str, headers: dict[str, str] | None = None) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    client.send(f"PUT {target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n{lines}\r\n".encode())


def chunk(client: Client, data: bytes) -> None:
    for offset in range(0, len(data), MIB):
        piece = data[offset : offset + MIB]
        client.send(b"%X\r\n" % len(piece) + piece + b"\r\n")


def upload(edge, target: str, data: bytes, headers: dict[str, str] | None = None) -> Message:
    with Client(edge.edge) as client:
        begin(client, target, headers)
        chunk(client, data)
        client.send(b"0\r\n\r\n")
        return client.response()


def test_a_long_body_is_stored_called_back_and_answered(edge, store, app, body, tmp_path):
    told = upload(edge, "/films/a.mp4", body, {"Content-Type": "video/mp4", "Cache-Control": "no-store"})
    assert (told.status, told.body) == (200, app.default)
    found = bucket(store).get_object("films/a.mp4")
    assert found.read() == body
    assert (found.headers["Content-Type"], found.headers["Cache-Control"]) == ("video/mp4", "no-store")
    # The ETag of an object of parts ends with their number.
    assert found.headers["ETag"].strip('"').endswith("-4")
    (call,) = app.complete
    described = json.loads(call.body)
    assert (described["object"], described["size"]) == ("films/a.mp4", SIZE)
    assert described["etag"] == told.header("ETag").strip('"') == found.headers["ETag"].strip('"')
    assert edge.peak_memory() < 128 * MIB * (8 if SCALE > 1 else 1)
    assert uploads(store) == []
    assert eventually(lambda: notes(tmp_path), lambda left: not left) == []
    (line,) = edge.wait_for_uploads()
    assert line["outcome"] == "stored"


@pytest.mark.parametrize("size", [0, 1, 8 * MIB])
def test_a_body_of_one_part_is_an_ordinary_object(edge, store, app, body, size):
    told = upload(edge, "/short", body[:size])
    assert (told.status, told.body) == (200, app.default)
    found = bucket(store).get_object("short")
    assert found.read() == body[:size]
    assert found.headers["ETag"].strip('"') == hashlib.md5(body[:size]).hexdigest().upper()
    assert len(app.complete) == 1


def test_the_first_byte_of_a_second_part_makes_two(plain_edge, store, body):
    assert upload(plain_edge, "/two", body[: 8 * MIB + 1]).status == 200
    found = bucket(store).get_object("two")
    assert found.read() == body[: 8 * MIB + 1]
    assert found.headers["ETag"].strip('"').endswith("-2")


def test_a_client_that_goes_away_leaves_nothing(edge, store, app, body, tmp_path):
    with Client(edge.edge) as client:
        begin(client, "/gone")
        chunk(client, body[: 20 * MIB])
        assert eventually(lambda: uploads(store), lambda found: len(found) == 1)
        assert len(eventually(lambda: notes(tmp_path), lambda found: len(found) == 1)) == 1
        client.reset()
    assert eventually(lambda: uploads(store), lambda found: found == []) == []
    assert eventually(lambda: notes(tmp_path), lambda left: not left) == []
    assert not sdks.client("oss2-v4", store.endpoint).exists("gone")
    assert app.requests == []
    (line,) = edge.wait_for_uploads()
    assert line["outcome"] == "client-gone"


def test_the_whole_bodys_md5_is_verified(plain_edge, store, body):
    right = base64.b64encode(hashlib.md5(body).digest()).decode()
    assert upload(plain_edge, "/right", body, {"Content-MD5": right}).status == 200
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    told = upload(plain_edge, "/wrong", body, {"Content-MD5": wrong})
    assert told.status == 400
    assert (told.json()["code"], told.json()["stored"]) == ("bad-digest", False)
    assert not sdks.client("oss2-v4", store.endpoint).exists("wrong")
    assert eventually(lambda: uploads(store), lambda found: found == []) == []


def test_a_store_that_dies_between_parts_has_stored_nothing(plain_edge, store, body):
    with Client(plain_edge.edge) as client:
        begin(client, "/lost")
        chunk(client, body[: 10 * MIB])
        assert eventually(lambda: uploads(store), lambda found: len(found) == 1)
        store.kill()
        chunk(client, body[10 * MIB :])
        client.send(b"0\r\n\r\n")
        told = client.response()
    assert (told.status, told.json()["stored"]) == (502, False)


def test_what_a_crash_left_is_aborted_at_the_next_start(plain_edge, store, body, tmp_path):
    with Client(plain_edge.edge) as client:
        begin(client, "/crashed")
        chunk(client, body[: 20 * MIB])
        assert eventually(lambda: uploads(store), lambda found: len(found) == 1)
        assert eventually(lambda: notes(tmp_path), lambda found: len(found) == 1)
        plain_edge.kill()
    assert len(uploads(store)) == 1
    plain_edge.start()
    (event,) = plain_edge.wait_for_event("leftover-upload")
    assert (event["result"], event["key"]) == ("aborted", "crashed")
    assert uploads(store) == []
    assert eventually(lambda: notes(tmp_path), lambda left: not left) == []


class Script:
    """A store that begins uploads; its parts and completions are answered as a test says."""

    def __init__(self, peers, document: bytes, part, completion=None):
        self.seen: list[str] = []
        self.document, self.part, self.completion = document, part, completion
        self.peer = peers.store(*[self.behave] * 12)

    def behave(self, peer, stream, request) -> None:
        peer.read(stream, request)
        line = f"{request.method} {request.target.partition('?')[2]}"
        self.seen.append(line)
        if line.startswith("POST uploads"):
            stream.send(answer(200, self.document, ("Content-Type", "application/xml")))
        elif request.method == "DELETE":
            stream.send(answer(204))
        else:
            told = self.part(self, request) if request.method == "PUT" else self.completion(self, request)
            if told is None:
                stream.close()
            else:
                stream.send(told)

    def wait(self, line: str) -> None:
        assert eventually(lambda: line in self.seen), self.seen


XML = b"<InitiateMultipartUploadResult><UploadId>U1</UploadId></InitiateMultipartUploadResult>"
TWO = 8 * MIB + 1


def right(script: Script, request: Message) -> bytes:
    return answer(200, b"", ("ETag", '"0"'), ("x-oss-hash-crc64ecma", str(crc64(request.body))))


def test_a_part_that_the_store_changed_is_no_success(start, peers, body):
    """Its CRC-64 is not the one of what was sent."""
    wrong = answer(200, b"", ("ETag", '"0"'), ("x-oss-hash-crc64ecma", "1"))
    script = Script(peers, XML, lambda *_: wrong)
    edge = start(configs.edge(configs.oss_store(script.peer.port), **UNBOUNDED))
    told = upload(edge, "/changed", body[:TWO])
    assert (told.status, told.json()["stored"]) == (502, False)
    script.wait("DELETE uploadId=U1")
    assert "POST uploadId=U1" not in script.seen


def test_a_part_whose_connection_closed_is_sent_once_more(start, peers, body):
    def flaky(script, request):
        first = script.seen.count("PUT partNumber=1&uploadId=U1") == 1
        return None if first and "partNumber=1" in request.target else right(script, request)

    def completed(script, request):
        document = b"<CompleteMultipartUploadResult><ETag>\"E-2\"</ETag></CompleteMultipartUploadResult>"
        return answer(200, document, ("x-oss-hash-crc64ecma", str(crc64(body[:TWO]))))

    script = Script(peers, XML, flaky, completed)
    edge = start(configs.edge(configs.oss_store(script.peer.port), **UNBOUNDED))
    assert upload(edge, "/flaky", body[:TWO]).status == 200
    assert script.seen.count("PUT partNumber=1&uploadId=U1") == 2
    assert not any(line.startswith("DELETE") for line in script.seen)


def test_a_completion_without_an_answer_is_told_as_unknown(start, peers, body):
    script = Script(peers, XML, right, lambda *_: None)
    edge = start(configs.edge(configs.oss_store(script.peer.port), **UNBOUNDED))
    told = upload(edge, "/unknown", body[:TWO])
    assert (told.status, told.json()["stored"]) == (502, None)
    assert not any(line.startswith("DELETE") for line in script.seen), "it may be an object by now"


def test_a_refused_completion_is_aborted(start, peers, body):
    refusal = b"<Error><Code>InvalidPart</Code><Message>no</Message></Error>"
    script = Script(peers, XML, right, lambda *_: answer(400, refusal, ("Content-Type", "application/xml")))
    edge = start(configs.edge(configs.oss_store(script.peer.port), **UNBOUNDED))
    told = upload(edge, "/refused", body[:TWO])
    assert (told.status, told.json()["stored"]) == (502, False)
    script.wait("DELETE uploadId=U1")


def test_a_part_that_us3_has_already_counts_as_stored(start, peers, body):
    """Its first answer was lost; US3 does not take a part twice (-1014)."""
    etags = [base64.urlsafe_b64encode(hashlib.sha1(part).digest()).decode() for part in (body[: us3.BLOCK], body[us3.BLOCK : us3.BLOCK + 9])]

    def twice(script, request):
        number = 0 if "partNumber=0" in request.target else 1
        again = sum(f"partNumber={number}" in line for line in script.seen) > 1
        if number == 0 and again:
            return answer(500, b'{"RetCode":-1014,"ErrMsg":"put duplicate key error"}', ("Content-Type", "application/json"))
        return None if number == 0 else answer(200, b"", ("ETag", f'"{etags[1]}"'))

    named: list[bytes] = []

    def completed(script, request):
        named.append(request.body)
        return answer(200, b"{}", ("ETag", '"whole"'), ("Content-Type", "application/json"))

    document = json.dumps({"UploadId": "U1", "BlkSize": us3.BLOCK, "Bucket": us3.BUCKET, "Key": "x"}).encode()
    script = Script(peers, document, twice, completed)
    edge = start(configs.edge(us3.store(script.peer.port)))
    assert upload(edge, "/x", body[: us3.BLOCK + 9]).status == 200
    assert named == [",".join(etags).encode()]


def test_explains_the_request_that_begins_an_upload_in_parts(tmp_path):
    file = tmp_path / "putback.yaml"
    file.write_text(json.dumps(configs.edge(us3.store(1))))
    told = run("explain", "--config", str(file), "PUT", "http://localhost/x")
    assert told.returncode == 0, told.stderr
    assert "in parts" in told.stdout and "POST /x?uploads HTTP/1.1" in told.stdout


class Stream:
    """A body that does not know its length, which `oss2` sends in chunks."""

    def __init__(self, data: bytes):
        self.data, self.offset = data, 0

    def read(self, count: int = -1) -> bytes:
        end = len(self.data) if count < 0 else self.offset + count
        piece = self.data[self.offset : end]
        self.offset += len(piece)
        return piece


def test_an_sdk_client_sees_an_ordinary_put(start, store, body, tmp_path):
    """`oss2` compares the CRC-64 of the answer with that of what it sent."""
    config = configs.sdk(tmp_path / "unused", **UNBOUNDED)
    config["stores"] = {"shelf": target(store.sdk[1])}
    edge = start(config, name="edge")
    told = sdks.client("oss2-v4", edge.endpoint).put("streamed", Stream(body), x_oss_meta_camera="7")
    assert told.status == 200 and told.body == b""
    found = bucket(store).get_object("streamed")
    assert found.read() == body
    assert found.headers["x-oss-meta-camera"] == "7"
    assert found.headers["ETag"].strip('"') == told.etag and told.etag.endswith("-4")
    assert told.crc == found.server_crc


@pytest.fixture
def us3_rig(start, app, tmp_path):
    """An edge in front of a store that takes no chunks; gives the edge and how to read from the store."""
    store = start(us3.directory(tmp_path / "us3"), name="us3")
    callback = configs.policy(app.port, by="putback")
    edge = start(configs.edge(us3.store(store.sdk[1]), callback=callback), name="edge")
    host, port = store.sdk

    def get(key: str) -> requests.Response:
        headers = {"Authorization": us3.authorization("GET", key), "Connection": "close"}
        return requests.get(f"http://{host}:{port}/{key}", headers=headers)

    return edge, get


@pytest.mark.parametrize("size", [0, 5, us3.BLOCK, us3.BLOCK + 1, 10 * MIB])
def test_a_store_that_takes_no_chunks_is_sent_parts_of_its_size(us3_rig, app, body, size):
    edge, get = us3_rig
    told = upload(edge, "/chunked", body[:size])
    assert (told.status, told.body) == (200, app.default)
    found = get("chunked")
    assert found.content == body[:size]
    assert found.headers["ETag"].strip('"') == us3.etag(body[:size])
    (call,) = app.complete
    assert json.loads(call.body)["size"] == size


def test_a_form_goes_to_a_store_that_takes_no_chunks(us3_rig, body):
    edge, get = us3_rig
    host, port = edge.edge
    told = requests.post(
        f"http://{host}:{port}/forms", files={"file": ("a.bin", body[: 10 * MIB])}, headers={"Connection": "close"}
    )
    assert told.status_code == 200, told.text
    assert get("forms/a.bin").content == body[: 10 * MIB]
