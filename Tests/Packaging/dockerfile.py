"""Executes docker/Dockerfile without an engine: each step in a Debian tree of its own, as root.

What an engine does is done with debootstrap, chroot and namespaces. Of the base images `swift:…` is Debian with what
Swift needs (and this machine's toolchain, where something is compiled), `scratch` an empty folder.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASES = ROOT / ".build/image"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What the swift images have beyond a minimal Debian (their Dockerfiles at github.com/swiftlang/swift-docker), as far as a
# program needs it; and what the commands but the compiler need, where nothing is compiled.
FEW_PACKAGES = "binutils libncurses6 libsqlite3-0 libstdc++6"
SWIFT_PACKAGES = (
    "binutils git libc6-dev libcurl4-openssl-dev libedit2 libgcc-12-dev libncurses-dev libsqlite3-0 libstdc++-12-dev "
    "libxml2-dev libz3-dev pkg-config tzdata zlib1g-dev"
)

INSTRUCTION = re.compile(r"([A-Z]+)\s+(.*)", re.DOTALL)
OPTION = re.compile(r"--([a-z-]+)=(\S+)\s+")


def run(*command: object, **options) -> subprocess.CompletedProcess:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert result.returncode == 0, f"{command[-1]}: {result.returncode}\n{result.stdout[-1000:]}{result.stderr[-2000:]}"
    return result


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile with their arguments; comments are dropped, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    found = []
    for line in joined.splitlines():
        if line.strip():
            match = INSTRUCTION.fullmatch(line.strip())
            assert match, line
            found.append((match[1], match[2].strip()))
    return found


@dataclass
class Stage:
    """The files and settings of a stage; the last one's are the image."""

    tree: Path
    binds: list[Path] = field(default_factory=list)
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    exposed: list[str] = field(default_factory=list)
    user: str = "0:0"
    stop_signal: str = ""
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    healthcheck_options: dict[str, str] = field(default_factory=dict)


