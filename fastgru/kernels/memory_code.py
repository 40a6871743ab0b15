"""Instructions on memory: requests for cache lines, and the first lanes of a vector.

``place`` is a pointer to a vector, which is on the boundary of an element.
"""

from fastgru._numba import ir
from fastgru.kernels.registers import VECTOR_BYTES

_MASKED_STORES = VECTOR_BYTES == 64
"""Whether the CPU stores some lanes of a vector as fast as all: with AVX-512.

With AVX2 alone AMD's take such a store apart (measured on a Zen 4: 7 % of a forward pass of 64
units), and others have none.
"""


def emit_prefetch(builder, pointer, *, write, once=False):
    """Emit a request for the cache line at ``pointer``; one outside of an array does no harm.

    ``once`` for what is read a single time: it is to leave the larger caches to what stays.
    """
    byte_pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
    name, module = "llvm.prefetch.p0", builder.module
    kind = ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word])
    function = module.globals.get(name) or ir.Function(module, kind, name)
    hints = [ir.Constant(word, hint) for hint in (int(write), 0 if once else 3, 1)]  # 1: data
    builder.call(function, [builder.bitcast(pointer, byte_pointer), *hints])


def _item_bytes(vector):
    return 8 if isinstance(vector.element, ir.DoubleType) else 4


def _first_lanes(builder, vector, count):
    """Return the lanes below ``count`` as a vector of truth values."""
    words = ir.VectorType(ir.IntType(32), vector.count)
    numbers = ir.Constant(words, list(range(vector.count)))
    every_lane = ir.Constant(words, [0] * vector.count)
    undefined = ir.Constant(words, ir.Undefined)
    limit = builder.trunc(count, ir.IntType(32))
    first = builder.insert_element(undefined, limit, ir.Constant(ir.IntType(32), 0))
    return builder.icmp_signed("<", numbers, builder.shuffle_vector(first, undefined, every_lane))


def _emit_masked(builder, action, vector, result, arguments):
    name = f"llvm.masked.{action}.v{vector.count}f{8 * _item_bytes(vector)}.p0"
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, arguments)


def emit_load_first(builder, place, count):
    """Load the lanes below ``count`` of a vector; the others are zero."""
    vector = place.type.pointee
    alignment = ir.Constant(ir.IntType(32), _item_bytes(vector))
    mask = _first_lanes(builder, vector, count)
    arguments = [place, alignment, mask, ir.Constant(vector, None)]
    return _emit_masked(builder, "load", vector, vector, arguments)


def emit_store_first(builder, place, count, value):
    """Store the lanes below ``count`` of a vector."""
    vector = place.type.pointee

    def store_some():
        alignment = ir.Constant(ir.IntType(32), _item_bytes(vector))
        arguments = [value, place, alignment, _first_lanes(builder, vector, count)]
        _emit_masked(builder, "store", vector, ir.VoidType(), arguments)

    if _MASKED_STORES:
        store_some()
        return
    whole = builder.icmp_signed(">=", count, ir.Constant(count.type, vector.count))
    with builder.if_else(whole, likely=True) as (then, otherwise):
        with then:
            builder.store(value, place).align = _item_bytes(vector)
        with otherwise:
            store_some()
