"""The image: its steps, its content, and an upload through it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import dockerfile
import pytest
import yaml
from containers import Mount, wait_for
from support.certificates import Authority

DOCKER = dockerfile.ROOT / "docker"
LIMIT = 120_000_000
BODY = os.urandom(100_000)

STORE = """
version: 1
listeners:
  - name: oss
    address: "0.0.0.0:8443"
    dialect: oss
    clients: gateway
    tls: {certificate: /run/tls/localhost.crt, key: /run/tls/localhost.key}
admin: {address: "127.0.0.1:9091"}
clients: {gateway: {keys: [{id: key, secret: "plain:secret"}]}}
stores: {files: {dialect: directory, path: /var/lib/putback/objects, bucket: "${bucket}"}}
routes: [{name: all, store: files}]
"""

EDGE = """
version: 1
listeners: [{name: edge, address: "0.0.0.0:8080", dialect: plain}]
stores:
  remote:
    dialect: oss
    endpoint: https://store:8443
    region: demo-region
    bucket: demo-bucket
    addressing: path
    credentials: {id: key, secret: "file:/run/secrets/key"}
routes: [{name: all, store: remote}]
"""


def upload(network, host: str, path: str) -> tuple[int, bytes]:
    told = subprocess.run(
        ["nsenter", f"--net=/proc/{network.holder.pid}/ns/net", "curl", "-s", "-w", "\n%{http_code}", "-T", "-"]
        + ["-H", "Content-Length: %d" % len(BODY), "-H", "Transfer-Encoding:", f"http://{network.hosts[host]}:8080{path}"],
        input=BODY,
        capture_output=True,
        timeout=30,
    )
    body, _, status = told.stdout.rpartition(b"\n")
    return int(status), body


def files(tree: Path) -> dict[str, os.stat_result]:
    return {str(path.relative_to(tree)): path.lstat() for path in tree.rglob("*")}


def test_every_step_of_the_dockerfile_was_done(builder):
    assert builder.steps[0].startswith("FROM swift:") and "FROM scratch" in builder.steps
    names = {step.split(" ")[0] for step in builder.steps}
    assert {"RUN", "COPY", "USER", "HEALTHCHECK", "STOPSIGNAL", "LABEL", "EXPOSE", "ENTRYPOINT"} <= names


def test_says_what_an_engine_wants_to_know(image):
    assert image.user == "65532:65532", "a number, so that runAsNonRoot can be checked"
    assert image.stop_signal == "SIGTERM"
    assert image.exposed == ["8080", "9090"]
    assert image.healthcheck == ["/usr/bin/putback", "health"]
    for label in ("title", "description", "licenses", "version", "revision"):
        assert image.labels[f"org.opencontainers.image.{label}"]


def test_is_small_and_holds_no_shell(image):
    content = files(image.tree)
    sizes = {name: status.st_size for name, status in content.items() if stat.S_ISREG(status.st_mode)}
    total = sum(sizes.values())
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:12]
    print(f"\nimage: {total / 1e6:.1f} MB in {len(sizes)} files")
    for name, size in largest:
        print(f"  {size / 1e6:6.1f}  {name}")
    assert total < LIMIT
    programs = [
        name
        for name, status in content.items()
        if stat.S_ISREG(status.st_mode) and status.st_mode & 0o111 and ".so" not in name
    ]
    assert programs == ["usr/bin/putback"]
    assert not [name for name, status in content.items() if stat.S_ISREG(status.st_mode) and status.st_mode & 0o6000]
    # What the user may change: its state and nothing else.
    own = [name for name, status in content.items() if status.st_uid == 65532]
    assert own == ["var/lib/putback"]
    open_to_all = [name for name, status in content.items() if status.st_mode & 0o002 and not stat.S_ISLNK(status.st_mode)]
    assert open_to_all == ["tmp"]


def test_serves_as_another_user_on_a_read_only_root(start, network, tmp_path):
    """Two containers: a gateway and, over TLS with the image's own list of authorities replaced, a store."""
    authority = Authority(tmp_path / "tls", "authority")
    authority.issue("localhost", "DNS:store")
    for file in (tmp_path / "tls").iterdir():
        file.chmod(0o644)
    objects = tmp_path / "objects"
    objects.mkdir()
    os.chown(objects, 65532, 65532)
    for name, text in (("store.yaml", STORE), ("edge.yaml", EDGE), ("key", "secret\n")):
        (tmp_path / name).write_text(text)
    store = start(
        "store",
        [
            Mount(tmp_path / "store.yaml", "/etc/putback/putback.yaml"),
            Mount(tmp_path / "tls", "/run/tls"),
            Mount(objects, "/var/lib/putback", writable=True),
        ],
    )
    store.wait_for_event("ready")
    edge = start(
        "edge",
        [
            Mount(tmp_path / "edge.yaml", "/etc/putback/putback.yaml"),
            Mount(tmp_path / "key", "/run/secrets/key"),
            Mount(authority.certificate, "/etc/ssl/certs/ca-certificates.crt"),
        ],
    )
    edge.wait_for_event("ready")

    status, answer = upload(network, "edge", "/photos/a.jpg")
    assert status == 200, answer
    assert json.loads(answer)["object"] == "photos/a.jpg"
    (stored,) = [file for file in objects.rglob("*") if file.is_file() and file.stat().st_size >= len(BODY)]
    assert stored.read_bytes().startswith(BODY)
    assert stored.stat().st_uid == 65532

    assert edge.status("Uid").split() == ["65532"] * 4
    assert edge.status("CapEff") == "0" * 16
    assert edge.status("NSpid").split()[-1] == "1", "as in a container, where signals must be asked for"
    healthy = edge.check_health()
    assert (healthy.returncode, healthy.stdout) == (0, "ready\n"), healthy.stderr
    assert store.check_health().returncode == 1, "its admin port is another"

    assert edge.stop() == 0
    assert store.stop() == 0
    for container in (edge, store):
        container.wait_for_event("stopped")


