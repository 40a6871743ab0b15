# Predict for large inputs: cut them into shards, predict for each, put the tables together.


rule plan_prediction:
    input:
        large_files,
    output:
        report(
            "results/predictions/{prediction}/shards.json",
            caption="../report/shards.rst",
            category="Predictions",
            labels={"input": "{prediction}", "content": "shards"},
        ),
    log:
        "logs/predictions/{prediction}/plan.log",
    benchmark:
        "results/timings/predictions/{prediction}/plan.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(300),
        runtime=sized(5, 0.002),
    params:
        number=number_of_shards,
    message:
        "cut the input of {wildcards.prediction} into {params.number} shards of about equally many letters"
    shell:
        "fastgru shards {input:q} --number {params.number} --output {output} > {log} 2>&1"


rule predict:
    input:
        fasta=large_files,
        model=large_model,
        plan="results/predictions/{prediction}/shards.json",
        kernels=large_kernels,
    output:
        temp("results/predictions/{prediction}/shards/{shard}-of-{number}.tsv"),
    log:
        "logs/predictions/{prediction}/{shard}-of-{number}.log",
    benchmark:
        "results/timings/predictions/{prediction}/{shard}-of-{number}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: threads_per_shard
    resources:
        mem_mb=sized(1000, 2, sharing=True),
        runtime=sized(15, 1, sharing=True),
    params:
        options=predict_options,
    message:
        "predict for shard {wildcards.shard} of {wildcards.number} of {wildcards.prediction}; progress in {log}"
    shell:
        "fastgru predict {input.model:q} {input.fasta:q} --shards {input.plan}"
        " --shard {wildcards.shard} {params.options} --threads {threads} --output {output}"
        " --resume --force > {log} 2>&1"


rule gather_predictions:
    input:
        shards_of("results/predictions/{prediction}/shards/{shard}-of-{number}.tsv"),
    output:
        "results/predictions/{prediction}/predictions.tsv.gz",
    log:
        "logs/predictions/{prediction}/gather.log",
    benchmark:
        "results/timings/predictions/{prediction}/gather.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(300),
        runtime=sized(5, 0.01),
    message:
        "put the predictions for all shards of {wildcards.prediction} together"
    shell:
        "fastgru gather {input} --output {output} > {log} 2>&1"
