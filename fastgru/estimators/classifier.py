"""The sequence classifier, with scikit-learn's contract."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from numpy.typing import ArrayLike

from fastgru.estimators.classifier_fitting import fit_labels, given_labels
from fastgru.estimators.fitted_classifier import FittedClassifier
from fastgru.estimators.label_prediction import LabelPrediction
from fastgru.estimators.language_model import SequenceLanguageModel
from fastgru.estimators.prediction import PredictionMixin
from fastgru.estimators.pretraining import read_pretrained
from fastgru.estimators.recipes import FromRecipe
from fastgru.estimators.string_input import TableTargets
from fastgru.estimators.table_input import TableInput
from fastgru.estimators.training_parameters import check_to_train
from fastgru.training.state import Epoch


class SequenceClassifier(FromRecipe, TableInput, TableTargets, PredictionMixin, LabelPrediction):
    """Classify DNA, RNA or protein sequences with a gated recurrent network.

    Letters are embedded, run through convolutional layers (on request) and recurrent layers, pooled
    over the sequence and classified by a softmax; trained with AdamW on the cross-entropy; where a
    sequence may have several labels, each has a sigmoid and a cross-entropy of its own.  The same
    ``random_state`` gives the same model, bit for bit, for any number of threads, and a prediction
    does not depend on what is predicted beside it.

    Parameters
    ----------
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``.  Ambiguity codes count as the average of their
        letters.  ``"series"`` for real numbers in their place, such as the events of a nanopore:
        arrays (length, n_features), or (length,) for one feature, standardised in training.
    reverse_complement
        ``"average"`` for DNA whose strand means nothing: the logits are the mean of those of both
        strands, so that a sequence and its reverse complement get the same probabilities, to the
        last bit.  Takes twice the time.  ``"equivariant"`` has the same by weights that both
        strands share, up to rounding, with half the parameters and in the time of ``"none"``; it
        needs both directions, even numbers of features, odd ``conv_width``, and no strides, pools
        or positions.  ``"augment"`` reads either strand at random, in training alone.
    embedding_size
        Features of each letter or k-mer.
    embedding_init
        Where they begin: at ``"random"``, or ten of an amino acid at its ``"properties"``.
    kmer_size
        Letters of the words (k-mers) that are embedded, at most 6 for DNA and RNA and 3 for
        proteins.  A word with ambiguity codes counts as the average of those that it stands for;
        steps, positions and attention are those of words.  Sequences without a word are refused.
    kmer_stride
        Letters from the start of a word to that of the next, at most ``kmer_size``: with a stride
        of s there are 1 / s as many steps.  Letters past the last whole word are not read.
    conv_channels
        Features of each convolutional layer between the letters and the recurrent layers; none
        for no such layers.  Each is followed by a rectifier.
    conv_width
        Steps that a feature of a convolutional layer sees; one number for all layers, or one for
        each, as in the next three.
    conv_dilation
        Distance of the steps that it sees.
    conv_stride
        Steps from one feature to the next.
    conv_pool
        Neighbouring features of which the largest is kept.
    conv_norm
        Normalisation between each convolution and its rectifier, with a scale and shift to learn
        for each feature: ``"layer"`` over the features of a step, ``"batch"`` over all steps of a
        batch (in prediction by their running mean and variance), or ``"none"``.
    conv_residual
        Whether a convolutional layer adds its input (of the first the embedding) to its output,
        behind rectifier and dropout, if both have one shape: as many features, stride and pool 1.
    cell
        Recurrent layers of which kind: ``"gru"`` (PyTorch's, reset after the product), ``"lstm"``
        or ``"rnn"`` (tanh).
    hidden_size
        Units of each layer and direction.
    num_layers
        Recurrent layers.
    residual
        Whether each recurrent layer but the first adds its input to its output, behind dropout;
        ``pooling`` then takes these sums for its states.
    bidirectional
        Whether each layer also runs from the end of the sequence to its start.
    time_decay
        For series that were sampled at irregular times: the first feature of each step is its time,
        in any unit, which never falls.  The network reads the time since the step before instead,
        and the state of every layer decays by ``exp(-max(0, decay_rate * gap + decay_bias))`` with
        rates to learn (GRU-D: Che et al. 2018, arXiv 1606.01865), the other direction's by the time
        to the step after.  For ``"gru"`` and ``"lstm"`` (h decays), without convolutions.
    position_embedding
        Whether to learn features of each position, for aligned windows such as those around splice
        sites; sequences longer than any in training are then refused.
    pooling
        Which of the ``"last"`` state, the ``"mean"``, the ``"max"`` and the learned weighted mean
        of all states (``"attention"``) describe a sequence.
    dropout
        Share dropped in training, between layers and before the classes.
    letter_dropout
        Share of the letters that are read as unknown in training (N, X); for single letters alone.
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
        Share of each label, at most 0.5, that is spread over all classes in the training loss.
    focal_gamma
        Exponent of the focal loss, at most 10: the larger, the less a sequence counts in training
        whose class is predicted well already; 0 for the plain cross-entropy.
    class_weight
        None, ``"balanced"`` (as in scikit-learn), or a mapping of classes to weights.  With several
        labels ``"balanced"`` weighs 0 and 1 of each label by their rarity.
    early_stopping
        Whether to stop ``n_iter_no_change`` epochs after the lowest validation loss, and keep that.
    validation_fraction
        Share of each class held out for that, where `fit` is given no validation set.
    n_iter_no_change
        Epochs without progress before stopping.
    calibrate
        Whether to divide the logits by a temperature fitted on the validation set, if there is one.
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
        Class labels, sorted; names of the columns where there are several labels.
    n_iter_ : int
        Epochs that were run; 0 for an ensemble, as `best_epoch_`: its members have their own.
    best_epoch_ : int
        Epoch whose parameters were kept.
    history_ : list of dict
        One entry per epoch: epoch, learning_rate, train_loss, validation_loss,
        validation_accuracy (both NaN without validation set), gradient_norm; none for an ensemble.
    n_parameters_ : int
        Numbers that were learned.
    n_train_, n_validation_ : int
        Sequences that were learned from, and that training was stopped by.
    n_features_in_, feature_names_in_ : int, np.ndarray
        Steps of the rows of a table of series, and the names of its columns if it has some.
    temperature_ : float
        What the logits are divided by; 1 if it was not fitted.
    thresholds_ : list of dict
        Thresholds for the probability of the second of two classes, with what they gave on the
        validation set: name, threshold, reason, sensitivity, specificity, precision, f1, mcc.
        Empty with more classes, without validation set, and for an ensemble.
    """

    score_name = "accuracy"
    _tasks = ("classification", "multilabel")
    _fitted: FittedClassifier

    def __init__(
        self,
        alphabet: str = "dna",
        *,
        reverse_complement: str = "none",
        embedding_size: int = 16,
        embedding_init: str = "random",
        kmer_size: int = 1,
        kmer_stride: int = 1,
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
        letter_dropout: float = 0.0,
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
        calibrate: bool = True,
        dtype: str = "float32",
        precision: str | None = None,
        threads: int | None = None,
        random_state: int | None = None,
    ) -> None:
        self.alphabet = alphabet
        self.reverse_complement = reverse_complement
        self.embedding_size = embedding_size
        self.embedding_init = embedding_init
        self.kmer_size = kmer_size
        self.kmer_stride = kmer_stride
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
        self.letter_dropout = letter_dropout
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
        self.calibrate = calibrate
        self.dtype = dtype
        self.precision = precision
        self.threads = threads
        self.random_state = random_state

    def fit(
        self,
        sequences: Sequence[Any],
        y: Sequence[Any] | ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: Sequence[Any] | None = None,
        validation_data: tuple[Sequence[Any], Sequence[Any] | ArrayLike] | None = None,
        label_names: Sequence[str] | None = None,
        on_epoch: Callable[[Epoch], None] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        on_resume: Callable[[list[Epoch]], None] | None = None,
        pretrained: str | os.PathLike[str] | SequenceLanguageModel | None = None,
        freeze_epochs: int = 0,
    ) -> SequenceClassifier:
        """Train.

        Parameters
        ----------
        sequences
            n strings over the alphabet, none empty or shorter than ``kmer_size``; with the alphabet
            ``"series"`` n arrays of finite numbers, (length, n_features) each, or a table (n,
            length) of one feature.  Or n tuples (string, array) of letters with features beside
            them, standardised: the array, (length, n_features) or (length,), has a row for each
            letter.  They go neither with k-mers nor with the other strand.
        y
            n class labels, of at least two classes.  Or, for any number of labels of each
            sequence, numbers (n, k): 1 with a label, 0 without, NaN where that is unknown.
        sample_weight
            float (n,), weight in the loss, not negative; None for 1.  One of 0 is as if not there.
        groups
            n names or numbers: of a group either all sequences are held out to stop by or none, as
            ``fastgru train`` does; None where any may be.
        validation_data
            Sequences and labels for early stopping, in place of a share of the training set, and
            for calibration; without early stopping they change no weight.
        label_names
            k names of the columns of `y`, for ``classes_``; None for ``label_0`` and so on.
        on_epoch
            Called with each finished epoch.
        checkpoint
            File to keep the state of training in, written before the first epoch and after each
            (whole or not at all), and left there in the end; one that exists is replaced.
        resume
            Whether to go on from `checkpoint` if that file exists.  The model then has the same
            bits as if training had never been interrupted.
        on_resume
            Called before training goes on, with the epochs that were run until then.
        pretrained
            Language model, or its file, of the same alphabet, cell, embedding_size and hidden_size,
            with whose embedding and recurrent weights training begins where the network has these.
        freeze_epochs
            Epochs in which only what is new learns; after as many more each, the pre-trained
            recurrent layers join from the last to the first, then the embedding; 0 for all at once.

        Returns
        -------
        SequenceClassifier
            Itself.

        Raises
        ------
        ConfigurationError
            For a parameter outside its range, or a language model that does not fit.
        AlphabetError, LabelError
            For sequences or labels that cannot be used.
        CheckpointError
            For a checkpoint that is damaged or made with other data or parameters.
        DivergenceError
            If training diverges.
        """
        parameters = check_to_train(self.get_params(deep=False))
        given = given_labels(
            *(parameters, self._check_input(sequences, fitting=True), y),
            label_names=label_names,
            sample_weight=sample_weight,
            groups=groups,
            validation_data=self._check_held_out(validation_data),
            pretrained=read_pretrained(pretrained, freeze_epochs, parameters),
        )
        fitted = fit_labels(
            *(parameters, given),
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            resume=resume,
            on_resume=on_resume,
        )
        return self._take(fitted)

    def _set_attributes(self) -> None:
        super()._set_attributes()
        self.classes_ = self._fitted.classes
        self.temperature_ = self._fitted.calibration.temperature
        self.thresholds_ = self._fitted.calibration.thresholds