def test_refuses_a_store_that_its_authorities_do_not_know(start, network, tmp_path):
    authority = Authority(tmp_path / "tls", "authority")
    authority.issue("localhost", "DNS:store")
    for file in (tmp_path / "tls").iterdir():
        file.chmod(0o644)
    for name, text in (("store.yaml", STORE), ("edge.yaml", EDGE), ("key", "secret\n")):
        (tmp_path / name).write_text(text)
    store = start(
        "store",
        [Mount(tmp_path / "store.yaml", "/etc/putback/putback.yaml"), Mount(tmp_path / "tls", "/run/tls")]
        + [Mount(tmp_path / "tls", "/var/lib/putback/objects", writable=True)],
    )
    store.wait_for_line('"event":')
    edge = start(
        "edge",
        [Mount(tmp_path / "edge.yaml", "/etc/putback/putback.yaml"), Mount(tmp_path / "key", "/run/secrets/key")],
    )
    edge.wait_for_event("ready")
    status, answer = upload(network, "edge", "/x")
    assert (status, json.loads(answer)["stored"]) == (502, False)


def test_compose_does_the_main_job(start, network, tmp_path):
    """The services of compose.yaml as it says, in a network where they find each other by name."""
    text = (DOCKER / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    for name in services:
        network.name(name)
    started = {}
    for name in ("store", "app", "putback"):
        service = services[name]
        mounts = []
        for volume in service.get("volumes", []):
            source, target, *_ = volume.split(":")
            path = (DOCKER / source).resolve()
            if not source.startswith("."):
                path = tmp_path / source
                path.mkdir()
                # A fresh volume takes the owner of the image's folder.
                os.chown(path, 65532, 65532)
            mounts.append(Mount(path, target, writable=not volume.endswith(":ro")))
        options = {"environment": service.get("environment"), "command": service.get("command")}
        started[name] = start(name, mounts, **options)
        started[name].wait_for_line("Upload page" if name == "app" else '"event":"ready"')
        if not service.get("healthcheck", {}).get("disable"):
            wait_for(lambda container=started[name]: container.check_health().returncode == 0)

    status, answer = upload(network, "putback", "/photos/a.jpg")
    assert status == 200, answer
    told = json.loads(answer)
    assert told == {"message": "The app has seen your upload.", "object": "photos/a.jpg", "size": len(BODY), "verified": True}
    for container in started.values():
        assert container.stop() == 0


def test_a_wrong_command_ends_with_its_code(start):
    container = start("wrong", [], command=["serve", "--config", "/etc/putback/none.yaml"])
    assert container.process.wait(timeout=30) == 78
    container.wait_for_line("/etc/putback/none.yaml")
