# Scan chromosomes: cut them into shards, scan each, put the tables together, make calls and tracks.


rule plan_scan:
    input:
        fasta=large_files,
        regions=regions_of,
    output:
        report(
            "results/scans/{scan}/shards.json",
            caption="../report/shards.rst",
            category="Scans",
            labels={"input": "{scan}", "content": "shards"},
        ),
    log:
        "logs/scans/{scan}/plan.log",
    benchmark:
        "results/timings/scans/{scan}/plan.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(300),
        runtime=sized(5, 0.002),
    params:
        number=number_of_shards,
        windows=window_options,
        regions=region_options,
    message:
        "cut the input of {wildcards.scan} into {params.number} shards of about equally many letters"
    shell:
        "fastgru shards {input.fasta:q} --number {params.number} {params.windows} --output {output}"
        " {params.regions} > {log} 2>&1"


rule scan:
    input:
        fasta=large_files,
        model=large_model,
        regions=regions_of,
        plan="results/scans/{scan}/shards.json",
        kernels=large_kernels,
    output:
        temp("results/scans/{scan}/shards/{shard}-of-{number}.tsv"),
    log:
        "logs/scans/{scan}/{shard}-of-{number}.log",
    benchmark:
        "results/timings/scans/{scan}/{shard}-of-{number}.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: threads_per_shard
    resources:
        mem_mb=sized(1000, 6, sharing=True),
        runtime=sized(15, 4, sharing=True),
    params:
        options=scan_options,
        regions=region_options,
    message:
        "scan shard {wildcards.shard} of {wildcards.number} of {wildcards.scan}; progress in {log}"
    shell:
        "fastgru scan {input.model:q} {input.fasta:q} --shards {input.plan}"
        " --shard {wildcards.shard} {params.options} --threads {threads} --output {output}"
        " {params.regions} > {log} 2>&1"


rule gather_scan:
    input:
        shards_of("results/scans/{scan}/shards/{shard}-of-{number}.tsv"),
    output:
        "results/scans/{scan}/windows.tsv.gz",
    log:
        "logs/scans/{scan}/gather.log",
    benchmark:
        "results/timings/scans/{scan}/gather.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(300),
        runtime=sized(5, 0.01),
    message:
        "put the windows of all shards of {wildcards.scan} together"
    shell:
        "fastgru gather {input} --output {output} > {log} 2>&1"


rule calls:
    input:
        "results/scans/{scan}/windows.tsv.gz",
    output:
        report(
            "results/scans/{scan}/calls.bed",
            caption="../report/calls.rst",
            category="Scans",
            labels={"input": "{scan}", "content": "calls"},
        ),
    log:
        "logs/scans/{scan}/calls.log",
    benchmark:
        "results/timings/scans/{scan}/calls.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(500),
        runtime=sized(5, 0.1),
    params:
        options=call_options,
    message:
        "call regions of {wildcards.scan} from the scores of its windows"
    shell:
        "fastgru tracks {input} {params.options} --calls {output} > {log} 2>&1"


rule tracks:
    input:
        windows="results/scans/{scan}/windows.tsv.gz",
        fasta=large_files,
    output:
        directory("results/scans/{scan}/tracks"),
    log:
        "logs/scans/{scan}/tracks.log",
    benchmark:
        "results/timings/scans/{scan}/tracks.tsv"
    conda:
        "../envs/fastgru.yaml"
    threads: 1
    resources:
        mem_mb=sized(500),
        runtime=sized(5, 0.1),
    params:
        kinds=track_kinds,
        files=track_files,
        options=track_options,
        sizes=lambda wildcards, input: flags({"sizes": input.fasta}),
    message:
        "write the scores of the windows of {wildcards.scan} as tracks: {params.kinds}"
    shell:
        "mkdir -p {output} && fastgru tracks {input.windows} {params.files} {params.options} {params.sizes}"
        " > {log} 2>&1"
