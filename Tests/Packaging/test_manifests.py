"""What describes a deployment, checked by those who would read it, as far as that goes without them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import dockerfile
import kubernetes_validate
import pytest
import yaml
from conftest import BINARY

DOCKER = dockerfile.ROOT / "docker"
MANIFESTS = sorted((DOCKER / "kubernetes").glob("*.yaml"))
UNITS = DOCKER / "systemd"


def check(path: Path) -> str:
    """The config is right; returns what `putback check` warns of."""
    told = subprocess.run([BINARY, "check", "--without-secrets", "--config", path], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stderr


def objects(path: Path) -> dict[str, dict]:
    return {item["kind"]: item for item in yaml.safe_load_all(path.read_text())}


# Kubernetes


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
# The sleep action came with 1.29 and is on by default from 1.30 on, as native sidecars are from 1.29 on.
@pytest.mark.parametrize("version", ["1.30", "1.35"])
def test_manifests_follow_the_schemas(path, version):
    for item in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(item, version, strict=True)


def test_the_schemas_would_notice():
    wrong = objects(DOCKER / "kubernetes/shared.yaml")["Deployment"]
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.30", strict=True)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_fit_together(path, tmp_path):
    found = objects(path)
    pod = found["Deployment"]["spec"]["template"]["spec"]
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["Deployment"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    for kind in ("Service", "PodDisruptionBudget"):
        if kind in found:
            selector = found[kind]["spec"]["selector"]
            assert selector.get("matchLabels", selector).items() <= labels.items()

    sidecars = [container for container in pod.get("initContainers", []) if container.get("restartPolicy") == "Always"]
    (putback,) = [container for container in sidecars + pod["containers"] if container["name"] == "putback"]
    security = putback["securityContext"]
    assert security["runAsNonRoot"] and security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert {"startupProbe", "readinessProbe", "livenessProbe", "resources"} <= putback.keys()

    # The config that the pod mounts is right, and the secrets that it names are keys of the Secret.
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in putback["volumeMounts"]}
    assert mounts["/etc/putback"]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    assert mounts["/run/secrets/putback"]["secret"]["secretName"] == found["Secret"]["metadata"]["name"]
    text = found["ConfigMap"]["data"]["putback.yaml"]
    assert set(re.findall(r"file:/run/secrets/putback/([\w-]+)", text)) == found["Secret"]["stringData"].keys()
    config = tmp_path / "putback.yaml"
    config.write_text(text)
    assert check(config) == ""

    # Uploads have the time to end that the config gives them.
    drain = int((re.search(r"drain: (\d+)s", text) or re.search(r"(30)", "30"))[1])
    sleep = putback.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    assert pod["terminationGracePeriodSeconds"] > sleep + drain
    settings = yaml.safe_load(text)
    assert int(putback["resources"]["limits"]["memory"].removesuffix("Mi")) > int(
        settings["limits"]["buffers"].removesuffix("MiB")
    )
    if "ports" in putback:
        ports = {port["containerPort"] for port in putback["ports"]}
        assert ports == {int(settings[key]["address"].rpartition(":")[2]) for key in ("admin",)} | {
            int(listener["address"].rpartition(":")[2]) for listener in settings["listeners"]
        }


def test_a_sidecar_and_a_shared_service_are_there():
    side, shared = objects(DOCKER / "kubernetes/sidecar.yaml"), objects(DOCKER / "kubernetes/shared.yaml")
    (container,) = side["Deployment"]["spec"]["template"]["spec"]["initContainers"]
    assert container["restartPolicy"] == "Always"
    assert {"HorizontalPodAutoscaler", "PodDisruptionBudget", "Service"} <= shared.keys()
    assert shared["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == shared["Deployment"]["metadata"]["name"]
    assert "replicas" not in shared["Deployment"]["spec"], "the autoscaler says how many"


# Compose


def test_compose_names_what_there_is():
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    assert compose.keys() <= {"name", "services", "volumes", "x-putback"}
    for name, service in compose["services"].items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        for dependency, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"} and dependency in compose["services"]
        for volume in service.get("volumes", []):
            source, target, *_ = volume.split(":")
            if source.startswith("."):
                assert (DOCKER / source).is_file(), source
                # The gateway asks nobody who they are; so only this machine may reach it.
                warnings = check(DOCKER / source)
                assert "listeners[0]: 0.0.0.0:8080" in warnings if name == "putback" else warnings == ""
            else:
                assert source in compose["volumes"]


# systemd


def analyze(*arguments: object) -> subprocess.CompletedProcess:
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("needs systemd-analyze")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture
def units(tmp_path):
    """The units in a folder; the program has to exist to be verified."""
    for name in ("putback.service", "putback.socket"):
        text = (UNITS / name).read_text().replace("/usr/bin/putback", str(BINARY))
        (tmp_path / name).write_text(text)
    return tmp_path


def test_systemd_understands_the_units(units):
    told = analyze("verify", "--man=no", units / "putback.service", units / "putback.socket")
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_systemd_would_notice(units):
    unit = units / "putback.service"
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSytem=strict"))
    told = analyze("verify", "--man=no", unit)
    assert "ProtectSytem" in told.stderr


def test_the_service_has_little_to_lose(units):
    told = analyze("security", "--offline=true", "--no-pager", "--threshold=15", units / "putback.service")
    assert told.returncode == 0, told.stdout + told.stderr
    exposure = re.search(r"Overall exposure level for putback.service: ([\d.]+)", told.stdout)
    assert exposure and float(exposure[1]) <= 1.5


def test_the_service_says_what_serve_does():
    unit = (UNITS / "putback.service").read_text()
    for line in ("Type=notify", "WatchdogSec=30s", "ExecReload=/bin/kill -HUP $MAINPID", "RestartPreventExitStatus=64 78"):
        assert f"\n{line}\n" in unit
    assert re.search(r"ListenStream=0.0.0.0:8080\n", (UNITS / "putback.socket").read_text())
    user = (UNITS / "putback.sysusers").read_text()
    assert "\nu putback " in user and "\nUser=putback\n" in unit


# Every config that ships


@pytest.mark.parametrize("path", sorted((dockerfile.ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_every_config_that_ships_is_right(path):
    check(path)
