"""A training under way: what changes from epoch to epoch, to be taken out and put back."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

import numpy as np

from fastgru.models.network import SequenceNetwork
from fastgru.training.optimizer import AdamW

GENERATORS = ("shuffling", "dropout", "dropout_between_layers")
"""Names of the generators of a training; all are NumPy's PCG64."""

GENERATOR_SIZE = 6
"""Numbers that hold the state of one: state and increment, each in two halves, and a spare draw."""


@dataclass(frozen=True)
class TrainingOptions:
    """How to train; see :class:`fastgru.SequenceClassifier` for the fields."""

    batch_size: int
    max_epochs: int
    learning_rate: float
    weight_decay: float
    clip_norm: float
    warmup_fraction: float
    early_stopping: bool
    n_iter_no_change: int
    random_state: int


@dataclass(frozen=True)
class Epoch:
    """One row of the history.

    Attributes
    ----------
    epoch
        From 1.
    learning_rate
        At the last step of the epoch.
    train_loss
        Mean over the epoch's batches, as they were met (with dropout, before each step).
    validation_loss, validation_score
        After the epoch; NaN without validation set.
    gradient_norm
        Mean over the epoch's batches, before clipping.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    validation_loss: float
    validation_score: float
    gradient_norm: float

    def to_dict(self, score_name: str) -> dict[str, float]:
        """Return the fields by name, the score by the name of its own: ``validation_accuracy``."""
        return dict(zip(history_columns(score_name), asdict(self).values(), strict=True))


def history_columns(score_name: str) -> list[str]:
    """Return the fields of an epoch, with the name of a task's score."""
    own = f"validation_{score_name}"
    return [own if field.name == "validation_score" else field.name for field in fields(Epoch)]


@dataclass(frozen=True)
class TrainingState:
    """All that the epochs to come, and the result, depend on.

    Attributes
    ----------
    values, first_moment, second_moment : float (n_parameters,)
        Parameters, and the moments of AdamW.
    best_values : float (n_parameters,)
        Parameters of the best epoch.
    best_epoch
        Its number, 0 before the first.
    step_number
        Steps of AdamW that were taken.
    history
        All epochs until now.
    generators : dict of uint64 (GENERATOR_SIZE,)
        States of :data:`GENERATORS`.
    """

    values: np.ndarray
    first_moment: np.ndarray
    second_moment: np.ndarray
    best_values: np.ndarray
    best_epoch: int
    step_number: int
    history: list[Epoch]
    generators: dict[str, np.ndarray]


class TrainingRun:
    """A network, its optimiser, its random numbers and its history.

    Parameters
    ----------
    network
        Is trained in place.
    options

    Attributes
    ----------
    network
    optimizer
    rng
        Orders the batches.
    history : list of Epoch
    best_epoch : int
        Number of the epoch whose parameters are to be kept, 0 before the first.
    """

    def __init__(self, network: SequenceNetwork, options: TrainingOptions) -> None:
        self.network = network
        self.optimizer = AdamW(
            network.parameters, weight_decay=options.weight_decay, clip_norm=options.clip_norm
        )
        self.rng = np.random.default_rng(options.random_state)
        self.history: list[Epoch] = []
        self.best_epoch = 0
        self._options = options
        self._best_values = network.parameters.values.copy()

    @property
    def has_ended(self) -> bool:
        """Whether all epochs were run, or too many since the best one."""
        n_epochs = len(self.history)
        since_best = n_epochs - self.best_epoch
        return n_epochs >= self._options.max_epochs or since_best >= self._options.n_iter_no_change

    def add(self, epoch: Epoch, *, selecting: bool) -> None:
        """Note a finished epoch.

        Parameters
        ----------
        epoch
        selecting
            Whether the best epoch is that of the lowest validation loss, else it is the last.
        """
        best = self.history[self.best_epoch - 1].validation_loss if self.best_epoch else math.inf
        self.history.append(epoch)
        if not selecting:
            self.best_epoch = epoch.epoch
        elif epoch.validation_loss < best:
            self.best_epoch = epoch.epoch
            self._best_values[:] = self.network.parameters.values

    def keep_best(self) -> None:
        """Give the network the parameters of the epoch with the lowest validation loss."""
        self.network.parameters.values[:] = self._best_values

    def state(self) -> TrainingState:
        """Return the state; its arrays are those of the training, valid until the next step."""
        return TrainingState(
            **self._arrays(),
            best_epoch=self.best_epoch,
            step_number=self.optimizer.step_number,
            history=list(self.history),
            generators={name: _packed(rng) for name, rng in self._generators().items()},
        )

    def restore(self, state: TrainingState) -> None:
        """Go on from a state of the same network and options, to the last bit."""
        for name, array in self._arrays().items():
            array[:] = getattr(state, name)
        for name, rng in self._generators().items():
            _unpack(state.generators[name], rng)
        self.best_epoch, self.history = state.best_epoch, list(state.history)
        self.optimizer.step_number = state.step_number

    def _arrays(self) -> dict[str, np.ndarray]:
        size = self.network.parameters.size
        return {
            "values": self.network.parameters.values[:size],
            "first_moment": self.optimizer.first_moment[:size],
            "second_moment": self.optimizer.second_moment[:size],
            "best_values": self._best_values[:size],
        }

    def _generators(self) -> dict[str, np.random.Generator]:
        return dict(zip(GENERATORS, (self.rng, *self.network.generators), strict=True))


def _packed(rng: np.random.Generator) -> np.ndarray:
    """Return the state of a generator, uint64 (GENERATOR_SIZE,)."""
    state = rng.bit_generator.state
    halves = [half for name in ("state", "inc") for half in divmod(state["state"][name], 1 << 64)]
    return np.array([*halves, state["has_uint32"], state["uinteger"]], np.uint64)


def _unpack(packed: np.ndarray, rng: np.random.Generator) -> None:
    high, low, inc_high, inc_low, has_spare, spare = map(int, packed)
    rng.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": (high << 64) + low, "inc": (inc_high << 64) + inc_low},
        "has_uint32": has_spare & 1,
        "uinteger": spare & 0xFFFFFFFF,
    }
