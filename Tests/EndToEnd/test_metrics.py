"""What /metrics of the admin port counts, read by Prometheus's own parser."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import threading
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support import configs, sdks
from support.gateway import run
from support.peers import Gate, Store, answer, replies
from support.wire import DEADLINE, Client, Closed, eventually, put

TYPES = {
    "putback_uploads": "counter",
    "putback_upload_duration_seconds": "histogram",
    "putback_upload_received_bytes": "counter",
    "putback_uploads_in_flight": "gauge",
    "putback_buffer_bytes": "gauge",
    "putback_store_requests": "counter",
    "putback_store_retries": "counter",
    "putback_store_address_up": "gauge",
    "putback_store_address_failures": "counter",
    "putback_store_connections": "gauge",
    "putback_abandoned_uploads": "counter",
    "putback_callbacks": "counter",
    "putback_callback_duration_seconds": "histogram",
    "putback_client_connections": "gauge",
    "putback_requests_refused": "counter",
    "putback_config_last_reload_successful": "gauge",
    "putback_config_last_reload_success_timestamp_seconds": "gauge",
    "putback_config_reloads": "counter",
    "putback_config_info": "gauge",
    "putback_build_info": "gauge",
    "putback_log_lines_dropped": "counter",
    "process_start_time_seconds": "gauge",
    "process_cpu_seconds": "counter",
    "process_resident_memory_bytes": "gauge",
    "process_open_fds": "gauge",
    "process_max_fds": "gauge",
}
OUTCOMES = {"stored", "not-stored", "unknown", "mismatch", "client-gone", "callback-failed", "callback-failed-deleted"}


def page(gateway) -> str:
    with Client(gateway.admin) as client:
        told = client.request("GET", "/metrics")
    assert told.status == 200
    assert told.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    return told.body.decode()


class Scrape(dict):
    """One reading: sample name and labels → value. No sample may come twice."""

    def __init__(self, gateway):
        self.text = page(gateway)
        self.families = {family.name: family for family in text_string_to_metric_families(self.text)}
        for family in self.families.values():
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self, key
                self[key] = sample.value

    def value(self, sample: str, **labels: str) -> float:
        return self[(sample, frozenset(labels.items()))]

    def nonzero(self, sample: str) -> dict[tuple[str, ...], float]:
        """The series of that name that have counted something, by the values of their labels in the page's order."""
        found = [s for family in self.families.values() for s in family.samples if s.name == sample]
        return {tuple(s.labels.values()): s.value for s in found if s.value}


def outcomes(gateway) -> dict[tuple[str, ...], float]:
    return Scrape(gateway).nonzero("putback_uploads_total")


@pytest.fixture
def store(peers):
    return peers.store()


def test_every_series_is_there_at_zero_before_the_first_upload(start, store, peers):
    began = time.time()
    app = peers.app()
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(app.port)))
    descriptors = len(os.listdir(f"/proc/{gateway.pid}/fd"))
    seen = Scrape(gateway)
    assert {name: family.type for name, family in seen.families.items()} == TYPES
    assert all(family.documentation for family in seen.families.values())
    for name, family in seen.families.items():
        if name.startswith("putback_") and family.type != "gauge":
            assert all(sample.value == 0 for sample in family.samples), name
    for outcome in OUTCOMES:
        assert seen.value("putback_uploads_total", route="all", store="target", outcome=outcome) == 0
    for phase in ("total", "client", "store", "app"):
        for le in ("0.005", "900", "+Inf"):
            assert seen.value("putback_upload_duration_seconds_bucket", phase=phase, le=le) == 0
    assert seen.value("putback_callbacks_total", callback="uploaded", result="succeeded") == 0
    assert seen.value("putback_store_requests_total", store="target", operation="put", status="2xx") == 0
    assert seen.value("putback_requests_refused_total", code="no-route") == 0
    assert seen.value("putback_config_last_reload_successful") == 1
    assert abs(seen.value("putback_config_last_reload_success_timestamp_seconds") - began) < 60
    versions = dict(line.split(maxsplit=1) for line in run("version").stdout.splitlines())
    versions["version"] = versions.pop("putback")
    assert {"swift", "libevent", "libcurl", "openssl"} < versions.keys()
    assert seen.value("putback_build_info", **versions) == 1
    (ready,) = gateway.wait_for_event("ready")
    assert ready["config"] == hashlib.sha256(gateway.file.read_bytes()).hexdigest()[:12]
    assert seen.value("putback_config_info", version=ready["config"]) == 1
    assert abs(seen.value("process_start_time_seconds") - began) < 60
    assert seen.value("process_resident_memory_bytes") > 1 << 20
    assert 0 < seen.value("process_open_fds") <= descriptors + 1, "the connection that asks is one of them"


