"""HTML forms of plain clients: fields and files as curl, requests and raw sockets send them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import threading

import pytest
import requests

from support import configs
from support.peers import App, Store, answer, replies
from support.wire import SCALE, Client, eventually, put

MIB = 1 << 20
BODY = bytes(range(256)) * 40 + b"\r\n--B\r\n-\r\r\n--\r\n"


@pytest.fixture
def store(peers):
    return peers.store()


@pytest.fixture
def gateway(start, store):
    return start(configs.edge(configs.oss_store(store.port)))


def curl(*arguments: str) -> tuple[int, bytes]:
    out = subprocess.run(
        ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "-w", "\n%{http_code}", *arguments],
        capture_output=True,
        check=True,
    ).stdout
    body, _, status = out.rpartition(b"\n")
    return int(status), body


def url(gateway, path: str) -> str:
    host, port = gateway.edge
    return f"http://{host}:{port}{path}"


def part(name: str, content: bytes, file: str | None = None, *fields: str) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{file}"' if file is not None else "")
    return "\r\n".join([disposition, *fields]).encode() + b"\r\n\r\n" + content


def form(*parts: bytes, boundary: str = "b", end: bytes | None = None) -> bytes:
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + one + b"\r\n" for one in parts) + (mark + b"--\r\n" if end is None else end)


def post(gateway, path: str, body: bytes, boundary: str = "b", **headers: str):
    return put(gateway.edge, path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}", **headers}, "POST")


def stored(store) -> dict[str, bytes]:
    return {request.target: request.body for request in store.complete}


def problem(message, status: int, code: str):
    assert (message.status, message.header("Content-Type")) == (status, "application/problem+json"), message.body
    document = message.json()
    assert document["code"] == code and document["status"] == status
    return document


# What clients send


@pytest.mark.parametrize("path", ["/photos", "/photos/"])
def test_stores_the_file_of_a_form_under_its_path_and_name(gateway, store, tmp_path, path):
    (tmp_path / "cat.jpg").write_bytes(BODY)
    status, body = curl("-F", f"photo=@{tmp_path}/cat.jpg", url(gateway, path))
    (request,) = store.complete
    assert (request.target, request.body, request.header("Content-Type")) == ("/media/photos/cat.jpg", BODY, "image/jpeg")
    # Just what a PUT would be told.
    assert status == 200
    told = json.loads(body)
    assert told == {"bucket": "media", "object": "photos/cat.jpg", "size": len(BODY), "etag": hashlib.md5(BODY).hexdigest().upper()}
    (line,) = gateway.wait_for_uploads(1)
    assert (line["outcome"], line["status"], line["bytes"], line["method"]) == ("stored", 200, len(BODY), "POST")
    assert line["form"] != line["request"]


def test_stores_three_files_that_curl_sends_between_fields(start, peers, tmp_path):
    """Fields are for the files behind them, and each file has a callback of its own."""
    store, app = peers.store(), peers.app()
    policy = configs.policy(
        app.port,
        body='{"object":${object},"size":${size},"album":${x:album},"late":${x:late}}',
        variables={"album": "${form.album}", "late": "${form.late}"},
        by="putback",
    )
    gateway = start(configs.edge(configs.oss_store(store.port), {"key": "${form.album}/${path.name}"}, policy))
    contents = {"a.txt": b"one", "b.png": BODY, "c": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    status, body = curl(
        *("-F", "album=summer", "-F", f"one=@{tmp_path}/a.txt", "-F", f"two=@{tmp_path}/b.png", "-F", "late=yes"),
        *("-F", "album=winter", "-F", f"three=@{tmp_path}/c", "-F", "last=x", url(gateway, "/in")),
    )
    assert status == 200
    files = json.loads(body)["files"]
    assert [(f["field"], f["fileName"], f["status"], f["stored"], f["object"], f["size"]) for f in files] == [
        ("one", "a.txt", 200, True, "summer/a.txt", 3),
        ("two", "b.png", 200, True, "summer/b.png", len(BODY)),
        ("three", "c", 200, True, "summer/c", 0),
    ]
    assert all(f["answer"] == {"status": "received"} and f["bucket"] == "media" and f["etag"] for f in files)
    assert stored(store) == {f"/media/summer/{name}": content for name, content in contents.items()}
    assert [call.json() for call in app.complete] == [
        {"object": "summer/a.txt", "size": 3, "album": "summer", "late": ""},
        {"object": "summer/b.png", "size": len(BODY), "album": "summer", "late": ""},
        {"object": "summer/c", "size": 0, "album": "summer", "late": "yes"},
    ]
    lines = gateway.wait_for_uploads(3)
    assert len({line["request"] for line in lines}) == 3 and len({line["form"] for line in lines}) == 1


def test_relays_the_apps_answer_for_a_single_file(start, peers):
    store, app = peers.store(), peers.app(replies(answer(200, b"<b>ok</b>", ("Content-Type", "text/html"))))
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    told = post(gateway, "/", form(part("f", b"x", "a")))
    assert (told.status, told.body, told.header("Content-Type")) == (200, b"<b>ok</b>", "text/html")


def test_shows_an_answer_that_is_no_json_as_text(start, peers):
    answers = [
        replies(answer(200, b"<b>\xff</b>", ("Content-Type", "text/html"))),
        replies(answer(200, b"{broken", ("Content-Type", "application/json"))),
        replies(answer(200, b" [1]\n", ("Content-Type", "application/json; charset=utf-8"))),
    ]
    store, app = peers.store(), peers.app(*answers)
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    told = post(gateway, "/", form(*(part("f", b"x", name) for name in "abc")))
    shown = [file.get("answer", file) for file in told.json()["files"]]
    assert shown[0] == "<b>\ufffd</b>" and shown[2] == [1]
    assert shown[1] == "{broken" or shown[1]["code"] == "callback-failed"


def test_stores_what_requests_sends(gateway, store):
    session = requests.Session()
    session.trust_env = False
    files = [
        ("file", ('na"me\r\n.txt', b"one")),
        ("file", ("b.jpg", b"", "image/jpeg", {"Content-Encoding": "gzip", "Content-Language": "de", "X-A": "b"})),
        ("naïve", ("C:\\dir\\日本.txt", BODY)),
    ]
    told = session.post(url(gateway, "/r"), data={"album": "é"}, files=files)
    assert told.status_code == 200 and len(told.json()["files"]) == 3
    one, two, three = store.complete
    assert (one.target, one.body) == ("/media/r/na%22me.txt", b"one")
    assert (two.target, two.body, two.header("Content-Type")) == ("/media/r/b.jpg", b"", "image/jpeg")
    assert (two.header("Content-Encoding"), two.header("Content-Language"), two.header("X-A")) == ("gzip", "de", None)
    assert (three.target, three.body) == ("/media/r/%E6%97%A5%E6%9C%AC.txt", BODY)
    # What a form says of itself says nothing of the objects.
    assert not any(request.header("Content-Disposition") for request in store.complete)


def test_stores_a_form_that_comes_in_chunks_and_in_small_pieces(gateway, store):
    body = form(part("a", b"1"), part("f", BODY, "f.bin"), part("g", b"g", "g.bin"))
    with Client(gateway.edge) as client:
        client.send(
            b"POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        )
        for start in range(0, len(body), 37):
            piece = body[start : start + 37]
            client.send(b"%X\r\n%s\r\n" % (len(piece), piece))
        client.send(b"0\r\n\r\n")
        told = client.response("POST")
        # The connection goes on.
        again = client.request("PUT", "/after", b"x")
    assert (told.status, again.status) == (200, 200)
    assert stored(store) == {"/media/c/f.bin": BODY, "/media/c/g.bin": b"g", "/media/after": b"x"}


def test_takes_a_boundary_of_seventy_characters(gateway, store):
    boundary = "0aZ'()+_,-./:=?" + "x" * 55
    body = form(part("f", b"data\r\n--" + boundary.encode()[:-1], "f"), boundary=boundary)
    assert post(gateway, "/", body, boundary=f'"{boundary}"').status == 200
    assert stored(store) == {"/media/f": b"data\r\n--" + boundary.encode()[:-1]}
    problem(post(gateway, "/", body, boundary=f'"{boundary}x"'), 400, "malformed-form")


def test_stores_a_raw_post_of_a_body_that_is_no_form(gateway, store):
    body = form(part("f", b"x", "f"))
    for type in ["application/octet-stream", "multipart/mixed; boundary=b", "multipart/form-data-x"]:
        assert put(gateway.edge, "/raw", body, {"Content-Type": type}, "POST").status == 200
    assert [request.body for request in store.complete] == [body] * 3


def test_routes_by_the_path_of_the_form_and_the_type_of_the_file(start, peers):
    store = peers.store()
    config = configs.edge(configs.oss_store(store.port))
    config["routes"] = [
        {"name": "images", "match": {"path": "/in/*", "contentType": "image/*"}, "store": "target", "key": "${path.1}/${path.name}${path.extension}"},
        {"name": "small", "match": {"path": "/in/*", "contentType": "text/plain"}, "store": "target", "key": "${path}", "limits": {"uploadSize": "10B"}},
    ]
    gateway = start(config)
    told = post(
        gateway,
        "/in/set",
        form(
            part("f", b"jpg", "a.jpg", "Content-Type: image/jpeg"),
            part("f", b"zip", "a.zip", "Content-Type: application/zip"),
            part("f", b"0123456789", "a.txt", "Content-Type: text/plain; charset=utf-8"),
            part("f", b"0123456789x", "b.txt", "Content-Type: text/plain"),
            part("f", b"jpg", "c.jpg", "Content-Type: image/jpeg"),
        ),
    )
    assert told.status == 207
    # The form ends at a file that is too large.
    assert [(file["fileName"], file["status"], file.get("code")) for file in told.json()["files"]] == [
        ("a.jpg", 200, None),
        ("a.zip", 404, "no-route"),
        ("a.txt", 200, None),
        ("b.txt", 413, "too-large"),
    ]
    assert stored(store) == {"/media/set/a.jpg.jpg": b"jpg", "/media/in/set/a.txt": b"0123456789"}


def test_verifies_the_md5_of_a_file(start, tmp_path):
    config = configs.edge(configs.directory_store(tmp_path / "objects"), {"store": "target"})
    config["stores"]["target"]["bucket"] = "shelf"
    gateway = start(config)
    good = base64.b64encode(hashlib.md5(b"data").digest()).decode()
    told = post(
        gateway,
        "/",
        form(
            part("f", b"data", "good", f"Content-MD5: {good}"),
            part("f", b"dota", "bad", f"Content-MD5: {good}"),
            part("f", b"data", "broken", "Content-MD5: x"),
            part("f", b"data", "none"),
        ),
    )
    assert [(file["status"], file.get("code")) for file in told.json()["files"]] == [
        (200, None), (400, "bad-digest"), (400, "bad-digest"), (200, None),
    ]  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "objects" / "shelf").iterdir() if path.is_file())
    assert names == ["=good", "=none"]


def test_skips_a_file_that_nobody_chose(gateway, store):
    told = post(gateway, "/", form(part("empty", b"", "", "Content-Type: application/octet-stream"), part("f", b"x", "f")))
    assert told.json()["object"] == "f"
    assert list(stored(store)) == ["/media/f"]


# What is refused


@pytest.mark.parametrize(
    "body, message",
    [
        (form(part("a", b"1"), part("b", b"2")), "The form holds no file."),
        (form(part("empty", b"", "")), "The form holds no file."),
        (b"--b--\r\n", "The form holds no file."),
        (b"", "The body of the form does not begin with its boundary."),
        (b"no form", "The body of the form does not begin with its boundary."),
        (form(part("a", b"1"), end=b""), "The form ended before its last boundary."),
        (form(b"\r\n\r\nx"), "A part of the form has no Content-Disposition with a name."),
        (form(b'Content-Disposition: form-data; filename="f"\r\n\r\nx'), "A part of the form has no Content-Disposition with a name."),
        (form(b"Content-Disposition: attachment; name=a\r\n\r\nx"), "The Content-Disposition of a form's part is malformed."),
        (form(part("a", b"x" * 65537)), "A field of the form is longer than 65536 bytes."),
        (form(*(part("a", b"x" * 65000) for _ in range(5))), "The fields and part headers of the form are together longer than 262144 bytes."),
        (form(part("f", b"x", "f", "Content-Transfer-Encoding: base64")), "A form's part is encoded; its Content-Transfer-Encoding must be binary, 8bit or 7bit."),
        (form(part("f", b"x", "..")), "The file name of a form's part names no file."),
        (form(part("f", b"x", "dir/")), "The file name of a form's part names no file."),
        (form(part("f", b"x", "")), "The file name of a form's part names no file."),
    ],
)  # fmt: skip
def test_refuses_a_form_and_says_why(gateway, store, body, message):
    told = post(gateway, "/in", body)
    document = problem(told, 400, "bad-path" if "file name" in message else "malformed-form")
    assert (document["detail"], document["stored"]) == (message, False)
    (line,) = gateway.wait_for_uploads(1)
    assert (line["outcome"], line["status"], line["code"]) == ("not-stored", 400, document["code"])
    assert not store.requests


@pytest.mark.parametrize("type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=a; boundary=b"])
def test_refuses_a_form_without_one_good_boundary(gateway, store, type):
    problem(put(gateway.edge, "/", form(part("f", b"x", "f")), {"Content-Type": type}, "POST"), 400, "malformed-form")
    assert not store.requests


def test_takes_ten_thousand_fields_only_where_that_is_allowed(start, peers):
    store = peers.store()
    body = form(*(part(f"field{n}", b"%d" % n) for n in range(10_000)), part("f", b"data", "f"))
    config = configs.edge(configs.oss_store(store.port), {"key": "${form.field0}/${form.field9999}"})
    document = problem(post(start(config, "narrow"), "/", body), 400, "malformed-form")
    assert document["detail"] == "The form has more than 1000 fields and files."
    assert not store.requests
    config["limits"] = {"formParts": 10_001, "formFields": "1MiB"}
    assert post(start(config, "wide"), "/", body).status == 200
    assert stored(store) == {"/media/0/9999": b"data"}


@pytest.mark.parametrize(
    "end",
    [b"", b"\r\n", b"--b", b"--b-", b"--b\r\n", b"--b--x\r\n", b"--bother\r\n"],
)
def test_stores_nothing_of_a_file_without_its_whole_boundary(gateway, store, end):
    """The store has seen the beginning and must see the request end there."""
    told = post(gateway, "/", form(part("f", BODY, "f"), end=end))
    if end == b"--b\r\n":
        # The file is whole; the form is not.
        document = told.json()
        assert (told.status, document["error"]["code"], document["files"][0]["stored"]) == (207, "malformed-form", True)
        assert stored(store) == {"/media/f": BODY}
    else:
        problem(told, 400, "malformed-form")
        assert not store.complete
        assert store.wait_for_idle()


def test_tells_what_is_stored_of_a_form_that_breaks(gateway, store):
    told = post(gateway, "/", form(part("f", b"one", "one"), part("g", b"two", "two"), end=b"--b\r\nbroken\r\n\r\n"))
    document = told.json()
    assert told.status == 207
    assert [(file["fileName"], file["stored"]) for file in document["files"]] == [("one", True), ("two", True)]
    assert (document["error"]["status"], document["error"]["code"]) == (400, "malformed-form")
    told = post(gateway, "/", form(part("f", b"one", "one"), part("g", b"two", "cut"), end=b""))
    document = told.json()
    assert [(file["fileName"], file["stored"], file["status"]) for file in document["files"]] == [("one", True, 200), ("cut", False, 400)]
    assert "error" not in document


def test_goes_on_with_the_next_file_when_a_store_refuses_one(start, peers):
    store = peers.store(replies(Store.error(403, "AccessDenied")), Store.behave, replies(b"no HTTP", close=True))
    gateway = start(configs.edge(configs.oss_store(store.port)))
    told = post(gateway, "/", form(*(part("f", BODY, name) for name in ("one", "two", "three", "four"))))
    assert told.status == 207
    files = told.json()["files"]
    assert [(file["fileName"], file["stored"], file["status"]) for file in files] == [
        ("one", False, files[0]["status"]), ("two", True, 200), ("three", None, 502), ("four", True, 200),
    ]  # fmt: skip
    assert files[0]["code"] == "store-refused" and files[0]["storeCode"] == "AccessDenied"


def test_goes_on_with_the_next_file_when_a_store_breaks_off(start, peers):
    """The rest of a large file is dropped, not sent anywhere."""

    def breaks(peer, stream, request):
        stream.send(Store.error(400, "InvalidArgument", "No.", ("Connection", "close")))

    store = peers.store(breaks)
    gateway = start(configs.edge(configs.oss_store(store.port)))
    told = post(gateway, "/", form(part("f", os.urandom(4 * MIB), "large"), part("f", b"two", "two")))
    assert [(file["fileName"], file["stored"]) for file in told.json()["files"]] == [("large", False), ("two", True)]


def test_asks_every_client_of_a_form_who_it_is(start, peers):
    store = peers.store()
    config = configs.edge(configs.oss_store(store.port), {"clients": "internal"})
    config["clients"] = {"internal": {"bearer": ["plain:token-of-tests"]}}
    gateway = start(config)
    body = form(part("f", b"x", "f"), part("g", b"y", "g"))
    problem(post(gateway, "/", body), 401, "unauthorized")
    assert not store.requests
    assert post(gateway, "/", body, Authorization="Bearer token-of-tests").status == 200
    assert len(store.complete) == 2


def test_stores_nothing_for_a_client_that_goes_away_in_a_file(start, peers):
    store, app = peers.store(), peers.app()
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"
    with Client(gateway.edge) as client:
        client.send(head + form(part("f", b"whole", "whole"), part("g", b"x" * 1000, "cut"), end=b"")[:-2])
        store.wait_for_requests(2)
        client.reset()
    lines = gateway.wait_for_uploads(2)
    assert [line["outcome"] for line in lines] == ["stored", "client-gone"]
    assert stored(store) == {"/media/whole": b"whole"}
    assert len(app.complete) == 1
    # A client that ends its side may still read an answer.
    with Client(gateway.edge) as client:
        client.send(head + form(part("g", b"x" * 1000, "cut"), end=b"")[:-2])
        client.half_close()
        problem(client.response("POST"), 400, "body-truncated")
    assert list(stored(store)) == ["/media/whole"]


def test_counts_a_form_as_one_upload(start, peers):
    """Where one upload is allowed, a form of many files passes, and a second form waits its turn."""
    store = peers.store()
    gateway = start(configs.edge(configs.oss_store(store.port), limits={"uploadsInFlight": 1}))
    body = form(*(part("f", b"x", f"{n}") for n in range(20)))
    assert post(gateway, "/", body).status == 200
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n"
    with Client(gateway.edge) as client:
        client.send(head + b"Expect: 100-continue\r\n\r\n")
        assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        problem(post(gateway, "/", body), 503, "overloaded")
    assert eventually(lambda: post(gateway, "/", body).status, lambda status: status == 200) == 200


def test_streams_a_large_file_of_a_form(start, tmp_path):
    config = configs.edge(configs.directory_store(tmp_path / "objects", bucket="shelf"))
    gateway = start(config)
    block = os.urandom(MIB - 3) + b"\r\n-"
    parts = [part("f", b"", "one"), part("g", b"", "two")]
    size = sum(len(one) + 64 * MIB + 7 for one in parts) + 7
    idle = gateway.peak_memory()
    with Client(gateway.edge) as client:
        client.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {size}\r\n\r\n".encode())
        for one in parts:
            client.send(b"--b\r\n" + one)
            for _ in range(64):
                client.send(block)
            client.send(b"\r\n")
        client.send(b"--b--\r\n")
        told = client.response("POST")
    assert told.status == 200
    digest = hashlib.md5()
    for _ in range(64):
        digest.update(block)
    assert [(file["size"], file["etag"].lower()) for file in told.json()["files"]] == [(64 * MIB, digest.hexdigest())] * 2
    assert gateway.peak_memory() - idle < 32 * MIB * (8 if SCALE > 1 else 1)


def test_holds_back_the_client_of_a_form_whose_store_is_slow(start, peers):
    """While a store takes nothing, neither the file nor the ones behind it are read."""
    opened = threading.Event()

    def waits(peer, stream, request):
        opened.wait(60)
        Store.behave(peer, stream, request)

    store = peers.store(waits)
    gateway = start(configs.edge(configs.oss_store(store.port)))
    content = os.urandom(16 * MIB)
    body = form(part("f", content, "one"), part("f", content, "two"))
    idle = gateway.peak_memory()
    with Client(gateway.edge) as client:
        client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        client.socket.setblocking(False)
        sent = 0
        quiet = 0
        while quiet < 20:
            try:
                sent += client.socket.send(body[sent : sent + MIB])
                quiet = 0
            except BlockingIOError:
                quiet += 1
                threading.Event().wait(0.02)
            if sent == len(body):
                break
        assert sent < len(body)
        opened.set()
        client.socket.setblocking(True)
        client.socket.settimeout(60)
        client.send(body[sent:])
        told = client.response("POST")
    assert told.status == 200 and stored(store) == {"/media/one": content, "/media/two": content}
    assert gateway.peak_memory() - idle < 24 * MIB * (8 if SCALE > 1 else 1)
