"""PostObject of OSS: forms with policies, signed as the vendor's samples sign them, straight and through an edge."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json

import pytest
import requests
from support import configs
from support.peers import answer, replies
from test_sdk_multipart import Rig

BODY = bytes(range(256)) * 200


@pytest.fixture(params=["directory", "edge"])
def rig(request, start, tmp_path):
    rig = Rig(request.param, start, tmp_path)
    yield rig
    rig.bucket.session.session.close()


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def expiry(seconds: int = 600) -> str:
    return (now() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def v1(conditions: list, secret: str = configs.PARTNER_SECRET, seconds: int = 600) -> dict[str, str]:
    policy = base64.b64encode(json.dumps({"expiration": expiry(seconds), "conditions": conditions}).encode()).decode()
    signature = base64.b64encode(hmac.new(secret.encode(), policy.encode(), hashlib.sha1).digest()).decode()
    return {"OSSAccessKeyId": configs.PARTNER_ID, "policy": policy, "Signature": signature}


def v4(conditions: list) -> dict[str, str]:
    stamp = now().strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/cn-hangzhou/oss/aliyun_v4_request"
    fields = {
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"{configs.PARTNER_ID}/{scope}",
        "x-oss-date": stamp,
    }
    conditions = [{"bucket": "uploads"}, *({name: value} for name, value in fields.items()), *conditions]
    policy = base64.b64encode(json.dumps({"expiration": expiry(), "conditions": conditions}).encode()).decode()
    key = ("aliyun_v4" + configs.PARTNER_SECRET).encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return {**fields, "policy": policy, "x-oss-signature": hmac.new(key, policy.encode(), hashlib.sha256).hexdigest()}


def post(rig, fields: dict[str, str], body: bytes = BODY, name: str = "photo.jpg"):
    return requests.post(
        f"{rig.front.endpoint}/uploads/", data=fields, files={"file": (name, body, "image/jpeg")}, allow_redirects=False
    )


@pytest.mark.parametrize("sign", [v1, v4])
def test_stores_the_file_under_the_forms_key(rig, sign):
    told = post(rig, {"key": "forms/${filename}", "x-oss-meta-colour": "red", **sign([["starts-with", "$key", "forms/"]])})
    assert (told.status_code, told.content) == (204, b""), told.content
    result = rig.bucket.get_object("forms/photo.jpg")
    assert result.read() == BODY
    assert (result.headers["Content-Type"], result.headers["x-oss-meta-colour"]) == ("image/jpeg", "red")


def test_answers_as_the_form_wants(rig):
    created = post(rig, {"key": "created", "success_action_status": "201", **v1([])})
    assert created.status_code == 201
    assert b"<Key>created</Key>" in created.content and b"<Bucket>uploads</Bucket>" in created.content
    assert post(rig, {"key": "ok", "success_action_status": "200", **v1([])}).status_code == 200
    moved = post(rig, {"key": "moved", "success_action_redirect": "http://example.com/done", **v1([])})
    assert moved.status_code == 303 and moved.headers["Location"].startswith("http://example.com/done")


def test_calls_the_app_that_the_form_names(rig, peers):
    app = peers.app()
    callback = {"callbackUrl": f"http://127.0.0.1:{app.port}/cb", "callbackBody": "size=${size}&who=${x:who}&op=${operation}"}
    fields = {"key": "called", "callback": base64.b64encode(json.dumps(callback).encode()).decode(), "x:who": "a b"}
    told = post(rig, {**fields, **v1([])})
    assert (told.status_code, told.content) == (200, app.default)
    (call,) = app.complete
    # Putback writes a form to the store as an object like others.
    operation = "PutObject" if rig.front is not rig.store else "PostObject"
    assert call.body == f"size={len(BODY)}&who=a%20b&op={operation}".encode()
    app.script = [replies(answer(500, b"{}", ("Content-Type", "application/json")))]
    failed = post(rig, {**fields, "key": "kept", **v1([])})
    assert failed.status_code == 203 and b"<Code>CallbackFailed</Code>" in failed.content
    assert rig.bucket.object_exists("kept")


@pytest.mark.parametrize(
    "fields, status, code, text",
    [
        (lambda: {"key": "other", **v1([{"key": "this"}])}, 403, "AccessDenied", "Policy Condition failed"),
        (lambda: {"key": "late", **v1([], seconds=-5)}, 403, "AccessDenied", "Policy expired"),
        (lambda: {"key": "forged", **v1([], secret="wrong")}, 403, "SignatureDoesNotMatch", ""),
        (lambda: {"key": "large", **v1([["content-length-range", 0, 100]])}, 400, "EntityTooLarge", ""),
        (lambda: {"key": "small", **v1([["content-length-range", 10**6, 10**7]])}, 400, "EntityTooSmall", ""),
        (lambda: {"key": "half", "policy": v1([])["policy"]}, 400, "InvalidArgument", ""),
        (lambda: {"key": "anonymous"}, 403, "AccessDenied", ""),
        (lambda: {**v1([])}, 400, "IncorrectNumberOfFilesInPOSTRequest", ""),
        (lambda: {"key": "bad", **v1([]), "callback": "%%%"}, 400, "InvalidArgument", "base64"),
    ],
)
def test_refuses_before_anything_is_stored(rig, fields, status, code, text):
    told = post(rig, fields())
    assert told.status_code == status, told.content
    assert f"<Code>{code}</Code>".encode() in told.content and text.encode() in told.content
    keys = ["other", "late", "forged", "large", "small", "half", "anonymous", "bad"]
    assert not any(rig.bucket.object_exists(key) for key in keys)


def test_refuses_what_is_no_form(rig):
    told = requests.post(f"{rig.front.endpoint}/uploads/", data=b"x", headers={"Content-Type": "text/plain"})
    assert told.status_code == 400
    nothing = requests.post(f"{rig.front.endpoint}/uploads/", files={"key": (None, "nofile"), "policy": (None, "x")})
    assert nothing.status_code == 400 and b"<Code>IncorrectNumberOfFilesInPOSTRequest</Code>" in nothing.content


