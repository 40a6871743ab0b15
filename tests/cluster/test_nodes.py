"""Compute nodes: no network, and a home that cannot be written."""

from __future__ import annotations

import functools
import os
import subprocess
import sys

import pytest

from tests.workflow.running import ROOT
from tests.workflow.small_project import write_project

# Without network, and with the home bound to itself for reading only: permissions do not stop root.
ISOLATE = ["unshare", "--map-root-user", "--net", "--mount"]
NODE = """
mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME" || exit 99
if touch "$HOME/file" 2>/dev/null; then exit 98; fi
exec "$@"
"""
TRAIN = "train --class donor=donor.fa --class other=other.fa --hidden-size 4 --max-epochs 1"


@functools.cache
def isolation_permitted():
    try:
        return subprocess.run([*ISOLATE, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.fixture
def node(tmp_path):
    """Return what runs the command as on a node whose home can only be read."""
    if not isolation_permitted():
        pytest.skip("namespaces of network and mounts are not permitted here")
    project = write_project(tmp_path / "project")
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FASTGRU_", "XDG_"))}
    variables = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    variables["PYTHONPATH"] = str(ROOT)

    def run(*words):
        command = [*ISOLATE, "sh", "-c", NODE, "sh", sys.executable, "-m", "fastgru", *words]
        return subprocess.run(
            command, check=False, cwd=project, env=kept | variables, capture_output=True, text=True
        )

    return run


@pytest.mark.slow
def test_node__without_network_and_with_a_read_only_home_trains(node, tmp_path):
    result = node(*TRAIN.split(), "--output", "model.safetensors")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "project/model.safetensors").exists()
    assert list((tmp_path / "home").iterdir()) == []
    # the kernels stay on the node, for the next job
    (cache,) = (tmp_path / "tmp").glob("fastgru-*")
    entries = {path: path.stat().st_mtime_ns for path in cache.glob("*.nbc")}
    assert entries
    again = node(*TRAIN.split(), "--output", "again.safetensors")
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in cache.glob("*.nbc")} == entries
