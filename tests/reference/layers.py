"""Sequences of steps, directions and layers, of any cell.

Axes: L layers, D directions, S states, B sequences, T time, I input features, H hidden units.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.reference.cells import PEEPHOLES, Cell, Gradients, Weights, pre_activation

Arrays = Mapping[str, np.ndarray]


def suffixes(parameters: Arrays) -> list[list[str]]:
    """PyTorch's suffixes of each layer's directions, read off the names."""
    found: list[list[str]] = []
    while f"weight_hh_l{len(found)}" in parameters:
        ends = [f"_l{len(found)}", f"_l{len(found)}_reverse"]
        found.append([end for end in ends if "weight_hh" + end in parameters])
    return found


def weights_of(parameters: Arrays, suffix: str) -> dict[str, np.ndarray]:
    """One direction's parameters; absent biases and peepholes are zero."""
    rows, hidden = parameters["weight_hh" + suffix].shape
    absent = {"bias_ih": np.zeros(rows), "bias_hh": np.zeros(rows)}
    absent |= {name: np.zeros(hidden) for name in PEEPHOLES}
    names = ("weight_ih", "weight_hh", *absent)
    return {name: parameters.get(name + suffix, absent.get(name)) for name in names}


def reversed_in_time(array: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Each sequence (B, T, ...) reversed within its own length."""
    result = array.copy()
    for b, length in enumerate(lengths):
        result[b, :length] = array[b, :length][::-1]
    return result


def without_padding(array: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The array (B, T, C) with zero past each length, whatever stood there."""
    valid = np.arange(array.shape[1]) < np.asarray(lengths)[:, None]
    return np.where(valid[:, :, None], array, 0.0)


# --- one direction ------------------------------------------------------------------------


def states_through_time(
    cell: Cell, x: np.ndarray, lengths: np.ndarray, initial: np.ndarray, w: Weights
) -> np.ndarray:
    """States before the first step and after each, (T + 1, S, B, H); past an end the last."""
    states = [initial]
    for t in range(x.shape[1]):
        after = cell.step(x[:, t], states[-1], w)
        states.append(np.where((t < lengths)[:, None], after, states[-1]))
    return np.array(states)


def gradients_through_time(
    cell: Cell,
    x: np.ndarray,
    lengths: np.ndarray,
    initial: np.ndarray,
    w: Weights,
    dy: np.ndarray,
    dfinal: np.ndarray,
) -> Gradients:
    """Gradients, given those of h after each step (B, T, H) and of the final states (S, B, H)."""
    states = states_through_time(cell, x, lengths, initial, w)
    dx, dw = np.zeros_like(x), {name: np.zeros_like(value) for name, value in w.items()}
    dstates = dfinal.copy()
    for t in reversed(range(x.shape[1])):
        valid = (t < lengths)[:, None]
        arriving = np.where(valid, dstates, 0)
        arriving[0] += np.where(valid, dy[:, t], 0)
        dx[:, t], before, parts = cell.gradients(x[:, t], states[t], w, arriving)
        dstates = np.where(valid, before, dstates)
        for name, part in parts.items():
            dw[name] += part
    return dx, dstates, dw


def truncated_gradients(
    cell: Cell,
    x: np.ndarray,
    lengths: np.ndarray,
    initial: np.ndarray,
    w: Weights,
    dy: np.ndarray,
    dfinal: np.ndarray,
    segment: int,
) -> Gradients:
    """The same for segments of time that stand alone: each starts from a state given to it."""
    states = states_through_time(cell, x, lengths, initial, w)
    dx, dw = np.zeros_like(x), {name: np.zeros_like(value) for name, value in w.items()}
    dinitial = np.where((lengths == 0)[:, None], dfinal, 0.0)
    for start in range(0, x.shape[1], segment):
        part = slice(start, start + segment)
        ends_here = (start < lengths) & (lengths <= start + segment)
        dx[:, part], dstart, dparts = gradients_through_time(
            cell,
            x[:, part],
            np.clip(lengths - start, 0, segment),
            states[start],
            w,
            dy[:, part],
            np.where(ends_here[:, None], dfinal, 0.0),
        )
        if start == 0:
            dinitial += dstart
        for name, value in dparts.items():
            dw[name] += value
    return dx, dinitial, dw


# --- layers -------------------------------------------------------------------------------


def run(
    cell: Cell,
    parameters: Arrays,
    x: np.ndarray,
    lengths: np.ndarray,
    initial: np.ndarray,
    *,
    residual: bool = False,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Inputs of each layer and the output of the last, and final states.

    For x (B, T, I) and initial states (S, L * D, B, H); y (B, T, D * H) is zero past each length.
    """
    layers, final = [without_padding(x, lengths)], np.zeros_like(initial)
    k = 0
    for directions in suffixes(parameters):
        outputs = []
        for suffix in directions:
            given = in_order(layers[-1], lengths, suffix)
            w = weights_of(parameters, suffix)
            states = states_through_time(cell, given, lengths, initial[:, k], w)
            final[:, k] = states[-1]
            h = without_padding(states[1:, 0].swapaxes(0, 1), lengths)
            outputs.append(in_order(h, lengths, suffix))
            k += 1
        h = np.concatenate(outputs, axis=2)
        layers.append(h + layers[-1] if residual and len(layers) > 1 else h)
    return layers, final


def in_order(array: np.ndarray, lengths: np.ndarray, suffix: str) -> np.ndarray:
    """The steps in the order in which a direction takes them, and back again."""
    return reversed_in_time(array, lengths) if suffix.endswith("_reverse") else array


def gradients(
    cell: Cell,
    parameters: Arrays,
    x: np.ndarray,
    lengths: np.ndarray,
    initial: np.ndarray,
    dy: np.ndarray,
    dfinal: np.ndarray,
    bptt_steps: int | None = None,
) -> dict[str, np.ndarray]:
    """Gradients of every parameter by its name, of "x", of "h0" and "c0"."""
    grads = {name: np.zeros_like(value) for name, value in parameters.items()}
    layers, _ = run(cell, parameters, x, lengths, initial)
    dinitial, doutput = np.zeros_like(initial), without_padding(dy, lengths)
    segment, k = bptt_steps or max(1, x.shape[1]), initial.shape[1]
    for level, directions in reversed(list(enumerate(suffixes(parameters)))):
        k -= len(directions)
        dinput = np.zeros_like(layers[level])
        for side, suffix in enumerate(directions):
            dh = np.split(doutput, len(directions), axis=2)[side]
            dx, dinitial[:, k + side], dw = truncated_gradients(
                cell,
                in_order(layers[level], lengths, suffix),
                lengths,
                initial[:, k + side],
                weights_of(parameters, suffix),
                in_order(dh, lengths, suffix),
                dfinal[:, k + side],
                segment,
            )
            dinput += in_order(dx, lengths, suffix)
            for name, value in dw.items():
                if name + suffix in grads:
                    grads[name + suffix] += value
        doutput = dinput
    return grads | {"x": doutput} | {f"{s}0": d for s, d in zip(cell.states, dinitial, strict=True)}


def smallest_pre_activation(
    cell: Cell, parameters: Arrays, x: np.ndarray, lengths: np.ndarray, initial: np.ndarray
) -> float:
    """How near the plain network comes to the corner of relu, where its gradient jumps."""
    layers, _ = run(cell, parameters, x, lengths, initial)
    smallest, k = np.inf, 0
    for level, directions in enumerate(suffixes(parameters)):
        for suffix in directions:
            given, w = in_order(layers[level], lengths, suffix), weights_of(parameters, suffix)
            states = states_through_time(cell, given, lengths, initial[:, k], w)
            for t in range(x.shape[1]):
                a = pre_activation(given[:, t], states[t, 0], w)[t < lengths]
                smallest = min(smallest, np.abs(a).min(initial=np.inf))
            k += 1
    return float(smallest)
