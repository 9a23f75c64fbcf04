#!/bin/sh
# Makes .venv and installs what is pinned: tooling/install.sh STAMP REQUIREMENTS…
# The stamp holds a checksum of the requirements, so that only a change of their content installs again.
set -eu
stamp=$1
shift
wanted=$(cat "$@" | cksum)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then
    touch "$stamp"
    exit 0
fi
if ! command -v "$PYTHON" >/dev/null; then
    echo "Paydesk needs Python 3.11 or newer, and $PYTHON was not found: apt-get install python3 python3-venv" >&2
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
# Made anew also when an interruption left one without pip.
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$PYTHON" -m venv --clear .venv
echo "Installing into .venv (only when the requirements change) …"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
printf '%s\n' "$wanted" >"$stamp"
