"""The status page and /status.json of the admin port: what is under way, what was, and what failed."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal

import pytest

from support import browser, configs
from support.browser import Browser
from support.peers import Gate, Store, answer, replies
from support.wire import Client, eventually, put

EVIL = "/%3Cscript%3Ealert(%22x%22)%3C/script%3E%26.jpg"
EVIL_KEY = '<script>alert("x")</script>&.jpg'


def get(gateway, target: str, method: str = "GET", **headers: str):
    with Client(gateway.admin) as client:
        return client.request(method, target, headers={"Host": "localhost", **headers})


def status(gateway) -> dict:
    told = get(gateway, "/status.json")
    assert (told.status, told.header("Content-Type")) == (200, "application/json")
    return told.json()


def uploads(gateway) -> dict[str, dict]:
    return {row["object"]: row for row in status(gateway)["uploads"]}


@pytest.fixture
def store(peers):
    return peers.store()


@pytest.fixture
def gateway(start, store):
    return start(configs.edge(configs.oss_store(store.port)))


@contextlib.contextmanager
def slow(gateway, target: str, size: int | None, sent: int = 5, **headers: str):
    """An upload whose body stops after some bytes; without a size in chunks."""
    framing = "Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}"
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    body = bytes(sent)
    with Client(gateway.edge) as client:
        client.send(f"PUT {target} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n{fields}\r\n".encode())
        client.send(b"%X\r\n%s\r\n" % (sent, body) if size is None else body)
        yield client


# The page


@pytest.mark.parametrize("path", ["/", "/status"])
def test_is_one_document_that_may_do_nothing_else(gateway, path):
    told = get(gateway, path)
    assert (told.status, told.header("Content-Type")) == (200, "text/html; charset=utf-8")
    assert told.header("Cache-Control") == "no-store"
    assert told.header("X-Content-Type-Options") == "nosniff"
    policy = told.header("Content-Security-Policy")
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "connect-src 'self'" in policy
    page = told.body.decode()
    assert re.findall(r"<(?:script|style)[^>]*>", page) == [f'<style nonce="{nonce}">', f'<script nonce="{nonce}">']
    assert not re.search(r"\s(?:style|on\w+)=|https?://", page)
    assert "None at the moment." in page and "None since the start." in page
    assert nonce not in get(gateway, path).header("Content-Security-Policy")


def test_answers_to_head_and_get_only(gateway):
    told = get(gateway, "/", "HEAD")
    assert told.status == 200 and told.body == b"" and int(told.header("Content-Length")) > 5000
    assert get(gateway, "/status.json", "POST").status == 405


def test_a_name_that_resolves_to_this_machine_is_not_answered(gateway):
    """DNS rebinding: a page of a stranger's would read what its own name resolves to."""
    for path in ("/", "/status.json"):
        assert get(gateway, path, Host="evil.example").status == 403
        assert get(gateway, path, Host="127.0.0.1.evil.example:9090").status == 403
        for host in ("localhost:9090", "127.0.0.1", "[::1]:9090", "10.1.2.3:80"):
            assert get(gateway, path, Host=host).status == 200
    # Those that ask for metrics often have a name of their own, and the answer names no object.
    assert get(gateway, "/metrics", Host="putback.example").status == 200


def test_what_clients_say_is_text(gateway, store):
    store.script = [replies(Store.error(403, "AccessDenied", "&lt;b&gt;No&lt;/b&gt;"))]
    put(gateway.edge, EVIL, b"hello")
    with slow(gateway, EVIL, 100):
        eventually(lambda: uploads(gateway))
        page = get(gateway, "/").body.decode()
        assert page.count("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;.jpg") >= 3
        fragments = get(gateway, "/status.json?fragments").json()["fragments"]
        for html in (page, *fragments.values()):
            assert "<script>alert" not in html and "<b>No" not in html
        assert [row["object"] for row in status(gateway)["uploads"]] == [EVIL_KEY]