def test_counts_a_stored_upload_in_each_of_its_parts(start, store, peers):
    app = peers.app()
    policy = configs.policy(app.port, by="putback")
    gateway = start(configs.edge(configs.oss_store(store.port), callback=policy))
    for n in range(3):
        assert put(gateway.edge, f"/secret-key-{n}?token=secret", b"hello").status == 200
    seen = Scrape(gateway)
    assert seen.nonzero("putback_uploads_total") == {("all", "target", "stored"): 3}
    assert seen.value("putback_upload_received_bytes_total") == 15
    assert seen.nonzero("putback_store_requests_total") == {("target", "put", "2xx"): 3}
    assert seen.nonzero("putback_callbacks_total") == {("uploaded", "succeeded"): 3}
    assert seen.value("putback_callback_duration_seconds_count") == 3
    assert 0 < seen.value("putback_callback_duration_seconds_sum") < 3 * DEADLINE
    parts = {phase: seen.value("putback_upload_duration_seconds_sum", phase=phase) for phase in ("client", "store", "app")}
    total = seen.value("putback_upload_duration_seconds_sum", phase="total")
    # Head and body came in one read, which is one moment.
    assert parts.pop("client") < total
    assert all(0 < part < total for part in parts.values()), (parts, total)
    for phase in ("total", "client", "store", "app"):
        buckets = [
            sample.value
            for sample in seen.families["putback_upload_duration_seconds"].samples
            if sample.name.endswith("_bucket") and sample.labels["phase"] == phase
        ]
        assert len(buckets) == 17 and buckets == sorted(buckets) and buckets[-1] == 3
        assert seen.value("putback_upload_duration_seconds_count", phase=phase) == 3
    assert seen.value("putback_uploads_in_flight") == 0
    assert seen.value("putback_buffer_bytes") == 0
    assert seen.nonzero("putback_requests_refused_total") == {}
    for private in ("secret", "127.0.0.1", "media"):
        # The address of a store is the operator's, and no client's.
        assert private not in "\n".join(line for line in seen.text.split("\n") if "_store_address_" not in line)


WRONG_ETAG = {"crc": "1"}
DELETES = {"onFailure": {"object": "delete"}}

# Outcome, what the store does, what the app does, the policy's own, requests to the store, callbacks.
ENDINGS = [
    ("stored", None, None, {}, {("put", "2xx"): 1}, {"succeeded": 1}),
    ("not-stored", replies(Store.error(403, "AccessDenied")), None, {}, {("put", "4xx"): 1}, {}),
    ("not-stored", replies(Store.error(503, "Busy")), None, {}, {("put", "5xx"): 1}, {}),
    ("unknown", replies(b"", close=True), None, {}, {("put", "closed"): 1}, {}),
    ("unknown", replies(b"nonsense\r\n\r\n"), None, {}, {("put", "bad-answer"): 1}, {}),
    ("mismatch", replies(Store.success(b"hello", **WRONG_ETAG)), None, {}, {("put", "2xx"): 1}, {}),
    ("callback-failed", None, replies(answer(500)), {}, {("put", "2xx"): 1}, {"rejected": 1}),
    ("callback-failed", None, replies(b"", close=True), {}, {("put", "2xx"): 1}, {"unanswered": 1}),
    (
        "callback-failed-deleted",
        None,
        replies(answer(500)),
        DELETES,
        {("put", "2xx"): 1, ("delete", "2xx"): 1},
        {"rejected": 1},
    ),
]


