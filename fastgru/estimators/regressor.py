"""The sequence regressor, with scikit-learn's contract."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from fastgru.data.series import SERIES
from fastgru.errors import ConfigurationError
from fastgru.estimators.fitted_regressor import FittedRegressor
from fastgru.estimators.prediction import PredictionMixin
from fastgru.estimators.regressor_fitting import fit_regressor, given_regression
from fastgru.estimators.string_input import StringInput, TableTargets
from fastgru.estimators.table_input import TableInput
from fastgru.estimators.training_parameters import check_to_train
from fastgru.training.state import Epoch


class SequenceRegressor(TableInput, TableTargets, RegressorMixin, PredictionMixin, StringInput):
    """Predict numbers of DNA, RNA or protein sequences with a gated recurrent network.

    The network is that of :class:`fastgru.SequenceClassifier`, with an output for each target and
    the mean squared error of the standardised targets for a loss: mean and deviation are those of
    the sequences to learn from, and stay with the model.  The same ``random_state`` gives the same
    model, bit for bit, for any number of threads, and a prediction does not depend on what is
    predicted beside it.

    Parameters
    ----------
    alphabet, reverse_complement, embedding_size, conv_channels, conv_width, conv_dilation
    conv_stride, conv_pool, conv_norm, conv_residual, cell, hidden_size, num_layers, residual
    bidirectional, time_decay, position_embedding
    pooling, dropout, batch_size, max_epochs, learning_rate, weight_decay, clip_norm
    warmup_fraction, early_stopping, validation_fraction, n_iter_no_change, dtype
    precision, threads, random_state
        All as in :class:`fastgru.SequenceClassifier`, but that no class is held out evenly.

    Attributes
    ----------
    targets_ : np.ndarray
        Names of the targets.
    n_iter_ : int
        Epochs that were run.
    best_epoch_ : int
        Epoch whose parameters were kept.
    history_ : list of dict
        One entry per epoch: epoch, learning_rate, train_loss, validation_loss, validation_r2 (the
        mean over the targets; both NaN without validation set), gradient_norm.
    n_parameters_ : int
        Numbers that were learned.
    n_train_, n_validation_ : int
        Sequences that were learned from, and that training was stopped by.
    n_features_in_, feature_names_in_
        As in :class:`fastgru.SequenceClassifier`.
    """

    score_name = "r2"
    _tasks = ("regression",)
    _fitted: FittedRegressor

    def __init__(
        self,
        alphabet: str = "dna",
        *,
        reverse_complement: str = "none",
        embedding_size: int = 16,
        conv_channels: Sequence[int] = (),
        conv_width: Sequence[int] | int = (8,),
        conv_dilation: Sequence[int] | int = (1,),
        conv_stride: Sequence[int] | int = (1,),
        conv_pool: Sequence[int] | int = (1,),
        conv_norm: str = "none",
        conv_residual: bool = False,
        cell: str = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        residual: bool = False,
        bidirectional: bool = True,
        time_decay: bool = False,
        position_embedding: bool = False,
        pooling: Sequence[str] = ("last", "mean", "max"),
        dropout: float = 0.1,
        batch_size: int = 64,
        max_epochs: int = 40,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-2,
        clip_norm: float = 1.0,
        warmup_fraction: float = 0.1,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        dtype: str = "float32",
        precision: str | None = None,
        threads: int | None = None,
        random_state: int | None = None,
    ) -> None:
        self.alphabet = alphabet
        self.reverse_complement = reverse_complement
        self.embedding_size = embedding_size
        self.conv_channels = conv_channels
        self.conv_width = conv_width
        self.conv_dilation = conv_dilation
        self.conv_stride = conv_stride
        self.conv_pool = conv_pool
        self.conv_norm = conv_norm
        self.conv_residual = conv_residual
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.residual = residual
        self.bidirectional = bidirectional
        self.time_decay = time_decay
        self.position_embedding = position_embedding
        self.pooling = pooling
        self.dropout = dropout
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.warmup_fraction = warmup_fraction
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.dtype = dtype
        self.precision = precision
        self.threads = threads
        self.random_state = random_state

    def fit(
        self,
        sequences: Sequence[str],
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: Sequence[Any] | None = None,
        validation_data: tuple[Sequence[str], ArrayLike] | None = None,
        target_names: Sequence[str] | None = None,
        on_epoch: Callable[[Epoch], None] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        on_resume: Callable[[list[Epoch]], None] | None = None,
    ) -> SequenceRegressor:
        """Train.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty, or n tuples of a string and features; with the
            alphabet ``"series"`` n arrays.  All as for :meth:`fastgru.SequenceClassifier.fit`.
        y
            Numbers (n,) or (n, k); NaN where one is missing, which then changes nothing.
        sample_weight
            float (n,), weight of each sequence in the loss, not negative; None for 1.  One of
            weight 0 counts as if it were not there.
        groups
            As for :meth:`fastgru.SequenceClassifier.fit`.
        validation_data
            Sequences and targets for early stopping, in place of a share of the training set, and
            for intervals; without early stopping they change no weight.
        target_names
            k different names of the targets; None for ``target_0`` and so on.
        on_epoch, checkpoint, resume, on_resume
            As in :meth:`fastgru.SequenceClassifier.fit`.

        Returns
        -------
        SequenceRegressor
            Itself.

        Raises
        ------
        ConfigurationError
            For a parameter outside its range.
        AlphabetError, LabelError
            For sequences or targets that cannot be used.
        CheckpointError
            For a checkpoint that is damaged or made with other data or parameters.
        DivergenceError
            If training diverges.
        """
        parameters = check_to_train(self.get_params(deep=False), "regression")
        given = given_regression(
            *(parameters, self._check_input(sequences, fitting=True), y),
            target_names=target_names,
            sample_weight=sample_weight,
            groups=groups,
            validation_data=self._check_held_out(validation_data),
        )
        fitted = fit_regressor(
            *(parameters, given),
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            resume=resume,
            on_resume=on_resume,
        )
        return self._take(fitted)

    def __sklearn_tags__(self) -> Tags:
        """Say what is read, and that small tables take more than the default epochs."""
        tags = super().__sklearn_tags__()
        # 120 gradient steps on the 200 rows of scikit-learn's check do not reach its R2 of 0.5
        tags.regressor_tags.poor_score = self.alphabet == SERIES
        return tags

    def _set_attributes(self) -> None:
        super()._set_attributes()
        self.targets_ = self._fitted.targets

    def predict(self, sequences: Sequence[str]) -> np.ndarray:
        """Return the targets in their own units, float64 (n,), or (n, k) if there are several.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty, or n tuples of a string and features; with the
            alphabet ``"series"`` n arrays.  All as for :meth:`fastgru.SequenceClassifier.fit`.

        Raises
        ------
        AlphabetError
            For an empty sequence or a letter outside the alphabet.
        LabelError
            For a sequence longer than the positions that were learned.
        """
        check_is_fitted(self, "targets_")
        given = self._check_input(sequences)
        predicted = self._fitted.predict(given, self.threads)
        return predicted[:, 0] if len(self.targets_) == 1 else predicted

    def predict_interval(self, sequences: Sequence[str], coverage: float = 0.9) -> np.ndarray:
        """Return lower and upper ends around :meth:`predict` that hold the targets so often.

        Split conformal intervals: as wide to both sides as the validation residual of rank
        ``ceil((n + 1) * coverage)``.  They hold a share of at least `coverage` of new sequences
        that are drawn as those of the validation set were, whatever the network; since that set
        has also stopped training, a little fewer.

        Parameters
        ----------
        sequences
            As for :meth:`predict`.
        coverage
            Above 0 and below 1.

        Returns
        -------
        np.ndarray
            float64 (n, 2), or (n, k, 2) if there are several targets.  Infinite where the
            validation set has too few values for the coverage (at least 9 for 0.9), or is none.

        Raises
        ------
        ConfigurationError
            For a coverage outside its range.
        AlphabetError, LabelError
            As for :meth:`predict`.
        """
        check_is_fitted(self, "targets_")
        share: object = coverage
        if not (isinstance(share, float | np.floating) and 0 < share < 1):
            raise ConfigurationError(
                f"coverage must be a number above 0 and below 1, got {coverage!r}."
            )
        predicted, widths = self.predict(sequences), self._fitted.half_widths(coverage)
        widths = widths[0] if len(widths) == 1 else widths
        return np.stack([predicted - widths, predicted + widths], axis=-1)
