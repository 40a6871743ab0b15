#!/bin/sh
# Install the package alone, as a user would, in a fresh environment, and try the command and the API
# away from the source tree.  A dependency missing from pyproject.toml shows here and nowhere else.
#
# Usage: test-install.sh PYTHON

set -eu
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 130' INT TERM

"$1" -m venv "$directory/venv"
"$directory/venv/bin/python" -m pip --disable-pip-version-check -qq install .
cd "$directory"
venv/bin/fastgru --version
venv/bin/fastgru --help >help.txt
venv/bin/python - <<'PYTHON'
from fastgru.datasets import load_amp, load_splice

for data in (load_splice(), load_amp()):
    print(len(data.sequences), "sequences")
PYTHON
venv/bin/fastgru selftest
