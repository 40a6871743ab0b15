"""The structure of the package, held by proof: layers, lazy imports, budgets, docstrings."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests import source_rules

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "fastgru"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 40
MAX_KERNEL_LINES = 80
MAX_POSITIONAL_ARGUMENTS = 6

# What makes a start slow.  Whatever only reads sequences starts without a compiler.
HEAVY = {"numba", "sklearn", "scipy", "matplotlib", "jinja2", "optuna", "torch", "snakemake"}
CALL_MAIN = "from fastgru.cli import main; main({})"
LIGHT_STARTS = {
    "import fastgru": HEAVY,
    "import fastgru.data, fastgru.errors": HEAVY,
    CALL_MAIN.format(["--help"]): HEAVY,
    CALL_MAIN.format(["--version"]): HEAVY,
    CALL_MAIN.format(["train", "--help"]): HEAVY,
    CALL_MAIN.format(["baseline", "--list"]): HEAVY,
    CALL_MAIN.format(["audit", "tiny.fa", "--label-field", "label", "-o", "-"]): {"numba"},
    CALL_MAIN.format(["split", "tiny.fa", "--label-field", "label", "-o", "-"]): {"numba"},
}
COMPILER = {"_numba.py", "_kernel_cache.py", "_kernel_parts.py"}


def parse(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def is_kernel(module: str) -> bool:
    return module.startswith("kernels/")


def listing(problems: Iterable[source_rules.Problem], module: str) -> list[str]:
    return [f"fastgru/{module}:{line}: {text}" for line, text in problems]


def test_modules__were_found() -> None:
    assert {"__init__.py", "_numba.py", "cli/__init__.py", "errors.py"} <= set(MODULES)


def test_imports__point_downward() -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(("statement", "forbidden"), LIGHT_STARTS.items())
def test_start__leaves_slow_packages_alone(
    statement: str, forbidden: set[str], tmp_path: Path
) -> None:
    classes = {"a": "ACGT", "b": "GGTA"}
    records = [
        f">{name}{i} label={name}\n{letters * (i + 1)}\n"
        for name, letters in classes.items()
        for i in range(20)
    ]
    (tmp_path / "tiny.fa").write_text("".join(records), encoding="utf-8")
    program = (
        f"import sys\ntry:\n    {statement}\nexcept SystemExit as stop:\n    assert not stop.code\n"
        f"found = sorted(set(sys.modules) & {forbidden!r})\n"
        "sys.exit(f'imported {found}' if found else 0)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("module", MODULES)
def test_module__keeps_the_rules(module: str) -> None:
    tree = parse(module)
    problems = [
        *source_rules.missing_docstrings(tree),
        *source_rules.docstring_mismatches(tree, types_in_docstring=is_kernel(module)),
    ]
    if module not in COMPILER:  # whose cache files are pickles
        problems += source_rules.imports_of(tree, "numba", "llvmlite")
        problems += source_rules.unsafe_code(tree)
    if not module.startswith("cli/"):
        problems += source_rules.prints(tree)
    assert listing(problems, module) == []


@pytest.mark.parametrize("module", MODULES)
def test_module__stays_within_its_budget(module: str) -> None:
    tree = parse(module)
    n_lines = len((PACKAGE / module).read_text(encoding="utf-8").splitlines())
    max_lines = MAX_KERNEL_LINES if is_kernel(module) else MAX_FUNCTION_LINES
    problems = list(source_rules.long_functions(tree, max_lines))
    if not is_kernel(module):
        problems += source_rules.many_positional_arguments(tree, MAX_POSITIONAL_ARGUMENTS)
    if n_lines > MAX_FILE_LINES:
        problems.append((n_lines, f"has {n_lines} lines, {MAX_FILE_LINES} are allowed"))
    assert listing(problems, module) == []


@pytest.mark.parametrize("module", MODULES)
def test_public_names__document_their_parameters(module: str) -> None:
    import fastgru

    problems = source_rules.undocumented_parameters(parse(module), set(fastgru.__all__))
    assert listing(problems, module) == []


def test_package__has_no_drawer_for_odds_and_ends() -> None:
    names = {Path(module).stem for module in MODULES} | {
        part for module in MODULES for part in Path(module).parts[:-1]
    }
    assert names.isdisjoint({"utils", "util", "helpers", "helper", "misc", "common"})


# The rules themselves: each must see what it is for.

DOCUMENTED = '''
def f({signature}):
    """Do it.

    Parameters
    ----------
    {entries}

    Returns
    -------
    int
        Something.
    """
'''


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import pickle", "imports pickle"),
        ("def f():\n    from joblib import load", "imports joblib"),
        ("eval(text)", "calls eval()"),
        ("np.load(path, allow_pickle=True)", "passes allow_pickle=True"),
        ("subprocess.run(command, shell=True)", "passes shell=True"),
    ],
)
def test_unsafe_code__is_seen(source: str, expected: str) -> None:
    assert expected in [text for _, text in source_rules.unsafe_code(ast.parse(source))]


def test_unsafe_code__leaves_methods_of_that_name_alone() -> None:
    assert list(source_rules.unsafe_code(ast.parse("model.eval(); f(shell=False)"))) == []


def test_imports_of__sees_imports_inside_functions() -> None:
    tree = ast.parse("def f():\n    import numba.core\n    from numbers import Real")
    assert list(source_rules.imports_of(tree, "numba")) == [(2, "imports numba.core")]


def test_prints__sees_the_call_and_no_other() -> None:
    assert list(source_rules.prints(ast.parse("console.print()\nprint()"))) == [
        (2, "calls print()")
    ]


def test_long_functions__counts_lines_after_the_docstring() -> None:
    source = 'def f():\n    """One.\n\n    Two.\n    """\n    a = 1\n\n    return a\n'
    assert list(source_rules.long_functions(ast.parse(source), 3)) == []
    assert list(source_rules.long_functions(ast.parse(source), 2)) == [
        (1, "f has 3 lines, 2 are allowed")
    ]


def test_many_positional_arguments__leaves_options_alone() -> None:
    tree = ast.parse("class A:\n    def f(self, a, b, *, c, d): ...\n    def g(self, a, b, c): ...")
    (problem,) = source_rules.many_positional_arguments(tree, 2)
    assert problem[1].startswith("g takes 3 positional arguments")


@pytest.mark.parametrize(
    ("signature", "entries", "n_problems"),
    [
        ("a, b", "a\n        First.\n    b\n        Second.", 0),
        ("a, *b, c=1, **d", "a\n    *b\n    c\n    **d", 0),
        ("a, b", "a, b\n        Both.", 0),
        ("a, b", "b\n        Second.\n    a\n        First.", 1),
        ("a, b", "a\n        First.", 1),
        ("a: int", "a : int\n        First.", 1),
    ],
)
def test_docstring_mismatches__compares_names_and_order(
    signature: str, entries: str, n_problems: int
) -> None:
    tree = ast.parse(DOCUMENTED.format(signature=signature, entries=entries))
    problems = list(source_rules.docstring_mismatches(tree, types_in_docstring=False))
    assert len(problems) == n_problems


def test_docstring_mismatches__sees_constructors_and_fields() -> None:
    docstring = '"""A.\n\n    Parameters\n    ----------\n    size\n        Of it.\n    """'
    tree = ast.parse(
        f"class A:\n    {docstring}\n    def __init__(self, length): ...\n"
        f"class B:\n    {docstring}\n    length: int\n"
    )
    problems = list(source_rules.docstring_mismatches(tree, types_in_docstring=False))
    assert [text.split()[0] for _, text in problems] == ["A", "B"]


def test_missing_docstrings__asks_modules_and_public_names() -> None:
    tree = ast.parse("def f(): ...\ndef _g(): ...\nclass C: ...\n@overload\ndef h(): ...")
    assert list(source_rules.missing_docstrings(tree)) == [
        (1, "the module has no docstring"),
        (1, "f has no docstring"),
        (3, "C has no docstring"),
    ]


def test_undocumented_parameters__asks_public_names_only() -> None:
    tree = ast.parse(
        "def f(a): ...\ndef g(a): ...\ndef h(): ...\nclass C:\n    def m(self, a): ..."
    )
    problems = list(source_rules.undocumented_parameters(tree, {"f", "h", "C"}))
    assert problems == [
        (1, "f does not document its parameters"),
        (5, "m does not document its parameters"),
    ]
