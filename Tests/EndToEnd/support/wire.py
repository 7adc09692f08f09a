"""HTTP/1.1 messages as the raw peers of the tests see them: no library in between, so nothing is repaired or hidden."""

from __future__ import annotations

import http.client
import os
import socket
import time
from dataclasses import dataclass, field
from typing import Callable, TypeVar
from urllib.parse import urlsplit

# Sanitized binaries are several times slower; no test asserts a duration, so longer deadlines only cost on failure.
SCALE = 4 if os.environ.get("PUTBACK_SANITIZED") else 1
DEADLINE = 15.0 * SCALE

T = TypeVar("T")


def eventually(observe: Callable[[], T], expected: Callable[[T], bool] = bool, seconds: float = DEADLINE) -> T:
    """Waits until what can only be observed from outside (/proc, files) is as expected; returns the last observation."""
    end = time.monotonic() + seconds
    while True:
        seen = observe()
        if expected(seen) or time.monotonic() > end:
            return seen
        time.sleep(0.01)


@dataclass
class Message:
    """A request or response with everything that was on the wire."""

    head: bytes = b""
    body: bytes = b""
    complete: bool = False
    start: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def parse(cls, head: bytes) -> "Message":
        lines = head.decode("latin-1").split("\r\n")
        headers = []
        for line in lines[1:]:
            if line:
                name, _, value = line.partition(":")
                headers.append((name, value.strip(" \t")))
        return cls(head=head, start=lines[0], headers=headers)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None

    @property
    def method(self) -> str:
        return self.start.split(" ")[0]

    @property
    def target(self) -> str:
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1])

    def json(self):
        import json

        return json.loads(self.body)


class Closed(Exception):
    """The peer ended the connection before the message was complete."""


class Stream:
    """A socket with a read buffer."""

    def __init__(self, connection: socket.socket):
        self.socket = connection
        self.buffer = b""
        connection.settimeout(DEADLINE)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def fill(self) -> bool:
        """Reads more; false at the end of the stream or after a reset."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            return False
        self.buffer += data
        return bool(data)

    def until(self, mark: bytes) -> bytes:
        start = 0
        while (index := self.buffer.find(mark, start)) < 0:
            start = max(0, len(self.buffer) - len(mark) + 1)
            if not self.fill():
                raise Closed(self.buffer)
        end = index + len(mark)
        taken, self.buffer = self.buffer[:end], self.buffer[end:]
        return taken

    def exactly(self, count: int, sink: Callable[[bytes], None]) -> None:
        while count > 0:
            if not self.buffer and not self.fill():
                raise Closed()
            taken, self.buffer = self.buffer[:count], self.buffer[count:]
            count -= len(taken)
            sink(taken)

    def read_head(self) -> Message:
        return Message.parse(self.until(b"\r\n\r\n")[:-4])

    def read_body(self, message: Message, sink: Callable[[bytes], None] | None = None, until_close: bool = False) -> None:
        """Reads the body that the head announces into the message, or into `sink`; raises Closed when it is cut short."""
        parts: list[bytes] = []
        take = sink or parts.append
        try:
            if (message.header("Transfer-Encoding") or "").lower() == "chunked":
                while size := int(self.until(b"\r\n").split(b";")[0], 16):
                    self.exactly(size, take)
                    assert self.until(b"\r\n") == b"\r\n"
                while self.until(b"\r\n") != b"\r\n":
                    pass
            elif (length := message.header("Content-Length")) is not None:
                self.exactly(int(length), take)
            elif until_close:
                while self.buffer or self.fill():
                    take(self.buffer)
                    self.buffer = b""
            message.complete = True
        finally:
            message.body = b"".join(parts)

    def is_closed(self) -> bool:
        """Whether the peer closes now, having sent nothing more (a reset counts: it is the kernel's word for it)."""
        return not self.buffer and not self.fill() and not self.buffer

    def reset(self) -> None:
        """Closes with RST, as a process that was killed or a router that lost its state would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.close()

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        try:
            self.socket.close()
        except OSError:
            pass


class Client(Stream):
    """A client that sends exactly the bytes that the test says."""

    def __init__(self, address: tuple[str, int] | str, source: str | None = None):
        if isinstance(address, str):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(DEADLINE)
            connection.connect(address)
        else:
            connection = socket.create_connection(address, DEADLINE, (source, 0) if source else None)
        super().__init__(connection)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def response(self, method: str = "PUT") -> Message:
        """Reads one final response; interim ones are skipped."""
        while True:
            message = self.read_head()
            if message.status >= 200:
                break
        if method == "HEAD" or message.status in (204, 304):
            message.complete = True
        else:
            self.read_body(message, until_close=True)
        return message

    def request(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Message:
        fields = {"Host": "localhost", "Content-Length": str(len(body)), **(headers or {})}
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send(head.encode("latin-1") + b"\r\n" + body)
        return self.response(method)


def put(address, target: str, body: bytes, headers: dict[str, str] | None = None, method: str = "PUT") -> Message:
    """One upload on a connection of its own."""
    with Client(address) as client:
        return client.request(method, target, body, {"Connection": "close", **(headers or {})})


def send(method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
    """A request with nothing added: the signature covers a Content-Type, and there is none."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request(method, f"{parts.path}?{parts.query}", body)
    answer = connection.getresponse()
    document = answer.read()
    connection.close()
    return answer.status, document
