# Look at the data and divide them, before anything is trained.


rule audit:
    input:
        files_of("audit"),
    output:
        report(
            "results/{dataset}/audit.json",
            caption="../report/audit.rst",
            category="Data",
            labels={"data set": "{dataset}", "content": "audit"},
        ),
    log:
        "logs/audit/{dataset}.log",
    benchmark:
        "results/timings/audit/{dataset}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: threads_per_dataset
    resources:
        mem_mb=sized(1100, 40),
        runtime=sized(30, 10),
    params:
        labelled=input_of("audit"),
        sheet=rows_of,
        options=audit_options,
    message:
        "audit {wildcards.dataset}: bad records, duplicates, relatives, shortcuts"
    shell:
        "fastgru audit {params.labelled} {params.options} --threads {threads}"
        " --output {output} > {log} 2>&1"


rule split:
    input:
        files_of("split"),
    output:
        report(
            expand("results/{{dataset}}/fold{fold}/split.tsv", fold=FOLDS),
            caption="../report/split.rst",
            category="Data",
            labels={"data set": "{dataset}", "content": "split"},
        ),
    log:
        "logs/split/{dataset}.log",
    benchmark:
        "results/timings/split/{dataset}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: threads_per_dataset
    resources:
        mem_mb=sized(1100, 40),
        runtime=sized(30, 10),
    params:
        labelled=input_of("split"),
        sheet=rows_of,
        options=split_options,
        folds=fold_template,
    message:
        "split {wildcards.dataset} into training, validation and test sequences"
    shell:
        "fastgru split {params.labelled} {params.options} --threads {threads}"
        " --output {params.folds:q} > {log} 2>&1"
