# Compile once, then train every model.


rule warmup:
    output:
        touch(warmup_marker("{dtype}", "{cell}", "{precision}")),
    log:
        "logs/warmup/{dtype}-{cell}-{precision}.log",
    benchmark:
        "results/timings/warmup/{dtype}-{cell}-{precision}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(1500),
        runtime=sized(10),
    params:
        precision=lambda wildcards: (
            "" if wildcards.precision == "usual" else "--precision bf16"
        ),
    message:
        "compile the {wildcards.dtype} kernels for {wildcards.cell}, once and before several jobs need them"
    shell:
        "fastgru warmup --dtype {wildcards.dtype} --cell {wildcards.cell} {params.precision} "
        "> {log} 2>&1"


rule train:
    input:
        sequences=files_of("train"),
        split="results/{dataset}/fold{fold}/split.tsv",
        kernels=kernels_needed,
        parameters=found_parameters,
    output:
        model="results/{dataset}/fold{fold}/{model}/{variant}/model.safetensors",
        history=report(
            "results/{dataset}/fold{fold}/{model}/{variant}/history.tsv",
            caption="../report/history.rst",
            category="Models",
            labels={
                "data set": "{dataset}",
                "model": "{model}",
                "fold": "{fold}",
                "content": "training ({variant})",
            },
        ),
    log:
        "logs/train/{dataset}/fold{fold}/{model}/{variant}.log",
    benchmark:
        "results/timings/train/{dataset}/fold{fold}/{model}/{variant}.tsv"
    wildcard_constraints:
        variant="seed[0-9]+|train[0-9]+|shuffled_labels",
    conda:
        "../envs/fastgru.yaml"
    threads: threads_per_run
    resources:
        mem_mb=sized(1500, 30),
        runtime=sized(60, 60),
        mpi="",  # resources, not parameters: who shares a training changes no result
        tasks=1,
    params:
        labelled=input_of("train"),
        sheet=rows_of,
        options=model_options,
        found=found_options,
    message:
        "train {wildcards.model} ({wildcards.variant}) on fold {wildcards.fold} of {wildcards.dataset}; progress in {log}"
    shell:
        'mpi="{resources.mpi}"; ${{mpi:+$mpi -n {resources.tasks}}} '
        "fastgru train {params.labelled} --split {input.split} {params.options}"
        " --threads {threads} ${{mpi:+--mpi}} --output {output.model} --history {output.history}"
        " --resume --force {params.found} > {log} 2>&1"


rule ensemble:
    input:
        members_of_ensemble,
    output:
        report(
            "results/{dataset}/fold{fold}/{model}/ensemble/model.safetensors",
            caption="../report/ensemble.rst",
            category="Models",
            labels={
                "data set": "{dataset}",
                "model": "{model}",
                "fold": "{fold}",
                "content": "ensemble of all seeds",
            },
        ),
    log:
        "logs/ensemble/{dataset}/fold{fold}/{model}.log",
    benchmark:
        "results/timings/ensemble/{dataset}/fold{fold}/{model}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(1000),
        runtime=sized(10),
    message:
        "average all seeds of {wildcards.model} on {wildcards.dataset}"
    shell:
        "fastgru ensemble {input} --output {output} > {log} 2>&1"
