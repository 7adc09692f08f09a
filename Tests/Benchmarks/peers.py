# Putback: upload gateway
# SPDX-License-Identifier: Apache-2.0
"""The peers, with their best settings for passing uploads on."""

from __future__ import annotations

import os
import shlex
import sys

import certificates
from machine import OUT, WORK, Failed, Origin, free_port
from packages import first_line, libraries, program, runs
from proxies import Proxy, Wish, write

NGINX = """
daemon off; worker_processes {workers}; pid {place}/nginx.pid; error_log stderr crit; {user}
events {{ worker_connections {connections}; }}
http {{
    access_log {log};
    client_max_body_size 0; client_body_buffer_size 256k;
    keepalive_requests 1000000000; keepalive_timeout 600s;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    upstream origin {{ server 127.0.0.1:{origin}; keepalive {pool}; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} reuseport{tls};
        {certificate}
        location / {{
            proxy_pass {scheme}://origin; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_request_buffering off;
            {trust}
        }}
    }}
}}
"""

HAPROXY = """
global
    nbthread {workers}
    maxconn {connections}
    no strict-limits
    tune.pipesize 1048576
    tune.pool-low-fd-ratio 80
    tune.pool-high-fd-ratio 90
defaults
    mode http
    {splice}
    http-reuse always
    timeout connect 5s
    timeout client 600s
    timeout http-keep-alive 600s
    timeout server 60s
frontend edge
    bind 127.0.0.1:{port}{certificate}
    default_backend origin
backend origin
    server origin 127.0.0.1:{origin}{trust}
"""

# Commands of peers that need no file. {port} is where to listen on 127.0.0.1, {origin} the port to pass uploads to.
COMMANDS = {"caddy": "caddy reverse-proxy --from http://127.0.0.1:{port} --to 127.0.0.1:{origin}"}
TITLES = {"nginx": "nginx", "haproxy": "HAProxy"}


def nginx(name: str, wish: Wish, origin: Origin, log: str = "off") -> Proxy:
    port = free_port()
    place = WORK / f"nginx-{port}"
    place.mkdir(parents=True, exist_ok=True)
    folder = certificates.folder() if wish.is_tls or origin.is_tls else None
    own = f"ssl_certificate {folder}/edge.pem; ssl_certificate_key {folder}/edge.key; ssl_protocols TLSv1.3;"
    trust = (
        f"proxy_ssl_trusted_certificate {folder}/ca.pem; proxy_ssl_verify on; proxy_ssl_protocols TLSv1.3; "
        "proxy_ssl_name localhost; proxy_ssl_server_name on;"
    )
    text = NGINX.format(
        workers=wish.workers, place=place, connections=2 * wish.connections + 512, log=log, port=port,
        origin=origin.port, pool=max(64, wish.active), user="user root;" if os.geteuid() == 0 else "",
        tls=" ssl" if wish.is_tls else "", certificate=own if wish.is_tls else "",
        scheme="https" if origin.is_tls else "http", trust=trust if origin.is_tls else "",
    )  # fmt: skip
    arguments = [program("nginx"), "-p", place, "-e", "stderr", "-c", write(f"nginx-{port}.conf", text)]
    return Proxy(name, arguments, port, wish, WORK / f"nginx-{port}.log", env=libraries())


def haproxy(name: str, wish: Wish, origin: Origin, splice: str = "option splice-request") -> Proxy:
    port = free_port()
    folder = certificates.folder() if wish.is_tls or origin.is_tls else None
    own = f" ssl crt {folder}/edge-both.pem ssl-min-ver TLSv1.3"
    trust = f" ssl verify required ca-file {folder}/ca.pem verifyhost localhost sni str(localhost)"
    # With few connections to spare HAProxy would close those to the store instead of keeping them.
    connections = max(1024, 2 * wish.active + wish.idle + 64)
    text = HAPROXY.format(
        workers=wish.workers, connections=connections, splice=splice, port=port, origin=origin.port,
        certificate=own if wish.is_tls else "", trust=trust if origin.is_tls else "",
    )  # fmt: skip
    arguments = [program("haproxy"), "-db", "-f", write(f"haproxy-{port}.cfg", text)]
    return Proxy(name, arguments, port, wish, WORK / f"haproxy-{port}.log", env=libraries())


def relay(name: str, wish: Wish, origin: Origin) -> Proxy:
    port = free_port()
    return Proxy(name, [OUT / "relay", port, origin.port], port, wish, WORK / f"relay-{port}.log")


def other(name: str, wish: Wish, origin: Origin, command: str) -> Proxy:
    port = free_port()
    arguments = [part.format(port=port, origin=origin.port) for part in shlex.split(command)]
    return Proxy(name, arguments, port, wish, WORK / f"{name}-{port}.log")


class Peers:
    """The peers of a run, from a list such as `nginx haproxy caddy "mine=./proxy --listen {port} --to {origin}"`."""

    def __init__(self, text: str):
        self.known: set[str] = set()
        self.commands: dict[str, str] = {}
        for word in shlex.split(text):
            name, _, command = word.partition("=")
            if name in TITLES and not command:
                is_there = runs(name)
                self.known |= {name} if is_there else set()
            else:
                command = command or COMMANDS.get(name, "")
                is_there = bool(command) and program(shlex.split(command)[0]) is not None
                if is_there:
                    self.commands[name] = command
            if not is_there:
                print(f"bench: no {name} on this machine: left out", file=sys.stderr)

    def start(self, kind: str, name: str, wish: Wish, origin: Origin) -> Proxy:
        if kind in self.commands:
            return other(name, wish, origin, self.commands[kind])
        starts = {
            "nginx": lambda: nginx(name, wish, origin),
            "nginx-log": lambda: nginx(name, wish, origin, "/dev/null"),
            "relay": lambda: relay(name, wish, origin),
            "haproxy": lambda: haproxy(name, wish, origin),
            "haproxy-copy": lambda: haproxy(name, wish, origin, ""),
        }
        if kind not in starts:
            raise Failed(f"there is no peer {kind}")
        return starts[kind]()

    def has(self, kind: str) -> bool:
        return kind.partition("-")[0] in self.known or kind in self.commands

    def versions(self) -> dict[str, str]:
        said = {TITLES[name]: first_line(program(name), "-v") for name in sorted(self.known)}
        return said | self.commands
