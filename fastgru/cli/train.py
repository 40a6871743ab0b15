"""``fastgru train``: learn a model from sequences."""

from __future__ import annotations

import argparse

from fastgru.cli.checkpointing import require_outputs
from fastgru.cli.features import refuse_features
from fastgru.cli.options import (
    add_labelled_input,
    add_output,
    add_threads,
    non_negative_int,
    share,
)
from fastgru.cli.origin import add_purpose
from fastgru.cli.parameters import add_parameters, add_random_state
from fastgru.cli.selection import add_split
from fastgru.cli.step_labels import add_step_labels, require_step_labels
from fastgru.cli.tasks.translation.options import add_translations, refuse_translations
from fastgru.errors import ConfigurationError
from fastgru.models.architecture import TASKS

_DESCRIPTION = """\
Train a classifier, or with --task what says something else of sequences; a language model needs no
labels, a translator another sequence for each (--translations). With --split (or a column split
beside the labels) it learns from the part 'train' and stops by the part 'validation'; the part
'test' is left alone. Without, repeated sequences and those with conflicting labels are left out,
and a share is held out to stop by.

The same seed gives the same file, bit for bit, for any number of threads. A training that was
interrupted, by whatever, goes on with --resume, and ends with that same file.
"""
_EPILOG = """\
examples:
  fastgru train genes.fa --labels labels.tsv --split split.tsv -o model.safetensors
  fastgru train --task tagging proteins.fa --alphabet protein --step-labels labels.fa --crf \\
      -o tagger.safetensors
  fastgru train --alphabet protein --class AMP=amp.fa.gz --class decoy=decoy.fa.gz \\
      --hidden-size 128 --seed 7 -o model.safetensors
  fastgru train --task regression genes.fa --labels table.tsv --target expression,half_life \\
      -o model.safetensors
  fastgru train --task language_model genomes.fa -o lm.safetensors
  fastgru train --task translation --alphabet protein proteins.fa --translations genes.fa \\
      --target-alphabet codons -o model.safetensors
  fastgru train genes.fa --labels labels.tsv --pretrained lm.safetensors -o model.safetensors
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command and its options."""
    parser = subparsers.add_parser(
        "train",
        help="learn a classifier, a regressor, a tagger, a language model or a translator",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--task",
        choices=TASKS,
        default="classification",
        help="what to learn (default: %(default)s)",
    )
    add_labelled_input(parser, targets=True, series=True, features=True)
    add_step_labels(parser)
    add_translations(parser)
    add_split(parser, subset=False)
    add_parameters(parser, TASKS)
    group = parser.add_argument_group("run")
    add_output(group, what="model file (.safetensors)", default=None, required=False)
    group.add_argument("--history", metavar="TSV", help="table with one row per epoch")
    _add_checkpoint(group)
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="print what would be trained, with estimates of memory and time, and write nothing",
    )
    add_random_state(group)
    _add_pretrained(group)
    _add_studies(group)
    add_purpose(group)
    add_threads(group)
    group.add_argument(
        "--mpi",
        action="store_true",
        help="share each batch among the processes that mpirun has started, each with --threads; "
        "the model is the same, bit for bit, for any number of them",
    )


def _add_pretrained(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--pretrained",
        metavar="MODEL",
        help="language model whose embedding and recurrent weights a classifier begins with",
    )
    group.add_argument(
        "--freeze-epochs",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="epochs in which only what is not pre-trained learns; after N more each, the "
        "pre-trained layers join from the last to the first (default: %(default)s, all at once)",
    )


def _add_studies(group: argparse._ArgumentGroup) -> None:
    """Add what makes of a training a part of a study."""
    group.add_argument(
        "--train-fraction",
        type=share,
        default=1.0,
        metavar="X",
        help="share of the training sequences of each class to learn from, for a learning curve "
        "(default: all)",
    )
    group.add_argument(
        "--shuffle-labels",
        action="store_true",
        help="deal the labels out at random: a control, which must do no better than chance",
    )


def _add_checkpoint(group: argparse._ArgumentGroup) -> None:
    where = group.add_mutually_exclusive_group()
    where.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="where to keep the state of training, renewed after each epoch and removed when the "
        "model has been written (default: the model file with .checkpoint added)",
    )
    where.add_argument(
        "--no-checkpoint",
        dest="checkpoint",
        action="store_const",
        const=False,
        help="keep no state",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint, if there is one; the model is that of a training that was "
        "never interrupted. With --force, a checkpoint that does not fit is replaced",
    )


def _refuse_pretrained(args: argparse.Namespace) -> None:
    """Refuse weights to begin with for tasks whose network has another form.

    Raises
    ------
    ConfigurationError
    """
    given = args.pretrained is not None or args.freeze_epochs
    if given and args.task not in ("classification", "multilabel"):
        raise ConfigurationError(
            f"--pretrained and --freeze-epochs: the task {args.task} begins with random weights, "
            "expected classification or multilabel. Leave them out."
        )


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its history, and return the exit code."""
    from fastgru.cli.tasks import task_module

    require_step_labels(args, args.task)
    refuse_translations(args, args.task)
    refuse_features(args, args.task)
    _refuse_pretrained(args)
    require_outputs(args)
    code: int = task_module(args.task, "train").run(args)
    return code
