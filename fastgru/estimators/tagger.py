"""The labeller of each letter of a sequence."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from numpy.typing import ArrayLike

from fastgru.estimators.fitted_tagger import FittedTagger, StepLabels
from fastgru.estimators.fitting import train_network
from fastgru.estimators.string_input import StringInput
from fastgru.estimators.tagger_prediction import TaggingMixin
from fastgru.estimators.tagging_sets import given_tagging_sets, labels_are_lists
from fastgru.estimators.training_parameters import check_to_train
from fastgru.training.state import Epoch


class SequenceTagger(TaggingMixin, StringInput):
    """Label each letter of DNA, RNA or protein sequences with a gated recurrent network.

    Letters are embedded, run through convolutional layers (on request) and recurrent layers, and
    each is classified by a softmax, or all together by a conditional random field; trained with
    AdamW on the letters whose label is known.  The same ``random_state`` gives the same model, bit
    for bit, for any number of threads, and a prediction does not depend on what is predicted beside
    it.

    Parameters
    ----------
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``.  Ambiguity codes count as the average of the
        letters they stand for.
    reverse_complement
        ``"average"`` for DNA whose strand means nothing: the logits of a letter are the mean of
        those that it has on both strands, so that a reverse complement gets the same labels, turned
        round (to the last bit; with `crf`, whose scores are then those of both directions, up to
        rounding).  Takes twice the time.  ``"equivariant"`` has the same by weights that both
        strands share, up to rounding, as in :class:`fastgru.SequenceClassifier`.  ``"augment"``
        reads either strand at random in training, at no cost, and the one that is given
        afterwards.  ``"none"`` reads the one that is given.
    embedding_size
        Features of each letter.
    conv_channels
        Features of each convolutional layer between the letters and the recurrent layers; none
        for no such layers.  Each is followed by a rectifier.
    conv_width
        Steps that a feature of a convolutional layer sees; one number for all layers, or one for
        each, as in the next.  Layers have a feature for each letter: they neither stride nor pool.
    conv_dilation
        Distance of the steps that it sees.
    conv_norm
        Normalisation between each convolution and its rectifier, with a learned scale and shift
        for each feature: ``"layer"`` over the features of a step, ``"batch"`` over all steps of a
        batch, in prediction by the running mean and variance of training, or ``"none"``.
    conv_residual
        Whether a convolutional layer adds its input to its output, behind rectifier and dropout,
        where both have as many features.  The input of the
        first layer are the ``embedding_size`` features of the letters.
    cell
        Recurrent layers of which kind: ``"gru"`` (PyTorch's, reset after the product), ``"lstm"``
        or ``"rnn"`` (tanh).
    hidden_size
        Units of each layer and direction.
    num_layers
        Recurrent layers.
    residual
        Whether each recurrent layer but the first adds its input to its output, behind dropout.
    bidirectional
        Whether each layer also runs from the end of the sequence to its start.
    position_embedding
        Whether to learn features of each position: for sequences that are aligned windows, such
        as those around a splice site.  Sequences longer than any in training are then refused.
    crf
        Whether to score the labels of neighbouring letters together, by a linear-chain conditional
        random field on the logits: for labels that follow each other by rules, such as segments.
    dropout
        Share dropped in training, between layers and before the classes.
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
        Share of each label that is spread evenly over all classes in the training loss, at most
        0.5: keeps a network from being too sure, as where labels are wrong.  Not with `crf`.
    focal_gamma
        Exponent of the focal loss, at most 10: the larger, the less a letter counts in training
        whose class is predicted well already; 0 for the plain cross-entropy.  Not with `crf`.
    class_weight
        None, ``"balanced"`` (as in scikit-learn), or a mapping of classes to weights: what each
        letter of a class weighs.  Not with `crf`.
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
    classes_ : np.ndarray
        Labels, sorted.
    n_iter_ : int
        Epochs that were run.
    best_epoch_ : int
        Epoch whose parameters were kept.
    history_ : list of dict
        One entry per epoch: epoch, learning_rate, train_loss, validation_loss,
        validation_accuracy (of letters; both NaN without validation set), gradient_norm.
    n_parameters_ : int
        Numbers that were learned.
    n_train_, n_validation_ : int
        Sequences that were learned from, and that training was stopped by.
    """

    score_name = "accuracy"
    _tasks = ("tagging",)

    def __init__(
        self,
        alphabet: str = "dna",
        *,
        reverse_complement: str = "none",
        embedding_size: int = 16,
        conv_channels: Sequence[int] = (),
        conv_width: Sequence[int] | int = (8,),
        conv_dilation: Sequence[int] | int = (1,),
        conv_norm: str = "none",
        conv_residual: bool = False,
        cell: str = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        residual: bool = False,
        bidirectional: bool = True,
        position_embedding: bool = False,
        crf: bool = False,
        dropout: float = 0.1,
        batch_size: int = 64,
        max_epochs: int = 40,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-2,
        clip_norm: float = 1.0,
        warmup_fraction: float = 0.1,
        label_smoothing: float = 0.0,
        focal_gamma: float = 0.0,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
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
        self.conv_norm = conv_norm
        self.conv_residual = conv_residual
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.residual = residual
        self.bidirectional = bidirectional
        self.position_embedding = position_embedding
        self.crf = crf
        self.dropout = dropout
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.warmup_fraction = warmup_fraction
        self.label_smoothing = label_smoothing
        self.focal_gamma = focal_gamma
        self.class_weight = class_weight
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
        y: Sequence[StepLabels],
        sample_weight: ArrayLike | None = None,
        *,
        groups: Sequence[Any] | None = None,
        validation_data: tuple[Sequence[str], Sequence[StepLabels]] | None = None,
        on_epoch: Callable[[Epoch], None] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        on_resume: Callable[[list[Epoch]], None] | None = None,
    ) -> SequenceTagger:
        """Train.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty.
        y
            n strings with a letter for each letter of a sequence, or n lists with a text for each;
            ``"?"`` where the label is not known.  At least two other labels.
        sample_weight
            float (n,), weight of each sequence in the loss, not negative; None for 1.  One of
            weight 0, or without a known label, counts as if it were not there.
        groups
            As for :meth:`fastgru.SequenceClassifier.fit`.
        validation_data
            Sequences and labels for early stopping, in place of a share of the training set;
            without early stopping they change no weight.
        on_epoch, checkpoint, resume, on_resume
            As in :meth:`fastgru.SequenceClassifier.fit`.

        Returns
        -------
        SequenceTagger
            Itself.

        Raises
        ------
        ConfigurationError
            For a parameter outside its range.
        AlphabetError, LabelError
            For sequences or labels that cannot be used.
        CheckpointError
            For a checkpoint that is damaged or made with other data or parameters.
        DivergenceError
            If training diverges.
        """
        parameters = check_to_train(self.get_params(deep=False), "tagging")
        given = given_tagging_sets(
            *(parameters, sequences, y),
            sample_weight=sample_weight,
            groups=groups,
            validation_data=validation_data,
        )
        trained = train_network(
            *(parameters, given),
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            resume=resume,
            on_resume=on_resume,
        )
        lists = labels_are_lists(y)
        return self._take(
            FittedTagger(**trained.fields, classes=given.outputs, labels_are_lists=lists)
        )

    def _set_attributes(self) -> None:
        super()._set_attributes()
        self.classes_ = self._fitted.classes
