#!/bin/sh
# Install Chromium from Debian's packages, in which the tests open the report.  Where that is not
# possible (another system, no rights, no network) the tests that need it are skipped, and say so.
#
# Usage: install-chromium.sh

set -eu
if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here: install Chromium by hand to test the report in a browser." >&2
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then sudo=""; else sudo="sudo -n"; fi
if ! $sudo apt-get -qq update || ! $sudo apt-get -qq install --yes --no-install-recommends chromium; then
    echo "Chromium could not be installed: the report is not tested in a browser." >&2
fi
