"""The language model of sequences, with scikit-learn's contract."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from fastgru.estimators.fitted_language_model import FittedLanguageModel
from fastgru.estimators.fitting import train_network
from fastgru.estimators.language_scoring import LanguageScoring
from fastgru.estimators.string_input import StringInput
from fastgru.estimators.training_parameters import check_to_train
from fastgru.estimators.training_sets import given_sequences
from fastgru.training.state import Epoch

__all__ = ["SequenceLanguageModel"]


class SequenceLanguageModel(LanguageScoring, StringInput):
    """Learn from unlabelled sequences which letter comes next.

    Letters are embedded and run through recurrent layers; from each state a softmax predicts the
    next letter or the end, by the letters before it.  The probabilities of all sequences sum to 1.
    An ambiguity code counts as the average of its letters where it is read, and is left out where
    it would have to be predicted.  The same ``random_state`` gives the same model, bit for bit,
    for any number of threads.

    Parameters
    ----------
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``.
    embedding_size
        Features of each letter.
    cell
        Recurrent layers of which kind: ``"gru"``, ``"lstm"`` or ``"rnn"``.
    hidden_size
        Units of each layer and direction.
    num_layers
        Recurrent layers.
    residual
        Whether each recurrent layer but the first adds its input to its output.
    bidirectional
        Whether a second model is trained from the end of the sequence to its start, for a
        classifier in two directions to begin with.  Likelihoods and new sequences are those of
        the direction ahead alone.  Needs one layer: above it, each direction would see what the
        other has to predict.
    dropout
        Share dropped in training, between layers and before the letters.
    batch_size
        Sequences of a gradient step.
    max_epochs
        Most passes through the training set; the learning rate falls to zero over them.
    learning_rate
        Peak step size, reached after ``warmup_fraction`` of the steps.
    weight_decay
        Decoupled decay of the weights.
    clip_norm
        Largest Euclidean norm of a gradient.
    warmup_fraction
        Share of the steps over which the learning rate rises, in [0, 1].
    early_stopping
        Whether to stop when the validation loss has not fallen for ``n_iter_no_change`` epochs,
        and to keep the parameters of the best epoch.
    validation_fraction
        Share of the sequences held out for that, where `fit` is given no validation set.
    n_iter_no_change
        Epochs without progress before stopping.
    dtype
        ``"float32"`` or ``"float64"``.
    precision
        Of products of recurrent layers in training: None for ``dtype``, or ``"bf16"``, with sums
        and weights in float32: faster, and only for CPUs with AVX512-BF16; predictions run on all.
    threads
        Threads to use, never more; None for all CPUs that the process may use.
    random_state
        Seed of weights, batches, dropout and the validation set.

    Attributes
    ----------
    n_iter_ : int
        Epochs that were run.
    best_epoch_ : int
        Epoch whose parameters were kept.
    history_ : list of dict
        One entry per epoch: epoch, learning_rate, train_loss, validation_loss (the mean of both
        directions where there are two), validation_bits (bits per letter, ahead), gradient_norm;
        those of validation NaN without validation set.
    n_parameters_ : int
        Numbers that were learned.
    n_train_, n_validation_ : int
        Sequences that were learned from, and that training was stopped by.
    """

    score_name = "bits"
    _tasks = ("language_model",)

    def __init__(
        self,
        alphabet: str = "dna",
        *,
        embedding_size: int = 16,
        cell: str = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        residual: bool = False,
        bidirectional: bool = True,
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
        self.embedding_size = embedding_size
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.residual = residual
        self.bidirectional = bidirectional
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
        y: object = None,
        *,
        groups: Sequence[Any] | None = None,
        validation_data: Sequence[str] | None = None,
        on_epoch: Callable[[Epoch], None] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        on_resume: Callable[[list[Epoch]], None] | None = None,
    ) -> SequenceLanguageModel:
        """Train.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty.
        y
            Ignored; there for scikit-learn.
        groups
            As for :meth:`fastgru.SequenceClassifier.fit`.
        validation_data
            Sequences for early stopping, in place of a share of the training set.
        on_epoch, checkpoint, resume, on_resume
            As in :meth:`fastgru.SequenceClassifier.fit`.

        Returns
        -------
        SequenceLanguageModel
            Itself.

        Raises
        ------
        ConfigurationError
            For a parameter outside its range.
        AlphabetError, LabelError
            For sequences that cannot be used, or none.
        CheckpointError
            For a checkpoint that is damaged or made with other data or parameters.
        DivergenceError
            If training diverges.
        """
        parameters = check_to_train(self.get_params(deep=False), "language_model")
        given = given_sequences(parameters, sequences, validation_data, groups)
        trained = train_network(
            *(parameters, given),
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            resume=resume,
            on_resume=on_resume,
        )
        return self._take(FittedLanguageModel(**trained.fields))