def test_the_parts_that_the_script_asks_for_are_those_of_the_page(gateway):
    put(gateway.edge, "/x", b"hello")
    page = get(gateway, "/").body.decode()
    fragments = get(gateway, "/status.json?fragments").json()["fragments"]
    assert set(fragments) == {"state", "uploads", "charts", "stores", "routes", "failures"}
    for name in ("uploads", "stores", "routes", "failures"):
        assert fragments[name] in page
    assert "fragments" not in status(gateway)


# Uploads under way


def test_lists_uploads_with_progress(gateway):
    with slow(gateway, "/known", 1000, X_Request_Id="mine") as known, slow(gateway, "/unknown", None, sent=7):
        rows = eventually(lambda: uploads(gateway), lambda rows: len(rows) == 2)
        assert rows["unknown"] | {"length": None, "received": 7} == rows["unknown"]
        expected = {
            "request": "mine",
            "route": "all",
            "store": "target",
            "listener": "edge",
            "client": "",
            "address": "127.0.0.1",
            "received": 5,
            "length": 1000,
            "phase": "storing",
        }
        assert {name: rows["known"][name] for name in expected} == expected
        assert re.fullmatch(r"[0-9A-F]{24}", rows["known"]["ownRequest"])
        known.send(bytes(500))
        rows = eventually(lambda: uploads(gateway), lambda rows: rows["known"]["received"] == 505)
        assert status(gateway)["uploadsInFlight"] == 2
        known.send(bytes(495))
        assert known.response().status == 200
        assert eventually(lambda: uploads(gateway), lambda rows: len(rows) == 1).keys() == {"unknown"}
    assert eventually(lambda: uploads(gateway), lambda rows: not rows) == {}


def test_tells_who_is_waited_for(start, peers):
    gates = Gate(lambda request: Store.success(request.body)), Gate(lambda request: answer(200, b"{}"))
    store, app = peers.store(gates[0]), peers.app(gates[1])
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
        store.wait_for_complete(1)
        assert uploads(gateway)["x"]["phase"] == "judging"
        gates[0].open()
        app.wait_for_complete(1)
        assert uploads(gateway)["x"]["phase"] == "callingBack"
        assert "waiting for the app" in get(gateway, "/").body.decode()
        gates[1].open()
        assert client.response().status == 200


def test_lists_the_oldest_two_hundred_and_counts_the_rest(start, peers):
    store = peers.store()
    gateway = start(configs.edge(configs.oss_store(store.port), workers=1))
    with contextlib.ExitStack() as stack:
        for number in range(205):
            stack.enter_context(slow(gateway, f"/{number:03}", 1000))
        seen = eventually(lambda: status(gateway), lambda seen: seen["uploadsInFlight"] == 205)
        assert len(seen["uploads"]) == 200
        ages = [row["milliseconds"] for row in seen["uploads"]]
        assert ages == sorted(ages, reverse=True)
        assert "Shown are the 200 oldest of 205." in get(gateway, "/").body.decode()


# What was


def test_adds_up_the_last_hour(gateway, store):
    store.script = [replies(Store.success(bytes(1000)))] * 3 + [replies(Store.error(500, "InternalError"))]
    for number in range(4):
        put(gateway.edge, f"/{number}", bytes(1000))
    with slow(gateway, "/slow", 5000, sent=500):
        eventually(lambda: uploads(gateway))
        seen = status(gateway)
        history = seen["history"]
        assert history["periodSeconds"] == 10
        lists = ("bytes", "stored", "failed", "medianMilliseconds", "p95Milliseconds")
        assert [len(history[name]) for name in lists] == [360] * 5
        # Those under way count as far as they came.
        assert (sum(history["bytes"]), sum(history["stored"]), sum(history["failed"])) == (4500, 3, 1)
        assert not any(history["bytes"][:300])
        times = [value for value in history["p95Milliseconds"] if value is not None]
        assert times and all(0 < value < 900_000 for value in times)
        (route,) = seen["routes"]
        assert (route["route"], route["store"]) == ("all", "target")
        assert {outcome: count for outcome, count in route["outcomes"].items() if count} == {"stored": 3, "not-stored": 1}


