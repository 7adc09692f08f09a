# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""Processes on chosen processors, and what the kernel knows of them."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / ".build" / "bench"
WORK = OUT / "work"
PUTBACK = Path(os.environ.get("PUTBACK", ROOT / ".build/release/putback")).absolute()

PROCESSORS = sorted(os.sched_getaffinity(0))
# The proxy has one processor to itself, load and origin share another: the first is nearly always the busier one.
PROXY = {PROCESSORS[0]}
PEERS = {PROCESSORS[1 % len(PROCESSORS)]}
# Two loops need two processors. With no third one they share the second with load and origin.
PROXY_TWO = PROXY | {PROCESSORS[2] if len(PROCESSORS) > 2 else PROCESSORS[-1]}


class Failed(Exception):
    """The benchmark cannot go on, or a measurement means nothing."""


def raise_limits() -> int:
    """As many open files as may be, for this process and its children; how many that are."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (max(hard, 65536), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            return most
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Polls until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds:g} s")
        time.sleep(0.002)


def accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A child on given processors, ended with `stop`. Output that nobody asked for goes to a file, or nowhere."""

    def __init__(self, arguments: list, processors: set[int], output: Path | int, **options):
        self.output = output
        sink = output.open("wb") if isinstance(output, Path) else output
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", sink)
        options.setdefault("stderr", sink)
        self.child = subprocess.Popen(
            [str(argument) for argument in arguments],
            preexec_fn=lambda: os.sched_setaffinity(0, processors),
            **options,
        )
        if isinstance(output, Path):
            sink.close()

    @property
    def id(self) -> int:
        return self.child.pid

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            if stream:
                stream.close()

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        def met() -> bool:
            if self.child.poll() is not None:
                raise Failed(f"{what}: the process ended with {self.child.returncode}\n{self.said()}")
            return condition()

        until(met, what)

    def said(self) -> str:
        return self.output.read_text(errors="replace")[-4000:] if isinstance(self.output, Path) else ""

    # What the kernel knows

    def family(self) -> list[int]:
        """The process and its children."""
        tasks = Path(f"/proc/{self.id}/task")
        children = [child for task in tasks.iterdir() for child in (task / "children").read_text().split()]
        return [self.id, *map(int, children)]

    def cpu_seconds(self) -> float:
        """Time on a processor so far, in user and kernel mode, of all threads."""
        nanoseconds = 0
        for process in self.family():
            for task in Path(f"/proc/{process}/task").iterdir():
                nanoseconds += int((task / "schedstat").read_text().split()[0])
        return nanoseconds / 1e9

    def memory(self, field: str) -> int:
        """Bytes: `VmRSS` is what is resident, `VmHWM` the most that ever was."""
        total = 0
        for process in self.family():
            for line in Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1]) * 1024
        return total

    def forget_peak(self) -> None:
        """Has `VmHWM` begin again at what is resident now; see proc_pid_clear_refs(5)."""
        for process in self.family():
            Path(f"/proc/{process}/clear_refs").write_text("5")

    def wakeups(self) -> int:
        """How often its threads went to sleep so far, which is how often something woke them."""
        return sum(
            int(line.split()[1])
            for process in self.family()
            for task in Path(f"/proc/{process}/task").iterdir()
            for line in (task / "status").read_text().splitlines()
            if line.startswith("voluntary_ctxt_switches:")
        )


class Origin(Process):
    """The store behind every proxy, and the app that callbacks go to; `options` are those of origin.c."""

    def __init__(self, *options, pem: Path | None = None):
        tls = ["-s", pem] if pem else []
        super().__init__([OUT / "origin", *options, *tls], PEERS, subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.is_tls = pem is not None
        self.port = int(self.line())

    def line(self) -> str:
        return self.child.stdout.readline()

    def counts(self) -> dict[str, int]:
        """How many uploads, callbacks and slow callbacks it has seen."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            client.request("GET", "/counts")
            return json.loads(client.getresponse().read())
        finally:
            client.close()
