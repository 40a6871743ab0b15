"""Vectors of the CPU's own width as values, so that kernels vectorise by construction.

``load`` gives LANES neighbouring elements of a contiguous array as one value; ``+ - * /``,
``sqrt`` and ``where_less`` work on such values lane by lane, with plain numbers standing for a
vector that repeats them; ``power_of_two(n + 1.5 * 2**23)`` (float64: ``2**52``) is 2**n for whole
n, which that sum carries in its last bits; ``rounded`` is the value itself, which the compiler does
not contract with what it is added to; ``store`` writes a value back.  ``load_first`` and
``store_first`` touch no more than the first so many lanes, at the end of a row.  The compiler is
left no choice: it kept plain loops over the same arrays scalar, five times slower, because it could
not prove that two arrays do not overlap, and on Intel CPUs with AVX-512 it halves the width.

With compilation switched off (``NUMBA_DISABLE_JIT=1``) a vector is a NumPy array of LANES
elements and the same kernels run unchanged.

Axes: l lane of a vector.
"""

import operator

from fastgru._numba import (
    AbstractTemplate,
    PrimitiveModel,
    infer_global,
    intrinsic,
    ir,
    jit_disabled,
    lower_builtin,
    np,
    register_model,
    types,
)
from fastgru.kernels.memory_code import emit_load_first, emit_store_first
from fastgru.kernels.registers import VECTOR_BYTES, lanes_of


class Vector(types.Type):
    """The type of a vector value: ``lanes`` elements of a float type.

    ``rows`` vectors of the CPU's width side by side make one value of :mod:`.rows`.
    """

    def __init__(self, dtype, rows=1):
        self.dtype = dtype
        self.lanes = rows * VECTOR_BYTES // (dtype.bitwidth // 8)
        super().__init__(name=f"Vector({dtype}, {self.lanes})")


def _element(dtype):
    return ir.FloatType() if dtype == types.float32 else ir.DoubleType()


def _integer(dtype):
    return ir.IntType(dtype.bitwidth)


@register_model(Vector)
class _VectorModel(PrimitiveModel):
    def __init__(self, manager, vector):
        super().__init__(manager, vector, ir.VectorType(_element(vector.dtype), vector.lanes))


def _splat(builder, scalar, lanes):
    kind = ir.VectorType(scalar.type, lanes)
    undefined = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    every_lane = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(first, undefined, every_lane)


def as_vector(context, builder, value, kind, vector):
    """Return ``value`` itself, or the number it is in every lane."""
    if isinstance(kind, Vector):
        return value
    return _splat(builder, context.cast(builder, value, kind, vector.dtype), vector.lanes)


def _vector_of(*kinds):
    """Return the vector type among operand types, or None where there is none."""
    vectors = [kind for kind in kinds if isinstance(kind, Vector)]
    numbers = all(isinstance(kind, Vector | types.Number) for kind in kinds)
    return vectors[0] if vectors and numbers else None


def _lanewise(emit, n_operands):
    """Make an intrinsic that applies ``emit(builder, vector, *operands)`` to vectors."""

    def typed(kinds):
        vector = _vector_of(*kinds)
        if vector is None:
            return None

        def generate(context, builder, signature, arguments):
            operands = [
                as_vector(context, builder, value, kind, vector)
                for value, kind in zip(arguments, signature.args, strict=True)
            ]
            return emit(builder, vector, *operands)

        return vector(*kinds), generate

    if n_operands == 1:
        return intrinsic(lambda typing_context, a: typed((a,)))
    return intrinsic(lambda typing_context, a, b, c, d: typed((a, b, c, d)))


def _llvm_function(builder, name, vector, n_operands):
    kind = ir.VectorType(_element(vector.dtype), vector.lanes)
    full = f"llvm.{name}.v{vector.lanes}f{vector.dtype.bitwidth}"
    known = builder.module.globals.get(full)
    return known or ir.Function(builder.module, ir.FunctionType(kind, [kind] * n_operands), full)


def _emit_call(name):
    return lambda builder, vector, a: builder.call(_llvm_function(builder, name, vector, 1), [a])


def _emit_where_less(builder, vector, a, b, then, otherwise):
    return builder.select(builder.fcmp_ordered("<", a, b), then, otherwise)


def _emit_power_of_two(builder, vector, t):
    mantissa, one = (23, 127 << 23) if vector.dtype == types.float32 else (52, 1023 << 52)
    whole = ir.VectorType(_integer(vector.dtype), vector.lanes)
    last_bits = builder.shl(
        builder.bitcast(t, whole), ir.Constant(whole, [mantissa] * vector.lanes)
    )
    bits = builder.add(last_bits, ir.Constant(whole, [one] * vector.lanes))
    return builder.bitcast(bits, ir.VectorType(_element(vector.dtype), vector.lanes))


_sqrt = _lanewise(_emit_call("sqrt"), 1)
_power_of_two = _lanewise(_emit_power_of_two, 1)
_rounded = _lanewise(_emit_call("arithmetic.fence"), 1)
_where_less = _lanewise(_emit_where_less, 4)


