# From sequences and what is known of them to trained, tested models and one report.
# What to run is written in config/ (see config/README.md); this file is the table of contents.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "workflows/report/workflow.rst"


include: "workflows/rules/tasks.smk"
include: "workflows/rules/configuration.smk"
include: "workflows/rules/common.smk"
include: "workflows/rules/resources.smk"
include: "workflows/rules/large.smk"
include: "workflows/rules/data.smk"
include: "workflows/rules/search.smk"
include: "workflows/rules/train.smk"
include: "workflows/rules/evaluate.smk"
include: "workflows/rules/report.smk"
include: "workflows/rules/predict.smk"
include: "workflows/rules/scan.smk"


rule all:
    default_target: True
    input:
        expand("results/{dataset}/audit.json", dataset=DATASETS),
        "results/summary.tsv",
        "results/report.html",
        large_results(),
    message:
        "all results are there"


onsuccess:
    print_summary()
