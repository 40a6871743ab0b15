from __future__ import annotations

import inspect
import re
from typing import Any, get_type_hints

import numpy as np
import pytest

from fastgru import (
    Seq2Seq,
    SequenceClassifier,
    SequenceLanguageModel,
    SequenceRegressor,
    SequenceTagger,
)
from fastgru.data.series import SERIES
from fastgru.errors import ConfigurationError
from fastgru.estimators.parameters import check_parameters, parameters_of
from fastgru.models.architecture import TASKS

DEFAULTS = SequenceClassifier().get_params()
ESTIMATORS = {
    "classification": SequenceClassifier,
    "multilabel": SequenceClassifier,
    "regression": SequenceRegressor,
    "tagging": SequenceTagger,
    "language_model": SequenceLanguageModel,
    "translation": Seq2Seq,
}
of_every_task = pytest.mark.parametrize(("task", "estimator"), ESTIMATORS.items())


def test_estimators__are_those_of_all_tasks() -> None:
    assert tuple(ESTIMATORS) == TASKS


@of_every_task
def test_parameters__are_those_of_the_signature_in_order(task: str, estimator: type) -> None:
    signature = inspect.signature(estimator.__init__)
    names = [parameter.name for parameter in parameters_of(task)]
    assert names == list(signature.parameters)[1:]


@of_every_task
def test_parameters__have_the_defaults_of_the_signature(task: str, estimator: type) -> None:
    defaults = {parameter.name: parameter.default for parameter in parameters_of(task)}
    assert defaults == estimator().get_params()


@of_every_task
def test_parameters__are_keywords_but_for_the_first(task: str, estimator: type) -> None:
    kinds = [p.kind for p in inspect.signature(estimator).parameters.values()]
    n_positional = 2 if task == "translation" else 1
    assert set(kinds[n_positional:]) == {inspect.Parameter.KEYWORD_ONLY}


@of_every_task
def test_parameters__have_the_types_of_the_annotations(task: str, estimator: type) -> None:
    hints = get_type_hints(estimator.__init__)
    for parameter in parameters_of(task):
        annotation = str(hints[parameter.name])
        assert parameter.kind.__name__ in annotation or parameter.name == "class_weight"
        assert parameter.optional == ("None" in annotation)


@of_every_task
def test_parameters__are_documented_in_the_class(task: str, estimator: type) -> None:
    section = re.search(
        r"Parameters\n-+\n(.*?)\n\nAttributes", inspect.getdoc(estimator), re.DOTALL
    )[1]
    lines = re.findall(r"^(\w[\w, ]*)$", section, flags=re.MULTILINE)
    documented = [name for line in lines for name in line.split(", ")]
    assert documented == [parameter.name for parameter in parameters_of(task)]
    for parameter in parameters_of(task):
        for choice in parameter.choices:
            elsewhere = choice == SERIES and task not in ("classification", "multilabel")
            assert f'``"{choice}"``' in section or "All as in" in section or elsewhere


@of_every_task
def test_defaults__are_accepted_as_they_are(task: str, estimator: type) -> None:
    defaults = estimator().get_params()
    assert check_parameters(defaults, task) == defaults


@of_every_task
def test_constructor__keeps_its_arguments_untouched(task: str, estimator: type) -> None:
    # so that scikit-learn can clone and search; values are checked by fit
    strange = {parameter.name: object() for parameter in parameters_of(task)}
    assert estimator(**strange).get_params() == strange