def test_tells_how_stores_are(start, peers, tmp_path):
    store = peers.store(replies(Store.success(b"hello")), replies(Store.error(403, "AccessDenied")))
    config = configs.edge(configs.oss_store(store.port), route={"match": {"path": "/in/**"}}, workers=1)
    config["stores"]["gone"] = configs.oss_store(1)
    config["stores"]["shelf"] = configs.directory_store(tmp_path / "shelf")
    for name in ("gone", "shelf"):
        config["routes"].append({"name": name, "match": {"path": f"/{name}/**"}, "store": name})
    gateway = start(config)

    def states() -> dict[str, dict]:
        return {state["store"]: state for state in status(gateway)["stores"]}

    assert {name: state["health"] for name, state in states().items()} == {
        "gone": "quiet",
        "shelf": "no failure lately",
        "target": "quiet",
    }
    for target in ("/in/x", "/in/y", "/gone/x", "/shelf/x"):
        put(gateway.edge, target, b"hello", {"X-Request-Id": target[1:]})
    seen = states()
    assert (seen["target"]["health"], seen["target"]["lastFiveMinutes"]) == ("well", {"good": 1, "refused": 1, "failed": 0})
    assert seen["target"]["connections"] == {"active": 0, "idle": 1}
    assert (seen["gone"]["health"], seen["gone"]["lastFiveMinutes"]) == ("failing", {"good": 0, "refused": 0, "failed": 1})
    assert (seen["gone"]["lastFailure"]["request"], seen["gone"]["lastFailure"]["code"]) == ("gone/x", "store-unreachable")
    assert (seen["shelf"]["connections"], seen["shelf"]["lastFiveMinutes"]) == (None, None)


def test_keeps_the_last_failures_with_their_causes(start, peers):
    store = peers.store(replies(Store.error(403, "AccessDenied")))
    gateway = start(configs.edge(configs.oss_store(store.port), route={"match": {"path": "/in/**"}}, workers=1))
    put(gateway.edge, "/in/refused", b"hello", {"X-Request-Id": "the-first"})
    put(gateway.edge, "/elsewhere?token=secret", b"hello")
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        assert client.response().status == 400
    first, second, third = reversed(status(gateway)["failures"])
    assert (first["request"], first["object"], first["store"], first["code"]) == ("the-first", "in/refused", "target", "store-refused")
    assert (first["party"], first["phase"], first["outcome"]) == ("store", "judging", "not-stored")
    assert "AccessDenied" in first["error"]
    assert (second["object"], second["code"], second["status"], second["route"]) == ("/elsewhere", "no-route", 404, "")
    assert (third["object"], third["code"], third["status"]) == ("", "duplicate-host", 400)
    for number in range(60):
        put(gateway.edge, f"/elsewhere/{number}", b"hello")
    failures = status(gateway)["failures"]
    assert [failure["object"] for failure in failures] == [f"/elsewhere/{number}" for number in range(59, 9, -1)]
    assert "secret" not in get(gateway, "/").body.decode()


def test_a_failed_callback_is_a_failure(start, store, peers):
    app = peers.app(replies(answer(500, b"{}")))
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    put(gateway.edge, "/x", b"hello")
    (failure,) = status(gateway)["failures"]
    assert (failure["outcome"], failure["party"], failure["code"]) == ("callback-failed", "app", "callback-failed")
    assert "500" in failure["error"]


def test_tells_the_config_and_how_its_reload_went(gateway, store):
    (ready,) = gateway.wait_for_event("ready")
    before = status(gateway)["config"]
    assert (before["version"], before["lastReloadSuccessful"], before["lastReloadError"]) == (ready["config"], True, None)
    gateway.write("version: 2 # <b>\n")
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_event("reload-failed")
    failed = status(gateway)["config"]
    assert (failed["version"], failed["lastReloadSuccessful"], failed["failedReloads"]) == (ready["config"], False, 1)
    assert failed["lastReloadError"]
    page = get(gateway, "/").body.decode()
    assert "The last reload failed" in page and "<b>" not in page
    gateway.write(configs.edge(configs.oss_store(store.port), limits={"connections": 17}))
    gateway.signal(signal.SIGHUP)
    (reloaded,) = gateway.wait_for_event("reloaded")
    after = status(gateway)["config"]
    assert (after["version"], after["lastReloadSuccessful"], after["reloads"]) == (reloaded["config"], True, 1)
    assert "The last reload failed" not in get(gateway, "/").body.decode()


