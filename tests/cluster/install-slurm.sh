#!/bin/sh
# Install SLURM and its authentication from Debian's packages, for the tests of this folder.  Where that is
# not possible (another system, no rights, no network) these tests are skipped, and say so.
#
# Usage: install-slurm.sh

set -eu
if command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here: install SLURM and munge by hand to test the workflow on them." >&2
    exit 0
fi
if [ "$(id -u)" -eq 0 ]; then sudo=""; else sudo="sudo -n"; fi
export DEBIAN_FRONTEND=noninteractive
if ! timeout 300 $sudo apt-get -qq update ||
    ! timeout 300 $sudo apt-get -qq install --yes --no-install-recommends slurmctld slurmd slurm-client munge; then
    echo "SLURM could not be installed: the workflow is not tested on it." >&2
fi
