"""Thousands of clients that take their time: with the head, with the body, or with reading the answer."""

from __future__ import annotations

import socket
import threading

from .wire import DEADLINE


class SlowClients:
    """A third each sends a head, sends a body, and reads an answer, byte by byte, from a thread of its own until
    `stop`. Whoever is refused or cut off stays away: an attacker would come again, which costs him more than us."""

    def __init__(self, edge: tuple[str, int], reading: tuple[str, int], request: bytes, count: int):
        """`request` is what those that read send to the listener `reading`; it must be answered at length."""
        third = count // 3
        body = b"PUT /slow/body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 2000
        self._heads = [self._connect(edge, b"PUT /slow/head HTTP/1.1\r\nHost: localhost\r\nX-A: ") for _ in range(third)]
        self._bodies = [self._connect(edge, body) for _ in range(third)]
        self._readers = [self._connect(reading, request, window=4096) for _ in range(count - 2 * third)]
        self.trickled = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._trickle, daemon=True)
        self._thread.start()

    @staticmethod
    def _connect(address: tuple[str, int], data: bytes, window: int | None = None) -> socket.socket:
        client = socket.socket()
        if window:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        client.settimeout(DEADLINE)
        client.connect(address)
        client.sendall(data)
        client.setblocking(False)
        return client

    def _trickle(self) -> None:
        """One byte to and from each, then a pause: slower than that would be less work for the gateway."""
        while not self._stopping.wait(0.5):
            for client in self._heads + self._bodies:
                self._once(client.send, b"a")
            for client in self._readers:
                self._once(client.recv, 1)

    def _once(self, call, argument) -> None:
        try:
            call(argument)
            self.trickled += 1
        except OSError:
            pass  # its buffer is full, or the gateway had enough of it

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        for client in self._heads + self._bodies + self._readers:
            client.close()
