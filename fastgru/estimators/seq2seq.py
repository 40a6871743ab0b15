"""The translator of sequences, with scikit-learn's contract."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from fastgru.estimators.fitted_translator import FittedTranslator
from fastgru.estimators.fitting import train_network
from fastgru.estimators.string_input import StringInput
from fastgru.estimators.training_parameters import check_to_train
from fastgru.estimators.translating import Translating
from fastgru.estimators.translation_sets import given_pairs, tokens_per_letter
from fastgru.training.state import Epoch

__all__ = ["Seq2Seq"]


class Seq2Seq(Translating, StringInput):
    """Translate sequences into others, of other lengths: proteins into the codons of an organism.

    GRU layers read a sequence; others write its translation, a token (a letter or a codon) after
    the other, with attention to what was read (Luong et al. 2015, arXiv 1508.04025).  Trained on
    the cross-entropy of each token behind the true ones before it.  The same ``random_state`` gives
    the same model, bit for bit, for any number of threads, and a translation does not depend on
    what is translated beside it.

    Parameters
    ----------
    alphabet
        What is read: ``"dna"``, ``"rna"`` or ``"protein"``.  Ambiguity codes count as the average
        of the letters they stand for.
    target_alphabet
        What is written: letters of ``"dna"``, ``"rna"`` or ``"protein"``, or ``"codons"`` of DNA.
        An ambiguity code in a translation is read as the average of its letters, and never asked
        for; a codon with one counts as any codon.
    embedding_size
        Features of each letter, and of each token.
    hidden_size
        Units of each layer and direction.
    num_layers
        Recurrent layers that read, and as many that write.
    bidirectional
        Whether those that read also run from the end of the sequence to its start.
    dropout
        Share dropped in training, between layers and before the tokens.
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
    label_smoothing
        Share of each token that is spread evenly over all tokens in the training loss, at most 0.5.
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
        One entry per epoch: epoch, learning_rate, train_loss, validation_loss (nats per token),
        validation_token_accuracy (both NaN without validation set), gradient_norm.
    n_parameters_ : int
        Numbers that were learned.
    n_train_, n_validation_ : int
        Sequences that were learned from, and that training was stopped by.
    """

    score_name = "token_accuracy"
    _tasks = ("translation",)

    def __init__(
        self,
        alphabet: str = "dna",
        target_alphabet: str = "codons",
        *,
        embedding_size: int = 16,
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.1,
        batch_size: int = 64,
        max_epochs: int = 40,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-2,
        clip_norm: float = 1.0,
        warmup_fraction: float = 0.1,
        label_smoothing: float = 0.0,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        dtype: str = "float32",
        precision: str | None = None,
        threads: int | None = None,
        random_state: int | None = None,
    ) -> None:
        self.alphabet = alphabet
        self.target_alphabet = target_alphabet
        self.embedding_size = embedding_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.warmup_fraction = warmup_fraction
        self.label_smoothing = label_smoothing
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
        y: Sequence[str],
        *,
        groups: Sequence[Any] | None = None,
        validation_data: tuple[Sequence[str], Sequence[str]] | None = None,
        on_epoch: Callable[[Epoch], None] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        on_resume: Callable[[list[Epoch]], None] | None = None,
    ) -> Seq2Seq:
        """Train.

        Memory grows with ``batch_size`` times the product of both lengths, the longest of a batch.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty.
        y
            n translations over the target alphabet, none empty; of codons, a multiple of three
            letters.
        groups
            As for :meth:`fastgru.SequenceClassifier.fit`.
        validation_data
            Sequences and translations for early stopping, in place of a share of the training set.
        on_epoch, checkpoint, resume, on_resume
            As in :meth:`fastgru.SequenceClassifier.fit`.

        Returns
        -------
        Seq2Seq
            Itself.

        Raises
        ------
        ConfigurationError
            For a parameter outside its range.
        AlphabetError, LabelError
            For sequences or translations that cannot be used, or none.
        CheckpointError
            For a checkpoint that is damaged or made with other data or parameters.
        DivergenceError
            If training diverges.
        """
        parameters = check_to_train(self.get_params(deep=False), "translation")
        given = given_pairs(parameters, sequences, y, validation_data, groups)
        trained = train_network(
            *(parameters, given),
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            resume=resume,
            on_resume=on_resume,
        )
        most = tokens_per_letter(given.training)
        return self._take(FittedTranslator(**trained.fields, tokens_per_letter=most))
