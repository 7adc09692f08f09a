"""The three clouds behind one face: stores as scripted peers, listeners of their dialects, and signed requests to these."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import tos

from . import configs, sdks, tos_client, us3
from .peers import Store, answer, crc64, md5
from .wire import Client, Message, Stream

JSON = ("Content-Type", "application/json")


# Sub-codes that the pages of TOS name.
TOS_CODES = {
    "SignatureDoesNotMatch": "0002-00000024",
    "RequestTimeTooSkewed": "0002-00000018",
    "NoSuchBucket": "0006-00000001",
    "DuplicateObject": "0017-00000004",
}


class TOSStore(Store):
    """A store that speaks TOS: 4.1 and 5.1 of its SDKs' common ground, flat JSON and never XML."""

    @staticmethod
    def success(stored: bytes, body: bytes = b"", *fields: tuple[str, str], etag: str = "", crc: str = "") -> bytes:
        return answer(
            200,
            body,
            ("Server", "TosServer"),
            ("x-tos-request-id", "5b2d4a4d8a1e0d23"),
            ("ETag", etag or f'"{md5(stored).hex()}"'),
            ("x-tos-hash-crc64ecma", crc or str(crc64(stored))),
            *fields,
            reason="OK",
        )

    @staticmethod
    def error(status: int, code: str, message: str = "No.", *fields: tuple[str, str]) -> bytes:
        document = {"Code": code, "Message": message, "RequestId": "5b2d4a4d8a1e0d23", "HostId": "0a1b"}
        ec = {"EC": TOS_CODES[code]} if code in TOS_CODES else {}
        request_id = ("x-tos-request-id", "5b2d4a4d8a1e0d23")
        return answer(status, json.dumps({**document, **ec}).encode(), JSON, request_id, *fields)

    @staticmethod
    def callback_failed(stored: bytes, message: str = "Error status : 502.") -> bytes:
        document = {"Code": "CallbackFailed", "Message": message, "RequestId": "5b2d4a4d8a1e0d23", "HostId": "0a1b"}
        success = TOSStore.success(stored, json.dumps(document).encode(), JSON)
        return success.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 203 Non-Authoritative Information", 1)


class US3Store(Store):
    """A store that speaks US3: an ETag by its own rule, no CRC, errors with a RetCode."""

    def behave(self, stream: Stream, request: Message) -> None:
        if request.method != "HEAD":
            return super().behave(stream, request)
        # Asked for the ETag of what was put, where the answer to that told none.
        self.read(stream, request)
        (body, *_) = [put.body for put in reversed(self.complete) if put.method == "PUT"]
        stream.send(answer(200, b"", ("ETag", f'"{us3.etag(body)}"'), ("Content-Length", str(len(body))), length=False))

    @staticmethod
    def success(stored: bytes, body: bytes = b"", *fields: tuple[str, str], etag: str = "", crc: str = "") -> bytes:
        # It tells no CRC: one that is wrong is an ETag of other bytes.
        wrong = crc and crc != str(crc64(stored))
        etag = etag if not wrong else f'"{us3.etag(b"others" + stored)}"'
        return answer(200, body, ("Server", "nginx"), ("ETag", etag or f'"{us3.etag(stored)}"'), *fields, reason="OK")

    @staticmethod
    def error(status: int, code: str, message: str = "no", *fields: tuple[str, str]) -> bytes:
        document = {"RetCode": int(code), "ErrMsg": message}
        return answer(status, json.dumps(document).encode(), JSON, ("X-SessionId", "d4f1c2aa"), *fields)

    @staticmethod
    def callback_failed(stored: bytes, message: str = "send request error: dial tcp: connection refused") -> bytes:
        document = {"RetCode": 20003, "ErrMsg": message}
        return answer(599, json.dumps(document).encode(), JSON, ("X-SessionId", "d4f1c2aa"))


