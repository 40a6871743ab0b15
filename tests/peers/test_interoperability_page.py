"""The examples of docs/interoperability.md run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_readme import ROOT, blocks_of

pytestmark = pytest.mark.peers
PAGE = ROOT / "docs" / "interoperability.md"


def test_examples__run_in_order(tmp_path: Path) -> None:
    examples = [
        block.text for block in blocks_of(PAGE.read_text("utf-8")) if block.language == "python"
    ]
    assert examples
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(examples)],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
