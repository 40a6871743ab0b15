"""oneDNN's GRU: a driver in C++, built where the library's packages and a compiler are found.

The packages ``onednn-cpu-gomp`` and ``onednn-devel-cpu-gomp`` bring the library and its headers.
Tokens are given to it as their embeddings, and its gradient of the input is not added up by token:
less than what fastgru does.  Weights are in the library's own layouts beforehand.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.metadata
import shutil
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.cases import Case, Problem

SOURCE = Path(__file__).parent / "lbr_gru.cpp"
FOLDER = Path(__file__).parent.parent.parent / ".benchmarks"
LIBRARY, HEADERS = "onednn-cpu-gomp", "onednn-devel-cpu-gomp"
INSTALL = f"oneDNN is not measured: that takes g++ and the packages {LIBRARY} and {HEADERS}"

_ORDER = [1, 0, 2]
"""Gates r, z, n in oneDNN's order u, r, o; and back."""


def _file_of(package: str, name: str) -> Path | None:
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())).resolve() for file in files if file.name == name]
    return next((path for path in found if path.exists()), None)


@functools.cache
def built() -> Path | str:
    """Build the driver; return where it is, or a line that says why it cannot be built.

    It is built once for each version of its source and kept among the tools' caches.
    """
    compiler = shutil.which("g++")
    library, header = _file_of(LIBRARY, "libdnnl.so.3"), _file_of(HEADERS, "dnnl.hpp")
    if not (compiler and library and header):
        return INSTALL
    command = [compiler, "-O2", "-std=c++17", "-fopenmp", "-shared", "-fPIC", str(SOURCE)]
    command += [f"-I{header.parent}", str(library), f"-Wl,-rpath,{library.parent}"]
    key = hashlib.sha256(SOURCE.read_bytes() + repr(command).encode()).hexdigest()[:16]
    target = FOLDER / f"lbr_gru-{key}.so"
    if not target.exists():
        FOLDER.mkdir(exist_ok=True)
        result = subprocess.run(
            [*command, "-o", str(target)], check=False, capture_output=True, text=True
        )
        if result.returncode != 0:
            problem = next((line for line in result.stderr.splitlines() if "error" in line), "")
            return f"oneDNN is not measured: its driver cannot be built: {problem}"
    return target


@functools.cache
def driver() -> ctypes.CDLL:
    """Return the functions of the driver, which must have been :func:`built`."""
    loaded = ctypes.CDLL(str(built()))
    loaded.lbr_gru_make.restype = ctypes.c_void_p
    loaded.lbr_gru_error.restype = ctypes.c_char_p
    loaded.lbr_gru_result.restype = ctypes.POINTER(ctypes.c_float)
    return loaded


def _gates_last(weight: np.ndarray) -> np.ndarray:
    """Return a weight (3H, K) as (K, 3, H), gates in oneDNN's order."""
    gates = weight.reshape(3, -1, weight.shape[1])[_ORDER]
    return gates.transpose(2, 0, 1)


def _gates_first(weight: np.ndarray) -> np.ndarray:
    """Return a weight (K, 3, H) as (3H, K), gates in PyTorch's order."""
    return weight.transpose(1, 2, 0)[_ORDER].reshape(-1, weight.shape[0])


class OneDnnGRU:
    """A rectangular case in oneDNN's ``lbr_gru``."""

    def __init__(
        self, case: Case, problem: Problem, threads: int, *, flush_denormals: bool
    ) -> None:
        library = driver()
        self._library, self._case, self._problem = library, case, problem
        weights, hidden = problem.weights, case.hidden_size
        b_ih, b_hh = (weights[name].reshape(3, hidden) for name in ("bias_ih_l0", "bias_hh_l0"))
        arrays = [
            problem.dense_x.swapaxes(0, 1),
            problem.initial[0],
            _gates_last(weights["weight_ih_l0"]),
            _gates_last(weights["weight_hh_l0"]),
            np.stack([b_ih[1] + b_hh[1], b_ih[0] + b_hh[0], b_ih[2], b_hh[2]]),
            problem.dy.swapaxes(0, 1),
            problem.d_final[0],
        ]
        given = [np.ascontiguousarray(array, np.float32) for array in arrays]
        pointers = (ctypes.c_void_p * len(given))(*(array.ctypes.data for array in given))
        sizes = (case.seq_len, case.batch_size, case.input_size, hidden)
        made = library.lbr_gru_make(
            *map(ctypes.c_long, sizes), threads, int(flush_denormals), pointers
        )
        if made is None:
            raise RuntimeError(f"oneDNN: {library.lbr_gru_error().decode()}")
        self._handle = ctypes.c_void_p(made)

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self._library.lbr_gru_free(self._handle)

    def forward(self) -> None:
        """Forward in training."""
        self._library.lbr_gru_forward_step(self._handle)

    def backward(self) -> None:
        """Gradients of everything."""
        self._library.lbr_gru_backward_step(self._handle)

    def _result(self, which: int, *shape: int) -> np.ndarray:
        pointer = self._library.lbr_gru_result(self._handle, which)
        return np.ctypeslib.as_array(pointer, shape).copy()

    def results(self) -> dict[str, np.ndarray]:
        """Return the states and gradients of the last step, by PyTorch's names."""
        case, problem = self._case, self._problem
        steps, batch, features = case.seq_len, case.batch_size, case.input_size
        hidden = case.hidden_size
        dx = self._result(2, steps, batch, features).swapaxes(0, 1)
        if problem.embedding is not None:
            d_embedding = np.zeros_like(problem.embedding)
            np.add.at(d_embedding, problem.x, dx)
            dx = d_embedding
        u, r, o, recurrent_o = self._result(6, 4, hidden)
        return {
            "y": self._result(0, steps, batch, hidden).swapaxes(0, 1),
            "h_n": self._result(1, 1, batch, hidden),
            "dx": dx,
            "dh0": self._result(3, 1, batch, hidden),
            "weight_ih_l0": _gates_first(self._result(4, features, 3, hidden)),
            "weight_hh_l0": _gates_first(self._result(5, hidden, 3, hidden)),
            "bias_ih_l0": np.concatenate([r, u, o]),
            "bias_hh_l0": np.concatenate([r, u, recurrent_o]),
        }