@pytest.mark.parametrize(("outcome", "stores", "answers", "policy", "requests", "callbacks"), ENDINGS)
def test_counts_how_an_upload_ended(start, peers, outcome, stores, answers, policy, requests, callbacks):
    store = peers.store(*([stores] if stores else []))
    app = peers.app(*([answers] if answers else []))
    callback = configs.policy(app.port, by="putback", **policy)
    gateway = start(configs.edge(configs.oss_store(store.port), callback=callback))
    put(gateway.edge, "/x", b"hello")
    seen = Scrape(gateway)
    assert seen.nonzero("putback_uploads_total") == {("all", "target", outcome): 1}
    assert seen.nonzero("putback_store_requests_total") == {("target", *key): n for key, n in requests.items()}
    assert seen.nonzero("putback_callbacks_total") == {("uploaded", key): n for key, n in callbacks.items()}
    (line,) = gateway.wait_for_uploads(1)
    assert line["outcome"] == outcome, "logs and metrics use the same words"


def test_counts_a_client_that_went_away(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    client = Client(gateway.edge)
    client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhello")
    store.wait_for_requests(1)
    client.reset()
    gateway.wait_for_uploads(1)
    assert outcomes(gateway) == {("all", "target", "client-gone"): 1}
    assert Scrape(gateway).value("putback_upload_received_bytes_total") == 5


def test_counts_a_store_that_cannot_be_reached(start):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    gateway = start(configs.edge(configs.oss_store(port)))
    assert put(gateway.edge, "/x", b"hello").status == 502
    assert Scrape(gateway).nonzero("putback_store_requests_total") == {("target", "put", "connect"): 1}
    assert outcomes(gateway) == {("all", "target", "not-stored"): 1}


def test_counts_callbacks_that_the_store_made(start, peers):
    store = peers.store(
        replies(Store.success(b"hello", b'{"id":1}', ("Content-Type", "application/json"))),
        replies(Store.callback_failed(b"hello")),
    )
    gateway = start(configs.edge(configs.oss_store(store.port), callback=configs.policy(1)))
    put(gateway.edge, "/x", b"hello")
    put(gateway.edge, "/y", b"hello")
    seen = Scrape(gateway)
    assert seen.nonzero("putback_callbacks_total") == {("uploaded", "succeeded"): 1, ("uploaded", "rejected"): 1}
    assert seen.value("putback_callback_duration_seconds_count") == 0, "its time is part of the store's"
    assert outcomes(gateway) == {("all", "target", "stored"): 1, ("all", "target", "callback-failed"): 1}


@pytest.mark.parametrize(
    ("request_bytes", "code"),
    [
        (b"PUT /in/x HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "malformed-request"),
        (b"PUT /elsewhere HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "no-route"),
        (b"GET /in/x HTTP/1.1\r\nHost: a\r\n\r\n", "method-not-allowed"),
        (b"PUT /in/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n", "too-large"),
        (b"PUT /in/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-MD5: x\r\n\r\n", "bad-digest"),
    ],
)
def test_counts_refused_requests_by_their_code(start, store, request_bytes, code):
    config = configs.edge(configs.oss_store(store.port), {"match": {"path": "/in/**"}}, limits={"uploadSize": "1KiB"})
    gateway = start(config)
    with Client(gateway.edge) as client:
        client.send(request_bytes)
        assert client.response().status >= 400
    seen = Scrape(gateway)
    assert seen.nonzero("putback_requests_refused_total") == {(code,): 1}
    assert seen.nonzero("putback_uploads_total") == {}


def test_counts_connections_and_turns_away_those_over_the_limit(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port), limits={"connections": 1}))
    with Client(gateway.edge) as one:
        assert one.request("PUT", "/x", b"hello").status == 200
        assert Scrape(gateway).value("putback_client_connections") == 1
        with Client(gateway.edge) as two:
            assert two.response().status == 503
        assert Scrape(gateway).nonzero("putback_requests_refused_total") == {("overloaded",): 1}
    assert eventually(lambda: Scrape(gateway).value("putback_client_connections"), lambda n: n == 0) == 0


def test_shows_what_is_under_way(start, peers):
    gate = Gate(lambda request: Store.success(request.body))
    store = peers.store(gate)
    gateway = start(configs.edge(configs.oss_store(store.port)))

    def connections(seen: Scrape) -> tuple[float, float]:
        name = "putback_store_connections"
        return seen.value(name, store="target", state="active"), seen.value(name, store="target", state="idle")

    assert connections(Scrape(gateway)) == (0, 0)
    with Client(gateway.edge) as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
        store.wait_for_complete(1)
        seen = Scrape(gateway)
        assert seen.value("putback_uploads_in_flight") == 1
        assert connections(seen) == (1, 0)
        assert seen.nonzero("putback_uploads_total") == {}
        gate.open()
        assert client.response().status == 200
        seen = Scrape(gateway)
        assert seen.value("putback_uploads_in_flight") == 0
        assert connections(seen) == (0, 1)
    store.drop_connections()
    assert eventually(lambda: connections(Scrape(gateway)), lambda now: now == (0, 0)) == (0, 0)


@pytest.mark.parametrize("ends", ["taken", "broken"])
def test_shows_bytes_that_wait_for_a_slow_store(start, peers, ends):
    opened = threading.Event()

    def slow(peer, stream, request):
        opened.wait(DEADLINE)
        if ends == "broken":
            raise Closed()
        peer.read(stream, request)
        stream.send(Store.success(request.body))

    gateway = start(configs.edge(configs.oss_store(peers.store(slow).port)))
    body = b"x" * (32 << 20)
    statuses = []
    sender = threading.Thread(target=lambda: statuses.append(put(gateway.edge, "/x", body).status))
    if ends == "taken":
        sender.start()
    else:
        client = Client(gateway.edge)
        client.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body))
        client.socket.setblocking(False)

    def buffered() -> float:
        if ends == "broken":
            try:
                client.socket.send(body)
            except OSError:
                pass
        return Scrape(gateway).value("putback_buffer_bytes")

    # A fast client is read from in pieces of at most that size.
    assert 0 < eventually(buffered) <= 512 << 10
    opened.set()
    gateway.wait_for_uploads(1)
    if ends == "taken":
        sender.join(DEADLINE)
        assert statuses == [200]
    else:
        client.close()
    assert eventually(lambda: Scrape(gateway).value("putback_buffer_bytes"), lambda n: n == 0) == 0


