"""Runs `putback` as a process and watches it from outside."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

from .wire import DEADLINE, SCALE, Client, eventually

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("PUTBACK", ROOT / ".build/debug/putback"))
if not BINARY.is_absolute():
    BINARY = ROOT / BINARY

# What must be zero once nobody uploads any more.
HELD = re.compile(
    r'^(putback_uploads_in_flight|putback_buffer_bytes|putback_store_connections\{[^}]*state="active"[^}]*\}) (\S+)$', re.MULTILINE
)

# What a process prints that is about to die, or that a sanitizer has to say.
CRASH = re.compile(r"Sanitizer|Fatal error|\*\*\* |Crash:|💣|SUMMARY:|runtime error|Segmentation", re.IGNORECASE)


def run(*arguments: str, environment: dict[str, str] | None = None, text: str | None = None) -> subprocess.CompletedProcess:
    """Runs a command of putback to its end."""
    return subprocess.run(
        [str(BINARY), *arguments],
        env={**os.environ, **(environment or {})},
        input=text,
        stdin=None if text is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60 * SCALE,
    )


class Gateway:
    """`putback serve` on free ports of loopback. Use `start`, then `edge`, `sdk`, … give the listeners' addresses."""

    def __init__(self, config: dict[str, Any], directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / "putback.yaml"
        self.lines: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.process: subprocess.Popen[str] | None = None
        self.baseline: dict[str, int] = {}
        # Whether it was told to end.
        self.drains = False
        # What starts it, and the descriptors that it is given beside the usual three.
        self.command = [str(BINARY)]
        self.passed: list[int] = []
        self._changed = threading.Condition()
        self.write(config)

    def write(self, config: dict[str, Any] | str) -> None:
        """JSON is YAML, so that no YAML writer stands between the test and the gateway."""
        self.file.write_text(config if isinstance(config, str) else json.dumps(config, indent=1, ensure_ascii=False))

    def start(
        self,
        environment: dict[str, str] | None = None,
        descriptors: int | None = None,
        memory: int | None = None,
        arguments: tuple[str, ...] = (),
    ) -> "Gateway":
        """`descriptors` and `memory` (bytes of data segments, thread stacks included) are hard limits of the process."""

        def limit() -> None:
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
            if memory:
                resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

        self.lines, self.events, self.drains = [], [], False
        self.process = subprocess.Popen(
            [*self.command, "serve", "--config", str(self.file), *arguments],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=limit,
            pass_fds=self.passed,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        self.wait_for_event("ready")
        self.baseline = self.descriptors()
        return self

    # Addresses

    def address(self, listener: str) -> tuple[str, int] | str:
        for event in self.events:
            if event.get("event") == "listening" and event.get("listener") == listener:
                text = event["address"]
                if text.startswith("unix:") or text.startswith("/"):
                    return text.removeprefix("unix:")
                host, _, port = text.rpartition(":")
                return (host.strip("[]"), int(port))
        raise AssertionError(f"no listener {listener} in\n" + self.output)

    @property
    def edge(self):
        return self.address("edge")

    @property
    def sdk(self):
        return self.address("sdk")

    @property
    def admin(self):
        return self.address("admin")

    @property
    def endpoint(self) -> str:
        """The SDK listener's URL."""
        host, port = self.sdk
        return f"http://{host}:{port}"

    # What it says

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for_event(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """Waits for log lines whose event is `name`."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.events if event.get("event") == name]

        with self._changed:
            self._changed.wait_for(lambda: len(found()) >= count or self._ended, timeout=DEADLINE)
        assert len(found()) >= count, f"no event {name} × {count} in\n{self.output}"
        return found()

    def wait_for_uploads(self, count: int = 1) -> list[dict[str, Any]]:
        """The log lines of that many uploads."""
        return self.wait_for_event("upload", count)

    @property
    def _ended(self) -> bool:
        return not self._reader.is_alive()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            line = line.rstrip("\n")
            try:
                event = json.loads(line)
            except ValueError:
                event = None
            with self._changed:
                self.lines.append(line)
                if isinstance(event, dict):
                    self.events.append(event)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    # What the kernel says

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def descriptors(self) -> dict[str, int]:
        """Open descriptors by kind. Event and epoll descriptors belong to the loops, are few and may come late."""
        kinds: dict[str, int] = {}
        folder = f"/proc/{self.pid}/fd"
        for name in os.listdir(folder):
            try:
                target = os.readlink(f"{folder}/{name}")
            except OSError:
                continue
            kind = target.split(":")[0] if ":" in target else target
            if kind != "anon_inode":
                kinds[kind] = kinds.get(kind, 0) + 1
        return kinds

    def settled_descriptors(self) -> dict[str, int]:
        """The descriptors once there are no more than at the baseline, or what is left of them at the deadline.

        Fewer there may be: the start has some open for a moment, to look for abandoned uploads."""
        return eventually(self.descriptors, self.is_at_baseline, seconds=3 * SCALE)

    def is_at_baseline(self, now: dict[str, int]) -> bool:
        return all(count <= self.baseline.get(kind, 0) for kind, count in now.items())

    def held(self) -> dict[str, float]:
        """What the process says it holds for uploads, once that is nothing, or what is left of it at the deadline."""

        def counted() -> dict[str, float]:
            with Client(self.admin) as client:
                page = client.request("GET", "/metrics").body.decode()
            found = {name: float(value) for name, value in HELD.findall(page)}
            assert {"putback_uploads_in_flight", "putback_buffer_bytes"} <= found.keys(), page
            return {name: value for name, value in found.items() if value}

        return eventually(counted, lambda left: not left, seconds=3 * SCALE)

    def check_nothing_left(self) -> None:
        """Nothing is held for uploads, and the descriptors are those of the start."""
        held = self.held()
        assert not held, f"still held: {held}"
        left = self.settled_descriptors()
        assert self.is_at_baseline(left), f"descriptors {left}, at the start {self.baseline}"

    def peak_memory(self) -> int:
        """The largest resident set so far, in bytes."""
        return self._status("VmHWM") * 1024

    def memory(self) -> int:
        return self._status("VmRSS") * 1024

    def _status(self, name: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        match = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
        assert match
        return int(match[1])

    # The end

    def signal(self, number: int) -> None:
        assert self.process
        self.drains = self.drains or number in (signal.SIGTERM, signal.SIGINT)
        self.process.send_signal(number)

    def wait(self, seconds: float = DEADLINE) -> int:
        """Waits for the process to end; returns its exit code."""
        assert self.process
        code = self.process.wait(timeout=seconds)
        self._reader.join(timeout=5)
        return code

    def kill(self) -> None:
        """SIGKILL: nothing is cleaned up."""
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """SIGTERM; the exit must be clean and nothing may have crashed or leaked on the way."""
        assert self.process
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                code = self.wait()
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("did not end after SIGTERM:\n" + self.output[-4000:])
            assert code == 0, f"exit code {code}:\n{self.output[-8000:]}"
        self.check_output()

    def check_output(self) -> None:
        bad = [line for line in self.lines if not line.startswith("{") and CRASH.search(line)]
        assert not bad, self.output[-8000:]
