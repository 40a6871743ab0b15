"""ONNX files that anybody may have written, read without running anything.

No size that a file states is believed before it agrees with the bytes that are there: a tensor is
taken only if its own bytes fill its shape, and one whose numbers stand in another file is refused.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

from fastgru.errors import ModelFileError, shorten

__all__ = ["Constants", "array_of", "constants_of", "read_onnx"]

_MAX_BYTES = 1 << 31
"""More than protobuf can hold in one message."""

_TYPES = {
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.INT32: "int32_data",
    TensorProto.INT64: "int64_data",
    TensorProto.BOOL: "int32_data",
    TensorProto.FLOAT16: "int32_data",
}
"""Types that are read, and where numbers stand that are not raw bytes."""

Constants = dict[str, np.ndarray]


def read_onnx(path: str | os.PathLike[str]) -> onnx.ModelProto:
    """Read a file; of its numbers nothing is looked at yet.

    Parameters
    ----------
    path

    Raises
    ------
    ModelFileError
        If it cannot be read, or is no ONNX model with a graph.
    """
    name = os.fspath(path)
    try:
        if not os.path.isfile(name):
            found = "is a folder" if os.path.isdir(name) else "no such file"
            raise ModelFileError(f"{name}: {found}, expected an ONNX file. Check the path.")
        size = os.stat(name).st_size
        if size > _MAX_BYTES:
            raise ModelFileError(
                f"{name}: is {size} bytes long, expected at most {_MAX_BYTES}. Check the path."
            )
        content = Path(name).read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{name}: cannot be read ({error}). Check the path.") from error
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except (DecodeError, UnicodeDecodeError) as error:
        raise ModelFileError(
            f"{name}: not a readable ONNX file ({error}), expected what 'fastgru export' or "
            "another tool has written. Check the path, or copy the file again."
        ) from error
    if not model.HasField("graph") or not model.graph.node:
        raise ModelFileError(
            f"{name}: has no graph with nodes, expected an ONNX model. Check the path, or copy the "
            "file again."
        )
    return model


def constants_of(name: str, tensors: Iterable[TensorProto]) -> Constants:
    """Return the constants of a graph by name.

    Parameters
    ----------
    name
        Of the file, for messages.
    tensors

    Raises
    ------
    ModelFileError
        For one that contradicts itself, or a name that is there twice.
    """
    constants: Constants = {}
    for tensor in tensors:
        if tensor.name in constants:
            raise _damaged(name, f"two constants are called {tensor.name!r}")
        constants[tensor.name] = array_of(name, tensor)
    return constants


def array_of(name: str, tensor: TensorProto) -> np.ndarray:
    """Return a constant as an array.

    Parameters
    ----------
    name
        Of the file, for messages.
    tensor

    Raises
    ------
    ModelFileError
        If its numbers are in another file, of a type that is not read, or do not fill its shape.
    """
    where = f"constant {tensor.name!r}"
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise ModelFileError(
            f"{name}: the numbers of {where} are in another file, expected them inside. Write the "
            "model with its data inside: onnx.save without save_as_external_data, or "
            "torch.onnx.export with external_data=False."
        )
    if tensor.data_type not in _TYPES:
        known = TensorProto.DataType.values()
        kind = TensorProto.DataType.Name(tensor.data_type) if tensor.data_type in known else "?"
        raise ModelFileError(
            f"{name}: {where} is of type {kind}, expected floating-point numbers, integers or "
            "switches. Write the model in single precision."
        )
    if any(size < 0 for size in tensor.dims):
        raise _damaged(name, f"{where} has the shape {shorten(map(str, tensor.dims))}")
    wanted = math.prod(tensor.dims)
    itemsize = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    if tensor.HasField("raw_data"):
        found, rest = divmod(len(tensor.raw_data), itemsize)
    else:
        found, rest = len(getattr(tensor, _TYPES[tensor.data_type])), 0
    if rest or found != wanted:
        raise _damaged(name, f"{where} has {found} numbers for a shape of {wanted}")
    array: np.ndarray = numpy_helper.to_array(tensor)
    return array


def _damaged(name: str, fault: str) -> ModelFileError:
    return ModelFileError(f"{name}: {fault}. The file is damaged. Copy it again.")
