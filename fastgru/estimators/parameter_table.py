"""The parameters of all estimators: one table for checks, command line and model files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastgru.data.series import SERIES
from fastgru.layers.kmer_sizes import MAX_KMER_SIZE
from fastgru.models.architecture import GATES, NORMS, POOLINGS, STRANDS, TASKS

__all__ = ["PARAMETERS", "POOLED_TASKS", "Parameter"]


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Attributes
    ----------
    name
    kind
        ``int``, ``float``, ``bool`` or ``str``.
    default
        As in the constructor of the classifier.
    help
        What it does, in a few words.
    minimum, maximum
        Allowed range, both included, of a number.
    above_minimum
        Whether the minimum itself is excluded.
    choices
        Allowed values of a string.
    several
        Whether the value is a list: of ``choices``, one or more and each once, or of numbers.
    may_be_empty
        Whether that list may have no entry.
    optional
        Whether None is allowed.
    tasks
        Those whose estimators have it.
    """

    name: str
    kind: type
    default: Any
    help: str
    minimum: float = -math.inf
    maximum: float = math.inf
    above_minimum: bool = False
    choices: tuple[str, ...] = ()
    several: bool = False
    may_be_empty: bool = False
    optional: bool = False
    tasks: tuple[str, ...] = TASKS


_OF_CLASSES = ("classification", "multilabel", "tagging")
_CALIBRATED = ("classification", "multilabel")
POOLED_TASKS = ("classification", "multilabel", "regression")
"""Those that say something of a whole sequence, from its pooled states."""
# of the tasks that say of a sequence, or of each of its letters, one thing of several
_targeted = partial(Parameter, tasks=(*POOLED_TASKS, "tagging"))
_except_translation = tuple(task for task in TASKS if task != "translation")