def test_tells_that_it_drains(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    with slow(gateway, "/x", 10) as client:
        eventually(lambda: uploads(gateway))
        gateway.signal(signal.SIGTERM)
        gateway.wait_for_event("draining")
        seen = eventually(lambda: status(gateway), lambda seen: seen["state"] == "draining")
        assert seen["uploadsInFlight"] == 1
        client.send(b"world")
        assert client.response().status == 200


# In a browser


@pytest.fixture
def chromium(start, tmp_path):
    """Gone before the gateways of the test are looked at: it keeps its connections."""
    if not browser.BINARY and not shutil.which("dpkg-query"):
        pytest.skip("no Chromium, and no Debian package of it")
    with Browser(tmp_path / "chromium") as made:
        yield made


def test_a_browser_shows_uploads_that_move(start, peers, chromium):
    store, app = peers.store(), peers.app()
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port, by="putback")))
    host, port = gateway.admin
    for number in range(3):
        put(gateway.edge, f"/photos/{number}.jpg", bytes(10_000))
    value = "document.querySelector('progress')?.value"
    with slow(gateway, EVIL, 1000, sent=100) as client, slow(gateway, "/unknown", None):
        chromium.open(f"http://{host}:{port}/")
        chromium.wait_for("document.querySelectorAll('#uploads tbody tr').length === 2")
        chromium.wait_for("document.getElementById('live-badge').textContent === 'live'")
        assert chromium.evaluate(value) == 10
        assert EVIL_KEY in chromium.evaluate("document.querySelector('#uploads').innerText")
        client.send(bytes(400))
        chromium.wait_for(f"{value} === 50")
        # Paused, the page stays as it is, and then goes on.
        chromium.evaluate("document.getElementById('pause').click()")
        client.send(bytes(400))
        eventually(lambda: uploads(gateway)[EVIL_KEY]["received"], lambda received: received == 900)
        assert chromium.evaluate(value) == 50
        assert chromium.evaluate("document.getElementById('live-badge').textContent") == "paused"
        chromium.evaluate("document.getElementById('pause').click()")
        chromium.wait_for(f"{value} === 90")
        client.send(bytes(100))
        assert client.response().status == 200
        chromium.wait_for("document.querySelectorAll('#uploads tbody tr').length === 1")
    chromium.wait_for("document.querySelector('#uploads').innerText.includes('None at the moment')")
    chromium.wait_for("document.querySelector('#failures').innerText.includes('body-truncated')")
    assert chromium.evaluate("document.querySelectorAll('#charts svg path.area').length") >= 2
    assert chromium.evaluate("[...document.querySelectorAll('svg')].every(svg => svg.getAttribute('aria-label'))")
    assert chromium.evaluate("document.scripts.length") == 1
    assert chromium.complaints == []


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_a_phone_and_the_night(gateway, chromium, width, scheme):
    host, port = gateway.admin
    put(gateway.edge, "/x", b"hello")
    name = "a" * 300
    with slow(gateway, "/" + name, 1000):
        chromium.look(width, 900, scheme)
        chromium.open(f"http://{host}:{port}/")
        chromium.wait_for(f"document.querySelector('#uploads').innerText.includes('{name[:256]}…')")
        sizes = chromium.evaluate("(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.documentElement)")
        assert sizes[0] == sizes[1] <= width, "nothing sticks out"
        colors = chromium.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        sums = [sum(int(part) for part in re.findall(r"\d+", color)[:3]) for color in colors]
        assert (sums[0] > sums[1]) == (scheme == "light"), colors
    assert chromium.complaints == []


def test_says_when_the_gateway_is_gone(start, store, chromium):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    host, port = gateway.admin
    chromium.open(f"http://{host}:{port}/")
    chromium.wait_for("document.getElementById('live-badge').textContent === 'live'")
    gateway.stop()
    chromium.wait_for("document.getElementById('live-badge').textContent === 'not reachable'")
