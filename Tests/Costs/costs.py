# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""The release binary in front of a store that keeps nothing, uploads to it, and what they cost."""

from __future__ import annotations

import json
import mmap
import os
import re
import signal
import struct
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

import oss2
from support import configs, tos_client, us3
from support.wire import Client

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / ".build/release"
PUTBACK = RELEASE / "putback"
LEAVES = RELEASE / "leaves"
TOOLS = ROOT / ".build/bench"
BENCHMARKS = ROOT / "Tests/Benchmarks"
THRESHOLDS = BENCHMARKS / "thresholds.json"

# Long, because they cost only when something is wrong, and valgrind is slow on a busy machine.
DEADLINE = 60
SDK_BUCKET = "uploads"
CALM = {"head": "1h", "bodyIdle": "1h", "keepAlive": "1h"}


def until(condition: Callable[[], Any], what: str) -> Any:
    """Polls until something is true; gives it."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not within {DEADLINE} s"
        time.sleep(0.01)
    return found


class Origin:
    """The benchmarks' store; it plays the application as well."""

    def __init__(self):
        self.child = subprocess.Popen(
            [TOOLS / "origin"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.port = int(self.child.stdout.readline())

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait()
        self.child.stdout.close()


def configuration(origin: int) -> dict[str, Any]:
    """A route for each kind of upload to a store; no deadline passes while anything is counted."""
    return configs.base(
        workers=1,
        listeners=[
            {"name": "edge", "address": "127.0.0.1:0", "dialect": "plain"},
            {"name": "sdk", "address": "127.0.0.1:0", "dialect": "oss", "baseHost": "oss.test", "clients": "partners"},
        ],
        clients={"partners": {"keys": [{"id": configs.PARTNER_ID, "secret": f"plain:{configs.PARTNER_SECRET}"}]}},
        stores={"origin": configs.oss_store(origin)},
        callbacks={by: configs.policy(origin, by=by) for by in ("store", "putback")},
        timeouts=CALM,
        routes=[
            {"name": "plain", "match": {"path": "/plain/**", "listener": "edge"}, "store": "origin"},
            *(
                {"name": f"by-{by}", "match": {"path": f"/by-{by}/**"}, "store": "origin", "callback": by}
                for by in ("store", "putback")
            ),
            {"name": "sdk", "match": {"listener": "sdk"}, "store": "origin", "key": "${path}"},
        ],
    )


def vendor_configuration(origin: int) -> dict[str, Any]:
    """Clients of US3 and TOS in front of stores of theirs."""
    keys = [{"id": us3.PUBLIC, "secret": f"plain:{us3.PRIVATE}"}, {"id": tos_client.KEY_ID, "secret": f"plain:{tos_client.SECRET}"}]
    buckets = {"us3": us3.BUCKET, "tos": tos_client.BUCKET}
    return configs.base(
        workers=1,
        listeners=[
            {"name": name, "address": "127.0.0.1:0", "dialect": name, "bucket": bucket, "clients": "partners"}
            for name, bucket in buckets.items()
        ],
        clients={"partners": {"keys": keys}},
        stores={"us3": us3.store(origin), "tos": tos_client.store(origin)},
        timeouts=CALM,
        routes=[{"name": name, "match": {"listener": name}, "store": name, "key": "${path}"} for name in buckets],
    )


def shelf_configuration(folder: Path) -> dict[str, Any]:
    """A directory instead of a store. Apart from the others: where a directory is, Putback signs its callbacks."""
    return configs.edge(configs.directory_store(folder), workers=1, timeouts=CALM)


class Putback:
    """`putback serve`, its log in a file; `command` is the program, with what runs it in front."""

    def __init__(
        self, config: dict[str, Any], folder: Path, command: list = [PUTBACK], environment: dict[str, str] | None = None
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "log"
        file = folder / "putback.yaml"
        file.write_text(json.dumps(config, indent=1))
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [*map(str, command), "serve", "--config", str(file)],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            until(self._is_ready, "start of putback")
        except BaseException:
            self.child.kill()
            raise

    def _is_ready(self) -> bool:
        assert self.child.poll() is None, f"putback ended with {self.child.returncode}:\n{self.log.read_text()}"
        return '"event":"ready"' in self.log.read_text()

    def address(self, listener: str) -> tuple[str, int]:
        for line in self.log.read_text().splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "listening" and event.get("listener") == listener:
                host, _, port = event["address"].rpartition(":")
                return host, int(port)
        raise AssertionError(f"no listener {listener} in\n{self.log.read_text()}")

    def status(self, name: str) -> int:
        """A number of /proc/PID/status."""
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise AssertionError(f"no {name} in /proc/PID/status")

    def stop(self) -> None:
        self.child.send_signal(signal.SIGTERM)
        try:
            code = self.child.wait(DEADLINE)
        finally:
            self.child.kill()
        assert code == 0, f"exit code {code}:\n{self.log.read_text()[-4000:]}"


# Uploads

Upload = Callable[[Putback, int], None]


def load(route: str, size: int, connections: int = 1, *options, listener: str = "edge") -> Upload:
    """So many uploads of `size` bytes over kept connections; `options` are those of load.c."""

    def run(putback: Putback, uploads: int) -> None:
        _, port = putback.address(listener)
        numbers = [str(connections), str(size), "-n", str(uploads), *map(str, options)]
        command = [TOOLS / "load", str(port), f"/{route}/object", *numbers]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 0, f"uploads failed: {done.stdout}{done.stderr}"

    return run


class _Signed(Exception):
    """Carries a signed request out of the SDK."""


class _Recorder:
    def do_request(self, request, timeout):
        raise _Signed(request)


def signed_upload(putback: Putback, size: int) -> bytes:
    """A request as oss2 signs it (V4), with its body."""
    host, port = putback.address("sdk")
    auth = oss2.AuthV4(configs.PARTNER_ID, configs.PARTNER_SECRET)
    bucket = oss2.Bucket(
        auth, f"http://{host}:{port}", SDK_BUCKET, region="cn-hangzhou", session=_Recorder(), enable_crc=False
    )
    try:
        bucket.put_object("folder/object.bin", bytes(size))
    except _Signed as signed:
        request = signed.args[0]
    fields = {"Host": f"{host}:{port}", "Content-Length": str(size), **request.headers}
    target = request.url.partition(f"{host}:{port}")[2]
    lines = [f"PUT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + bytes(size)


def us3_upload(putback: Putback, size: int) -> bytes:
    """A request as the Go SDK signs it."""
    host, port = putback.address("us3")
    kind = "application/octet-stream"
    signed = us3.authorization("PUT", "folder/object.bin", kind)
    lines = [
        "PUT /folder/object.bin HTTP/1.1", f"Host: {host}:{port}", "User-Agent: UFileGoSDK/1.0.5", f"Content-Length: {size}",
        f"Authorization: {signed}", f"Content-Type: {kind}", "Accept-Encoding: gzip",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + bytes(size)


def tos_upload(putback: Putback, size: int) -> bytes:
    """A request as the SDK of TOS signs it."""
    host, port = putback.address("tos")
    client = tos_client.client((host, port))

    def record(method: str, url: str, **more) -> None:
        raise _Signed((url, more["headers"]))

    client.session.request = record
    # Its own retries would catch what is raised otherwise.
    try:
        client.put_object(tos_client.BUCKET, "folder/object.bin", content=bytes(size))
    except Exception as error:
        signed = error
        while not isinstance(signed, _Signed):
            signed = getattr(signed, "cause", None) or signed.__context__
            assert signed, f"the SDK sent nothing: {error}"
        url, headers = signed.args[0]
    finally:
        client.close()
    fields = {"Host": f"{host}:{port}", "Content-Length": str(size), **headers}
    lines = [f"PUT {url.partition(f'{host}:{port}')[2]} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + bytes(size)


def replay(size: int, listener: str = "sdk", sign: Callable[[Putback, int], bytes] = signed_upload) -> Upload:
    """One signed request over and over on one connection; a signature is good for 15 minutes."""

    def run(putback: Putback, uploads: int) -> None:
        request = sign(putback, size)
        with Client(putback.address(listener)) as client:
            for _ in range(uploads):
                client.send(request)
                answer = client.response()
                assert answer.status == 200, answer

    return run


# What they cost


class Counts:
    """The numbers in the file that counter.so writes to (Tests/Benchmarks/counter.c)."""

    def __init__(self, file: Path):
        file.write_bytes(bytes(16))
        with file.open("r+b") as opened:
            self.memory = mmap.mmap(opened.fileno(), 16)
        self.environment = {"LD_PRELOAD": str(TOOLS / "counter.so"), "PUTBACK_COUNTER": str(file)}

    @property
    def allocations(self) -> int:
        return struct.unpack("<QQ", self.memory)[0]

    @property
    def reads(self) -> int:
        """Calls of read(2) and recv(2)."""
        return struct.unpack("<QQ", self.memory)[1]

    def settled(self) -> int:
        """The allocations once the last log line and the end of the last connection are dealt with."""

        def unchanged() -> bool:
            before = self.allocations
            time.sleep(0.05)
            return self.allocations == before

        until(unchanged, "an end of all allocations")
        count = self.allocations
        assert count > 0, "counter.so is not there: nothing was counted"
        return count


class Instructions:
    """Putback under callgrind, which counts what is executed in user mode: the same number on a busy machine as on an
    idle one, and nearly the same on another. The kernel's part is not in it."""

    def __init__(self, config: dict[str, Any], folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        # valgrind 3.19 cannot read what Swift writes into the debug sections.
        stripped = folder / "putback"
        subprocess.run(["objcopy", "--strip-debug", PUTBACK, stripped], check=True)
        self.parts = 0
        options = ["--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes"]
        command = ["valgrind", *options, f"--callgrind-out-file={folder}/part", stripped]
        self.putback = Putback(config, folder / "run", command)

    def count(self, upload: Upload, uploads: int, name: str) -> int:
        """The instructions of all threads for so many uploads; the profiles are left as `NAME-THREAD`."""
        upload(self.putback, max(1, uploads // 3))
        self._tell("instrumentation", "on")
        upload(self.putback, uploads)
        self._tell("instrumentation", "off")
        self._tell("dump", name)
        self.parts += 1
        total = 0
        for file in self.folder.glob(f"part.{self.parts}-*"):
            counts = re.findall(r"^(?:summary|totals): (\d+)", file.read_text(), re.MULTILINE)
            total += int(counts[-1]) if counts else 0
            file.rename(self.folder / file.name.replace(f"part.{self.parts}", name))
        assert total > 0, f"callgrind left no counts in {self.folder}"
        return total

    def _tell(self, *words: str) -> None:
        """A command to callgrind, done when this returns."""
        command = ["vgdb", f"--pid={self.putback.child.pid}", *words]
        subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE)
