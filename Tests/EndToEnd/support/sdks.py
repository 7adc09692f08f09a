"""The vendor's two Python SDKs behind one small face, so that each test runs with both as they are."""

from __future__ import annotations

import base64
import gc
import json
from dataclasses import dataclass, field
from typing import Any

import alibabacloud_oss_v2 as v2
import oss2

from . import configs

REGION = "cn-hangzhou"
BUCKET = "uploads"


@dataclass
class Result:
    """What a call came to; for an error the code and message of the service."""

    status: int
    etag: str = ""
    crc: int | None = None
    body: bytes = b""
    code: str = ""
    request_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)


def exists(about: Result) -> bool:
    assert about.status in (200, 404), about
    return about.status == 200


def encoded(value: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


class OSS2:
    """`oss2`, with either signature version."""

    def __init__(self, endpoint: str, version: str, key_id: str, secret: str, bucket: str = BUCKET):
        auth = oss2.AuthV4(key_id, secret) if version == "v4" else oss2.Auth(key_id, secret)
        region = REGION if version == "v4" else None
        self.bucket = oss2.Bucket(auth, endpoint, bucket, region=region, connect_timeout=30)

    def put(self, key: str, body, callback: dict | None = None, variables: dict | None = None, **headers: str) -> Result:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if callback is not None:
            fields["x-oss-callback"] = encoded(callback)
        if variables is not None:
            fields["x-oss-callback-var"] = encoded(variables)
        try:
            result = self.bucket.put_object(key, body, headers=fields)
        except oss2.exceptions.ServerError as error:
            return self._failed(error)
        return Result(
            result.status, result.etag, result.crc, result.resp.read(), "", result.request_id, dict(result.headers)
        )

    def get(self, key: str, first: int | None = None, last: int | None = None) -> bytes:
        byte_range = None if first is None else (first, last)
        return self.bucket.get_object(key, byte_range=byte_range).read()

    def head(self, key: str) -> Result:
        try:
            result = self.bucket.head_object(key)
        except oss2.exceptions.ServerError as error:
            return self._failed(error)
        return Result(result.status, result.etag, headers=dict(result.headers))

    def exists(self, key: str) -> bool:
        return exists(self.head(key))

    def delete(self, key: str) -> int:
        return self.bucket.delete_object(key).status

    def presign(self, method: str, key: str, seconds: int = 60, headers=None, params=None) -> str:
        return self.bucket.sign_url(method, key, seconds, headers=headers, params=params, slash_safe=True)

    def close(self) -> None:
        self.bucket.session.session.close()

    @staticmethod
    def _failed(error: oss2.exceptions.ServerError) -> Result:
        return Result(error.status, code=error.code, request_id=error.request_id, details=dict(error.details))


class V2:
    """`alibabacloud-oss-v2`."""

    def __init__(self, endpoint: str, version: str, key_id: str, secret: str, bucket: str = BUCKET):
        config = v2.config.load_default()
        config.credentials_provider = v2.credentials.StaticCredentialsProvider(key_id, secret)
        config.region = REGION
        config.endpoint = endpoint
        config.use_path_style = True
        config.signature_version = version
        config.retry_max_attempts = 3
        self.name = bucket
        self.client = v2.Client(config)

    def put(self, key: str, body, callback: dict | None = None, variables: dict | None = None, **headers: str) -> Result:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        request = v2.PutObjectRequest(
            bucket=self.name,
            key=key,
            body=body,
            callback=encoded(callback) if callback is not None else None,
            callback_var=encoded(variables) if variables is not None else None,
            headers=fields,
        )
        try:
            result = self.client.put_object(request)
        except v2.exceptions.OperationError as error:
            return self._failed(error)
        text = result.callback_result or ""
        body = text.encode() if isinstance(text, str) else json.dumps(text).encode()
        crc = int(result.hash_crc64) if result.hash_crc64 else None
        etag = (result.etag or "").strip('"')
        return Result(result.status_code, etag, crc, body, "", result.request_id, dict(result.headers))

    def get(self, key: str, first: int | None = None, last: int | None = None) -> bytes:
        header = None if first is None else f"bytes={first}-{'' if last is None else last}"
        result = self.client.get_object(v2.GetObjectRequest(bucket=self.name, key=key, range_header=header))
        return result.body.read()

    def head(self, key: str) -> Result:
        try:
            result = self.client.head_object(v2.HeadObjectRequest(bucket=self.name, key=key))
        except v2.exceptions.OperationError as error:
            return self._failed(error)
        return Result(result.status_code, (result.etag or "").strip('"'), headers=dict(result.headers))

    def exists(self, key: str) -> bool:
        return exists(self.head(key))

    def delete(self, key: str) -> int:
        return self.client.delete_object(v2.DeleteObjectRequest(bucket=self.name, key=key)).status_code

    def presign(self, method: str, key: str, seconds: int = 60, headers=None, params=None) -> str:
        import datetime

        kinds = {"PUT": v2.PutObjectRequest, "GET": v2.GetObjectRequest}
        request = kinds[method](bucket=self.name, key=key, headers=headers or {}, parameters=params or {})
        return self.client.presign(request, expires=datetime.timedelta(seconds=seconds)).url

    def close(self) -> None:
        if session := self.client._client._options.http_client.session:
            session.close()

    @staticmethod
    def _failed(error: v2.exceptions.OperationError) -> Result:
        service = error.unwrap()
        if not isinstance(service, v2.exceptions.ServiceError):
            raise error
        fields = {"EC": service.ec} if service.ec else {}
        return Result(service.status_code, code=service.code, request_id=service.request_id, details=fields)


made: list[OSS2 | V2] = []

KINDS = {
    "oss2-v1": lambda *arguments, **options: OSS2(arguments[0], "v1", *arguments[1:], **options),
    "oss2-v4": lambda *arguments, **options: OSS2(arguments[0], "v4", *arguments[1:], **options),
    "v2-v1": lambda *arguments, **options: V2(arguments[0], "v1", *arguments[1:], **options),
    "v2-v4": lambda *arguments, **options: V2(arguments[0], "v4", *arguments[1:], **options),
}


def client(kind: str, endpoint: str, key_id=configs.PARTNER_ID, secret=configs.PARTNER_SECRET, **options):
    """Makes a client; `close_all` ends its connections, which the SDKs keep open for as long as they live."""
    made.append(KINDS[kind](endpoint, key_id, secret, **options))
    return made[-1]


def close_all() -> None:
    while made:
        made.pop().close()
    gc.collect()  # a connection whose answer was not read to its end lives as long as the answer
