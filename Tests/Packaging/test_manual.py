"""The man page and the completions know every command and option that --help tells of."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import dockerfile
import pytest
from conftest import BINARY


def helps(*arguments: str) -> str:
    return subprocess.run([BINARY, *arguments, "--help"], check=True, capture_output=True, text=True).stdout


def section(text: str, title: str) -> list[str]:
    """The entries of a section of --help: what stands two spaces in."""
    match = re.search(rf"^{title}:\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"^  (\S.*?)(?:  |$)", match[1], re.MULTILINE) if match else []


@pytest.fixture(scope="session")
def commands() -> dict[str, list[str]]:
    """Each command with its options, without --help."""
    found = {}
    for command in section(helps(), "SUBCOMMANDS"):
        options = re.findall(r"(?<!\S)--?[A-Za-z][a-z-]*", " ".join(section(helps(command), "OPTIONS")))
        found[command] = [option for option in options if option not in ("-h", "--help", "--version")]
    assert {"serve", "check", "explain", "demo", "health", "version"} <= found.keys()
    assert "--take-over" in found["serve"] and "-H" in found["explain"]
    return found


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("man")
    subprocess.run([dockerfile.ROOT / "docker/man/generate", BINARY, folder], check=True)
    return folder


def needs(program: str) -> str:
    path = shutil.which(program)
    if not path:
        pytest.skip(f"needs {program}")
    return path


def test_the_man_page_is_well_formed(made):
    told = subprocess.run([needs("mandoc"), "-Tlint", "-Wwarning", made / "putback.8"], capture_output=True, text=True)
    assert told.stdout + told.stderr == ""


def test_the_man_page_tells_every_option_of_every_command(made, commands):
    page = subprocess.run(
        [needs("mandoc"), "-Tascii", "-O", "width=500", made / "putback.8"], capture_output=True, text=True, check=True
    ).stdout
    page = re.sub(r".\x08", "", page)
    for command, options in commands.items():
        part = re.search(rf"^   {command}\n(.*?)(?=^ {{0,3}}\S)", page, re.MULTILINE | re.DOTALL)
        assert part, f"no section for {command}"
        tags = re.findall(r"(?<!\S)--?[A-Za-z][a-z-]*", part[1])
        for option in options:
            assert option in tags, f"{command} {option}"
    for title in ("SIGNALS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES"):
        assert f"\n{title}\n" in page


@pytest.mark.parametrize("shell, file", [("bash", "putback"), ("zsh", "_putback"), ("fish", "putback.fish")])
def test_completions_are_scripts_with_every_command_and_option(made, commands, shell, file):
    script = made / shell / file
    check = "--no-execute" if shell == "fish" else "-n"
    told = subprocess.run([needs(shell), check, script], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")
    text = script.read_text()
    for command, options in commands.items():
        assert re.search(rf"\b{command}\b", text), command
        for option in options:
            name = option.lstrip("-")
            # fish has names without dashes: -l config -s c.
            fish = rf"-{'l' if option.startswith('--') else 's'} '?{name}\b"
            assert re.search(fish if shell == "fish" else rf"(?<![\w-]){option}(?![\w-])", text), f"{command} {option}"


def completed_by_bash(script: Path, line: str) -> list[str]:
    words = line.split(" ")
    code = f"""
        source {script}
        COMP_WORDS=({' '.join(repr(word) for word in words)}) COMP_CWORD={len(words) - 1}
        COMP_LINE={line!r} COMP_POINT={len(line)} COMP_TYPE=9
        "$(complete -p putback | sed 's/.* -F \\([^ ]*\\).*/\\1/')" putback "${{COMP_WORDS[COMP_CWORD]}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    told = subprocess.run(["bash", "-c", code], capture_output=True, text=True)
    return told.stdout.split()


def test_bash_completes(made):
    script = made / "bash/putback"
    assert completed_by_bash(script, "putback ser") == ["serve"]
    assert completed_by_bash(script, "putback serve --ta") == ["--take-over"]
    assert {"--once", "--json", "--port"} <= set(completed_by_bash(script, "putback demo --"))


def test_fish_completes(made):
    def completed(line: str) -> list[str]:
        code = f"source {made}/fish/putback.fish; complete -C '{line}'"
        told = subprocess.run([needs("fish"), "-c", code], capture_output=True, text=True)
        return [line.split("\t")[0] for line in told.stdout.splitlines()]

    assert "serve" in completed("putback ser")
    assert "--take-over" in completed("putback serve --ta")
