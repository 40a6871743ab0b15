# Score every model and baseline on the test sequences, which it has never seen.


rule evaluate:
    input:
        sequences=files_of("evaluate"),
        split="results/{dataset}/fold{fold}/split.tsv",
        model="results/{dataset}/fold{fold}/{model}/{variant}/model.safetensors",
    output:
        metrics=report(
            "results/{dataset}/fold{fold}/{model}/{variant}/metrics.json",
            caption="../report/metrics.rst",
            category="Models",
            labels={
                "data set": "{dataset}",
                "model": "{model}",
                "fold": "{fold}",
                "content": "metrics ({variant})",
            },
        ),
        predictions="results/{dataset}/fold{fold}/{model}/{variant}/predictions.tsv",
    log:
        "logs/evaluate/{dataset}/fold{fold}/{model}/{variant}.log",
    benchmark:
        "results/timings/evaluate/{dataset}/fold{fold}/{model}/{variant}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(1000, 30),
        runtime=sized(30, 5),
    params:
        labelled=input_of("evaluate"),
        sheet=rows_of,
    message:
        "evaluate {wildcards.model} ({wildcards.variant}) on fold {wildcards.fold} of {wildcards.dataset}"
    shell:
        "fastgru evaluate {input.model} {params.labelled} --split {input.split} --subset test"
        " --threads {threads} --output {output.metrics} --predictions {output.predictions}"
        " > {log} 2>&1"


rule annotate:
    input:
        unpack(final_run),
    output:
        report(
            "results/{dataset}/models/{model}.safetensors",
            caption="../report/annotate.rst",
            category="Models",
            labels={
                "data set": "{dataset}",
                "model": "{model}",
                "content": "model with its scores",
            },
        ),
    log:
        "logs/annotate/{dataset}/fold1/{model}.log",
    benchmark:
        "results/timings/annotate/{dataset}/fold1/{model}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(1000),
        runtime=sized(10),
    params:
        purpose=flags({name: config.get(name) for name in ("license", "intended_use")}),
    message:
        "write the model {wildcards.model} of {wildcards.dataset} with its scores into one file"
    shell:
        "fastgru annotate {input.model} --metrics {input.metrics} {params.purpose}"
        " --output {output} > {log} 2>&1"


rule control:
    input:
        sequences=files_of("evaluate"),
        split="results/{dataset}/fold{fold}/split.tsv",
        model="results/{dataset}/fold{fold}/{model}/{variant}/model.safetensors",
    output:
        report(
            "results/{dataset}/fold{fold}/{model}/{variant}/shuffled.json",
            caption="../report/metrics.rst",
            category="Controls",
            labels={
                "data set": "{dataset}",
                "model": "{model}",
                "content": "metrics on shuffled sequences",
            },
        ),
    log:
        "logs/control/{dataset}/fold{fold}/{model}/{variant}.log",
    benchmark:
        "results/timings/control/{dataset}/fold{fold}/{model}/{variant}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(1000, 30),
        runtime=sized(30, 5),
    params:
        labelled=input_of("evaluate"),
        sheet=rows_of,
        seed=config["seed"],
    message:
        "evaluate {wildcards.model} on shuffled sequences of {wildcards.dataset}"
    shell:
        "fastgru evaluate {input.model} {params.labelled} --split {input.split} --subset test"
        " --shuffle --seed {params.seed} --threads {threads} --output {output} > {log} 2>&1"


rule baseline:
    input:
        sequences=files_of("baseline"),
        split="results/{dataset}/fold{fold}/split.tsv",
    output:
        metrics=report(
            "results/{dataset}/fold{fold}/baselines/{baseline}/metrics.json",
            caption="../report/metrics.rst",
            category="Baselines",
            labels={
                "data set": "{dataset}",
                "baseline": "{baseline}",
                "fold": "{fold}",
                "content": "metrics",
            },
        ),
        predictions="results/{dataset}/fold{fold}/baselines/{baseline}/predictions.tsv",
    log:
        "logs/baseline/{dataset}/fold{fold}/{baseline}.log",
    benchmark:
        "results/timings/baseline/{dataset}/fold{fold}/{baseline}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(2000, baseline_mb),
        runtime=sized(60, 10),
    params:
        labelled=input_of("baseline"),
        sheet=rows_of,
        seed=config["seed"],
    message:
        "train and score the baseline {wildcards.baseline} on fold {wildcards.fold} of {wildcards.dataset}"
    shell:
        "fastgru baseline {wildcards.baseline} {params.labelled} --split {input.split}"
        " --seed {params.seed} --threads {threads} --output {output.metrics}"
        " --predictions {output.predictions} > {log} 2>&1"
