#!/usr/bin/env bash
# Make the virtual environment and install one locked set into it: install.sh PYTHON VENV run|dev
# uv does it in seconds and is taken when it can be had; pip does the same from the same lock in about a minute and a half.
set -euo pipefail
python=$1 venv=$2 set=$3
lock="requirements/$set.txt"
"$python" - <<'PY' || { echo "Mayak needs Python 3.11, 3.12 or 3.13; say which with: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
import sys
sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PY
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing $(grep -cE '^[a-z0-9].*==' "$lock") locked packages into $venv …"
start=$SECONDS
uv=$(command -v uv || true)
if [ -z "$uv" ] && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv 2>/dev/null; then uv="$venv/bin/uv"; fi
# Compiled as pip does it: where nobody may write beside the libraries, every command would compile them anew (12 s of processor time for Dagster).
if [ -n "$uv" ] && "$uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes -r "$lock" 2>/dev/null; then
    "$uv" pip install --quiet --python "$venv/bin/python" --no-deps -e .
else
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --progress-bar on --require-hashes -r "$lock"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -e .
fi
echo "… done in $((SECONDS - start)) s"
