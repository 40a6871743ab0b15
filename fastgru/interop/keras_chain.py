"""The recurrent layers of a Keras model, one after the other, run as Keras runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fastgru.errors import ConfigurationError, shorten
from fastgru.interop.keras_layers import KerasLayer, RecurrentLayer, build_layer, read_layer
from fastgru.interop.keras_paths import (
    check_not_nested,
    mask_value_of,
    masking_layer,
    recurrent_path,
)
from fastgru.interop.keras_records import KerasModel, LayerRecord
from fastgru.layers.reversal import reverse_rows


@dataclass(frozen=True)
class KerasStep:
    """A layer of this package in the place of layers of Keras.

    Attributes
    ----------
    names : tuple of str
        The layers of Keras.
    layer : GRU, LSTM or RNN
    go_backwards, return_sequences : bool
        As in Keras, of the last of them.
    """

    names: tuple[str, ...]
    layer: RecurrentLayer
    go_backwards: bool
    return_sequences: bool


@dataclass(frozen=True)
class KerasChain:
    """The recurrent layers of a Keras model, which :func:`fastgru.interop.from_keras` returns.

    Attributes
    ----------
    steps : tuple of KerasStep
        In order.  Layers that stack on each other (of the same kind, units, activations and
        directions) are one step.
    mask_value : float or None
        Steps of the input that hold nothing but this value are left out, as by ``Masking``; None
        where there is none in front of the first recurrent layer.
    masked_by : str or None
        The layer further below that makes the mask, such as an ``Embedding`` with ``mask_zero``,
        and is not run: :meth:`forward` then needs ``lengths``.
    before, after : dict
        The arrays of the layers before the first recurrent layer and after the last, by name, as
        ``get_weights()`` returns them.  They are not run.
    """

    steps: tuple[KerasStep, ...]
    mask_value: float | None
    masked_by: str | None
    before: dict[str, list[np.ndarray]]
    after: dict[str, list[np.ndarray]]

    @property
    def layers(self) -> list[RecurrentLayer]:
        """The layers of this package, in order."""
        return [step.layer for step in self.steps]

    def forward(self, x: ArrayLike, lengths: ArrayLike | None = None) -> np.ndarray:
        """Return what the last recurrent layer of the model returns, outside of training.

        Parameters
        ----------
        x
            float (B, T, I), what the first recurrent layer gets.
        lengths
            Valid steps of each sequence, (B,), from 0 to T; None for T everywhere, unless there is
            :attr:`masked_by`.  Where the model masks, a step has to be valid and unmasked.

        Returns
        -------
        np.ndarray
            float (B, T, directions * H), zero at steps that are left out, where some layers of
            Keras repeat the state before; or (B, directions * H), the final states, for a layer
            with ``return_sequences=False``.

        Raises
        ------
        ConfigurationError
            For a shape or value that does not fit; without the ``lengths`` that :attr:`masked_by`
            asks for; or if steps are left out before a layer that runs backwards and returns its
            outputs in that order, whose mask Keras does not turn.
        """
        array = _checked_input(x, self.layers[0])
        valid = self._valid_steps(array, lengths)
        # Left-out steps change no state, so that the others may stand together.
        order = np.argsort(~valid, axis=1, kind="stable")[:, :, None]
        y = np.take_along_axis(array, order, axis=1)
        counts = valid.sum(axis=1)
        for step in self.steps:
            y, final = _run(step, y, counts)
        if not self.steps[-1].return_sequences:
            return final
        out = np.zeros_like(y)
        np.put_along_axis(out, order, y, axis=1)
        return out

    def _valid_steps(self, x: np.ndarray, lengths: ArrayLike | None) -> np.ndarray:
        """Return which steps count, (B, T)."""
        (n_sequences, n_steps), valid = x.shape[:2], np.ones(x.shape[:2], bool)
        if lengths is None and self.masked_by is not None:
            raise ConfigurationError(
                f"lengths must be given, got None: the layer {self.masked_by!r} of the model makes "
                "a mask, and is not run. Pass the number of steps of each sequence that it keeps, "
                "with these in front, or that of all steps where it keeps all."
            )
        if lengths is not None:
            given = np.asarray(lengths)
            fits = given.shape == (n_sequences,) and given.dtype.kind in "iu"
            if not fits or given.min(initial=0) < 0 or given.max(initial=0) > n_steps:
                raise ConfigurationError(
                    f"lengths must be {n_sequences} integers from 0 to {n_steps}, got {lengths!r}."
                )
            valid &= np.arange(n_steps) < given[:, None]
        if self.mask_value is not None:
            valid &= (x != self.mask_value).any(axis=2)
        return valid


def _checked_input(x: ArrayLike, layer: RecurrentLayer) -> np.ndarray:
    array = np.asarray(x)
    if array.ndim != 3 or array.shape[2] != layer.input_size or array.dtype.kind not in "fiu":
        raise ConfigurationError(
            f"x must be numbers of shape (B, T, {layer.input_size}), got {array.dtype} of shape "
            f"{array.shape}."
        )
    return array.astype(layer.dtype, copy=False)


def _run(step: KerasStep, x: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return outputs (B, T, D * H) and final states (B, D * H) of one step of a chain."""
    n_steps = x.shape[1]
    if step.go_backwards:
        if step.return_sequences and (counts < n_steps).any():
            raise ConfigurationError(
                f"layer {step.names[-1]!r} runs backwards (go_backwards=True) and returns "
                "sequences: expected no step that is masked or beyond a length, found "
                f"{int((n_steps - counts).sum())}. Run sequences of different lengths one by one."
            )
        x = reverse_rows(x, counts)
    y, states = step.layer.forward(x.astype(step.layer.dtype), counts, training=False)
    h_n = states[0] if isinstance(states, tuple) else states
    top = h_n[-step.layer.num_directions :]
    return y, np.concatenate(list(top), axis=1)