class Vendor:
    """What tests need to know of a cloud."""

    def __init__(self, name: str, store: type[Store]):
        self.name = name
        self.peer = store

    def __repr__(self) -> str:
        return self.name

    # As a store

    def config(self, port: int, **change: Any) -> configs.Config:
        makers = {"oss": configs.oss_store, "tos": tos_client.store, "us3": us3.store}
        return makers[self.name](port, **change)

    def target(self, key: str) -> str:
        """Of a request to the store of `config`."""
        return f"/media/{key}" if self.name == "oss" else f"/{key}"

    def asks_for_callback(self, request: Message) -> bool:
        if self.name == "us3":
            return (request.header("Authorization") or "").count(":") > 1
        return request.header(f"x-{self.name}-callback") is not None

    @property
    def secret(self) -> str:
        return {"oss": configs.ACCESS_KEY_SECRET, "tos": tos_client.SECRET, "us3": us3.PRIVATE}[self.name]

    # As clients

    def edge(self, port: int, callback: configs.Config | None = None, **change: Any) -> configs.Config:
        """The vendor's clients on a listener, in front of the vendor's store."""
        makers = {"oss": configs.sdk, "tos": tos_client.directory, "us3": us3.directory}
        config = makers[self.name](Path("/nowhere"), callback=callback)
        config["stores"] = {"shelf": self.config(port)}
        return configs.merged(config, change)

    def directory(self, path: Path, **change: Any) -> configs.Config:
        """The vendor's clients in front of a directory; their own callbacks may go to loopback."""
        makers = {"oss": configs.sdk, "tos": tos_client.directory, "us3": us3.directory}
        return configs.merged(makers[self.name](path), change)

    def signed(self, address: tuple[str, int], key: str, callback: int | configs.Config | None = None) -> tuple[str, dict[str, str]]:
        """Target and fields of an upload that the vendor's client signs; `callback` is the port of its app, or what it
        says of it."""
        url = f"http://{address[0]}:{address[1]}"
        app = callback if isinstance(callback, dict) else {"callbackUrl": f"http://127.0.0.1:{callback}/done"}
        asked = {"callbackBody": '{"a":"b"}', "callbackBodyType": "application/json", **app}
        text = json.dumps(asked, separators=(",", ":")).encode()
        if self.name == "us3":
            policy = base64.urlsafe_b64encode(text).decode() if callback else ""
            return "/" + quote(key), {"Authorization": us3.authorization("PUT", key, policy=policy)}
        encoded = base64.b64encode(text).decode()
        if self.name == "oss":
            client = sdks.client("oss2-v4", url)
            target = client.presign("PUT", key, params={"callback": encoded} if callback else None)
            fields: dict[str, str] = {}
        else:
            client = tos_client.client(address)
            fields = {"x-tos-callback": encoded} if callback else {}
            signed = client.pre_signed_url(tos.HttpMethodType.Http_Method_Put, tos_client.BUCKET, key, expires=60, header=dict(fields))
            target = signed.signed_url
            client.close()
        parts = urlsplit(target)
        return f"{parts.path}?{parts.query}", fields

    def error(self, told: Message) -> str:
        """The code in an error document of the vendor, which must be one."""
        if self.name == "oss":
            assert told.header("Content-Type") == "application/xml", told
            text = told.body.decode()
            assert text.count("<Code>") == 1 and "<Error>" in text, text
            return text.partition("<Code>")[2].partition("</Code>")[0]
        assert told.header("Content-Type") == "application/json", told
        document = told.json()
        return document["Code"] if self.name == "tos" else str(document["RetCode"])


OSS = Vendor("oss", Store)
TOS = Vendor("tos", TOSStore)
US3 = Vendor("us3", US3Store)
ALL = [OSS, TOS, US3]


class Face:
    """How clients of a listener speak: plainly, or as a vendor's SDK does. The store behind it is of the same vendor."""

    def __init__(self, vendor: Vendor | None = None):
        self.vendor = vendor
        self.store = vendor or OSS

    def __repr__(self) -> str:
        return self.vendor.name if self.vendor else "plain"

    def config(self, port: int, callback: configs.Config | None = None, **change: Any) -> configs.Config:
        if self.vendor:
            return self.vendor.edge(port, callback, **change)
        return configs.edge(OSS.config(port), callback=callback, **change)

    def address(self, gateway) -> tuple[str, int]:
        return gateway.address("sdk" if self.vendor else "edge")

    def target(self, key: str) -> str:
        """Of the request to the store."""
        return self.store.target(key)

    def head(self, gateway, key: str, *lines: str, version: str = "1.1", callback: int | configs.Config | None = None) -> bytes:
        """The head of an upload, signed where that is asked; `callback` as in `Vendor.signed`."""
        host, port = self.address(gateway)
        target, fields = self.vendor.signed((host, port), key, callback) if self.vendor else (f"/{key}", {})
        text = [f"PUT {target} HTTP/{version}", f"Host: {host}:{port}"]
        return "\r\n".join([*text, *(f"{name}: {value}" for name, value in fields.items()), *lines, "", ""]).encode()

    def put(self, gateway, key: str, body: bytes = b"hello", callback: int | configs.Config | None = None) -> Message:
        """One upload on a connection of its own."""
        with Client(self.address(gateway)) as client:
            client.send(self.head(gateway, key, f"Content-Length: {len(body)}", "Connection: close", callback=callback) + body)
            return client.response()

    def check_refusal(self, told: Message, *, plain: int, oss: str, tos: str, us3: str) -> None:
        """What is said of an upload that is not stored: a status to plain clients, a code to others."""
        if not self.vendor:
            assert (told.status, told.json()["stored"]) == (plain, False), told
            return
        assert 400 <= told.status < 500, told
        assert self.vendor.error(told) == {"oss": oss, "tos": tos, "us3": us3}[self.vendor.name]


PLAIN = Face()
FACES = [PLAIN, *(Face(vendor) for vendor in ALL)]
