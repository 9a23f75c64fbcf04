#!/bin/sh
# Creates .venv and installs the pinned packages: tooling/install.sh STAMP REQUIREMENTS…
# The stamp contains a checksum of the requirements, so that only a change of their content installs again.
set -eu
stamp=$1
shift
checksum=$(cat "$@" | cksum)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$checksum" ]; then
    touch "$stamp"
    exit 0
fi
if ! command -v "$PYTHON" >/dev/null; then
    echo "Paydesk needs Python 3.11 or newer, and $PYTHON is not installed: apt-get install python3 python3-venv" >&2
    exit 1
fi
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Paydesk needs Python 3.11 or newer; $PYTHON is $("$PYTHON" --version). Choose another: make PYTHON=python3.11" >&2
    exit 1
fi
if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "Python's venv module is missing: apt-get install python3-venv" >&2
    exit 1
fi
# An interruption may have left a .venv without pip; it is created again.
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$PYTHON" -m venv --clear .venv
echo "Installing into .venv (only when the requirements change) …"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
printf '%s\n' "$checksum" >"$stamp"
