from __future__ import annotations

import pytest

from fastgru._numba import cache_directory
from fastgru.estimators import warmup
from fastgru.layers import checks


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["float32 gru"]),
        (["--dtype", "float64"], ["float64 gru"]),
        (["--dtype", "all"], ["float32 gru", "float64 gru"]),
        (["--cell", "lstm"], ["float32 lstm"]),
        (["--cell", "all"], ["float32 gru", "float32 lstm", "float32 rnn"]),
        (["--precision", "bf16", "--cell", "lstm"], ["float32 with bf16 lstm"]),
    ],
)
def test_warmup__compiles_what_is_asked_for(
    options, expected: list[str], run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(
        warmup,
        "compile_kernels",
        lambda dtype, cell, precision: compiled.append(
            f"{dtype}{f' with {precision}' if precision else ''} {cell}"
        ),
    )
    code, out, err = run_cli(["warmup", *options])
    assert (code, out) == (0, "")
    assert compiled == expected
    for name in expected:
        assert f"{' kernels for '.join(name.rsplit(' ', 1))} ready after " in err
    assert err.endswith(f"cache: {cache_directory()}\n")


def test_warmup__fills_the_cache(run_cli) -> None:
    assert run_cli(["warmup"]).code == 0
    assert len([path for path in cache_directory().iterdir() if path.suffix == ".nbc"]) > 10


def test_warmup__knows_no_other_precision(run_cli) -> None:
    code, _, err = run_cli(["warmup", "--dtype", "float16"])
    assert code == 2
    assert "invalid choice: 'float16' (choose from" in err


def test_warmup__refuses_a_precision_without_instructions(
    run_cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "cpu_features", lambda: {"avx2"})
    code, _, err = run_cli(["warmup", "--precision", "bf16"])
    assert code == 2
    assert "precision='bf16' is not available: this CPU has no AVX512-BF16 instructions" in err