PARAMETERS = (
    Parameter(
        "alphabet", str, "dna", "kind of sequences", choices=("dna", "rna", "protein", SERIES)
    ),
    Parameter(
        "target_alphabet",
        str,
        "codons",
        "what translations are written in",
        choices=("dna", "rna", "protein", "codons"),
        tasks=("translation",),
    ),
    _targeted(
        "reverse_complement",
        str,
        "none",
        "how the other strand of DNA counts: not, as much as the given one by an average or by "
        "shared weights, or in training only",
        choices=STRANDS,
    ),
    Parameter("embedding_size", int, 16, "features of each letter or k-mer", minimum=1),
    Parameter(
        "embedding_init",
        str,
        "random",
        "where these begin: at random, or those of amino acids at their properties",
        choices=("random", "properties"),
        tasks=_CALIBRATED,
    ),
    Parameter(
        "kmer_size",
        int,
        1,
        "letters of the words that are embedded",
        minimum=1,
        maximum=MAX_KMER_SIZE,
        tasks=_CALIBRATED,
    ),
    Parameter(
        "kmer_stride",
        int,
        1,
        "letters from the start of a word to that of the next",
        minimum=1,
        maximum=MAX_KMER_SIZE,
        tasks=_CALIBRATED,
    ),
    _targeted(
        "conv_channels",
        int,
        (),
        "features of each convolutional layer before the recurrent ones",
        minimum=1,
        several=True,
        may_be_empty=True,
    ),
    _targeted("conv_width", int, (8,), "steps that a feature sees", minimum=1, several=True),
    _targeted("conv_dilation", int, (1,), "distance of the steps it sees", minimum=1, several=True),
    Parameter(
        "conv_stride",
        int,
        (1,),
        "steps between features",
        minimum=1,
        several=True,
        tasks=POOLED_TASKS,
    ),
    Parameter(
        "conv_pool",
        int,
        (1,),
        "neighbouring features of which the largest is kept",
        minimum=1,
        maximum=127,
        several=True,
        tasks=POOLED_TASKS,
    ),
    _targeted(
        "conv_norm",
        str,
        "none",
        "normalisation behind each convolution: of each step, of a batch, or none",
        choices=NORMS,
    ),
    _targeted(
        "conv_residual",
        bool,
        False,
        "add the input of a convolutional layer to its output, where it has the same shape",
    ),
    Parameter(
        "cell",
        str,
        "gru",
        "kind of the recurrent layers",
        choices=tuple(GATES),
        tasks=_except_translation,
    ),
    Parameter("hidden_size", int, 64, "units of each layer and direction", minimum=1),
    Parameter("num_layers", int, 1, "recurrent layers", minimum=1),
    Parameter(
        "residual",
        bool,
        False,
        "add the input of each recurrent layer but the first to its output",
        tasks=_except_translation,
    ),
    Parameter("bidirectional", bool, True, "run from both ends of the sequence"),
    Parameter(
        "time_decay",
        bool,
        False,
        "let states decay with the time between samples, which the first feature of series then is",
        tasks=POOLED_TASKS,
    ),
    _targeted(
        "position_embedding",
        bool,
        False,
        "learn features of each position, for sequences that are aligned windows",
    ),
    _targeted(
        "pooling",
        str,
        ("last", "mean", "max"),
        "how states become features of a sequence",
        choices=POOLINGS,
        several=True,
        tasks=POOLED_TASKS,
    ),
    Parameter(
        "crf",
        bool,
        False,
        "score the labels of neighbouring letters together, by a conditional random field",
        tasks=("tagging",),
    ),
    Parameter(
        "dropout",
        float,
        0.1,
        "share dropped in training, between layers and before the outputs",
        minimum=0,
        maximum=0.95,
    ),
    Parameter(
        "letter_dropout",
        float,
        0.0,
        "share of letters that are read as unknown in training",
        minimum=0,
        maximum=0.95,
        tasks=_CALIBRATED,
    ),
    Parameter("batch_size", int, 64, "sequences of a gradient step", minimum=1),
    Parameter("max_epochs", int, 40, "most passes through the training set", minimum=1),
    Parameter(
        "learning_rate", float, 0.003, "peak step size of AdamW", minimum=0, above_minimum=True
    ),
    Parameter("weight_decay", float, 0.01, "decay of the weights in AdamW", minimum=0),
    Parameter("clip_norm", float, 1.0, "largest norm of a gradient", minimum=0, above_minimum=True),
    Parameter(
        "warmup_fraction",
        float,
        0.1,
        "share of the steps over which the learning rate rises",
        minimum=0,
        maximum=1,
    ),
    Parameter(
        "label_smoothing",
        float,
        0.0,
        "share of a label that is spread over all classes in training",
        minimum=0,
        maximum=0.5,
        tasks=(*_OF_CLASSES, "translation"),
    ),
    _targeted(
        "focal_gamma",
        float,
        0.0,
        "how much less sequences count in training that are right already",
        minimum=0,
        maximum=10,
        tasks=_OF_CLASSES,
    ),
    _targeted(
        "class_weight",
        str,
        None,
        "weigh classes by their rarity",
        choices=("balanced",),
        optional=True,
        tasks=_OF_CLASSES,
    ),
    Parameter("early_stopping", bool, True, "stop when the validation loss no longer falls"),
    Parameter(
        "validation_fraction",
        float,
        0.1,
        "share of the training set held out for early stopping, where no validation set is given",
        minimum=0,
        maximum=0.9,
        above_minimum=True,
    ),
    Parameter("n_iter_no_change", int, 10, "epochs without progress before stopping", minimum=1),
    Parameter(
        "calibrate",
        bool,
        True,
        "scale the probabilities to what holds on the validation set",
        tasks=_CALIBRATED,
    ),
    Parameter(
        "dtype", str, "float32", "precision of the arithmetic", choices=("float32", "float64")
    ),
    Parameter(
        "precision",
        str,
        None,
        "of the recurrent layers' products in training: less than that of dtype, where the CPU has "
        "instructions for it",
        choices=("bf16",),
        optional=True,
    ),
    Parameter("threads", int, None, "threads to use", minimum=1, optional=True),
    Parameter("random_state", int, None, "seed", minimum=0, maximum=2**63 - 1, optional=True),
)
