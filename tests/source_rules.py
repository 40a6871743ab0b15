"""Rules of the house that no linter knows: functions from a parsed module to problems.

Each rule yields ``(line, text)``.  ``test_architecture.py`` applies them to every module of the
package, and to small sources that break them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

Problem = tuple[int, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef

UNSAFE_MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
UNSAFE_CALLS = {"__import__", "eval", "exec"}


def imported_modules(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every absolute import of the module, also those inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module


def imports_of(tree: ast.Module, *packages: str) -> Iterator[Problem]:
    """Imports of one of `packages` or of something inside it."""
    for line, module in imported_modules(tree):
        if module.split(".")[0] in packages:
            yield line, f"imports {module}"


def prints(tree: ast.Module) -> Iterator[Problem]:
    """Calls of print()."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "print":
            yield node.lineno, "calls print()"


def unsafe_code(tree: ast.Module) -> Iterator[Problem]:
    """Ways to execute what a file or an argument says."""
    yield from imports_of(tree, *UNSAFE_MODULES)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in UNSAFE_CALLS:
            yield node.lineno, f"calls {node.func.id}()"
        for keyword in node.keywords:
            is_true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
            if keyword.arg in {"allow_pickle", "shell"} and is_true:
                yield node.lineno, f"passes {keyword.arg}=True"


def long_functions(tree: ast.Module, max_lines: int) -> Iterator[Problem]:
    """Functions whose body, after the docstring, has more than `max_lines` lines."""
    for function in _functions(tree):
        body = function.body[1:] if ast.get_docstring(function) else function.body
        n_lines = function.end_lineno - body[0].lineno + 1 if body else 0
        if n_lines > max_lines:
            yield function.lineno, f"{function.name} has {n_lines} lines, {max_lines} are allowed"


def many_positional_arguments(tree: ast.Module, max_arguments: int) -> Iterator[Problem]:
    """Public functions with more than `max_arguments` arguments that are not keyword-only."""
    for function in _functions(tree):
        names = [name for name in _positional(function) if name not in {"self", "cls"}]
        if not function.name.startswith("_") and len(names) > max_arguments:
            found = f"{function.name} takes {len(names)} positional arguments"
            yield function.lineno, f"{found}, {max_arguments} are allowed: use keyword-only ones"


def missing_docstrings(tree: ast.Module) -> Iterator[Problem]:
    """Modules, and public functions and classes at their top level, without a docstring."""
    if not ast.get_docstring(tree):
        yield 1, "the module has no docstring"
    for node in tree.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        is_overload = "overload" in map(_name, node.decorator_list)
        if not is_overload and not ast.get_docstring(node):
            yield node.lineno, f"{node.name} has no docstring"


def docstring_mismatches(tree: ast.Module, types_in_docstring: bool) -> Iterator[Problem]:
    """Docstrings whose Parameters section does not name the parameters, in order.

    Types belong to the signature; `types_in_docstring` is for kernels, which have none there.
    """
    for function in _functions(tree):
        documented = _section(ast.get_docstring(function) or "", "Parameters")
        yield from _compare(function, documented, _parameters(function), types_in_docstring)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            documented = _section(ast.get_docstring(node) or "", "Parameters")
            yield from _compare(node, documented, _constructor_parameters(node), types_in_docstring)


def undocumented_parameters(tree: ast.Module, public: set[str]) -> Iterator[Problem]:
    """Public names, and the public methods of public classes, without a Parameters section."""
    for node in tree.body:
        if getattr(node, "name", None) not in public:
            continue
        methods = node.body if isinstance(node, ast.ClassDef) else []
        for item in [node, *methods]:
            is_class = isinstance(item, ast.ClassDef)
            if not isinstance(item, Function | ast.ClassDef) or item.name.startswith("_"):
                continue
            parameters = _constructor_parameters(item) if is_class else _parameters(item)
            docstring = ast.get_docstring(item) or ""
            if parameters and not _section(docstring, "Parameters"):
                yield item.lineno, f"{item.name} does not document its parameters"


def _compare(
    node: ast.ClassDef | Function,
    documented: list[tuple[str, str]],
    actual: list[str] | None,
    types_in_docstring: bool,
) -> Iterator[Problem]:
    if not documented or actual is None:
        return
    names = [name for name, _ in documented]
    if names != actual:
        yield node.lineno, f"{node.name} documents {names}, its signature has {actual}"
    for name, annotation in documented:
        if annotation and not types_in_docstring:
            yield node.lineno, f"{node.name} documents a type for {name}: keep it in the signature"


def _section(docstring: str, title: str) -> list[tuple[str, str]]:
    """Names and types of the entries of one numpydoc section; empty when there is none."""
    pattern = rf"^{title}\n-{{{len(title)}}}\n(.*?)(?=^\S[^\n]*\n---|\Z)"
    match = re.search(pattern, docstring, flags=re.MULTILINE | re.DOTALL)
    entries = []
    for line in match.group(1).splitlines() if match else []:
        if line and not line[0].isspace():
            names, _, annotation = line.partition(" : ")
            entries += [(name.strip().lstrip("*"), annotation) for name in names.split(",")]
    return entries


def _constructor_parameters(node: ast.ClassDef) -> list[str] | None:
    """Parameters of ``__init__``, or the fields of a class that has none (None: no fields)."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return _parameters(item)
    fields = [
        item.target.id
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    ]
    return fields or None


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    names = _positional(function)
    names += [arguments.vararg.arg] if arguments.vararg else []
    names += [argument.arg for argument in arguments.kwonlyargs]
    names += [arguments.kwarg.arg] if arguments.kwarg else []
    return [name for name in names if name not in {"self", "cls"}]


def _positional(function: Function) -> list[str]:
    return [argument.arg for argument in function.args.posonlyargs + function.args.args]


def _functions(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else None
