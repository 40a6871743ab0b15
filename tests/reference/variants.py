"""The cells with other activation functions, masks, zoneout and layer normalisation.

Written for complex numbers, so that gradients come from complex steps (Squire and Trapp 1998,
"Using complex variables to estimate derivatives of real functions"): the imaginary part of
f(x + i s) is s times the derivative, exact to rounding since nothing is subtracted.  So no
derivative stands here.  Where a function has a corner the real part decides on the side.

Axes: S states, B sequences, T time, I input features, H hidden units, G gates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from tests.reference.layers import in_order, suffixes, without_padding

Function = Callable[[np.ndarray], np.ndarray]
Arrays = Mapping[str, np.ndarray]

STEP = 1e-30
LAYER_NORM_EPSILON = 1e-5


def where_positive(condition: np.ndarray, then: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return np.where(condition.real >= 0, then, otherwise)


def activation(name: str, alpha: float | None = None, beta: float | None = None) -> Function:
    """A function by its name and parameters, with ONNX's defaults."""
    defaults = {
        "affine": (1, 0),
        "leaky_relu": (0.01, 0),
        "thresholded_relu": (1, 0),
        "scaled_tanh": (1, 1),
        "hard_sigmoid": (0.2, 0.5),
        "elu": (1, 0),
    }
    a, b = defaults.get(name, (0, 0))
    a, b = a if alpha is None else alpha, b if beta is None else beta
    functions: dict[str, Function] = {
        "relu": lambda x: where_positive(x, x, 0),
        "tanh": np.tanh,
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "affine": lambda x: a * x + b,
        "leaky_relu": lambda x: where_positive(x, x, a * x),
        "thresholded_relu": lambda x: where_positive(x - a, x, 0),
        "scaled_tanh": lambda x: a * np.tanh(b * x),
        "hard_sigmoid": lambda x: between(a * x + b, 0, 1),
        "elu": lambda x: where_positive(x, x, a * (np.exp(x) - 1)),
        "softsign": lambda x: x / (1 + where_positive(x, x, -x)),
        "softplus": lambda x: np.log(1 + np.exp(x)),
    }
    return functions[name]


def between(x: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.where(x.real < low, low, np.where(x.real > high, high, x))


@dataclass(frozen=True)
class Masks:
    """What chance decides, for each direction in order, and between layers."""

    recurrent: list[np.ndarray] = field(default_factory=list)  # (B, H), factors
    held: list[np.ndarray] = field(default_factory=list)  # (T, S, B, H), 1 where states stay
    between: list[np.ndarray] = field(default_factory=list)  # (B, T, D * H), factors


@dataclass(frozen=True)
class Variant:
    """A cell by its name in tests.problems, and its options."""

    cell: str
    activations: tuple[Function, ...]
    clip: float | None = None
    input_forget: bool = False
    zoneout: float = 0.0  # where there are no masks
    bptt_steps: int | None = None

    @property
    def n_states(self) -> int:
        return 2 if self.cell.startswith("lstm") else 1

    def apply(self, k: int, x: np.ndarray) -> np.ndarray:
        """Function k of a gate's sum."""
        kept = x if self.clip is None else between(x, -self.clip, self.clip)
        return self.activations[k](kept)


# --- one step -----------------------------------------------------------------------------


def layer_norm(v: np.ndarray, gain: np.ndarray | None) -> np.ndarray:
    """Normalised over the last axis; as it is where there is no gain."""
    if gain is None:
        return v
    centred = v - v.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + LAYER_NORM_EPSILON) * gain


def gate_sum(given: np.ndarray, w: Arrays, side: str, gate: int) -> np.ndarray:
    """What the input ("ih") or the state ("hh") adds to one gate."""
    hidden = w["weight_hh"].shape[1]
    rows = slice(gate * hidden, (gate + 1) * hidden)
    gain = w[f"ln_weight_{side}"][rows] if f"ln_weight_{side}" in w else None
    bias = w[f"bias_{side}"][rows] if f"bias_{side}" in w else 0
    return layer_norm(given @ w[f"weight_{side}"][rows].T, gain) + bias