def load_chain(model: KerasModel) -> KerasChain:
    """Return the recurrent layers of a model.

    Raises
    ------
    ConfigurationError
        If they are not one chain, or fastgru has nothing that computes the same.
    """
    path = recurrent_path(model)
    names = [record.name for record in path]
    recurrent = [record for record in path if record.looks_recurrent]
    layers = [_read(model, record) for record in recurrent]
    _check_connections(model, recurrent, layers)
    groups: list[list[int]] = []
    for number, layer in enumerate(layers):
        if groups and layer.stacks_on(layers[number - 1]):
            groups[-1].append(number)
        else:
            groups.append([number])
    places = [record.name for record in model.layers]
    start = places.index(recurrent[0].name)
    others = [record for record in model.layers if record.name not in names]
    return KerasChain(
        tuple(_step(recurrent, layers, group) for group in groups),
        mask_value_of(model, path),
        masking_layer(model, path),
        before={one.name: one.read() for one in others if places.index(one.name) < start},
        after={one.name: one.read() for one in others if places.index(one.name) > start},
    )


def load_one(model: KerasModel, name: str) -> RecurrentLayer:
    """Return one layer of a model.

    Raises
    ------
    ConfigurationError
        If there is no recurrent layer of this name, or fastgru has nothing that computes the same.
    """
    known = {record.name: record for record in model.layers}
    if name in known:
        check_not_nested(model, known[name])
    if name not in known or not known[name].looks_recurrent:
        found = [record.name for record in model.layers if record.looks_recurrent]
        raise ConfigurationError(
            f"{model.where}: expected layer to be a recurrent layer of the model, one of "
            f"{shorten(found, 20) or 'none'}, got {name!r}."
        )
    layer = _read(model, known[name])
    check_forward(f"{model.where}, layer {known[name].described}", layer)
    return build_layer([layer])


def check_forward(where: str, layer: KerasLayer) -> None:
    """Refuse to hand out, alone, a layer that runs backwards.

    Raises
    ------
    ConfigurationError
        For such a layer.
    """
    if layer.options.go_backwards:
        raise ConfigurationError(
            f"{where}: found go_backwards=True, expected a layer that runs forward: fastgru's "
            "have no such option. Load the whole model, which turns the input, or pass "
            "config={**config, 'go_backwards': False} and turn it yourself."
        )


def _read(model: KerasModel, record: LayerRecord) -> KerasLayer:
    where = f"{model.where}, layer {record.described}"
    return read_layer(where, record.read(), record.class_name, record.config, model.version)


def _step(records: Sequence[LayerRecord], layers: list[KerasLayer], group: list[int]) -> KerasStep:
    options = layers[group[-1]].options
    return KerasStep(
        tuple(records[number].name for number in group),
        build_layer([layers[number] for number in group]),
        options.go_backwards,
        options.return_sequences,
    )


def _check_connections(
    model: KerasModel, records: Sequence[LayerRecord], layers: Sequence[KerasLayer]
) -> None:
    for below, above, record in zip(layers, layers[1:], records, strict=False):
        size = below.directions[0].hidden_size * len(below.directions)
        if not below.options.return_sequences or above.directions[0].input_size != size:
            raise ConfigurationError(
                f"{model.where}, layer {record.described}: expected return_sequences=True and "
                f"{above.directions[0].input_size} outputs for the recurrent layer after it, found "
                f"{below.options.return_sequences} and {size}. Check the configuration."
            )
