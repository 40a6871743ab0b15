"""An ONNX graph as it is put together: nodes in their order, and constants by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

__all__ = [
    "BOOL",
    "DOUBLE",
    "FLOAT",
    "INT64",
    "LOWEST",
    "TO_END",
    "Graph",
    "Value",
    "Weights",
    "add_scan",
]

BOOL, DOUBLE, FLOAT, INT64 = (
    *(TensorProto.BOOL, TensorProto.DOUBLE),
    *(TensorProto.FLOAT, TensorProto.INT64),
)

LOWEST = np.finfo(np.float32).min
"""What takes no part in a maximum or a softmax."""

TO_END = np.iinfo(np.int64).max
"""The end of a Slice that takes all that is left."""

Value = str | np.ndarray | np.generic
"""The name of what a node gives, or a constant."""

Weights = Mapping[str, np.ndarray]
"""float32, by name."""


class Graph:
    """Nodes and constants, under names that are the same for the same calls.

    Attributes
    ----------
    scope : str
        What the names of all that is added begin with.
    nodes : list
        ``NodeProto``, each behind those whose results it takes.
    constants : dict of np.ndarray
        By name, in the order in which they came.
    """

    def __init__(self) -> None:
        self.scope = ""
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray] = {}
        self._counts: Counter[str] = Counter()
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def body(self) -> Graph:
        """Return an empty graph for the steps of a loop, whose constants stand in this one."""
        inner = Graph()
        inner.scope, inner.constants = self.scope, self.constants
        inner._counts, inner._known = self._counts, self._known
        return inner

    def constant(self, name: str, array: np.ndarray) -> str:
        """Add a constant with a name of its own, and return its whole name.

        Parameters
        ----------
        name
            Behind the scope.
        array
        """
        full = self.scope + name
        self.constants[full] = np.asarray(array, order="C")
        return full

    def add(self, operator: str, *inputs: Value, **attributes: Any) -> str:
        """Add a node with one output, and return the name of that.

        Parameters
        ----------
        operator
        *inputs
            An empty name for one that is left out.
        **attributes
        """
        name = self.new_name(operator.lower())
        self.add_node(operator, inputs, [name], **attributes)
        return name

    def add_node(
        self, operator: str, inputs: Sequence[Value], outputs: Sequence[str], **attributes: Any
    ) -> None:
        """Add a node whose outputs have names already.

        Parameters
        ----------
        operator, inputs
            As for :meth:`add`.
        outputs
            An empty name for one that is left out.
        **attributes
        """
        given = [one if isinstance(one, str) else self._anonymous(one) for one in inputs]
        name = next(output for output in outputs if output)
        self.nodes.append(helper.make_node(operator, given, outputs, name=name, **attributes))

    def new_name(self, stem: str) -> str:
        """Return a name that nothing has yet.

        Parameters
        ----------
        stem
            What it begins with, behind the scope.
        """
        full = self.scope + stem
        self._counts[full] += 1
        return f"{full}_{self._counts[full]}"

    def _anonymous(self, value: np.ndarray | np.generic) -> str:
        array = np.asarray(value)
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._known:
            self._known[key] = f"constant_{len(self._known) + 1}"
            self.constants[self._known[key]] = array
        return self._known[key]

    def tensors(self) -> list[Any]:
        """Return the constants as ``TensorProto``."""
        return [numpy_helper.from_array(array, name) for name, array in self.constants.items()]


def add_scan(
    graph: Graph,
    step: Callable[[Graph, list[str], list[str]], tuple[list[str], list[tuple[str, int]]]],
    states: Sequence[tuple[str, int]],
    inputs: Sequence[tuple[str, int]],
    *,
    reverse: bool = False,
) -> list[str]:
    """Add a loop over the first axis; return its last states, and its outputs of all steps.

    Parameters
    ----------
    graph
    step
        Adds one step to a graph; takes the states and the inputs of the step, and returns the
        states behind it and its outputs, these with their types.
    states
        Before the first step, with their types.
    inputs
        (T, ...), with their types.
    reverse
        Whether the loop runs from the last step to the first.
    """
    body = graph.body()
    before = [(body.new_name("state"), kind) for _, kind in states]
    given = [(body.new_name("step"), kind) for _, kind in inputs]
    after, outputs = step(body, [name for name, _ in before], [name for name, _ in given])
    kinds = [kind for _, kind in states]
    closing = [*zip(after, kinds, strict=True), *outputs]
    loop = helper.make_graph(
        body.nodes,
        graph.new_name("body"),
        [helper.make_tensor_value_info(name, kind, None) for name, kind in (*before, *given)],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in closing],
    )
    results = [graph.new_name("scan") for _ in closing]
    directions = {
        "scan_input_directions": [int(reverse)] * len(inputs),
        **({"scan_output_directions": [int(reverse)] * len(outputs)} if outputs else {}),
    }
    names = [name for name, _ in (*states, *inputs)]
    graph.add_node("Scan", names, results, body=loop, num_scan_inputs=len(inputs), **directions)
    return results
