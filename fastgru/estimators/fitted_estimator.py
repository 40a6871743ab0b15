"""What every estimator of sequences has and says by its fitted model, whatever the task."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastgru.errors import ConfigurationError, shorten
from fastgru.estimators.fitted_model import FittedModel
from fastgru.estimators.loading import load_fitted
from fastgru.estimators.saving import save_fitted
from fastgru.estimators.streaming import StreamedPrediction, stream_predictions

__all__ = ["FittedEstimator"]

_STREAMED = {
    "classification": ("predict", "predict_proba", "attention"),
    "multilabel": ("predict", "predict_proba", "attention"),
    "regression": ("predict", "attention"),
    "tagging": ("predict", "predict_proba"),
    "language_model": ("score_samples",),
    "translation": ("predict", "translate"),
}
"""Methods that give one result for each sequence, by task."""


class FittedEstimator:
    """What an estimator says by its fitted model.

    Attributes
    ----------
    threads
        Threads to use, never more; None for all CPUs that the process may use.
    """

    threads: int | None
    _tasks: ClassVar[tuple[str, ...]]
    _fitted: FittedModel

    def _take(self, fitted: FittedModel) -> Self:
        """Take over a trained model; return itself."""
        self._fitted = fitted
        self._set_attributes()
        return self

    def _check_input(self, sequences: Sequence[Any], *, fitting: bool = False) -> Sequence[Any]:
        """Return what was given, as the fitted model reads it; strings as they are.

        Parameters
        ----------
        sequences
        fitting
            Whether they are to learn from.
        """
        return sequences

    def _set_attributes(self) -> None:
        """Set the attributes that tell of the fitted model."""
        fitted = self._fitted
        self.history_ = fitted.history
        self.best_epoch_ = fitted.best_epoch
        self.n_iter_ = len(fitted.history)
        self.n_parameters_ = fitted.n_parameters
        self.n_train_, self.n_validation_ = fitted.n_train, fitted.n_validation

    def save(self, path: str | os.PathLike[str], *, extra: Mapping[str, Any] | None = None) -> None:
        """Write the model to a ``.safetensors`` file, whole or not at all.

        Parameters
        ----------
        path
            File to write; one that exists is replaced.
        extra
            JSON-able entries to add to the card, such as the texts ``license`` and
            ``intended_use``, or where the data came from.

        Raises
        ------
        LabelError
            If the class labels are neither strings nor integers.
        ConfigurationError
            If `extra` cannot be added.
        """
        check_is_fitted(self, "n_parameters_")
        save_fitted(path, self._fitted, extra)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model that :meth:`save` wrote; the attributes of `fit` come along.

        Parameters
        ----------
        path
            File to read; nothing in it is executed.

        Raises
        ------
        ModelFileError
            If the file is no such model, is damaged, or was written by a newer version.
        """
        return cls.from_fitted(load_fitted(path, *cls._tasks))

    @classmethod
    def from_fitted(cls, fitted: FittedModel) -> Self:
        """Return the estimator of a model that was trained or read.

        Parameters
        ----------
        fitted
            From :func:`fastgru.estimators.loading.load_fitted`, of this estimator's task.
        """
        return cls(**fitted.parameters)._take(fitted)

    def flag_unusual(self, sequences: Sequence[Any]) -> list[tuple[str, ...]]:
        """Say in which ways sequences are unlike those of the training set.

        ``length``: shorter or longer than all of them.  ``letters``: has a letter that none of
        them has.  ``ambiguous``: more ambiguity codes, and ``novel_kmers``: more words that none
        of them has, than 99 % of them beside the others (and more than 5 % ambiguity codes).
        Of series ``length``, and ``values``: a feature below or above all of them.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty, of any length.

        Returns
        -------
        list of tuple
            The names of the flags of each sequence; all empty for a model that was saved before
            there were flags.
        """
        check_is_fitted(self, "n_parameters_")
        return self._fitted.flag_unusual(self._check_input(sequences))

    def seen_in_training(self, sequences: Sequence[Any]) -> np.ndarray | None:
        """Say which sequences were learned from or stopped by: scores on them measure memory.

        Parameters
        ----------
        sequences
            As for :meth:`flag_unusual`.

        Returns
        -------
        np.ndarray or None
            Boolean (n,), for an ensemble whether any member has seen them.  Those that were seen
            are always found, and of others two in ten million.  None for a model that was saved
            before this was kept.
        """
        check_is_fitted(self, "n_parameters_")
        return self._fitted.seen_in_training(self._check_input(sequences))

    def predict_stream(
        self,
        source: str
        | os.PathLike[str]
        | Iterable[str | os.PathLike[str]]
        | Iterable[tuple[str, str]],
        *,
        method: str = "predict",
        on_invalid: Literal["error", "status"] = "error",
    ) -> Iterator[StreamedPrediction]:
        """Predict any number of records, in memory that does not grow with them.

        Reading runs in a thread of its own while the caller's computes, unless ``threads`` is 1.

        Parameters
        ----------
        source
            A FASTA or FASTQ file, perhaps compressed, or several; ``"-"`` is standard input; for
            a model of series their files.  Or any number of tuples (id, sequence).
        method
            What to call with the sequences: ``"predict"``, ``"predict_proba"``, ``"attention"``,
            ``"score_samples"`` of a language model, or ``"translate"`` of a translator.
        on_invalid
            ``"error"``: after the first record that cannot be used nothing more is yielded, and an
            error at the end lists all of them.  ``"status"``: they are yielded with their problem.

        Yields
        ------
        StreamedPrediction
            Tuples (id, prediction, flags, problem) in the order of the input; predictions are those
            of the same method for all sequences at once, to the bit.

        Raises
        ------
        ConfigurationError
            For another method or `on_invalid`, or a source that holds something else.
        FastaFormatError
            For a file that cannot be read, and for records that cannot be used.
        """
        check_is_fitted(self, "n_parameters_")
        there = _STREAMED[self._fitted.task]
        if method not in there:
            raise ConfigurationError(
                f"predict_stream: has no method {method!r} for a model of {self._fitted.task}, "
                f"expected one of {shorten(there)}. Choose another."
            )
        if on_invalid not in ("error", "status"):
            raise ConfigurationError(
                f"predict_stream: on_invalid is {on_invalid!r}, expected 'error' or 'status'. "
                "Choose one of them."
            )
        return stream_predictions(
            *(source, self._fitted, getattr(self, method)),
            threads=self.threads,
            on_invalid=on_invalid,
        )

    @property
    def min_length(self) -> int:
        """Shortest sequence that the model can read: that of one k-mer."""
        check_is_fitted(self, "n_parameters_")
        return self._fitted.min_length

    @property
    def max_length(self) -> int | None:
        """Longest sequence that the model can read, None for any."""
        check_is_fitted(self, "n_parameters_")
        return self._fitted.max_length
