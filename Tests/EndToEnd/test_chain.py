"""The whole chain: an edge that signs anew, a second process that is the store, verifies, stores and calls back."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from support import configs, sdks
from support.peers import answer, replies
from support.wire import put

BODY = bytes(range(256)) * 5000


@pytest.fixture(params=["v4", "v1"])
def chain(request, start, peers, tmp_path):
    """An edge in front of a store process; gives the edge, the store and the app."""
    app = peers.app()
    store = start(configs.sdk(tmp_path / "objects"), name="store")
    _, port = store.sdk
    target = configs.oss_store(
        port,
        bucket="uploads",
        signature=request.param,
        credentials={"id": f"plain:{configs.PARTNER_ID}", "secret": f"plain:{configs.PARTNER_SECRET}"},
    )
    callback = configs.policy(
        app.port,
        variables={"device": "${header.X-Device-Id}"},
        body='{"bucket":${bucket},"object":${object},"size":${size},"etag":${etag},"device":${x:device}}',
    )
    edge = start(configs.edge(target, callback=callback), name="edge")
    return edge, sdks.client("oss2-v4", store.endpoint), app


@pytest.mark.parametrize("key", ["photos/a.jpg", "a b+c%&?#.txt", "中文/😀", "a//b"])
def test_an_upload_is_stored_called_back_and_answered(chain, key):
    edge, store, app = chain
    told = put(edge.edge, "/" + quote(key), BODY, {"X-Device-Id": 'dev"ice 1', "Content-Type": "image/jpeg"})
    assert (told.status, told.body) == (200, app.default)
    assert store.get(key) == BODY
    (call,) = app.complete
    described = json.loads(call.body)
    assert described == {
        "bucket": "uploads",
        "object": key,
        "size": len(BODY),
        "etag": told.header("ETag").strip('"'),
        "device": 'dev"ice 1',
    }
    assert call.header("User-Agent") == "aliyun-oss-callback"


def test_a_chunked_upload_goes_through(chain):
    edge, store, app = chain
    chunks = b"".join(b"%X\r\n%s\r\n" % (len(part), part) for part in (BODY[:1000], BODY[1000:]))
    from support.wire import Client

    with Client(edge.edge) as client:
        client.send(b"PUT /chunked HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(chunks + b"0\r\n\r\n")
        assert client.response().status == 200
    assert store.get("chunked") == BODY
    assert len(app.complete) == 1


def test_a_failing_app_is_told_as_stored(chain, peers):
    edge, store, app = chain
    app.script = [replies(answer(500, b"{}", ("Content-Type", "application/json")))] * 3
    told = put(edge.edge, "/failed", BODY)
    assert told.status == 502
    problem = told.json()
    assert (problem["stored"], problem["party"]) == (True, "app")
    assert "500" in json.dumps(problem)
    assert store.get("failed") == BODY
    assert len(app.requests) == 1


def test_a_wrong_secret_of_the_operator_is_told_as_not_stored(start, tmp_path):
    store = start(configs.sdk(tmp_path / "objects"), name="store")
    target = configs.oss_store(store.sdk[1], bucket="uploads")
    edge = start(configs.edge(target), name="edge")
    told = put(edge.edge, "/x", BODY)
    assert told.status in (403, 502)
    problem = told.json()
    assert (problem["stored"], problem["party"]) == (False, "store")
    assert "InvalidAccessKeyId" in json.dumps(problem)
    assert not sdks.client("oss2-v4", store.endpoint).exists("x")
