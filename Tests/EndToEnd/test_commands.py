"""The commands and their exit codes."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess

import pytest

from support import configs
from support.gateway import BINARY, ROOT, Gateway, run
from support.wire import DEADLINE, Client


def test_version_names_the_libraries_in_use():
    result = run("version")
    assert result.returncode == 0
    for name in ("putback", "swift", "libevent", "libcurl", "openssl"):
        assert name in result.stdout.lower()
    assert "7.88" in result.stdout or "8." in result.stdout


@pytest.mark.parametrize("arguments", [["nonsense"], ["serve", "--nonsense"], ["check", "--config"], ["health", "extra"]])
def test_a_wrong_command_line_ends_with_64(arguments):
    result = run(*arguments)
    assert result.returncode == 64
    assert "usage" in result.stderr.lower()


def test_help_is_no_error():
    for arguments in (["--help"], ["serve", "--help"], ["check", "--help"], ["explain", "--help"], ["demo", "--help"]):
        result = run(*arguments)
        assert result.returncode == 0
        assert "usage" in result.stdout.lower()


# check


@pytest.mark.parametrize("file", sorted((ROOT / "config").glob("*.yaml")), ids=lambda file: file.name)
def test_check_accepts_the_configs_that_we_ship(file):
    """Their secrets and certificates are elsewhere."""
    result = run("check", "--without-secrets", "--config", str(file))
    assert result.returncode == 0, result.stdout + result.stderr


GOOD = """\
version: 1
listeners:
  - {name: edge, address: "127.0.0.1:0", dialect: plain}
admin: {address: "127.0.0.1:0"}
stores:
  shelf: {dialect: directory, path: /tmp/putback-check}
