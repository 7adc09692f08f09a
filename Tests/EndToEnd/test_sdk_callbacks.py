"""Callbacks that SDK clients ask for themselves, made and answered as the service does it."""

from __future__ import annotations

import base64
import json
import re
import signal
import socket
from urllib.parse import parse_qs

import pytest
from Crypto.Hash import MD5
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15

from support import configs, sdks
from support.peers import answer, md5, replies
from support.wire import Client, send

BODY = b"hello"
JSON = ("Content-Type", "application/json")
FORM = "bucket=${bucket}&object=${object}&etag=${etag}&size=${size}&mimeType=${mimeType}&crc64=${crc64}&mine=${x:mine}"


@pytest.fixture
def gateway(start, tmp_path):
    return start(configs.sdk(tmp_path / "objects"))


@pytest.fixture(params=list(sdks.KINDS))
def client(request, gateway):
    return sdks.client(request.param, gateway.endpoint)


@pytest.fixture
def oss2(gateway):
    return sdks.client("oss2-v4", gateway.endpoint)


def callback(port: int, **change) -> dict:
    return {"callbackUrl": f"http://127.0.0.1:{port}/done?a=b%20c", "callbackBody": FORM, **change}


def test_calls_back_and_relays_the_answer(client, peers):
    app = peers.app(replies(answer(200, b'{"id":7}', JSON)))
    result = client.put("a b/+.txt", BODY, callback(app.port), {"x:mine": "1&2=3"}, Content_Type="text/plain")
    assert (result.status, result.body) == (200, b'{"id":7}')
    assert result.etag == "5D41402ABC4B2A76B9719D911017C592"
    (call,) = app.complete
    assert (call.method, call.target) == ("POST", "/done?a=b%20c")
    assert call.header("Host") == f"127.0.0.1:{app.port}"
    assert call.header("User-Agent") == "aliyun-oss-callback"
    assert call.header("Content-Type") == "application/x-www-form-urlencoded"
    assert call.header("Content-Length") == str(len(call.body))
    assert call.header("Content-MD5") == base64.b64encode(md5(call.body)).decode()
    assert call.header("Connection").lower() == "close"
    assert call.header("x-oss-tag") == "CALLBACK"
    assert call.header("x-oss-bucket") == "uploads"
    assert call.header("x-oss-signature-version") == "1.0"
    assert call.header("x-oss-request-id") == result.request_id
    assert parse_qs(call.body.decode(), keep_blank_values=True) == {
        "bucket": ["uploads"],
        "object": ["a b/+.txt"],
        "etag": ["5D41402ABC4B2A76B9719D911017C592"],
        "size": ["5"],
        "mimeType": ["text/plain"],
        "crc64": ["11177612005948864433"],
        "mine": ["1&2=3"],
    }
    assert b"object=a%20b%2F%2B.txt" in call.body
    assert client.get("a b/+.txt") == BODY


def test_calls_each_time_on_a_connection_of_its_own(oss2, peers):
    """As the service does: the addresses that clients name are looked at for each connection."""
    app = peers.app()
    for n in range(3):
        assert oss2.put(f"{n}", BODY, callback(app.port)).status == 200
    assert app.wait_for_idle()
    assert (len(app.complete), app.connections) == (3, 3)


def test_signs_the_callback(start, peers, tmp_path):
    key = RSA.generate(1024)
    pem = tmp_path / "callback.pem"
    pem.write_bytes(key.export_key())
    where = "https://keys.example.com/putback.pem"
    gateway = start(
        configs.sdk(tmp_path / "objects", signing={"callbackKey": f"file:{pem}", "publicKeyURL": where})
    )
    app = peers.app()
    client = sdks.client("oss2-v4", gateway.endpoint)
    assert client.put("signed", BODY, callback(app.port)).status == 200
    (call,) = app.complete
    assert base64.b64decode(call.header("x-oss-pub-key-url")).decode() == where
    # Percent-decoded path, the query as it is, a newline, the body.
    signed = b"/done?a=b%20c\n" + call.body
    verifier = pkcs1_15.new(key.public_key())
    verifier.verify(MD5.new(signed), base64.b64decode(call.header("Authorization")))
    with pytest.raises(ValueError):
        verifier.verify(MD5.new(signed + b"x"), base64.b64decode(call.header("Authorization")))


