# Apply every model to the test sequences, which it has never seen, and score it.


rule predict:
    input:
        sequences=fasta_files,
        split="results/{dataset}/split.tsv",
        model="results/{dataset}/{model}/model.safetensors",
    output:
        report(
            "results/{dataset}/{model}/predictions.tsv",
            caption="../report/predictions.rst",
            category="Models",
            labels={
                "data set": "{dataset}",
                "model": "{model}",
                "content": "predictions",
            },
        ),
    log:
        "logs/predict/{dataset}/{model}.log",
    benchmark:
        "results/timings/predict/{dataset}/{model}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    message:
        "predict the test sequences of {wildcards.dataset} with {wildcards.model}"
    shell:
        "fastgru predict {input.model} {input.sequences:q} --split {input.split} --subset test"
        " --threads {threads} --output {output} > {log} 2>&1"


rule evaluate:
    input:
        sequences=data_files,
        split="results/{dataset}/split.tsv",
        model="results/{dataset}/{model}/model.safetensors",
    output:
        report(
            "results/{dataset}/{model}/metrics.json",
            caption="../report/metrics.rst",
            category="Models",
            labels={"data set": "{dataset}", "model": "{model}", "content": "metrics"},
        ),
    log:
        "logs/evaluate/{dataset}/{model}.log",
    benchmark:
        "results/timings/evaluate/{dataset}/{model}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        labelled=labelled_input,
    message:
        "evaluate {wildcards.model} on the test sequences of {wildcards.dataset}"
    shell:
        "fastgru evaluate {input.model} {params.labelled} --split {input.split} --subset test"
        " --threads {threads} --output {output} > {log} 2>&1"