routes:
  - name: all
    match: {path: /**}
    store: shelf
    key: "${path}"
"""

# Name, text that is replaced, its replacement, line of the problem, words of the message.
WRONG = [
    ("unknown key", "routes:", "rutes:", 7, ["rutes"]),
    ("unknown key below", "store: shelf", "stoer: shelf", 10, ["stoer"]),
    ("unknown store", "store: shelf", "store: attic", 10, ["attic"]),
    ("wrong version", "version: 1", "version: 2", 1, ["version"]),
    ("unknown dialect", "dialect: plain", "dialect: gopher", 3, ["gopher"]),
    ("wrong address", '"127.0.0.1:0", dialect', '"127.0.0.1:99999", dialect', 3, ["99999"]),
    ("number without unit", "version: 1\n", "version: 1\ntimeouts: {head: 10}\n", 2, ["unit"]),
    ("unknown unit", "version: 1\n", "version: 1\ntimeouts: {head: 10 parsecs}\n", 2, ["parsecs"]),
    ("unknown variable", "${path}", "${pth}", 11, ["pth"]),
    ("broken template", "${path}", "${path", 11, []),
    ("not YAML", "routes:", "routes: [", 7, []),
    ("two values for one key", "version: 1\n", "version: 1\nversion: 1\n", 2, ["version"]),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_check_says_where_and_what_was_expected(write_config, old, new, line, words):
    assert GOOD.count(old) >= 1
    path = write_config(GOOD.replace(old, new, 1))
    result = run("check", "--config", str(path))
    assert result.returncode == 78
    output = result.stdout + result.stderr
    if old == "routes:" and new.endswith("["):
        assert f"{path}:" in output  # where a YAML parser notices an open bracket is its own business
    else:
        assert f"{path}:{line}:" in output, output
    for word in words:
        assert word in output


def test_check_reports_every_problem_at_once(write_config):
    text = GOOD.replace("dialect: plain", "dialect: gopher").replace("store: shelf", "store: attic")
    result = run("check", "--config", str(write_config(text)))
    output = result.stdout + result.stderr
    assert result.returncode == 78
    assert "gopher" in output and "attic" in output


def test_check_accepts_a_good_config(write_config):
    result = run("check", "--config", str(write_config(GOOD)))
    assert result.returncode == 0, result.stdout + result.stderr


def test_check_warns_of_an_open_listener_without_clients(write_config):
    text = GOOD.replace('{name: edge, address: "127.0.0.1:0"', '{name: edge, address: "0.0.0.0:0"')
    result = run("check", "--config", str(write_config(text)))
    assert result.returncode == 0
    assert "clients" in result.stdout + result.stderr


def test_check_names_a_secret_that_is_missing_and_never_shows_one(write_config):
    config = configs.edge(configs.oss_store(1))
    config["stores"]["target"]["credentials"]["secret"] = "env:PUTBACK_TEST_MISSING"
    result = run("check", "--config", str(write_config(config)))
    assert result.returncode == 78
    assert "PUTBACK_TEST_MISSING" in result.stdout + result.stderr
    config["stores"]["target"]["credentials"]["secret"] = "just-a-secret-in-the-file"
    result = run("check", "--config", str(write_config(config)))
    assert result.returncode == 78
    assert "just-a-secret-in-the-file" not in result.stdout + result.stderr


def test_a_missing_config_ends_with_78(tmp_path):
    for command in ("check", "serve"):
        result = run(command, "--config", str(tmp_path / "none.yaml"))
        assert result.returncode in (66, 78)
        assert "none.yaml" in result.stdout + result.stderr


def test_the_config_may_come_from_the_environment(write_config):
    result = run("check", environment={"PUTBACK_CONFIG": str(write_config(GOOD.replace("plain", "gopher")))})
    assert result.returncode == 78
    assert "gopher" in result.stdout + result.stderr


# serve


def test_serve_with_a_bad_config_ends_with_78(write_config):
    result = run("serve", "--config", str(write_config(GOOD.replace("plain", "gopher"))))
    assert result.returncode == 78


def test_serve_on_a_port_in_use_ends_with_69(write_config):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = GOOD.replace("127.0.0.1:0", f"127.0.0.1:{port}", 1)
        result = run("serve", "--config", str(write_config(text)))
    assert result.returncode == 69
    assert str(port) in result.stdout + result.stderr


# health and the admin port


@pytest.fixture
def gateway(start, peers):
    return start(configs.edge(configs.oss_store(peers.store().port)))


def test_health_asks_the_admin_port(gateway):
    host, port = gateway.admin
    assert run("health", "--url", f"http://{host}:{port}/readyz").returncode == 0


def test_health_fails_where_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    result = run("health", "--url", f"http://127.0.0.1:{port}/readyz")
    assert result.returncode not in (0, 64)


def test_the_admin_port_answers(gateway):
    for path in ("/healthz", "/readyz", "/metrics"):
        with Client(gateway.admin) as client:
            assert client.request("GET", path).status == 200, path
    with Client(gateway.admin) as client:
        assert client.request("GET", "/nonsense").status == 404


def test_the_admin_port_is_no_way_to_upload(gateway, peers):
    with Client(gateway.admin) as client:
        assert client.request("PUT", "/x", b"hello").status in (404, 405)
    assert peers.all[0].requests == []


# demo


def test_demo_makes_one_upload_through_everything():
    result = run("demo", "--once", "--port", "0", "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    told = json.loads(result.stdout)
    assert {"stored", "callback", "answer"} <= set(told)


def test_demo_tells_where_its_pages_are():
    demo = subprocess.Popen([BINARY, "demo", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        pages: dict[str, tuple[str, int]] = {}
        for line in demo.stdout:
            if found := re.match(r"(Upload page|Status page) +http://(127\.0\.0\.1):(\d+)/(\s|$)", line):
                pages[found[1]] = (found[2], int(found[3]))
            if line.startswith("Control-C"):
                break
        for name, title in (("Upload page", b"<title>Putback demo"), ("Status page", b"<title>Putback status")):
            with Client(pages[name]) as client:
                told = client.request("GET", "/")
            assert (told.status, told.header("Content-Type")) == (200, "text/html; charset=utf-8")
            assert title in told.body
        demo.send_signal(signal.SIGINT)
        assert demo.wait(DEADLINE) == 0
    finally:
        demo.kill()
        demo.stdout.close()


def test_demo_prints_a_transcript():
    result = run("demo", "--once", "--port", "0")
    assert result.returncode == 0
    assert "PUT " in result.stdout or "POST " in result.stdout


def test_gateway_writes_its_config_as_yaml(tmp_path):
    """The tests write JSON, which YAML contains; the commands must agree."""
    gateway = Gateway(configs.edge(configs.directory_store(tmp_path / "objects")), tmp_path)
    assert run("check", "--config", str(gateway.file)).returncode == 0