def test_makes_a_key_where_none_is_configured(start, peers, tmp_path):
    where = "http://keys.example.com/callback-key.pem"
    gateway = start(configs.sdk(tmp_path / "objects", signing={"publicKeyURL": where}))
    app = peers.app()
    oss = sdks.client("oss2-v4", gateway.endpoint)
    keys = []
    for n in range(2):
        assert oss.put("signed", BODY, callback(app.port)).status == 200
        with Client(gateway.admin) as admin:
            keys.append(RSA.import_key(admin.request("GET", "/callback-key.pem").body))
        call = app.complete[n]
        assert base64.b64decode(call.header("x-oss-pub-key-url")).decode() == where
        signed = MD5.new(b"/done?a=b%20c\n" + call.body)
        pkcs1_15.new(keys[n]).verify(signed, base64.b64decode(call.header("Authorization")))
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_event("reloaded", n + 1)
    assert keys[0] == keys[1], "the key outlives a reload"


def test_renders_json(oss2, peers):
    app = peers.app()
    template = '{"object":${object},"size":${size},"mine":${x:mine},"none":${x:none},"op":${operation}}'
    want = callback(app.port, callbackBody=template, callbackBodyType="application/json")
    assert oss2.put('a"b\\c', BODY, want, {"x:mine": "line\nbreak 中"}).status == 200
    assert json.loads(app.complete[0].body) == {
        "object": 'a"b\\c',
        "size": 5,
        "mine": "line\nbreak 中",
        "none": "",
        "op": "PutObject",
    }
    assert app.complete[0].header("Content-Type") == "application/json"


def test_uses_the_host_that_the_client_names(oss2, peers):
    app = peers.app()
    assert oss2.put("host", BODY, callback(app.port, callbackHost="app.test")).status == 200
    assert app.complete[0].header("Host") == "app.test"


def test_takes_the_parameters_from_the_query(oss2, peers, gateway):
    app = peers.app(replies(answer(200, b'{"q":1}', JSON)))
    params = {"callback": sdks.encoded(callback(app.port)), "callback-var": sdks.encoded({"x:mine": "q"})}
    url = oss2.presign("PUT", "query", params=params)
    assert send("PUT", url, BODY) == (200, b'{"q":1}')
    assert b"mine=q" in app.complete[0].body


