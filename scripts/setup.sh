#!/bin/sh
# Makes .venv from a lock with hashes. Called by every make target, so it is instant when nothing is to do.
#
#   setup.sh run    what `signalbox serve` needs       (requirements.lock)
#   setup.sh dev    the same, and what the tests need  (requirements-dev.lock)
#
# Needs nothing but a POSIX shell and Python >= 3.11 with venv. It installs no system package and fetches
# no model. Whatever goes wrong is one line on stderr; the next start repairs.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd -P)

case "${1-}" in
run) lock=requirements.lock ;;
dev) lock=requirements-dev.lock ;;
*) echo "usage: setup.sh run|dev" >&2; exit 2 ;;
esac

# The stamp holds what the environment was made from: the place (scripts in it have absolute paths), the
# metadata and the lock; then the Python that was asked for, if one was.
fingerprint() {
    printf '%s %s\n' "$root" "$(cat pyproject.toml "$1" | cksum)"
}
made_from() {
    [ -x .venv/bin/python ] && [ -f ".venv/.made-$1" ] || return 1
    { IFS= read -r made && IFS= read -r asked; } <".venv/.made-$1" || return 1
    [ "$made" = "$(fingerprint "$2")" ] && { [ -z "${PYTHON-}" ] || [ "$asked" = "asked $PYTHON" ]; }
}
if made_from "$1" "$lock"; then exit 0; fi
if [ "$1" = run ] && made_from dev requirements-dev.lock; then exit 0; fi

fail() {
    printf 'setup: %s\n' "$1" >&2
    exit 1
}

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}
new_enough() {
    [ "${1%.*}" -eq 3 ] && [ "${1#*.}" -ge 11 ]
}

# Wheels of every locked package exist for 3.11 to 3.13; a newer Python is taken only when it is all there is.
find_python() {
    python=''
    seen=''
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        version=$(version_of "$candidate") || continue
        if ! new_enough "$version"; then
            seen="$seen, \`$candidate\` is $version"
        elif [ "${version#*.}" -le 13 ]; then
            python=$candidate
            break
        elif [ -z "$python" ]; then
            python=$candidate
        fi
    done
    if [ -z "$python" ]; then
        seen=${seen#, }
        [ -n "$seen" ] || seen="no \`${PYTHON:-python3}\`"
        fail "needs Python 3.11 or newer (found: $seen): install one, or name it: make PYTHON=/path/to/python3"
    fi
    version=$(version_of "$python")
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        fail "Python $version has no venv module: apt-get install python3-venv (or python$version-venv)"
    fi
}

# An environment that was moved, is broken, or is not of the Python asked for, is made anew.
sound() {
    version=$(version_of .venv/bin/python) && new_enough "$version" || return 1
    [ -z "${PYTHON-}" ] || [ "$(version_of "$PYTHON")" = "$version" ] || return 1
    head -n 1 .venv/bin/pip 2>/dev/null | grep -q -F "$root/.venv/" || return 1
    .venv/bin/python -m pip --version >/dev/null 2>&1
}

log=$root/.venv/setup.log
# Says in one line what the log tells in many, most telling cause first.
explain() {
    if grep -q -i -e 'No space left on device' -e 'Disk quota exceeded' "$log" 2>/dev/null; then
        free=$(df -P -k . | awk 'NR == 2 {printf "%.1f", $4 / 1000000}')
        fail "no disk space left in $root (needs about 0.6 GB, $free GB are free)"
    fi
    if grep -q -e 'DO NOT MATCH THE HASHES' "$log" 2>/dev/null; then
        fail "a package does not match its hash in $lock and was not installed (see .venv/setup.log)"
    fi
    if grep -q -e 'NewConnectionError' -e 'ConnectTimeoutError' -e 'ReadTimeoutError' -e 'Read timed out' \
        -e 'name resolution' -e 'Name or service not known' -e 'nodename nor servname' \
        -e 'Network is unreachable' -e 'Connection refused' -e 'Connection broken' -e 'ProtocolError' \
        -e 'ProxyError' "$log" 2>/dev/null; then
        fail "cannot reach the package index: check the network (or pip's own settings) and run again"
    fi
    if grep -q -e 'No matching distribution found' "$log" 2>/dev/null; then
        missing=$(sed -n 's/.*No matching distribution found for \([^ ;]*\).*/\1/p' "$log" | tail -n 1)
        fail "there is no ready-made build of \`$missing\` for Python $version on this system: try another, e.g. make PYTHON=python3.12"
    fi
    fail "$1 failed: $(grep -v '^ *$' "$log" 2>/dev/null | tail -n 1) (see .venv/setup.log)"
}

rm -f .venv/.made-run .venv/.made-dev 2>/dev/null || true
if sound; then
    : >"$log" || fail "cannot write to $root/.venv: check its permissions and free space"
else
    find_python
    printf 'setup: making .venv with Python %s\n' "$version"
    rm -rf .venv
    { mkdir .venv && : >"$log"; } 2>/dev/null || fail "cannot write to $root: check its permissions and free space"
    "$python" -m venv .venv >"$log" 2>&1 || explain "making .venv"
fi

pip() {
    .venv/bin/python -m pip --disable-pip-version-check --no-input --retries 2 --timeout 20 "$@" >>"$log" 2>&1
}
printf 'setup: installing %s packages from %s\n' "$(grep -c '^[a-zA-Z0-9].*==' "$lock")" "$lock"
# Wheels only: nothing is compiled, and no package runs code while it is installed.
pip install --require-hashes --only-binary :all: -r "$lock" || explain "installing $lock"
# The build backend came with the lock, so this reaches no network.
pip install --no-deps --no-build-isolation --no-index -e . || explain "installing signalbox"

{ fingerprint "$lock"; printf 'asked %s\n' "${PYTHON-}"; } >".venv/.made-$1" ||
    fail "cannot write to $root/.venv: check its free space"
