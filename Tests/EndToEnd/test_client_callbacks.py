"""Callbacks that clients of each cloud ask for and Putback makes: what apps do wrong, and where they may not be."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from support import vendors
from support.certificates import Authority
from support.peers import answer, endless, replies, resets
from support.vendors import OSS, TOS, US3, Face
from support.wire import Closed, Message

BODY = b"hello"
JSON = ("Content-Type", "application/json")
every_vendor = pytest.mark.parametrize("vendor", vendors.ALL, ids=str)


@pytest.fixture
def upload(start, tmp_path):
    """Uploads as a client of the vendor, with a callback to `callback`; gives what it was told."""

    def make(vendor, callback, allow: list[str] | None = None, **environment: str) -> Message:
        config = vendor.directory(tmp_path / "objects")
        if allow:
            config["routes"][0]["clientCallbacks"] = {"allow": allow}
        gateway = start(config, environment=environment)
        told = Face(vendor).put(gateway, "x", BODY, callback=callback)
        gateway.wait_for_uploads()
        return told

    return make


def stored(tmp_path: Path) -> bool:
    """Whether the object is there; behind its data stands what the store knows of it."""
    files = list((tmp_path / "objects").rglob("=x"))
    return len(files) == 1 and files[0].read_bytes().startswith(BODY)


def failed(vendor, told: Message, code: str | None = None) -> None:
    """As the vendor says that the object is stored and the callback failed: 203, or 599 of US3."""
    if vendor is US3:
        assert told.status == 599, told
        assert vendor.error(told) == (code or "20003")
    else:
        assert (told.status, vendor.error(told)) == (203, "CallbackFailed"), told


def no_server(peer, stream, request):
    raise Closed()


# What the app does; what US3's clients are told: a RetCode with 599, or the app's own status, which US3 passes on.
FAULTS = {
    "redirects": (replies(answer(307, b"{}", JSON, ("Location", "http://127.0.0.1:1/"))), 307),
    "204": (replies(b"HTTP/1.1 204 No Content\r\n\r\n"), "20008"),
    "410": (replies(answer(410, b"{}", JSON)), 410),
    "429 with Retry-After": (replies(answer(429, b"{}", JSON, ("Retry-After", "1"))), 429),
    "500": (replies(answer(500, b"{}", JSON)), 500),
    "no JSON": (replies(answer(200, b"OK")), "20008"),
    "JSON that is none": (replies(answer(200, b"{no", JSON)), "20008"),
    "JSON with BOM": (replies(answer(200, b"\xef\xbb\xbf{}", JSON)), "20008"),
    "cut short": (replies(answer(200, b"{}", JSON).replace(b"Content-Length: 2", b"Content-Length: 9"), close=True), "20003"),
    "without end": (endless(b"Content-Length: 1000000000"), "20003"),
    "no HTTP": (replies(b"nonsense\r\n\r\n", close=True), "20003"),
    "resets after it took the callback": (resets, "20003"),
    "closes at once": (no_server, "20003"),
}


@every_vendor
@pytest.mark.parametrize(("behaviour", "of_us3"), FAULTS.values(), ids=FAULTS)
def test_tells_in_the_vendors_words_what_the_app_did(upload, peers, tmp_path, vendor, behaviour, of_us3):
    app = peers.app(*[behaviour] * 3)
    told = upload(vendor, app.port)
    if vendor is US3 and isinstance(of_us3, int):
        assert (told.status, told.body) == (of_us3, b"{}")
    else:
        failed(vendor, told, of_us3 if isinstance(of_us3, str) else None)
    assert len(app.requests) == 1, "one attempt, one callback"
    assert stored(tmp_path)


@every_vendor
def test_tells_that_nobody_listens(upload, tmp_path, vendor):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    failed(vendor, upload(vendor, port))
    assert stored(tmp_path)


@every_vendor
def test_tells_that_the_name_does_not_resolve(upload, tmp_path, vendor):
    failed(vendor, upload(vendor, {"callbackUrl": "http://app.invalid/"}, allow=["app.invalid"]))
    assert stored(tmp_path)


# Targets

# Hosts that are this machine: by name, by names below it, which libcurl answers with both loopback addresses whatever
# resolver there is (RFC 6761 section 6.3), and by every way to write the address.
HERE = ["localhost", "LOCALHOST.", "app.localhost", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0.0.0.0", "127.0.0.1"]
HERE6 = ["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]"]
TARGETS = [(vendor, host) for vendor in vendors.ALL for host in HERE] + [(US3, host) for host in HERE6]
# A block of addresses: only what a name resolves to can tell whether it is allowed.
PUBLIC = ["203.0.113.0/24", "*.example.com"]


@pytest.mark.parametrize(("vendor", "host"), TARGETS)
def test_never_calls_this_machine_however_it_is_written(upload, peers, tmp_path, vendor, host):
    app = peers.app()
    told = upload(vendor, {"callbackUrl": f"http://{host}:{app.port}/"}, allow=PUBLIC)
    assert app.connections == 0, "the app was connected to"
    if told.status == 400:
        assert not stored(tmp_path), "refused before anything was stored"
    else:
        failed(vendor, told)
        assert stored(tmp_path)


# Link-local and private addresses, metadata services among them; nothing answers there, and nobody is to find out.
INWARDS = ["169.254.169.254", "100.100.100.200", "10.0.0.1", "172.16.0.1", "192.168.0.1", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"]
INWARDS6 = ["[fd00:ec2::254]", "[fe80::1]", "[fc00::1]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]"]


@pytest.mark.parametrize(("vendor", "host"), [(vendor, host) for vendor in (OSS, US3) for host in INWARDS] + [(US3, host) for host in INWARDS6])
def test_never_calls_what_lies_inwards(upload, tmp_path, vendor, host):
    told = upload(vendor, {"callbackUrl": f"http://{host}/"}, allow=PUBLIC)
    assert told.status in (203, 400, 599)
    # At once, and not because nobody answered: a timeout would tell of one.
    assert b"timeout" not in told.body and b"reply" not in told.body
    assert stored(tmp_path) == (told.status != 400)


@every_vendor
def test_a_wildcard_allows_no_name_that_points_inwards(upload, peers, tmp_path, vendor):
    """Whoever may add a name below it could have it resolve to anything, and to something else a moment later."""
    app = peers.app()
    failed(vendor, upload(vendor, {"callbackUrl": f"http://app.localhost:{app.port}/"}, allow=["*.localhost"]))
    assert app.connections == 0
    assert stored(tmp_path)


@every_vendor
@pytest.mark.parametrize("allow", ["app.localhost", "127.0.0.0/8"])
def test_calls_what_the_operator_allowed(upload, peers, tmp_path, vendor, allow):
    """By its name, whatever that resolves to; or by its address: of the two that the name has, only this one."""
    app = peers.app()
    told = upload(vendor, {"callbackUrl": f"http://app.localhost:{app.port}/"}, allow=[allow])
    assert (told.status, told.body) == (200, app.default)
    assert len(app.complete) == 1


# TLS


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca", "callback-ca")


@pytest.fixture
def tls(authority):
    """A server that notes the names that clients ask for, and turns those away that name none if told so."""

    def make(names: list, strict: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, authority.issue("localhost")))

        def named(_socket, name, _context):
            names.append(name)
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if strict and name is None else None

        context.sni_callback = named
        return context

    return make


# OSS names the server only if its client says so, the others always.
@pytest.mark.parametrize(
    ("vendor", "asked", "name"),
    [(OSS, {}, None), (OSS, {"callbackSNI": True}, "localhost"), (TOS, {}, "localhost"), (US3, {}, "localhost")],
    ids=["oss", "oss with callbackSNI", "tos", "us3"],
)
def test_names_the_server_as_the_vendor_does(upload, peers, tls, authority, vendor, asked, name):
    names: list[str | None] = []
    app = peers.app(tls=tls(names))
    told = upload(
        vendor,
        {"callbackUrl": f"https://localhost:{app.port}/", **asked},
        allow=["localhost"],
        SSL_CERT_FILE=str(authority.certificate),
    )
    assert (told.status, told.body) == (200, app.default)
    assert names == [name]


def test_tells_that_an_app_wants_to_be_named(upload, peers, tls, authority, tmp_path):
    names: list[str | None] = []
    app = peers.app(tls=tls(names, strict=True))
    url = f"https://localhost:{app.port}/"
    failed(OSS, upload(OSS, {"callbackUrl": url}, allow=["localhost"], SSL_CERT_FILE=str(authority.certificate)))
    assert (names, app.requests) == ([None], [])
    assert stored(tmp_path)
