# Look for good parameters: trials side by side, which share a journal, and what they have found.


rule search:
    input:
        sequences=data_files,
        split="results/{dataset}/fold1/split.tsv",
        kernels=warmup_marker(
            config.get("search", {}).get("model", {}).get("dtype", "float32")
        ),
    output:
        report(
            "results/{dataset}/search/trial{trial}.json",
            caption="../report/search.rst",
            category="Search",
            labels={"data set": "{dataset}", "content": "trial {trial}"},
        ),
    log:
        "logs/search/{dataset}/{trial}.log",
    benchmark:
        "results/timings/search/{dataset}/{trial}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: threads_per_trial
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        labelled=labelled_input,
        options=search_options,
        # no output: Snakemake would remove it with the job that it cannot finish
        journal="results/{dataset}/search/journal.log",
    message:
        "trial {wildcards.trial} of the search on {wildcards.dataset}; progress in {log}"
    shell:
        "fastgru search {params.labelled} --split {input.split} --journal {params.journal}"
        " {params.options} --threads {threads} --output {output} --force > {log} 2>&1"


rule best:
    input:
        trials,
    output:
        report(
            "results/{dataset}/search/best.yaml",
            caption="../report/best.rst",
            category="Search",
            labels={"data set": "{dataset}", "content": "best parameters"},
        ),
    log:
        "logs/best/{dataset}.log",
    benchmark:
        "results/timings/best/{dataset}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        journal="results/{dataset}/search/journal.log",
    message:
        "write the best parameters for {wildcards.dataset}"
    shell:
        "fastgru best --journal {params.journal} --name {wildcards.dataset}_best"
        " --dataset {wildcards.dataset} --output {output} > {log} 2>&1"
