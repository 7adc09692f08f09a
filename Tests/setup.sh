#!/usr/bin/env bash
# Installs what is missing and nothing else.
#
#   Tests/setup.sh system    libraries and tools that building needs
#   Tests/setup.sh python    these, and the virtual environment of the end-to-end tests in .build/venv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

installed() {
    [[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" == installed ]]
}

# Installs the Debian packages among the arguments that are missing.
packages() {
    local missing=() name
    command -v dpkg-query >/dev/null || {
        without_apt
        return
    }
    for name in "$@"; do
        installed "$name" || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || fail "these Debian packages are missing and there is no apt-get: ${missing[*]}"

    local root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "run as root, or install sudo, or install by hand: ${missing[*]}"
        root=(sudo)
    fi
    echo "setup: installing ${missing[*]}"
    # An outdated package list is no reason to stop: the install says whether it matters.
    "${root[@]}" apt-get update -qq || true
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Another system: whatever provides the same libraries is welcome.
without_apt() {
    command -v pkg-config >/dev/null || fail "no dpkg and no pkg-config: install pkg-config, then see below"
    local library
    for library in libevent_core libcurl openssl libisal yaml-0.1; do
        pkg-config --exists "$library" || fail "this is no Debian system; please install $library with its headers"
    done
}

toolchain() {
    command -v swift >/dev/null || fail "there is no swift on the PATH; Putback needs Swift 6.3"
    local version
    version="$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)"
    case "$version" in
    6.[0-2] | [0-5].*) fail "Swift $version is too old; Putback needs 6.3" ;;
    esac
}

# The stamp holds the requirements it was made from: a change of them, and only that, installs again.
environment() {
    local venv=.build/venv wanted=Tests/EndToEnd/requirements.txt
    cmp -s "$wanted" "$venv/installed.txt" && return 0
    echo "setup: making $venv"
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
    cp "$wanted" "$venv/installed.txt"
}

case "${1:-}" in
system)
    toolchain
    packages libevent-dev libcurl4-openssl-dev libssl-dev libisal-dev libyaml-dev pkg-config
    ;;
python)
    toolchain
    packages libevent-dev libcurl4-openssl-dev libssl-dev libisal-dev libyaml-dev pkg-config python3 python3-venv curl openssl \
        make binutils valgrind chromium debootstrap iproute2 mandoc systemd zsh fish
    environment
    ;;
*) fail "usage: Tests/setup.sh system|python" ;;
esac