MESSAGES = [
    ("alphabet", "DNA", "alphabet must be 'dna' or 'rna' or 'protein' or 'series', got 'DNA'."),
    ("alphabet", None, "alphabet must be 'dna' or 'rna' or 'protein' or 'series', got None."),
    ("alphabet", ["dna"], "alphabet must be 'dna' or 'rna' or 'protein' or 'series', got ['dna']."),
    (
        "reverse_complement",
        "both",
        "reverse_complement must be 'none' or 'average' or 'equivariant' or 'augment', got 'both'.",
    ),
    ("embedding_size", 0, "embedding_size must be an integer of at least 1, got 0."),
    (
        "embedding_init",
        "glorot",
        "embedding_init must be 'random' or 'properties', got 'glorot'.",
    ),
    (
        "embedding_init",
        "properties",
        "embedding_init must be 'random' with alphabet 'dna', got 'properties', which are those of",
    ),
    (
        "letter_dropout",
        1.0,
        "letter_dropout must be a number of at least 0 and at most 0.95, got 1.0.",
    ),
    ("kmer_size", 0, "kmer_size must be an integer of at least 1 and at most 6, got 0."),
    ("kmer_size", 7, "kmer_size must be an integer of at least 1 and at most 6, got 7."),
    ("kmer_stride", 1.5, "kmer_stride must be an integer of at least 1 and at most 6, got 1.5."),
    (
        "kmer_stride",
        2,
        "must be at most kmer_size, 1, got 2; letters between the words would not be read.",
    ),
    ("conv_channels", [64, 0], "conv_channels must be an integer of at least 1, got 0."),
    ("conv_channels", "64", "conv_channels must be an integer of at least 1, got '64'."),
    ("conv_width", (), "conv_width must be one integer or more, got ()."),
    ("conv_dilation", 1.5, "conv_dilation must be an integer of at least 1, got 1.5."),
    ("conv_stride", [0], "conv_stride must be an integer of at least 1, got 0."),
    ("conv_pool", 128, "conv_pool must be an integer of at least 1 and at most 127, got 128."),
    ("conv_norm", True, "conv_norm must be 'none' or 'layer' or 'batch', got True."),
    ("conv_residual", "on", "conv_residual must be True or False, got 'on'."),
    ("conv_residual", True, "where no convolutional layer has an output of the shape of its inp"),
    ("cell", "GRU", "cell must be 'gru' or 'lstm' or 'rnn', got 'GRU'."),
    ("hidden_size", 64.0, "hidden_size must be an integer of at least 1, got 64.0."),
    ("hidden_size", True, "hidden_size must be an integer of at least 1, got True."),
    ("hidden_size", "64", "hidden_size must be an integer of at least 1, got '64'."),
    ("num_layers", -1, "num_layers must be an integer of at least 1, got -1."),
    ("residual", "yes", "residual must be True or False, got 'yes'."),
    (
        "residual",
        True,
        "must be False with num_layers 1, got True; the first layer has an input of another shape.",
    ),
    ("bidirectional", 1, "bidirectional must be True or False, got 1."),
    ("bidirectional", "yes", "bidirectional must be True or False, got 'yes'."),
    ("time_decay", 1, "time_decay must be True or False, got 1."),
    ("time_decay", True, "must be False for the alphabet 'dna', got True; letters have no times."),
    ("position_embedding", None, "position_embedding must be True or False, got None."),
    (
        "pooling",
        (),
        "pooling must be one or more of 'last', 'mean', 'max', 'attention', each once, got ().",
    ),
    (
        "pooling",
        "last",
        "one or more of 'last', 'mean', 'max', 'attention', each once, got 'last'.",
    ),
    ("pooling", ["last", "last"], "each once, got ['last', 'last']."),
    ("pooling", ("sum",), "each once, got ('sum',)."),
    ("pooling", ([],), "each once, got ([],)."),
    ("dropout", 1, "dropout must be a number of at least 0 and at most 0.95, got 1."),
    ("dropout", -0.1, "dropout must be a number of at least 0 and at most 0.95, got -0.1."),
    ("batch_size", 0, "batch_size must be an integer of at least 1, got 0."),
    ("max_epochs", 0, "max_epochs must be an integer of at least 1, got 0."),
    ("learning_rate", 0, "learning_rate must be a number above 0, got 0."),
    ("learning_rate", float("nan"), "learning_rate must be a number above 0, got nan."),
    ("learning_rate", float("inf"), "learning_rate must be a number above 0, got inf."),
    ("learning_rate", 1j, "learning_rate must be a number above 0, got 1j."),
    ("weight_decay", -1, "weight_decay must be a number of at least 0, got -1."),
    ("clip_norm", 0, "clip_norm must be a number above 0, got 0."),
    ("warmup_fraction", 1.5, "must be a number of at least 0 and at most 1, got 1.5."),
    ("label_smoothing", 0.6, "must be a number of at least 0 and at most 0.5, got 0.6."),
    ("focal_gamma", -1, "focal_gamma must be a number of at least 0 and at most 10, got -1."),
    (
        "class_weight",
        "even",
        "class_weight must be 'balanced', a mapping of classes to weights or None, got 'even'.",
    ),
    ("class_weight", [1, 2], "a mapping of classes to weights or None, got [1, 2]."),
    ("early_stopping", 0, "early_stopping must be True or False, got 0."),
    ("validation_fraction", 0, "must be a number above 0 and at most 0.9, got 0."),
    ("validation_fraction", 0.95, "must be a number above 0 and at most 0.9, got 0.95."),
    ("n_iter_no_change", 0, "n_iter_no_change must be an integer of at least 1, got 0."),
    ("calibrate", "no", "calibrate must be True or False, got 'no'."),
    ("dtype", "float16", "dtype must be 'float32' or 'float64', got 'float16'."),
    ("dtype", np.float32, "dtype must be 'float32' or 'float64', got <class 'numpy.float32'>."),
    ("precision", "fp16", "precision must be 'bf16' or None, got 'fp16'."),
    ("threads", 0, "threads must be an integer of at least 1 or None, got 0."),
    ("random_state", -1, "random_state must be an integer of at least 0 and at most 922"),
    ("random_state", 2**63, "at most 9223372036854775807 or None, got 9223372036854775808."),
    ("random_state", np.random.default_rng(0), "or None, got Generator(PCG64)"),
]


