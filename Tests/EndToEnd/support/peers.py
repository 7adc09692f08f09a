"""A store and an app that do what a test's script says, connection by connection, and record what they saw."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import threading
from typing import Callable, Iterable

import crcmod

from .wire import DEADLINE, Closed, Message, Stream

Behaviour = Callable[["Peer", Stream, Message], None]

_crc64 = crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF)


def crc64(data: bytes, value: int = 0) -> int:
    return _crc64(data, value)


def md5(data: bytes) -> bytes:
    return hashlib.md5(data).digest()


def answer(status: int, body: bytes = b"", *fields: tuple[str, str], reason: str = "Whatever", length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason}"]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


class Peer:
    """A server on a free port of loopback. Each request is answered by the next behaviour of the script, then by the
    default one. Connections are kept alive until the other side or a behaviour closes them."""

    def __init__(self, script: Iterable[Behaviour] = (), tls: ssl.SSLContext | None = None):
        self.script = list(script)
        self.requests: list[Message] = []
        self.connections = 0
        # For each TLS connection whether its handshake was a short one.
        self.resumed: list[bool] = []
        self.tls = tls
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._stopped = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    @property
    def complete(self) -> list[Message]:
        """The requests that arrived whole."""
        return [request for request in self.requests if request.complete]

    def behave(self, stream: Stream, request: Message) -> None:
        raise NotImplementedError

    def wait_for_requests(self, count: int) -> list[Message]:
        """Waits until that many requests have begun to arrive."""
        assert self._wait(lambda: len(self.requests) >= count), f"{len(self.requests)} of {count} requests arrived"
        return self.requests

    def wait_for_complete(self, count: int) -> list[Message]:
        """Waits until that many requests have arrived whole."""
        assert self._wait(lambda: len(self.complete) >= count), f"{len(self.complete)} of {count} requests arrived whole"
        return self.complete

    def wait_for_idle(self) -> bool:
        """Waits until no connection is open any more."""
        return self._wait(lambda: not self._open)

    def _wait(self, condition: Callable[[], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, timeout=DEADLINE)

    def notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def drop_connections(self) -> None:
        """Closes every open connection and goes on listening."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self) -> None:
        self._stopped = True
        try:
            # close() alone would leave the port open for as long as a thread sits in accept().
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.drop_connections()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self.connections += 1
                self._open.add(connection)
                self._changed.notify_all()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                # Wrapping takes the descriptor away from the first object.
                self._open.discard(connection)
                connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                self._open.add(connection)
                connection.do_handshake()
                self.resumed.append(bool(connection.session_reused))
            stream = Stream(connection)
            stream.socket.settimeout(None)
            while not self._stopped:
                request = stream.read_head()
                with self._changed:
                    self.requests.append(request)
                    behaviour = self.script.pop(0) if self.script else type(self).behave
                    self._changed.notify_all()
                try:
                    behaviour(self, stream, request)
                finally:
                    self.notify()
        except (Closed, OSError, ssl.SSLError):
            pass
        finally:
            try:
                connection.close()
            except OSError:
                pass
            with self._changed:
                self._open.discard(connection)
                self._changed.notify_all()

    def read(self, stream: Stream, request: Message) -> None:
        """Reads the body and announces that the request is whole."""
        stream.read_body(request)
        self.notify()


class Store(Peer):
    """A store that speaks OSS: takes every PutObject and answers as the service does."""

    def behave(self, stream: Stream, request: Message) -> None:
        self.read(stream, request)
        stream.send(self.success(request.body))

    @staticmethod
    def success(stored: bytes, body: bytes = b"", *fields: tuple[str, str], etag: str = "", crc: str = "") -> bytes:
        return answer(
            200,
            body,
            ("Server", "AliyunOSS"),
            ("x-oss-request-id", "5C06A3B67B8B5A3DA422299D"),
            ("ETag", etag or f'"{md5(stored).hex().upper()}"'),
            ("x-oss-hash-crc64ecma", crc or str(crc64(stored))),
            ("Content-MD5", base64.b64encode(md5(stored)).decode()),
            *fields,
            reason="OK",
        )

    @staticmethod
    def error(status: int, code: str, message: str = "No.", *fields: tuple[str, str]) -> bytes:
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n'
            f"  <Code>{code}</Code>\n  <Message>{message}</Message>\n"
            "  <RequestId>5C06A3B67B8B5A3DA422299D</RequestId>\n  <HostId>media.oss-cn-hangzhou.aliyuncs.com</HostId>\n</Error>\n"
        )
        request_id = ("x-oss-request-id", "5C06A3B67B8B5A3DA422299D")
        return answer(status, xml.encode(), ("Content-Type", "application/xml"), request_id, *fields)

    @staticmethod
    def callback_failed(stored: bytes, message: str = "Error status : 502.") -> bytes:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n  <Code>CallbackFailed</Code>\n'
            f"  <Message>{message}</Message>\n  <RequestId>5C06A3B67B8B5A3DA422299D</RequestId>\n"
            "  <HostId>media.oss-cn-hangzhou.aliyuncs.com</HostId>\n  <EC>0007-00000203</EC>\n</Error>\n"
        ).encode()
        success = Store.success(stored, body, ("Content-Type", "application/xml"))
        return success.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 203 Non-Authoritative Information", 1)


class App(Peer):
    """An application server: takes every callback and answers with JSON."""

    default = b'{"status":"received"}'

    def behave(self, stream: Stream, request: Message) -> None:
        self.read(stream, request)
        stream.send(answer(200, self.default, ("Content-Type", "application/json"), reason="OK"))


def replies(data: bytes, close: bool = False) -> Behaviour:
    """Reads the whole request, then sends these bytes."""

    def behaviour(peer: Peer, stream: Stream, request: Message) -> None:
        peer.read(stream, request)
        stream.send(data)
        if close:
            raise Closed()

    return behaviour


def resets(peer: Peer, stream: Stream, request: Message) -> None:
    """Goes away after it took the whole request."""
    peer.read(stream, request)
    stream.reset()
    raise Closed()


def closes(peer: Peer, stream: Stream, request: Message) -> None:
    peer.read(stream, request)
    raise Closed()


def endless(framing: bytes) -> Behaviour:
    """An answer of which 128 MiB come, if anybody takes them."""

    def behaviour(peer: Peer, stream: Stream, request: Message) -> None:
        peer.read(stream, request)
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + framing + b"\r\n\r\n")
        try:
            for _ in range(2048):
                stream.send(b"x" * 65536)
        except OSError:
            pass
        raise Closed()

    return behaviour


class Gate:
    """A behaviour that reads the request and waits until the test opens the gate, then goes on with another one."""

    def __init__(self, then: Callable[[Message], bytes]):
        self.opened = threading.Event()
        self.then = then

    def __call__(self, peer: Peer, stream: Stream, request: Message) -> None:
        peer.read(stream, request)
        self.opened.wait(DEADLINE)
        stream.send(self.then(request))

    def open(self) -> None:
        self.opened.set()