def test_directories_are_stores_without_connections(start, tmp_path):
    gateway = start(configs.edge(configs.directory_store(tmp_path / "objects")))
    assert put(gateway.edge, "/x", b"hello" * 100_000).status == 200
    seen = Scrape(gateway)
    assert seen.nonzero("putback_uploads_total") == {("all", "target", "stored"): 1}
    assert seen.value("putback_upload_received_bytes_total") == 500_000
    assert eventually(lambda: Scrape(gateway).value("putback_buffer_bytes"), lambda n: n == 0) == 0
    assert not seen.families["putback_store_requests"].samples
    assert not seen.families["putback_store_connections"].samples


def test_counts_clients_of_the_vendors_sdk(start, peers, tmp_path):
    app = peers.app()
    gateway = start(configs.sdk(tmp_path / "objects"))
    client = sdks.client(next(iter(sdks.KINDS)), gateway.endpoint)
    assert client.put("x", b"hello").status == 200
    with Client(gateway.sdk) as stranger:
        assert stranger.request("PUT", "/x", b"hello", {"Host": "uploads.oss.test"}).status == 403
    seen = Scrape(gateway)
    assert seen.nonzero("putback_uploads_total") == {("all", "shelf", "stored"): 1}
    assert seen.nonzero("putback_requests_refused_total") == {("forbidden",): 1}
    assert seen.nonzero("putback_callbacks_total") == {}
    assert app.requests == []