# Name, answer of the app, what the message says.
FAILURES = [
    ("500", answer(500, b"{}", JSON), r"Error status : 500\."),
    ("400", answer(400, b"{}", JSON), r"Error status : 400\."),
    ("301", answer(301, b"{}", JSON, ("Location", "http://127.0.0.1/")), r"Error status : 301\."),
    ("201", answer(201, b"{}", JSON), r"Error status : 201\."),
    ("no JSON", answer(200, b"OK"), r"Response body is not valid json format\."),
    ("BOM", answer(200, b"\xef\xbb\xbf{}", JSON), r"Response body is not valid json format\."),
    ("chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", r"missing content-length"),
    ("no length", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", r"missing content-length"),
    ("empty", answer(200, b"", JSON), r"."),
]


@pytest.mark.parametrize(("data", "message"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_answers_203_when_the_app_fails(client, peers, data, message):
    app = peers.app(*[replies(data, close=True)] * 3)
    result = client.put("failed", BODY, callback(app.port))
    callback_failed(result, message)
    assert len(app.requests) == 1, "one callback for one upload, whatever the SDK does"
    assert client.get("failed") == BODY, "the object stays"


def callback_failed(result, message: str) -> None:
    assert result.status == 203, result
    text = result.body.decode()
    assert "<Code>CallbackFailed</Code>" in text
    assert re.search(f"<Message>.*{message}.*</Message>", text), text
    assert result.headers.get("Content-Type") == "application/xml"
    assert result.etag == "5D41402ABC4B2A76B9719D911017C592"


def test_answers_203_when_the_app_cannot_be_reached(client):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    callback_failed(client.put("unreachable", BODY, callback(port)), r"Error status : (502\.|-1)")
    assert client.get("unreachable") == BODY


def test_answers_203_when_the_app_takes_longer_than_five_seconds(oss2, peers):
    def waits(peer, stream, request):
        peer.read(stream, request)
        while stream.fill():
            pass

    app = peers.app(waits)
    callback_failed(oss2.put("slow", BODY, callback(app.port)), "reply timeout")
    assert len(app.requests) == 1


def test_tries_up_to_five_addresses(oss2, peers):
    apps = [peers.app(replies(answer(500, b"{}", JSON))) for _ in range(4)] + [peers.app()]
    urls = ";".join(f"http://127.0.0.1:{app.port}/" for app in apps)
    assert oss2.put("five", BODY, callback(0, callbackUrl=urls)).status == 200
    assert [len(app.complete) for app in apps] == [1] * 5


URL = "http://127.0.0.1:1/"
# Name, callback parameters, EC where the source names one.
BAD = [
    ("six addresses", {"callbackUrl": ";".join([URL] * 6), "callbackBody": "a"}, "0007-00000005"),
    ("wrong port", {"callbackUrl": "http://127.0.0.1:test/", "callbackBody": "a"}, "0007-00000004"),
    ("empty body", {"callbackUrl": URL, "callbackBody": ""}, "0007-00000011"),
    ("body that is no text", {"callbackUrl": URL, "callbackBody": 5}, "0007-00000010"),
    ("unknown type", {"callbackUrl": URL, "callbackBody": "a", "callbackBodyType": "text/plain"}, "0007-00000013"),
    ("wrong variable", {"callbackUrl": URL, "callbackBody": "a=$(object)"}, None),
    ("private address", {"callbackUrl": "http://10.0.0.1/", "callbackBody": "a"}, "0007-00000008"),
    ("link-local address", {"callbackUrl": "http://169.254.169.254/", "callbackBody": "a"}, "0007-00000008"),
]


@pytest.mark.parametrize(("parameters", "ec"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_refuses_bad_parameters_before_anything_is_stored(client, parameters, ec):
    refused = client.put("bad", BODY, parameters)
    assert (refused.status, refused.code) == (400, "InvalidArgument"), refused
    if ec and refused.details:
        assert refused.details.get("EC") == ec
    assert not client.exists("bad")


@pytest.mark.parametrize("value", ["%%%", base64.b64encode(b"no json").decode(), "A" * 5125])
@pytest.mark.parametrize("name", ["x-oss-callback", "x-oss-callback-var"])
def test_refuses_parameters_that_cannot_be_read(oss2, name, value):
    fields = {"x-oss-callback": sdks.encoded(callback(1)), name: value}
    refused = oss2.put("unreadable", BODY, **{key.replace("-", "_"): text for key, text in fields.items()})
    assert (refused.status, refused.code) == (400, "InvalidArgument")
    assert not oss2.exists("unreadable")


def test_obeys_no_callback_of_a_client_that_the_route_does_not_allow(start, peers, tmp_path):
    app = peers.app()
    config = configs.sdk(tmp_path / "objects")
    config["routes"][0]["clientCallbacks"] = {"allow": ["*.example.com"]}
    gateway = start(config)
    client = sdks.client("oss2-v4", gateway.endpoint)
    result = client.put("x", BODY, callback(app.port))
    assert app.requests == []
    assert result.status in (200, 400, 403)
    assert client.exists("x") == (result.status == 200)


def test_drops_the_callback_of_a_client_where_the_route_says_nothing(start, peers, tmp_path):
    own, wanted = peers.app(), peers.app(replies(answer(200, b'{"route":1}', JSON)))
    config = configs.sdk(tmp_path / "objects", callback=configs.policy(wanted.port))
    del config["routes"][0]["clientCallbacks"]
    gateway = start(config)
    client = sdks.client("oss2-v4", gateway.endpoint)
    result = client.put("x", BODY, callback(own.port))
    assert (result.status, result.body) == (200, b'{"route":1}')
    assert own.requests == []
    assert len(wanted.complete) == 1


@pytest.mark.parametrize("kind", list(sdks.KINDS))
@pytest.mark.parametrize("status", [500, 503])
def test_never_answers_5xx_after_it_stored(start, peers, tmp_path, kind, status):
    """SDKs retry a 5xx: the app would be called again for an object that is stored."""
    app = peers.app(*[replies(answer(status, b"{}", JSON))] * 5)
    policy = configs.policy(app.port, onFailure={"answer": 502})
    gateway = start(configs.sdk(tmp_path / "objects", callback=policy))
    client = sdks.client(kind, gateway.endpoint)
    result = client.put("x", BODY)
    assert result.status == 203
    assert len(app.requests) == 1
    assert client.get("x") == BODY


@pytest.mark.parametrize("kind", list(sdks.KINDS))
def test_is_an_error_where_the_object_was_deleted_again(start, peers, tmp_path, kind):
    """203 is a success to these SDKs, and there is no object."""
    app = peers.app(*[replies(answer(500, b"{}", JSON))] * 5)
    policy = configs.policy(app.port, onFailure={"answer": 502, "object": "delete"})
    gateway = start(configs.sdk(tmp_path / "objects", callback=policy))
    client = sdks.client(kind, gateway.endpoint)
    result = client.put("x", BODY)
    assert (result.status, result.code) == (400, "CallbackFailed")
    assert len(app.requests) == 1
    assert not client.exists("x")