@pytest.mark.parametrize(("name", "value", "message"), MESSAGES)
def test_check_parameters__explains_a_value_out_of_range(
    name: str, value: object, message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_parameters({**DEFAULTS, name: value})
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{name} must be ")


def test_check_parameters__compares_the_layers_of_a_stem() -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_parameters({**DEFAULTS, "conv_channels": [8, 8, 8], "conv_pool": [1, 2]})
    expected = "conv_pool must have one entry, or one for each of the 3 conv_channels, got 2."
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("changes", "matches"),
    [
        ({"conv_channels": [16], "embedding_size": 16}, True),
        ({"conv_channels": [8, 8], "embedding_size": 4}, True),
        ({"conv_channels": [8, 9], "embedding_size": 4}, False),
        ({"conv_channels": [8, 8], "conv_pool": [1, 2], "embedding_size": 8}, True),
        ({"conv_channels": [8, 8], "conv_pool": [1, 2], "embedding_size": 4}, False),
        ({"conv_channels": [8, 8], "conv_stride": 2, "embedding_size": 8}, False),
    ],
)
def test_check_parameters__takes_a_residual_stem_where_a_layer_keeps_its_shape(
    changes: dict[str, Any], matches: bool
) -> None:
    values = {**DEFAULTS, **changes, "conv_residual": True}
    if matches:
        assert check_parameters(values)["conv_residual"]
        return
    with pytest.raises(ConfigurationError) as caught:
        check_parameters(values)
    assert str(caught.value) == (
        "conv_residual must be False where no convolutional layer has an output of the shape of "
        "its input, got True. Give a layer stride 1, pool 1 and as many conv_channels as the one "
        "before, or the first as many as embedding_size."
    )


@pytest.mark.parametrize(("alphabet", "size"), [("dna", 6), ("rna", 6), ("protein", 3)])
def test_check_parameters__takes_kmers_up_to_8000_rows(alphabet: str, size: int) -> None:
    values = {**DEFAULTS, "alphabet": alphabet, "kmer_size": size, "kmer_stride": size}
    assert check_parameters(values)["kmer_size"] == size


def test_check_parameters__knows_no_properties_of_words() -> None:
    values = {**DEFAULTS, "alphabet": "protein", "embedding_init": "properties"}
    assert check_parameters(values)["embedding_init"] == "properties"
    with pytest.raises(ConfigurationError, match=r"with kmer_size 2, got .* or kmer_size 1\.$"):
        check_parameters({**values, "kmer_size": 2})


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("kmer_size", 2, "kmer_size 2, got 0.1; words with an unknown letter are averages"),
        ("alphabet", "series", "the alphabet 'series', got 0.1; series have no letters."),
    ],
)
def test_check_parameters__drops_single_letters_alone(name: str, value: Any, place: str) -> None:
    values = {**DEFAULTS, "letter_dropout": 0.1}
    assert check_parameters(values)["letter_dropout"] == 0.1
    with pytest.raises(ConfigurationError) as caught:
        check_parameters({**values, name: value})
    assert str(caught.value).startswith(f"letter_dropout must be 0 with {place}")


