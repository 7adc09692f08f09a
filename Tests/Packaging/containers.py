"""Runs images of `dockerfile.py` as an engine would: read-only root, another user, own processes, own network."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from dockerfile import Stage

DEADLINE = 30


@dataclass
class Mount:
    source: Path
    target: str
    writable: bool = False


class Network:
    """A bridge in a network namespace of its own; containers get addresses 10.77.0.N and each other's names."""

    def __init__(self) -> None:
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        wait_for(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        self.enter("ip", "link", "add", "bridge", "type", "bridge")
        self.enter("ip", "address", "add", "10.77.0.1/24", "dev", "bridge")
        for device in ("lo", "bridge"):
            self.enter("ip", "link", "set", device, "up")
        self.hosts: dict[str, str] = {"localhost": "127.0.0.1"}

    def enter(self, *command: str) -> str:
        """Runs a command of this machine in the network."""
        return checked("nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *command)

    def name(self, container: str) -> str:
        return self.hosts.setdefault(container, f"10.77.0.{len(self.hosts) + 1}")

    def connect(self, pid: int, address: str) -> None:
        device = f"to-{address.rpartition('.')[2]}"
        self.enter("ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        self.enter("ip", "link", "set", device, "master", "bridge", "up")
        inside = ("nsenter", f"--net=/proc/{pid}/ns/net", "ip")
        checked(*inside, "link", "set", "lo", "up")
        checked(*inside, "address", "add", f"{address}/24", "dev", "eth0")
        checked(*inside, "link", "set", "eth0", "up")

    def stop(self) -> None:
        self.holder.kill()
        self.holder.wait()


class Container:
    """One running image. `command` takes the place of its CMD."""

    def __init__(
        self,
        image: Stage,
        name: str,
        network: Network,
        mounts: list[Mount],
        environment: dict[str, str] | None = None,
        command: list[str] | None = None,
    ):
        self.image = image
        self.lines: list[str] = []
        self._changed = threading.Condition()
        root = image.tree
        hosts = root.parent / f"hosts-{name}"
        address = network.name(name)
        hosts.write_text("".join(f"{number} {host}\n" for host, number in network.hosts.items()))
        script = [f"mount --bind {root} {root}"]
        for mount in [*mounts, Mount(hosts, "/etc/hosts")]:
            place = root / mount.target.lstrip("/")
            if mount.source.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
            script.append(f"mount --bind {mount.source} {place}")
            script.append(f"mount -o remount,bind,{'rw' if mount.writable else 'ro'} {place}")
        for folder in ("proc", "dev"):
            (root / folder).mkdir(exist_ok=True)
        script += [
            f"mount -t proc proc {root}/proc",
            f"mount -t tmpfs -o mode=755 dev {root}/dev",
            *(f"mknod -m 666 {root}/dev/{node}" for node in ("null c 1 3", "zero c 1 5", "urandom c 1 9")),
            f"mount -o remount,bind,ro {root}",
            # The network is laid from outside; nobody starts without one.
            "read -r _",
        ]
        self.prefix = ["chroot", f"--userspec={image.user}", "--groups=", str(root)]
        argv = [*image.entrypoint, *(command if command is not None else image.command)]
        script.append(shlex.join(["exec", *self.prefix, *argv]))
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--ipc", "--uts", "--net", "--fork", "--kill-child"]
            + ["/bin/sh", "-ec", "\n".join(script)],
            env={"PATH": os.environ["PATH"], **image.environment, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        wait_for(lambda: children.read_text().strip())
        self.pid = int(children.read_text().split()[0])
        network.connect(self.pid, address)
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for_line(self, text: str) -> None:
        def has() -> bool:
            return any(text in line for line in self.lines)

        with self._changed:
            self._changed.wait_for(lambda: has() or not self._reader.is_alive(), timeout=DEADLINE)
        assert has(), f"no {text} in\n{self.output}"

    def wait_for_event(self, name: str) -> None:
        self.wait_for_line(json.dumps({"event": name})[1:-1].replace(": ", ":"))

    def execute(self, argv: list[str]) -> subprocess.CompletedProcess:
        """A further process in the container, as its user: what HEALTHCHECK and `exec` do."""
        spaces = ["nsenter", "--target", str(self.pid), "--mount", "--net", "--pid", "--ipc", "--uts"]
        return subprocess.run([*spaces, *self.prefix, *argv], capture_output=True, text=True, timeout=DEADLINE)

    def check_health(self) -> subprocess.CompletedProcess:
        return self.execute(self.image.healthcheck)

    def status(self, field: str) -> str:
        """A line of /proc/PID/status."""
        match = re.search(rf"^{field}:\s*(.*)$", Path(f"/proc/{self.pid}/status").read_text(), re.MULTILINE)
        assert match
        return match[1]

    def stop(self) -> int:
        """The image's STOPSIGNAL, then its exit code."""
        os.kill(self.pid, getattr(signal, self.image.stop_signal))
        return self.process.wait(timeout=DEADLINE)

    def kill(self) -> None:
        """The process itself: `--kill-child` has no effect on one that changed its user, see PR_SET_PDEATHSIG of prctl(2)."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait(timeout=DEADLINE)


def checked(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
    return result.stdout


def wait_for(condition) -> None:
    from support.wire import eventually

    assert eventually(condition, seconds=DEADLINE)
