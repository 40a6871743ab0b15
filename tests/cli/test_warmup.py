from __future__ import annotations

import pytest

from fastgru._numba import cache_directory
from fastgru.estimators import warmup


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["float32 gru"]),
        (["--dtype", "float64"], ["float64 gru"]),
        (["--dtype", "all"], ["float32 gru", "float64 gru"]),
        (["--cell", "lstm"], ["float32 lstm"]),
        (["--cell", "all"], ["float32 gru", "float32 lstm", "float32 rnn"]),
    ],
)
def test_warmup__compiles_what_is_asked_for(
    options, expected: list[str], run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(
        warmup, "compile_kernels", lambda dtype, cell: compiled.append(f"{dtype} {cell}")
    )
    code, out, err = run_cli(["warmup", *options])
    assert (code, out) == (0, "")
    assert compiled == expected
    for name in expected:
        assert f"{name.replace(' ', ' kernels for ')} ready after " in err
    assert err.endswith(f"cache: {cache_directory()}\n")


def test_warmup__fills_the_cache(run_cli) -> None:
    assert run_cli(["warmup"]).code == 0
    assert len([path for path in cache_directory().iterdir() if path.suffix == ".nbc"]) > 10


def test_warmup__knows_no_other_precision(run_cli) -> None:
    code, _, err = run_cli(["warmup", "--dtype", "float16"])
    assert code == 2
    assert "invalid choice: 'float16' (choose from" in err