@pytest.mark.parametrize(("size", "n_words"), [(4, "160000"), (6, "64000000")])
def test_check_parameters__refuses_an_embedding_with_too_many_rows(size: int, n_words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_parameters({**DEFAULTS, "alphabet": "protein", "kmer_size": size})
    assert str(caught.value) == (
        f"kmer_size must be at most 3 for the alphabet 'protein', got {size}: there are 20^{size} "
        f"= {n_words} words, and an embedding may have 8000 rows."
    )


@pytest.mark.parametrize("alphabet", ["rna", "protein"])
def test_check_parameters__has_two_strands_of_dna_alone(alphabet: str) -> None:
    values = {**DEFAULTS, "alphabet": alphabet, "reverse_complement": "average"}
    with pytest.raises(ConfigurationError) as caught:
        check_parameters(values)
    assert str(caught.value) == (
        f"reverse_complement must be 'none' for the alphabet {alphabet!r}, got 'average'; only DNA "
        "has two strands."
    )


ODD = "each feature has a partner that reads the other strand"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"bidirectional": False},
            (
                "bidirectional must be True with reverse_complement 'equivariant', got False; the "
                "direction back is what reads the other strand. Change it, or take 'average', "
                "which allows it."
            ),
        ),
        (
            {"position_embedding": True},
            "position_embedding must be False .*, got True; a position is another one on the other",
        ),
        (
            {"kmer_size": 3, "kmer_stride": 2},
            "kmer_stride must be 1 .*, got 2; words would begin elsewhere on the other strand",
        ),
        ({"embedding_size": 5}, f"embedding_size must be even .*, got 5; {ODD}"),
        (
            {"conv_channels": [4, 7], "conv_width": [3]},
            f"conv_channels must be even .*, got 7; {ODD}",
        ),
        (
            {"conv_channels": [4], "conv_width": [3], "conv_stride": 2},
            "conv_stride must be 1 .*, got 2; other steps would be left of the other strand",
        ),
        (
            {"conv_channels": [4, 4], "conv_width": [3], "conv_pool": [1, 3]},
            "conv_pool must be 1 .*, got 3; other steps would be left of the other strand",
        ),
        (
            {"conv_channels": [4, 4], "conv_width": [3, 8]},
            "conv_width must be odd .*, got 8; a feature would see one step more on one side",
        ),
    ],
)
def test_check_parameters__refuses_what_strands_cannot_share(
    changes: dict[str, Any], message: str
) -> None:
    free = {**DEFAULTS, **changes, "reverse_complement": "average"}
    assert check_parameters(free)["reverse_complement"] == "average"
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        check_parameters({**free, "reverse_complement": "equivariant"})


@pytest.mark.parametrize("task", ["multilabel", "regression", "tagging"])
def test_check_parameters__lets_every_task_share_weights(task: str) -> None:
    values = {parameter.name: parameter.default for parameter in parameters_of(task)}
    stem = {"conv_channels": [4], "conv_width": [2], "conv_dilation": [2]}
    values |= {"reverse_complement": "equivariant", **stem}
    assert check_parameters(values, task)["reverse_complement"] == "equivariant"
    with pytest.raises(ConfigurationError, match="bidirectional must be True"):
        check_parameters({**values, "bidirectional": False}, task)


def test_messages__are_tested_for_every_parameter() -> None:
    assert {name for name, _, _ in MESSAGES} == DEFAULTS.keys()


@pytest.mark.parametrize(("name", "value", "message"), MESSAGES[:3])
def test_fit__checks_the_parameters_before_anything_else(
    name: str, value: object, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        SequenceClassifier(**{name: value}).fit(object(), object())


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("hidden_size", np.int32(8), 8),
        ("hidden_size", 10**400, 10**400),
        ("dropout", 0, 0.0),
        ("dropout", np.float32(0.5), 0.5),
        ("learning_rate", 1, 1.0),
        ("bidirectional", np.True_, True),
        ("alphabet", np.str_("rna"), "rna"),
        ("pooling", ["max", np.str_("last")], ("max", "last")),
        ("conv_channels", [np.int64(8), 4], (8, 4)),
        ("conv_channels", [], ()),
        ("conv_width", 5, (5,)),
        ("class_weight", None, None),
        ("class_weight", {"a": 2}, {"a": 2}),
        ("random_state", np.uint8(7), 7),
    ],
)
def test_check_parameters__returns_plain_values(name: str, value: Any, plain: Any) -> None:
    found = check_parameters({**DEFAULTS, name: value})[name]
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize("task", ["tagging", "language_model", "translation"])
def test_check_parameters__has_series_for_tasks_of_whole_sequences(task: str) -> None:
    message = f"^alphabet must be one of letters for the task {task}, got 'series'"
    with pytest.raises(ConfigurationError, match=message):
        check_parameters({**ESTIMATORS[task]().get_params(), "alphabet": SERIES}, task)
