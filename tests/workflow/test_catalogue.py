"""What the Snakemake workflow catalogue asks of a repository, as far as it can be checked here."""

from __future__ import annotations

import yaml

from tests.workflow.running import ROOT

SETTINGS = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))


def test_repository__is_one_that_the_catalogue_finds():
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    assert (ROOT / "Snakefile").is_file()
    # A folder `workflow` would make the catalogue look for a Snakefile in there.
    assert not (ROOT / "workflow").exists()
    assert not (ROOT / "rules").exists()


def test_repository__says_how_to_configure_the_workflow():
    assert (ROOT / "config/README.md").read_text(encoding="utf-8").startswith("# Configuration")
    assert (ROOT / "config/config.yaml").is_file()


def test_settings__name_what_the_workflow_works_with():
    usage = SETTINGS["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment"}
    assert usage["mandatory-flags"]["flags"] == []
    deployment = usage["software-stack-deployment"]
    rules = "".join(path.read_text() for path in (ROOT / "workflows/rules").glob("*.smk"))
    assert deployment["conda"] == ("conda:" in rules)
    assert deployment["apptainer"] == deployment["apptainer+conda"] == ("container" in rules)
    assert deployment["report"] == ("report(" in rules)