class Builder:
    """`binary` stands for what `make build` would make; without it everything is compiled."""

    def __init__(self, folder: Path, binary: Path | None):
        self.folder = folder
        self.binary = binary
        self.stages: dict[str, Stage] = {}
        self.steps: list[str] = []
        self.ignored = [line for line in (ROOT / ".dockerignore").read_text().split("\n") if line and line[0] != "#"]

    def build(self, file: Path) -> Stage:
        stage: Stage | None = None
        for name, rest in instructions(file.read_text()):
            self.steps.append(f"{name} {rest}")
            if name == "FROM":
                stage = self.start(rest)
            else:
                assert stage, "the first instruction is FROM"
                getattr(self, "do_" + name.lower())(stage, rest)
        assert stage
        return stage

    # Instructions

    def start(self, rest: str) -> Stage:
        image, _, name = rest.partition(" AS ")
        tree = self.folder / (name or "image")
        stage = Stage(tree)
        if image == "scratch":
            tree.mkdir()
        else:
            assert re.fullmatch(r"swift:[\d.]+-bookworm", image), image
            run("cp", "-a", "--reflink=auto", debian(compiles=self.binary is None), tree)
            self.lend_toolchain(stage)
        self.stages[name or "image"] = stage
        return stage

    def do_workdir(self, stage: Stage, rest: str) -> None:
        stage.workdir = rest
        self.inside(stage, rest).mkdir(parents=True, exist_ok=True)

    def do_run(self, stage: Stage, rest: str) -> None:
        if rest == "make build" and self.binary:
            target = self.inside(stage, ".build/release/putback")
            target.parent.mkdir(parents=True)
            shutil.copy2(self.binary, target)
            return
        self.chroot(stage, rest)

    def do_copy(self, stage: Stage, rest: str) -> None:
        options, words = self.split(rest)
        *sources, target = words
        source_tree = self.stages[options["from"]].tree if "from" in options else ROOT
        to = self.inside(stage, target)
        for source in sources:
            path = source_tree / source.lstrip("/")
            assert path.exists(), f"COPY {rest}: there is no {source}"
            if "from" not in options:
                assert not self.is_ignored(source), f"COPY {rest}: .dockerignore keeps {source} from the engine"
            # A folder's content is copied, a file by name or into a folder; owners are root or what --chown says.
            if path.is_dir():
                to.mkdir(parents=True, exist_ok=True)
                owner = [f"--chown={options['chown']}"] if "chown" in options else ["--chown=0:0"]
                exclude = [f"--exclude={pattern}" for pattern in ("__pycache__", ".build")]
                copy_tree(path, to, owner[0].removeprefix("--chown="), exclude)
            else:
                place = to / path.name if target.endswith("/") else to
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place)

    def do_arg(self, stage: Stage, rest: str) -> None:
        name, _, value = rest.partition("=")
        stage.arguments[name] = value

    def do_env(self, stage: Stage, rest: str) -> None:
        stage.environment.update(self.pairs(stage, rest))

    def do_label(self, stage: Stage, rest: str) -> None:
        stage.labels.update(self.pairs(stage, rest))

    def do_user(self, stage: Stage, rest: str) -> None:
        stage.user = rest

    def do_expose(self, stage: Stage, rest: str) -> None:
        stage.exposed += rest.split()

    def do_stopsignal(self, stage: Stage, rest: str) -> None:
        stage.stop_signal = rest

    def do_entrypoint(self, stage: Stage, rest: str) -> None:
        stage.entrypoint = json.loads(rest)

    def do_cmd(self, stage: Stage, rest: str) -> None:
        stage.command = json.loads(rest)

    def do_healthcheck(self, stage: Stage, rest: str) -> None:
        stage.healthcheck_options, words = self.split(rest, keep=1)
        assert words[0].startswith("CMD "), rest
        stage.healthcheck = json.loads(words[0].removeprefix("CMD "))

    # Parts

    @staticmethod
    def split(rest: str, keep: int | None = None) -> tuple[dict[str, str], list[str]]:
        options: dict[str, str] = {}
        while match := OPTION.match(rest):
            options[match[1]] = match[2]
            rest = rest[match.end() :]
        return options, [rest] if keep else rest.split()

    @staticmethod
    def pairs(stage: Stage, rest: str) -> dict[str, str]:
        found = {}
        for word in shlex.split(rest):
            name, _, value = word.partition("=")
            found[name] = re.sub(r"\$(\w+)", lambda match: stage.arguments[match[1]], value)
        return found

    def is_ignored(self, path: str) -> bool:
        """The last rule that is met decides; a rule for a folder is one for what is in it."""
        ignored = False
        for rule in self.ignored:
            pattern = rule.removeprefix("!")
            parents = [path, *(str(parent) for parent in Path(path).parents)]
            if any(fnmatch.fnmatch(part, pattern.removeprefix("**/")) for part in parents if part != "."):
                ignored = not rule.startswith("!")
        return ignored

    @staticmethod
    def inside(stage: Stage, path: str) -> Path:
        return stage.tree / (path if path.startswith("/") else f"{stage.workdir}/{path}").lstrip("/")

    def chroot(self, stage: Stage, command: str) -> None:
        root = stage.tree
        mounts = [f"mount --rbind /dev {root}/dev", f"mount -t proc proc {root}/proc"]
        for bind in stage.binds:
            (root / str(bind).lstrip("/")).mkdir(parents=True, exist_ok=True)
            mounts.append(f"mount --bind -o ro {bind} {root}{bind}")
        variables = {"PATH": PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **stage.environment}
        words = [f"{name}={value}" for name, value in variables.items()]
        script = " && ".join([*mounts, shlex.join(
            ["exec", "chroot", str(root), "/usr/bin/env", "-i", *words, "/bin/sh", "-c", f"cd {stage.workdir} && {command}"]
        )])  # fmt: skip
        run("unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script)

    def lend_toolchain(self, stage: Stage) -> None:
        """The Swift of this machine, and where its git looks for repositories instead of the network."""
        swift = Path(shutil.which("swift") or "").resolve()
        toolchain = swift.parents[2]
        if toolchain != Path("/"):
            stage.binds.append(toolchain)
            stage.environment["PATH"] = f"{PATH}:{swift.parent}"
        found = subprocess.run(
            ["git", "config", "--get-regexp", r"^url\..*\.insteadof$"], capture_output=True, text=True
        ).stdout.split("\n")
        for number, (key, value) in enumerate(line.split(" ", 1) for line in found if line):
            place = Path(key.removeprefix("url.").removesuffix(".insteadof"))
            if place.is_dir() and place not in stage.binds:
                stage.binds.append(place)
            stage.environment.update(
                {"GIT_CONFIG_COUNT": str(number + 1), f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
            )


def copy_tree(source: Path, target: Path, owner: str, exclude: list[str]) -> None:
    pack = subprocess.Popen(
        ["tar", "-C", str(source), *exclude, f"--owner={owner.split(':')[0]}", f"--group={owner.split(':')[1]}"]
        + ["--numeric-owner", "-cf", "-", "."],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    # The folder itself keeps its owner, as with an engine.
    run("tar", "-C", target, "--numeric-owner", "--same-owner", "--no-overwrite-dir", "-xpf", "-", stdin=pack.stdout)
    assert pack.wait() == 0


def debian(compiles: bool) -> Path:
    """A Debian tree from the mirror that this machine uses, made once."""
    base = BASES / ("debian-with-swift" if compiles else "debian")
    if base.exists():
        return base
    BASES.mkdir(parents=True, exist_ok=True)
    draft = BASES / f"draft-{os.getpid()}"
    packages = (SWIFT_PACKAGES if compiles else FEW_PACKAGES).split()
    try:
        run("debootstrap", "--variant=minbase", f"--include={','.join(packages)}", "bookworm", draft, mirror())
        settings = run("apt-config", "dump", "Acquire").stdout
        (draft / "etc/apt/apt.conf.d/90machine").write_text(settings)
        draft.rename(base)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return base


def mirror() -> str:
    """The first archive of Debian itself among the machine's sources."""
    folder = Path("/etc/apt")
    for file in [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]:
        text = file.read_text() if file.is_file() else ""
        for url in re.findall(r"(?:^URIs:\s*|^deb\s+(?:\[.*?\]\s+)?)(\S+)", text, re.MULTILINE):
            if url.rstrip("/").endswith("/debian"):
                return url
    return "http://deb.debian.org/debian"