def _register_operator(python_operator, emit, n_operands):
    """Give a Python operator a meaning for vectors, by the name of llvmlite's instruction.

    Registered with the compiler directly: the friendlier ``overload`` compiles a function of its
    own for each operator and pair of types, which took longer than the kernels themselves.
    """

    @infer_global(python_operator)
    class _Template(AbstractTemplate):
        def generic(self, operands, _):
            vector = _vector_of(*operands) if len(operands) == n_operands else None
            return vector and vector(*operands)

    def lower(context, builder, signature, arguments):
        vector = signature.return_type
        values = [
            as_vector(context, builder, value, kind, vector)
            for value, kind in zip(arguments, signature.args, strict=True)
        ]
        return getattr(builder, emit)(*values)

    kinds = [(Vector,)] if n_operands == 1 else _PAIRS
    for pair in kinds:
        lower_builtin(python_operator, *pair)(lower)


_PAIRS = [(Vector, Vector), (Vector, types.Number), (types.Number, Vector)]
_register_operator(operator.add, "fadd", 2)
_register_operator(operator.sub, "fsub", 2)
_register_operator(operator.mul, "fmul", 2)
_register_operator(operator.truediv, "fdiv", 2)
_register_operator(operator.neg, "fneg", 1)


def vector_pointer(context, builder, array_type, array, offset):
    """Return the pointer to the vector that starts at an element of a contiguous array."""
    data = context.make_array(array_type)(context, builder, array).data
    kind = ir.VectorType(_element(array_type.dtype), Vector(array_type.dtype).lanes)
    return builder.bitcast(builder.gep(data, [offset]), kind.as_pointer())


@intrinsic
def _load(typing_context, array, offset):
    if array.layout != "C":
        return None  # offsets count elements of contiguous memory

    def generate(context, builder, signature, arguments):
        place = vector_pointer(context, builder, signature.args[0], *arguments)
        value = builder.load(place)
        value.align = array.dtype.bitwidth // 8
        return value

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def _store(typing_context, value, array, offset):
    if array.layout != "C":
        return None

    def generate(context, builder, signature, arguments):
        vector, container, at = arguments
        place = vector_pointer(context, builder, signature.args[1], container, at)
        written = as_vector(context, builder, vector, signature.args[0], Vector(array.dtype))
        builder.store(written, place).align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(value, array, types.intp), generate


@intrinsic
def _load_first(typing_context, array, offset, count):
    if array.layout != "C":
        return None

    def generate(context, builder, signature, arguments):
        place = vector_pointer(context, builder, signature.args[0], *arguments[:2])
        return emit_load_first(builder, place, arguments[2])

    return Vector(array.dtype)(array, types.intp, types.intp), generate


@intrinsic
def _store_first(typing_context, value, array, offset, count):
    if array.layout != "C":
        return None

    def generate(context, builder, signature, arguments):
        given, container, at, number = arguments
        place = vector_pointer(context, builder, signature.args[1], container, at)
        written = as_vector(context, builder, given, signature.args[0], Vector(array.dtype))
        emit_store_first(builder, place, number, written)
        return context.get_dummy_value()

    return types.void(value, array, types.intp, types.intp), generate


@intrinsic
def _lanes(typing_context, array):
    number = VECTOR_BYTES // (array.dtype.bitwidth // 8)

    def generate(context, builder, signature, arguments):
        return context.get_constant(types.intp, number)

    return types.intp(array), generate


def _numpy_load(array, offset):
    return array.reshape(-1)[offset : offset + lanes_of(array.dtype)].copy()


def _numpy_store(value, array, offset):
    array.reshape(-1)[offset : offset + lanes_of(array.dtype)] = value


def _numpy_load_first(array, offset, count):
    vector = np.zeros(lanes_of(array.dtype), array.dtype)
    given = array.reshape(-1)[offset : offset + min(count, len(vector))]
    vector[: len(given)] = given
    return vector


def _numpy_store_first(value, array, offset, count):
    number = min(count, lanes_of(array.dtype))
    array.reshape(-1)[offset : offset + number] = np.broadcast_to(value, lanes_of(array.dtype))[
        :number
    ]


def _numpy_where_less(a, b, then, otherwise):
    vector = next(value for value in (a, b, then, otherwise) if isinstance(value, np.ndarray))
    return np.where(a < b, then, otherwise).astype(vector.dtype)


def _numpy_power_of_two(t):
    mantissa, one, whole = (
        (23, 127 << 23, np.int32) if t.dtype == np.float32 else (52, 1023 << 52, np.int64)
    )
    return ((t.view(whole) << mantissa) + whole(one)).view(t.dtype)


if jit_disabled:
    load, store, sqrt = _numpy_load, _numpy_store, np.sqrt
    where_less, power_of_two, rounded = _numpy_where_less, _numpy_power_of_two, np.positive
    load_first, store_first = _numpy_load_first, _numpy_store_first

    def lanes(array):
        """Return the number of elements of ``array``'s type in a vector."""
        return lanes_of(array.dtype)

else:
    load, store, sqrt, lanes = _load, _store, _sqrt, _lanes
    where_less, power_of_two, rounded = _where_less, _power_of_two, _rounded
    load_first, store_first = _load_first, _store_first

__all__ = [
    "Vector",
    "as_vector",
    "lanes",
    "load",
    "load_first",
    "power_of_two",
    "rounded",
    "sqrt",
    "store",
    "store_first",
    "vector_pointer",
    "where_less",
]