def test_adds_up_the_loops(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port), workers=2))
    # The kernel spreads connections over the loops by their ports.
    for n in range(32):
        assert put(gateway.edge, f"/{n}", b"hello").status == 200
    seen = Scrape(gateway)
    assert seen.nonzero("putback_uploads_total") == {("all", "target", "stored"): 32}
    assert seen.value("putback_upload_received_bytes_total") == 160
    assert seen.value("putback_upload_duration_seconds_count", phase="total") == 32
    assert seen.nonzero("putback_store_requests_total") == {("target", "put", "2xx"): 32}
    assert seen.value("putback_store_connections", store="target", state="idle") == 2, "each loop has its own"


# Reload


def test_counts_go_on_across_a_reload_that_moves_the_route(start, store):
    config = configs.edge(configs.oss_store(store.port), {"name": "old"}, workers=1)
    gateway = start(config)
    gate = Gate(lambda request: Store.success(request.body))
    assert put(gateway.edge, "/1", b"hello").status == 200
    store.script.append(gate)
    with Client(gateway.edge) as during:
        during.send(b"PUT /2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
        store.wait_for_complete(2)
        config["routes"].insert(0, {"name": "new", "match": {"path": "/new/**"}, "store": "target", "key": "${path}"})
        gateway.write(config)
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_event("reloaded")
        assert put(gateway.edge, "/3", b"hello").status == 200
        seen = Scrape(gateway)
        assert seen.nonzero("putback_uploads_total") == {("old", "target", "stored"): 2}
        assert seen.value("putback_uploads_total", route="new", store="target", outcome="stored") == 0
        gate.open()
        assert during.response().status == 200
    assert put(gateway.edge, "/new/4", b"hello").status == 200
    seen = Scrape(gateway)
    assert seen.nonzero("putback_uploads_total") == {("old", "target", "stored"): 3, ("new", "target", "stored"): 1}
    assert seen.nonzero("putback_store_requests_total") == {("target", "put", "2xx"): 4}
    states = [seen.value("putback_store_connections", store="target", state=state) for state in ("active", "idle")]
    assert states == [0, 1], "pools of the old settings close what they had"


def test_tells_whether_the_last_reload_succeeded(start, store):
    config = configs.edge(configs.oss_store(store.port))
    gateway = start(config)
    began = Scrape(gateway).value("putback_config_last_reload_success_timestamp_seconds")
    gateway.write("version: 2\n")
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_event("reload-failed")
    seen = Scrape(gateway)
    assert seen.value("putback_config_last_reload_successful") == 0
    assert seen.value("putback_config_last_reload_success_timestamp_seconds") == began
    gateway.write(config)
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_event("reloaded")
    seen = Scrape(gateway)
    assert seen.value("putback_config_last_reload_successful") == 1
    assert seen.value("putback_config_last_reload_success_timestamp_seconds") > began
    # Not the config but what it names is wrong: a file is no directory.
    gateway.write({**config, "stores": {"target": configs.directory_store(gateway.file)}})
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_event("reload-failed", 2)
    seen = Scrape(gateway)
    assert seen.value("putback_config_last_reload_successful") == 0
    assert seen.nonzero("putback_config_reloads_total") == {("succeeded",): 1, ("failed",): 2}


def test_names_the_config_in_use(start, store):
    config = configs.edge(configs.oss_store(store.port))
    gateway = start(config)
    gateway.write({**config, "limits": {"connections": 17}})
    expected = hashlib.sha256(gateway.file.read_bytes()).hexdigest()[:12]
    gateway.signal(signal.SIGHUP)
    (reloaded,) = gateway.wait_for_event("reloaded")
    gateway.write("version: 2\n")
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_event("reload-failed")
    assert reloaded["config"] == expected
    assert Scrape(gateway).nonzero("putback_config_info") == {(expected,): 1}


def test_only_reading_is_possible(start, store):
    gateway = start(configs.edge(configs.oss_store(store.port)))
    with Client(gateway.admin) as client:
        assert client.request("PUT", "/metrics", b"").status == 405
    with Client(gateway.admin) as client:
        told = client.request("HEAD", "/metrics")
        assert (told.status, told.body) == (200, b"")
        assert int(told.header("Content-Length")) > 1000
        assert "/metrics" in client.request("GET", "/nonsense").body.decode()
