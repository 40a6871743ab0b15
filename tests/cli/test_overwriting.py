from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "model.safetensors", "-", "-"],
        ["predict", "model.safetensors", "-", "--split", "-"],
        ["gather", "-", "-"],
        ["tracks", "-", "-", "--calls", "calls.bed"],
        ["audit", "-", "--labels", "-"],
    ],
)
def test_standard_input__is_refused_for_two_inputs(arguments: list[str], run_cli) -> None:
    code, out, err = run_cli(arguments)
    assert (code, out) == (2, "")
    assert err == (
        f"fastgru {arguments[0]}: error: standard input (-) can be read only once. "
        "Use a file instead.\n"
    )
