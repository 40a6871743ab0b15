# What all runs show: one file for each data set, one table and one page.


rule experiment:
    input:
        audit="results/{dataset}/audit.json",
        scores=scores_of,
        models=lambda wildcards: main_runs([wildcards.dataset], "model.safetensors"),
    output:
        report(
            "results/{dataset}/experiment.json",
            caption="../report/experiment.rst",
            category="Summary",
            labels={"data set": "{dataset}", "content": "experiment"},
        ),
    log:
        "logs/experiment/{dataset}.log",
    benchmark:
        "results/timings/experiment/{dataset}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(1000),
        runtime=sized(30),
    params:
        folder=lambda wildcards, input: os.path.dirname(input.audit),
        options=experiment_options,
    message:
        "gather all runs on {wildcards.dataset}, and say what they show"
    shell:
        "fastgru experiment {params.folder} {params.options}"
        " --output {output} > {log} 2>&1"


rule summarise:
    input:
        expand("results/{dataset}/experiment.json", dataset=DATASETS),
    output:
        report(
            "results/summary.tsv",
            caption="../report/summary.rst",
            category="Summary",
            labels={"content": "table of all models and baselines"},
        ),
    log:
        "logs/summarise.log",
    benchmark:
        "results/timings/summarise.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(500),
        runtime=sized(10),
    message:
        "write the table of all runs"
    shell:
        "fastgru summarise {input} --output {output} > {log} 2>&1"


rule report:
    input:
        experiments=expand("results/{dataset}/experiment.json", dataset=DATASETS),
        models=final_models(),  # whose commands the page shows
        audits=expand("results/{dataset}/audit.json", dataset=DATASETS),
        runs=main_runs(
            DATASETS,
            "metrics.json",
            "predictions.tsv",
            "history.tsv",
            "model.safetensors",
        ),
        notes=notes(DATASETS),
    output:
        page=report(
            "results/report.html",
            caption="../report/report.rst",
            category="Summary",
            labels={"content": "report"},
        ),
        multiqc=directory("results/multiqc"),
    log:
        "logs/report.log",
    benchmark:
        "results/timings/report.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(1000),
        runtime=sized(30),
    message:
        "write the report, {output.page}"
    shell:
        "fastgru report {input.experiments} --logs $(dirname {log}) --multiqc {output.multiqc} --force"
        " --output {output.page} > {log} 2>&1"
