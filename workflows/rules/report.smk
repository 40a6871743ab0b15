# One table and one page over all runs.


rule summarise:
    input:
        expand("results/{run}/metrics.json", run=RUNS),
    output:
        report(
            "results/summary.tsv",
            caption="../report/summary.rst",
            category="Summary",
            labels={"content": "table of all runs"},
        ),
    log:
        "logs/summarise.log",
    benchmark:
        "results/timings/summarise.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    message:
        "write the table of all runs"
    shell:
        "fastgru summarise {input} --output {output} > {log} 2>&1"


rule report:
    input:
        audits=expand("results/{dataset}/audit.json", dataset=DATASETS),
        splits=expand("results/{dataset}/split.tsv", dataset=DATASETS),
        models=expand("results/{run}/model.safetensors", run=RUNS),
        histories=expand("results/{run}/history.tsv", run=RUNS),
        predictions=expand("results/{run}/predictions.tsv", run=RUNS),
        metrics=expand("results/{run}/metrics.json", run=RUNS),
    output:
        report(
            "results/report.html",
            caption="../report/report.rst",
            category="Summary",
            labels={"content": "report"},
        ),
    log:
        "logs/report.log",
    benchmark:
        "results/timings/report.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    message:
        "write the report, {output}"
    shell:
        "fastgru report {input.metrics} --logs logs --output {output} > {log} 2>&1"
