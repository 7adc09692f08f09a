# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""Putback and its peers, each with one worker and with its best settings for passing uploads on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from machine import OUT, PROXY, PUTBACK, WORK, Failed, Origin, Process, accepts, free_port

NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit; {user}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_max_body_size 0; client_body_buffer_size 256k;
    keepalive_requests 1000000000;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} reuseport;
        location / {{
            proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_request_buffering off;
        }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
    maxconn 1024
    tune.pipesize 1048576
defaults
    mode http
    option splice-request
    http-reuse always
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend edge
    bind 127.0.0.1:{port}
    default_backend origin
backend origin
    server origin 127.0.0.1:{origin}
"""


class Proxy(Process):
    """A started proxy. `path` is what a client asks for."""

    def __init__(self, name: str, arguments: list, port: int, path: str, output: Path | int, **options):
        super().__init__(arguments, PROXY, output, **options)
        self.name, self.port, self.path = name, port, path
        try:
            self.wait_for(lambda: accepts(port), f"start of {name}")
        except BaseException:
            self.stop()
            raise


def write(name: str, text: str) -> Path:
    WORK.mkdir(parents=True, exist_ok=True)
    file = WORK / name
    file.write_text(text)
    return file


def configuration(origin: int, port: int = 0) -> dict:
    """Putback in front of the origin as an OSS bucket, and of a directory. Its address says how much is checked."""
    store = {
        "dialect": "oss", "endpoint": f"http://127.0.0.1:{origin}", "region": "cn-hangzhou", "bucket": "bench",
        "addressing": "path", "credentials": {"id": "bench", "secret": "plain:bench"},
    }  # fmt: skip
    return {
        "version": 1,
        "workers": 1,
        "listeners": [{"name": "edge", "address": f"127.0.0.1:{port}", "dialect": "plain"}],
        "admin": {"address": "127.0.0.1:0"},
        "stores": {"origin": store, "shelf": {"dialect": "directory", "path": str(WORK / "objects")}},
        "routes": [
            {"name": "full", "match": {"path": "/full/**"}, "store": "origin", "integrity": "full"},
            {"name": "length", "match": {"path": "/length/**"}, "store": "origin", "integrity": "length"},
            {"name": "shelf", "match": {"path": "/shelf/**"}, "store": "shelf"},
        ],
    }


def command(config: dict) -> list:
    file = write(f"putback-{config['listeners'][0]['address'].rpartition(':')[2]}.yaml", json.dumps(config, indent=1))
    return [PUTBACK, "serve", "--config", file]


def putback(origin: Origin, integrity: str = "full", output: Path | int = subprocess.DEVNULL) -> Proxy:
    port = free_port()
    name = "Putback" if integrity == "full" else f"Putback, {integrity}"
    return Proxy(name, command(configuration(origin.port, port)), port, f"/{integrity}/object", output)


def nginx(origin: Origin) -> Proxy:
    port, place = free_port(), WORK / "nginx"
    place.mkdir(parents=True, exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    file = write("nginx.conf", NGINX.format(origin=origin.port, port=port, user=user))
    arguments = [program("nginx"), "-p", place, "-e", "stderr", "-c", file]
    return Proxy("nginx", arguments, port, "/object", WORK / "nginx.log", env=libraries())


def haproxy(origin: Origin) -> Proxy:
    port = free_port()
    file = write("haproxy.cfg", HAPROXY.format(origin=origin.port, port=port))
    arguments = [program("haproxy"), "-db", "-f", file]
    return Proxy("HAProxy", arguments, port, "/object", WORK / "haproxy.log", env=libraries())


# Where the peers come from

UNPACKED = OUT / "peers"
# HAProxy's only library that a small system lacks.
PACKAGES = {"nginx": ["nginx"], "haproxy": ["haproxy", "liblua5.3-0"]}


def libraries() -> dict[str, str]:
    folders = ":".join(str(folder) for folder in (UNPACKED / "usr/lib").glob("*-linux-gnu*"))
    return {**os.environ, "LD_LIBRARY_PATH": folders} if folders else dict(os.environ)


def program(name: str) -> Path | None:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:{UNPACKED / 'usr/sbin'}")
    return Path(found) if found else None


def fetch(name: str) -> None:
    """Unpacks a Debian package into the build folder: nothing is installed, no service starts."""
    if program(name) or not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return
    UNPACKED.mkdir(parents=True, exist_ok=True)
    quiet = {"cwd": UNPACKED, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for package in PACKAGES[name]:
        subprocess.run(["apt-get", "download", package], **quiet)
    for file in UNPACKED.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", file, UNPACKED], **quiet)
        file.unlink()


def runs(name: str) -> bool:
    """Whether there is such a peer, and it can be executed here."""
    fetch(name)
    found = program(name)
    if found and subprocess.run([found, "-v"], env=libraries(), capture_output=True).returncode == 0:
        return True
    print(f"bench: no {name}: left out", file=sys.stderr)
    return False


def all_proxies(origin: Origin) -> list[Proxy]:
    if not PUTBACK.exists():
        raise Failed(f"{PUTBACK} is missing: make build")
    starts = [putback, lambda origin: putback(origin, "length")]
    starts += [start for name, start in (("nginx", nginx), ("haproxy", haproxy)) if runs(name)]
    started: list[Proxy] = []
    try:
        for start in starts:
            started.append(start(origin))
    except BaseException:
        for proxy in started:
            proxy.stop()
        raise
    return started