def gru(v: Variant, x: np.ndarray, states: np.ndarray, w: Arrays, mask: np.ndarray) -> np.ndarray:
    (h,) = states
    r, z = (v.apply(0, gate_sum(x, w, "ih", k) + gate_sum(mask * h, w, "hh", k)) for k in (0, 1))
    if v.cell == "gru":
        recurrent = r * gate_sum(mask * h, w, "hh", 2)
    else:
        recurrent = gate_sum(mask * (r * h), w, "hh", 2)
    n = v.apply(1, gate_sum(x, w, "ih", 2) + recurrent)
    return np.array([(1 - z) * n + z * h])


def lstm(v: Variant, x: np.ndarray, states: np.ndarray, w: Arrays, mask: np.ndarray) -> np.ndarray:
    h, c = states
    a_i, a_f, a_g, a_o = (
        gate_sum(x, w, "ih", k) + gate_sum(mask * h, w, "hh", k) for k in range(4)
    )
    i = v.apply(0, a_i + w.get("weight_ci", 0) * c)
    f = 1 - i if v.input_forget else v.apply(0, a_f + w.get("weight_cf", 0) * c)
    c_new = f * c + i * v.apply(1, a_g)
    o = v.apply(0, a_o + w.get("weight_co", 0) * c_new)
    seen = layer_norm(c_new, w.get("ln_weight_c")) + w.get("ln_bias_c", 0)
    return np.array([o * v.activations[2](seen), c_new])


def rnn(v: Variant, x: np.ndarray, states: np.ndarray, w: Arrays, mask: np.ndarray) -> np.ndarray:
    return np.array([v.apply(0, gate_sum(x, w, "ih", 0) + gate_sum(mask * states[0], w, "hh", 0))])


STEPS = {
    "gru": gru,
    "gru reset before": gru,
    "lstm": lstm,
    "lstm peepholes": lstm,
    "rnn tanh": rnn,
}


# --- all steps of all layers --------------------------------------------------------------


def run(
    v: Variant,
    parameters: Arrays,
    x: np.ndarray,
    lengths: np.ndarray,
    initial: np.ndarray,
    masks: Masks,
) -> tuple[np.ndarray, np.ndarray]:
    """y (B, T, D * H) and final states, for x (B, T, I) and initial states (S, L * D, B, H)."""
    kind = np.result_type(x, initial, *parameters.values())
    final, k = np.zeros(initial.shape, kind), 0
    for level, directions in enumerate(suffixes(parameters)):
        outputs = []
        for suffix in directions:
            w = {
                name.removesuffix(suffix): value
                for name, value in parameters.items()
                if name.endswith(suffix)
            }
            mask = masks.recurrent[k] if masks.recurrent else np.ones(initial.shape[2:])
            held = masks.held[k] if masks.held else np.full(x.shape[1], v.zoneout)
            states, h = initial[:, k], np.zeros((*x.shape[:2], mask.shape[1]), kind)
            steps = in_order(x, lengths, suffix)
            for t in range(x.shape[1]):
                running = (t < lengths)[:, None]
                if v.bptt_steps and t and t % v.bptt_steps == 0:
                    states = np.where(running, states.real, states)
                after = STEPS[v.cell](v, steps[:, t], states, w, mask)
                after = held[t] * states + (1 - held[t]) * after
                states = np.where(running, after, states)
                h[:, t] = states[0]
            final[:, k] = states
            outputs.append(in_order(without_padding(h, lengths), lengths, suffix))
            k += 1
        x = np.concatenate(outputs, axis=2)
        x = x * (masks.between[level] if level < len(masks.between) else 1)
    return x, final


def slope_along(
    function: Callable[[Arrays], complex], given: Arrays, name: str, direction: np.ndarray
) -> float:
    """Derivative of a function of some arrays as one of them moves in a direction."""
    moved = given[name] + STEP * 1j * direction
    return float(np.imag(function({**given, name: moved})) / STEP)
