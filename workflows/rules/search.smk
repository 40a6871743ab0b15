# Look for good parameters: trials side by side, which share a journal, and what they have found.

if STORED:

    # the journal is a file that trials write together, so they run where Snakemake does
    localrules:
        search,
        best,


rule search:
    input:
        sequences=files_of("search"),
        split="results/{dataset}/fold{fold}/split.tsv",
        kernels=kernels_needed,
    output:
        report(
            "results/{dataset}/search/fold{fold}/trial{trial}.json",
            caption="../report/search.rst",
            category="Search",
            labels={
                "data set": "{dataset}",
                "fold": "{fold}",
                "content": "trial {trial}",
            },
        ),
    log:
        "logs/search/{dataset}/fold{fold}/{trial}.log",
    benchmark:
        "results/timings/search/{dataset}/fold{fold}/{trial}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: threads_per_trial
    resources:
        mem_mb=sized(1500, 30),
        runtime=sized(180, 60),
    params:
        labelled=input_of("search"),
        sheet=rows_of,
        options=search_options,
        journal=journal,
    message:
        "trial {wildcards.trial} of the search on fold {wildcards.fold} of {wildcards.dataset}; progress in {log}"
    shell:
        "fastgru search {params.labelled} --split {input.split} --journal {params.journal}"
        " {params.options} --threads {threads} --output {output} --force > {log} 2>&1"


rule best:
    input:
        trials,
    output:
        report(
            "results/{dataset}/search/fold{fold}/best.yaml",
            caption="../report/best.rst",
            category="Search",
            labels={
                "data set": "{dataset}",
                "fold": "{fold}",
                "content": "best parameters",
            },
        ),
    log:
        "logs/best/{dataset}/fold{fold}.log",
    benchmark:
        "results/timings/best/{dataset}/fold{fold}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(500),
        runtime=sized(10),
    params:
        journal=journal,
    message:
        "write the best parameters for fold {wildcards.fold} of {wildcards.dataset}"
    shell:
        "fastgru best --journal {params.journal} --name {wildcards.dataset}_best"
        " --dataset {wildcards.dataset} --output {output} > {log} 2>&1"
