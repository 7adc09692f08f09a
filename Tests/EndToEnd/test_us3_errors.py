"""Errors of US3 as its clients read them: those that Putback gives itself, and those of a store, passed on through an edge.

The rows are those of the vendor's error tables and of live output (upload callback and simple upload pages of the Go SDK,
put_file.md; issues of the SDKs and of JuiceFS)."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
import requests
from support import configs, us3
from support.peers import answer, replies
from support.wire import Client
from support.wire import put as plain
from test_us3_sdk import BODY, Rig, policy

KIND = "application/octet-stream"
SESSION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
JSON_TYPE = ("Content-Type", "application/json")


@pytest.fixture(params=["directory", "edge"])
def rig(request, start, tmp_path):
    return Rig(request.param, start, tmp_path)


def signed(method: str, key: str, kind: str = "", **change: str) -> dict[str, str]:
    fields = {"Authorization": us3.authorization(method, key, kind, **change)}
    if kind:
        fields["Content-Type"] = kind
    if md5 := change.get("md5"):
        fields["Content-MD5"] = md5
    return fields


def is_error(told, status: int, code: int, message: str) -> None:
    """The Python SDK reads the document only under exactly this type, and needs both members."""
    assert told.status_code == status, told.content
    assert told.headers["Content-Type"] == "application/json"
    assert told.headers["Content-Length"] == str(len(told.content))
    assert told.json() == {"RetCode": code, "ErrMsg": message}
    assert SESSION.fullmatch(told.headers["X-SessionId"])


def begun(rig, key: str = "parts") -> str:
    return requests.post(f"{rig.url}/{key}?uploads", headers=signed("POST", key)).json()["UploadId"]


def put(rig, key: str = "x", body: bytes = BODY, query: str = "", **fields) -> requests.Response:
    return requests.put(f"{rig.url}/{key}{query}", data=body, headers=fields)


def part(rig, number: object, body: bytes, upload: str | None = None) -> requests.Response:
    upload = begun(rig) if upload is None else upload
    return put(rig, "parts", body, f"?uploadId={upload}&partNumber={number}", **signed("PUT", "parts"))


def finish(rig, list_of: str, sizes: tuple[int, ...] = ()) -> requests.Response:
    upload = begun(rig)
    etags = [part(rig, number, bytes(size), upload).headers["ETag"].strip('"') for number, size in enumerate(sizes)]
    body = list_of.format(*etags)
    return requests.post(f"{rig.url}/parts?uploadId={upload}", data=body, headers=signed("POST", "parts"))


def chunks(*pieces: bytes):
    yield from pieces


LONG = us3.BLOCK + 100
# What is asked for, and the answer.
REFUSALS = {
    "no authorization": (lambda rig: put(rig), 401, -148643, "no authorization found"),
    "no such authorization": (lambda rig: put(rig, Authorization="Basic eDp5"), 401, -148643, "no authorization found"),
    "no colon": (lambda rig: put(rig, Authorization="UCloud x"), 401, -148643, "no authorization found"),
    "wrong signature": (lambda rig: put(rig, **signed("PUT", "other")), 403, -148658, "invalid signature"),
    "wrong type": (lambda rig: put(rig, **{**signed("PUT", "x"), "Content-Type": "a/b"}), 403, -148658, "invalid signature"),
    "unknown key": (
        lambda rig: put(rig, Authorization=us3.authorization("PUT", "x").replace("TOKEN_1", "TOKEN_2")), 403, -148658, "invalid signature",
    ),
    "question mark unescaped": (lambda rig: put(rig, "x?y", **signed("PUT", "x?y")), 403, -148658, "invalid signature"),
    "wrong MD5": (lambda rig: put(rig, **signed("PUT", "x", md5="0" * 32)), 400, -15036, "check md5 failed"),
    "MD5 in base64": (lambda rig: put(rig, **signed("PUT", "x", md5="AAAAAAAAAAAAAAAAAAAAAA==")), 400, -15036, "check md5 failed"),
    "no file": (lambda rig: requests.get(f"{rig.url}/no", headers=signed("GET", "no")), 404, -148654, "file not exist"),
    "policy that is no JSON": (
        lambda rig: put(rig, **signed("PUT", "x", policy=base64.urlsafe_b64encode(b"no").decode())), 400, -148660, "invalid put policy",
    ),
    "policy on a part": (
        lambda rig: put(rig, "parts", b"", "?uploadId=u&partNumber=0", **signed("PUT", "parts", policy=policy(1))),
        400, -148660, "invalid put policy",
    ),
    "key with a slash in front": (
        lambda rig: put(rig, "%2Fx", **signed("PUT", "/x")), 400, -148660, "the file name must not begin with / or \\",
    ),
    "long key": (
        lambda rig: put(rig, "x" * 1024, **signed("PUT", "x" * 1024)), 400, -148660, "the file name must have 1 to 1023 bytes",
    ),
    "no such upload": (lambda rig: part(rig, 0, b"x", "nobody"), 404, -148654, "upload id not exist"),
    "no such upload to finish": (
        lambda rig: requests.post(f"{rig.url}/x?uploadId=nobody", data="e", headers=signed("POST", "x")), 404, -148654, "upload id not exist",
    ),
    "no part number": (lambda rig: part(rig, "", b"x"), 400, -148660, "invalid partNumber"),
    "negative part number": (lambda rig: part(rig, -1, b"x"), 400, -148660, "invalid partNumber"),
    "part longer than a block": (
        lambda rig: part(rig, 0, bytes(LONG)), 400, -148660, f"content length:{LONG} larger than block size:{us3.BLOCK}",
    ),
    "list with a hole": (lambda rig: finish(rig, "{0},,{1}", (us3.BLOCK, 1)), 400, -148660, "invalid part etag"),
    "other method": (lambda rig: requests.patch(f"{rig.url}/x", headers=signed("PATCH", "x")), 405, -148660, "method not allowed"),
    "append": (lambda rig: put(rig, query="?append&position=0", **signed("PUT", "x")), 501, -148660, "append is not implemented"),
    "copy": (
        lambda rig: put(rig, **{**signed("PUT", "x"), "X-Ufile-Copy-Source": "/b/y"}), 501, -148660, "copy is not implemented",
    ),
    "upload by hash": (
        lambda rig: requests.post(f"{rig.url}/uploadhit?Hash=h&FileName=x&FileSize=1", headers=signed("POST", "x")),
        501, -148660, "uploadhit is not implemented",
    ),
    "list of files": (lambda rig: requests.get(f"{rig.url}/?list", headers=signed("GET", "")), 501, -148660, "this list is not implemented"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(REFUSALS))
def test_a_refusal_in_the_words_of_us3(rig, name):
    ask, status, code, message = REFUSALS[name]
    told = ask(rig)
    is_error(told, status, code, message)
    assert requests.head(f"{rig.url}/x", headers=signed("HEAD", "x")).status_code == 404


def test_a_bucket_that_nobody_names(start, tmp_path):
    config = us3.directory(tmp_path / "objects")
    del config["listeners"][0]["bucket"]
    config["listeners"][0]["baseHost"] = "ufileos.test"
    front = start(config)
    host, port = front.sdk
    for name in ("localhost", "ufileos.test", "-%.ufileos.test"):
        told = requests.put(f"http://{host}:{port}/x", data=b"x", headers={**signed("PUT", "x"), "Host": name})
        is_error(told, 400, -148653, "bucket not exists") if name[0] != "-" else None
    here = requests.put(f"http://{host}:{port}/x", data=b"x", headers={**signed("PUT", "x"), "Host": f"{us3.BUCKET}.ufileos.test"})
    assert here.status_code == 200


def test_a_file_that_is_not_there_to_head_and_delete(rig):
    """An answer to HEAD has no document, whatever it is about."""
    head = requests.head(f"{rig.url}/no", headers=signed("HEAD", "no"))
    assert (head.status_code, head.content) == (404, b"")
    assert SESSION.fullmatch(head.headers["X-SessionId"])
    forged = requests.head(f"{rig.url}/no", headers=signed("HEAD", "other"))
    assert (forged.status_code, forged.content) == (403, b"")
    is_error(requests.delete(f"{rig.url}/no", headers=signed("DELETE", "no")), 404, -148654, "file not exist")


@pytest.mark.parametrize("number", [0, 1, 7])
def test_a_part_that_is_there(rig, number):
    """US3 does not take it again. An edge asks which one it is: the same bytes, whose first answer was lost, are a success."""
    upload = begun(rig)
    for before in range(number):
        part(rig, before, bytes(us3.BLOCK), upload)
    first = part(rig, number, b"first", upload)
    assert first.status_code == 200
    other = part(rig, number, b"other", upload)
    is_error(other, 500, -1014, "put duplicate key error")
    same = part(rig, number, b"first", upload)
    if rig.prefix:
        assert (same.status_code, same.headers["ETag"]) == (200, us3.part_etag(b"first"))
        assert same.json() == {"PartNumber": number}
    else:
        is_error(same, 500, -1014, "put duplicate key error")
    whole = [us3.part_etag(bytes(us3.BLOCK))] * number
    done = requests.post(
        f"{rig.url}/parts?uploadId={upload}", data=",".join([*whole, us3.part_etag(b"other")]), headers=signed("POST", "parts")
    )
    assert (done.status_code, done.json()["RetCode"]) == (400, -148660)
    done = requests.post(
        f"{rig.url}/parts?uploadId={upload}", data=",".join([*whole, us3.part_etag(b"first")]), headers=signed("POST", "parts")
    )
    assert (done.status_code, done.json()["FileSize"]) == (200, number * us3.BLOCK + 5)


THERE = answer(500, b'{"RetCode":-1014,"ErrMsg":"put duplicate key error"}', JSON_TYPE)


def listed(*parts: tuple[int, str]) -> bytes:
    return json.dumps({"RetCode": 0, "Parts": [{"PartNum": number, "Etag": etag} for number, etag in parts]}).encode()


@pytest.mark.parametrize(
    "list_of_parts",
    [
        answer(200, listed(), JSON_TYPE),
        answer(200, listed((3, us3.part_etag(b"bytes"))), JSON_TYPE),
        answer(200, listed((2, "")), JSON_TYPE),
        answer(200, b"nonsense", JSON_TYPE),
        answer(404, b'{"RetCode":-148654,"ErrMsg":"upload id not exist"}', JSON_TYPE),
        b"",
    ],
    ids=["not listed", "another one", "no ETag", "no list", "no upload", "no answer"],
)
def test_a_part_of_which_nothing_is_known_is_no_success(start, peers, list_of_parts):
    store = peers.store(replies(THERE), replies(list_of_parts))
    edge = start(us3.edge(store.port))
    url = "http://{}:{}/parts".format(*edge.sdk)
    told = requests.put(f"{url}?uploadId=u&partNumber=2", data=b"bytes", headers=signed("PUT", "parts"))
    assert (told.status_code, told.json()) == (500, {"RetCode": -1014, "ErrMsg": "put duplicate key error"})
    put_request, asked, *_ = store.requests
    assert (put_request.method, asked.method) == ("PUT", "GET")
    assert sorted(asked.target.removeprefix("/?").split("&")) == ["max-parts=1", "muploadpart", "part-number-marker=2", "uploadId=u"]


def test_where_bytes_are_not_looked_at_a_part_that_is_there_is_an_error(start, tmp_path):
    rig = Rig("edge", start, tmp_path, route={"integrity": "length"})
    upload = begun(rig)
    assert part(rig, 0, b"first", upload).status_code == 200
    is_error(part(rig, 0, b"first", upload), 500, -1014, "put duplicate key error")


def test_a_client_that_stalls(start, tmp_path):
    front = start(configs.merged(us3.directory(tmp_path / "objects"), {"timeouts": {"bodyIdle": "100ms"}}))
    with Client(front.sdk) as client:
        client.send(f"PUT /x HTTP/1.1\r\nHost: a\r\nAuthorization: {us3.authorization('PUT', 'x')}\r\nContent-Length: 9\r\n\r\nhalf".encode())
        told = client.response()
    assert (told.status, told.json()) == (408, {"RetCode": -148660, "ErrMsg": "request timeout"})
    assert SESSION.fullmatch(told.header("X-SessionId"))


def test_a_range_that_is_not_there(rig):
    put(rig, **signed("PUT", "x"))
    told = requests.get(f"{rig.url}/x", headers={**signed("GET", "x"), "Range": f"bytes={len(BODY)}-"})
    is_error(told, 416, -148660, "invalid range")
    assert told.headers["Content-Range"] == f"bytes */{len(BODY)}"


@pytest.mark.parametrize(
    "list_of, sizes",
    [("{0},{1}", (5, 5)), ("AAAA", (5,)), ("{1},{0}", (us3.BLOCK, 5)), ("{0},{1},AAAA", (us3.BLOCK, 5))],
    ids=["short part", "other part", "other order", "one too many"],
)
def test_a_list_of_other_parts(rig, list_of, sizes):
    """The vendor publishes no words for these."""
    told = finish(rig, list_of, sizes)
    is_error(told, 400, -148660, told.json()["ErrMsg"])
    assert told.json()["ErrMsg"] != "invalid argument", "it says what is wrong"
    assert requests.head(f"{rig.url}/parts", headers=signed("HEAD", "parts")).status_code == 404


def test_a_body_longer_than_a_route_allows(start, tmp_path):
    rig = Rig("directory", start, tmp_path, route={"limits": {"uploadSize": "64KiB"}})
    is_error(put(rig, **signed("PUT", "x")), 400, -148660, f"content length larger than {64 << 10}")
    is_error(
        requests.put(f"{rig.url}/x", data=chunks(BODY), headers=signed("PUT", "x")), 400, -148660, f"content length larger than {64 << 10}"
    )


def test_a_file_longer_than_us3_takes_at_once(rig):
    with Client(rig.front.sdk) as client:
        fields = {"Content-Length": str((512 << 20) + 1), **signed("PUT", "x"), "Host": "a"}
        client.send(b"PUT /x HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n")
        told = client.response()
    assert (told.status, told.json()) == (400, {"RetCode": -148660, "ErrMsg": "content length:536870913 larger than max size:536870912"})


def test_a_put_without_a_length_and_a_body_that_ends_early(rig):
    with Client(rig.front.sdk) as client:
        client.send(f"PUT /x HTTP/1.1\r\nHost: a\r\nAuthorization: {us3.authorization('PUT', 'x')}\r\n\r\n".encode())
        told = client.response()
    assert (told.status, told.json()) == (411, {"RetCode": -148660, "ErrMsg": "no content length"})
    with Client(rig.front.sdk) as client:
        client.send(
            f"PUT /x HTTP/1.1\r\nHost: a\r\nAuthorization: {us3.authorization('PUT', 'x')}\r\nContent-Length: 9\r\n\r\nhalf".encode()
        )
        client.half_close()
        told = client.response()
    assert (told.status, told.json()) == (400, {"RetCode": -148660, "ErrMsg": "unexpected end of body"})


def test_no_route_and_no_capacity(start, tmp_path):
    rig = Rig("directory", start, tmp_path, route={"match": {"path": "/only/**"}, "limits": {"rate": "1/h"}})
    is_error(put(rig, **signed("PUT", "x")), 403, -148643, "No route takes this request.")
    assert put(rig, "only/x", **signed("PUT", "only/x")).status_code == 200
    told = put(rig, "only/y", **signed("PUT", "only/y"))
    is_error(told, 503, -148660, told.json()["ErrMsg"])
    assert "come faster than it may take them" in told.json()["ErrMsg"]


# The 599 table: what the app does, and what the client reads.
FAILURES = {
    "text": (answer(200, b"OK", ("Content-Type", "text/plain; charset=utf-8")), 20008, "expect json, but received text/plain; charset=utf-8"),
    "no type": (answer(200, b"{}"), 20008, "expect json, but received "),
    "no JSON": (answer(200, b"{nope", JSON_TYPE), 20008, "expect json, but the response body is not a strict json string"),
    "empty": (answer(200, b"", JSON_TYPE), 20008, "expect json, but the response body is not a strict json string"),
    "text with an error": (answer(500, b"no", ("Content-Type", "text/html")), 20008, "expect json, but received text/html"),
    "no HTTP": (b"nonsense\r\n\r\n", 20003, None),
    "nothing": (b"", 20003, None),
}


@pytest.mark.parametrize("name", list(FAILURES))
@pytest.mark.parametrize("step", ["put", "finish"])
def test_a_failed_callback_is_599(rig, peers, name, step):
    told_by_app, code, message = FAILURES[name]
    app = peers.app(replies(told_by_app, close=True))
    told = called(rig, step, policy(app.port))
    message = message or told.json()["ErrMsg"]
    is_error(told, 599, code, message)
    if code == 20003:
        assert message.startswith(f"send request error: Post http://127.0.0.1:{app.port}/cb: ")
    assert len(app.requests) == 1
    assert rig.read("x") == BODY, "the object stays"


@pytest.mark.parametrize("step", ["put", "finish"])
def test_an_app_that_is_not_there_is_599(rig, step):
    told = called(rig, step, policy(1))
    is_error(told, 599, 20003, "send request error: Post http://127.0.0.1:1/cb: dial tcp 127.0.0.1:1: getsockopt: connection refused")
    assert rig.read("x") == BODY


def called(rig, step: str, text: str) -> requests.Response:
    if step == "put":
        return put(rig, **signed("PUT", "x", policy=text))
    upload = begun(rig, "x")
    etag = put(rig, "x", BODY, f"?uploadId={upload}&partNumber=0", **signed("PUT", "x")).headers["ETag"]
    return requests.post(f"{rig.url}/x?uploadId={upload}", data=etag, headers=signed("POST", "x", policy=text))


@pytest.mark.parametrize(
    "change",
    [
        {"callbackUrl": "http://10.0.0.1/"},
        {"callbackUrl": "http://169.254.169.254/"},
        {"callbackUrl": "ftp://a/"},
        {"callbackUrl": 5},
        {"callbackBody": {}},
        {"callbackVar": {"x:n": 20}},
        {"callbackVar": {"n": "20"}},
    ],
)
def test_a_policy_that_cannot_be_is_refused_before_anything_is_stored(rig, change):
    told = put(rig, **signed("PUT", "x", policy=policy(1, **change)))
    is_error(told, 400, -148660, told.json()["ErrMsg"])
    assert told.json()["ErrMsg"].startswith("invalid put policy")
    assert requests.head(f"{rig.url}/x", headers=signed("HEAD", "x")).status_code == 404


# What only the service says.
OF_THE_STORE = [
    (400, -148653, "bucket not exists"),
    (404, -30010, "bucket not exist"),
    (400, -15036, "check md5 failed"),
    (401, -148643, "no authorization found"),
    (403, -148643, "invalid signature"),
    (403, -148658, "invalid signature"),
    (404, -148654, "file not exist"),
    (400, -148660, "invalid put policy"),
    (400, -148660, "storage class is not archive"),
    (403, -148660, "switch class not allowed"),
    (406, -148660, "new file name already exists"),
    (500, -1014, "put duplicate key error"),
]


def of_store(status: int, code: int, message: str) -> bytes:
    # As it was seen live, blanks and the spelling of the field included (ufile-gosdk, issue 7).
    document = f'{{ "RetCode": {code}, "ErrMsg": "{message}" }}'.encode()
    session = ("X-Sessionid", "9c1f3f2e-1d3b-4a6c-8a0e-0123456789ab")
    return answer(status, document, JSON_TYPE, session, ("Server", "nginx/1.11.1"), ("Vary", "Origin"))


@pytest.mark.parametrize("status, code, message", OF_THE_STORE)
def test_a_stores_error_reaches_its_client_as_it_is(start, peers, status, code, message):
    store = peers.store(*[replies(of_store(status, code, message))] * 2)
    edge = start(us3.edge(store.port))
    host, port = edge.sdk
    told = requests.put(f"http://{host}:{port}/x", data=BODY, headers={**signed("PUT", "x"), "Connection": "close"})
    assert told.content == f'{{ "RetCode": {code}, "ErrMsg": "{message}" }}'.encode()
    assert (told.status_code, told.headers["Content-Type"]) == (status, "application/json")
    assert told.headers["X-SessionId"] == "9c1f3f2e-1d3b-4a6c-8a0e-0123456789ab"
    assert told.headers["Putback-Request-Id"]
    # UCloud's SDK reads it.
    _, sdk = us3.Client(edge.sdk).files.putstream(us3.BUCKET, "x", io.BytesIO(BODY))
    assert sdk.status_code == status
    document = json.loads(sdk.content) if isinstance(sdk.content, (str, bytes)) else sdk.content
    assert (document["RetCode"], document["ErrMsg"]) == (code, message)


@pytest.mark.parametrize("status, code, message", OF_THE_STORE)
def test_a_plain_client_is_told_what_a_stores_error_means(start, peers, status, code, message):
    store = peers.store(replies(of_store(status, code, message)))
    edge = start(configs.edge(us3.store(store.port)))
    told = plain(edge.edge, "/x", BODY)
    problem = told.json()
    assert told.status == (400 if code == -15036 else 502)
    assert (problem["stored"], problem["party"], problem["storeStatus"], problem["storeCode"]) == (False, "store", status, str(code))
    assert message in problem["detail"]


POLICY = base64.urlsafe_b64encode(
    b'{"callbackUrl":"http://127.0.0.1:9/cb","callbackBody":"{}","callbackBodyType":"application/json"}'
).decode()
NOTHING = answer(404, b"")
OTHER = answer(200, b"", ("ETag", f'"{us3.etag(b"x")}"'), ("Content-Length", "1"), length=False)
THIS = answer(200, b"", ("ETag", f'"{us3.etag(b"hello")}"'), ("Content-Length", "5"), length=False)


@pytest.mark.parametrize("integrity", ["full", "length"])
@pytest.mark.parametrize(
    "said, head, status",
    [
        (answer(502, b'{"message":"bad gateway"}', JSON_TYPE), NOTHING, 400),
        (answer(502, b'{"message":"bad gateway"}', JSON_TYPE), OTHER, 400),
        (answer(403, b'{"message":"forbidden"}', JSON_TYPE), NOTHING, 400),
        (answer(200, b'{"RetCode":-148660,"ErrMsg":"x"}', JSON_TYPE), NOTHING, 400),
        (answer(599, b'{"RetCode":-148660,"ErrMsg":"x"}', JSON_TYPE), NOTHING, 400),
        (answer(404, b'{"why":"no"}', JSON_TYPE), THIS, 404),
        (answer(500, b'{"why":"no"}', JSON_TYPE), THIS, 500),
    ],
    ids=["proxy", "proxy, and an older object", "firewall", "error with 200", "error with 599", "app", "app with 500"],
)
def test_an_answer_that_could_be_the_apps_is_held_against_the_object(start, peers, said, head, status, integrity):
    """US3 passes the app's status and body on; a proxy's look alike. Only what is stored tells them apart."""
    store = peers.store(replies(said), replies(head))
    edge = start(us3.edge(store.port, route={"integrity": integrity}))
    told = requests.put("http://{}:{}/x".format(*edge.sdk), data=b"hello", headers=signed("PUT", "x", policy=POLICY))
    assert told.status_code == status
    (record,) = edge.wait_for_uploads()
    assert record["stored"] == ("yes" if head is THIS else "unknown")
    if head is not THIS:
        assert "does not tell whether the object is stored" in told.json()["ErrMsg"]


def test_a_failed_callback_that_nobody_asked_for_is_none(start, peers):
    store = peers.store(replies(answer(599, b'{"RetCode":20003,"ErrMsg":"send request error"}', JSON_TYPE)))
    edge = start(us3.edge(store.port))
    told = requests.put("http://{}:{}/x".format(*edge.sdk), data=b"hello", headers=signed("PUT", "x"))
    assert told.status_code == 400 and "does not tell whether the object is stored" in told.json()["ErrMsg"]
    (record,) = edge.wait_for_uploads()
    assert record["stored"] == "unknown"


@pytest.mark.parametrize("status", [502, 504])
def test_an_error_that_is_no_document_leaves_it_open(start, peers, status):
    """A proxy in front of US3 may give up when US3 goes on."""
    store = peers.store(replies(answer(status, b"<html>Bad Gateway</html>", ("Content-Type", "text/html"))))
    edge = start(configs.edge(us3.store(store.port)))
    told = plain(edge.edge, "/x", BODY)
    assert (told.status, told.json()["stored"], told.json()["storeStatus"]) == (502, None, status)
