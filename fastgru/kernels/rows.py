"""Values of several rows at once, for the arithmetic between the products.

The gates of one row are a chain of dependent operations, each of which waits for the one before;
a CPU looks too short a way ahead to overlap one row's chain with the next one's.  So a value here
holds a vector of each of ``group_of(blocks)`` rows, and each operation on it becomes that many
independent instructions.

Rows either stand ``stride`` elements apart, or each where ``places`` says: ``places`` is an array
of offsets, one for each row, and those from ``first`` on are meant.

Axes: j row of the group.
"""

from fastgru._numba import intrinsic, ir, jit_disabled, np, types
from fastgru.kernels.blocks import block_rows
from fastgru.kernels.memory_code import emit_load_first, emit_prefetch, emit_store_first
from fastgru.kernels.registers import VECTOR_BYTES, lanes_of
from fastgru.kernels.vectors import (
    Vector,
    as_vector,
    vector_pointer,
)

_GROUP = 2
"""Rows taken together: with 2 a GRU of 128 units ran forward a tenth faster than with 1 on a core
that was shared, and than with 4, whose values do not fit the registers."""


def _group(blocks_dtype):
    return min(_GROUP, block_rows(blocks_dtype))


class _Rows:
    """Emits loads and stores of the rows of a group.

    ``offsets`` are those of the group's rows in ``array``.
    """

    def __init__(self, context, builder, array_type, array, offsets):
        self.builder, self.offsets = builder, offsets
        self.row = Vector(array_type.dtype)
        self.group = Vector(array_type.dtype, len(offsets))
        self.alignment = array_type.dtype.bitwidth // 8
        self.pointers = [
            vector_pointer(context, builder, array_type, array, offset) for offset in offsets
        ]

    def load(self, j):
        value = self.builder.load(self.pointers[j])
        value.align = self.alignment
        return value

    def store(self, value, j):
        self.builder.store(value, self.pointers[j]).align = self.alignment

    def stream(self, value, j):
        """Store past the caches; the row is on the boundary of a vector."""
        stored = self.builder.store(value, self.pointers[j])
        stored.align = VECTOR_BYTES
        once = [ir.Constant(ir.IntType(32), 1)]
        stored.set_metadata("nontemporal", self.builder.module.add_metadata(once))

    def fetch(self, *, write):
        for pointer in self.pointers:
            emit_prefetch(self.builder, pointer, write=write)

    def joined(self, vectors):
        """Return the vectors of all rows as one value."""
        while len(vectors) > 1:
            lanes = ir.Constant(
                ir.VectorType(ir.IntType(32), 2 * vectors[0].type.count),
                list(range(2 * vectors[0].type.count)),
            )
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            vectors = [self.builder.shuffle_vector(a, b, lanes) for a, b in pairs]
        return vectors[0]

    def part(self, value, j):
        """Return the vector of one row."""
        lanes = self.row.lanes
        word = ir.VectorType(ir.IntType(32), lanes)
        numbers = ir.Constant(word, list(range(j * lanes, (j + 1) * lanes)))
        return self.builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), numbers)

    def below(self, count, emit):
        """Emit ``emit(j)`` for the rows ``j < count``."""
        builder, rows = self.builder, range(len(self.pointers))
        with builder.if_else(_at_least(builder, count, len(rows))) as (whole, cut):
            with whole:
                for j in rows:
                    emit(j)
            with cut:
                for j in rows[:-1]:
                    with builder.if_then(_at_least(builder, count, j + 1)):
                        emit(j)


def _at_least(builder, count, least):
    return builder.icmp_signed(">=", count, ir.Constant(count.type, least))


def _strided(builder, group, at, stride):
    return [builder.add(at, builder.mul(stride, ir.Constant(at.type, j))) for j in range(group)]


def _picked(context, builder, group, places_type, places, first, at):
    data = context.make_array(places_type)(context, builder, places).data
    return [
        builder.add(
            at, builder.load(builder.gep(data, [builder.add(first, ir.Constant(at.type, j))]))
        )
        for j in range(group)
    ]


@intrinsic
def _group_of(typing_context, blocks):
    group = _group(blocks.dtype)

    def generate(context, builder, signature, arguments):
        return context.get_constant(types.intp, group)

    return types.intp(blocks), generate


@intrinsic
def _load_rows(typing_context, blocks, array, at, stride):
    group = _group(blocks.dtype)

    def generate(context, builder, signature, arguments):
        _, data, at, stride = arguments
        offsets = _strided(builder, group, at, stride)
        rows = _Rows(context, builder, signature.args[1], data, offsets)
        return rows.joined([rows.load(j) for j in range(group)])

    return Vector(array.dtype, group)(blocks, array, types.intp, types.intp), generate


def _storing(store):
    @intrinsic
    def store_rows(typing_context, blocks, value, array, at, stride, count):
        group = _group(blocks.dtype)

        def generate(context, builder, signature, arguments):
            _, given, data, at, stride, count = arguments
            offsets = _strided(builder, group, at, stride)
            rows = _Rows(context, builder, signature.args[2], data, offsets)
            value = as_vector(context, builder, given, signature.args[1], rows.group)
            rows.below(count, lambda j: store(rows, rows.part(value, j), j))
            return context.get_dummy_value()

        sizes = (types.intp, types.intp, types.intp)
        return types.void(blocks, value, array, *sizes), generate

    return store_rows


@intrinsic
def _load_picked(typing_context, blocks, array, places, first, at):
    group = _group(blocks.dtype)

    def generate(context, builder, signature, arguments):
        _, data, places, first, at = arguments
        offsets = _picked(context, builder, group, signature.args[2], places, first, at)
        rows = _Rows(context, builder, signature.args[1], data, offsets)
        return rows.joined([rows.load(j) for j in range(group)])

    return Vector(array.dtype, group)(blocks, array, places, types.intp, types.intp), generate


@intrinsic
def _add_picked(typing_context, blocks, value, array, places, first, at, count):
    group = _group(blocks.dtype)

    def generate(context, builder, signature, arguments):
        _, value, data, places, first, at, count = arguments
        offsets = _picked(context, builder, group, signature.args[3], places, first, at)
        rows = _Rows(context, builder, signature.args[2], data, offsets)
        # Row by row: several may stand for one place.
        rows.below(count, lambda j: rows.store(builder.fadd(rows.load(j), rows.part(value, j)), j))
        return context.get_dummy_value()

    sizes = (types.intp, types.intp, types.intp)
    return types.void(blocks, value, array, places, *sizes), generate


@intrinsic
def _load_picked_first(typing_context, blocks, array, places, first, at, width):
    group = _group(blocks.dtype)

    def generate(context, builder, signature, arguments):
        _, data, places, first, at, width = arguments
        offsets = _picked(context, builder, group, signature.args[2], places, first, at)
        rows = _Rows(context, builder, signature.args[1], data, offsets)
        return rows.joined([emit_load_first(builder, place, width) for place in rows.pointers])

    sizes = (types.intp, types.intp, types.intp)
    return Vector(array.dtype, group)(blocks, array, places, *sizes), generate


@intrinsic
def _store_picked_first(typing_context, blocks, value, array, places, first, at, width, count):
    group = _group(blocks.dtype)

    def generate(context, builder, signature, arguments):
        _, value, data, places, first, at, width, count = arguments
        offsets = _picked(context, builder, group, signature.args[3], places, first, at)
        rows = _Rows(context, builder, signature.args[2], data, offsets)
        rows.below(
            count, lambda j: emit_store_first(builder, rows.pointers[j], width, rows.part(value, j))
        )
        return context.get_dummy_value()

    sizes = (types.intp, types.intp, types.intp, types.intp)
    return types.void(blocks, value, array, places, *sizes), generate


@intrinsic
def _prefetch_rows(typing_context, blocks, array, at, stride):
    return types.void(blocks, array, types.intp, types.intp), _fetch_strided(blocks, write=True)


@intrinsic
def _fetch_rows(typing_context, blocks, array, at, stride):
    return types.void(blocks, array, types.intp, types.intp), _fetch_strided(blocks, write=False)


def _fetch_strided(blocks, *, write):
    group = _group(blocks.dtype)

    def generate(context, builder, signature, arguments):
        _, data, at, stride = arguments
        offsets = _strided(builder, group, at, stride)
        _Rows(context, builder, signature.args[1], data, offsets).fetch(write=write)
        return context.get_dummy_value()

    return generate


def _fetching_picked(*, write):
    @intrinsic
    def fetch_picked(typing_context, blocks, array, places, first, at):
        group = _group(blocks.dtype)

        def generate(context, builder, signature, arguments):
            _, data, places, first, at = arguments
            offsets = _picked(context, builder, group, signature.args[2], places, first, at)
            _Rows(context, builder, signature.args[1], data, offsets).fetch(write=write)
            return context.get_dummy_value()

        return types.void(blocks, array, places, types.intp, types.intp), generate

    return fetch_picked


# --- the same in NumPy, where compilation is switched off ---------------------------------


def _numpy_group_of(blocks):
    return _group(blocks.dtype)


def _numpy_rows(blocks, at, stride):
    return [at + j * stride for j in range(_group(blocks.dtype))]


def _numpy_picks(blocks, places, first, at):
    return [at + int(places.reshape(-1)[first + j]) for j in range(_group(blocks.dtype))]


def _numpy_load(array, offsets, width):
    lanes = lanes_of(array.dtype)
    value = np.zeros((len(offsets), lanes), array.dtype)
    for j, offset in enumerate(offsets):
        given = array.reshape(-1)[offset : offset + min(lanes, width)]
        value[j, : len(given)] = given
    return value.reshape(-1)


def _numpy_store(value, array, offsets, width, count):
    lanes = lanes_of(array.dtype)
    rows = np.broadcast_to(value, len(offsets) * lanes).reshape(len(offsets), lanes)
    for row, offset in list(zip(rows, offsets, strict=True))[: max(count, 0)]:
        number = min(lanes, width)
        array.reshape(-1)[offset : offset + number] = row[:number]


def _numpy_load_rows(blocks, array, at, stride):
    return _numpy_load(array, _numpy_rows(blocks, at, stride), lanes_of(array.dtype))


def _numpy_store_rows(blocks, value, array, at, stride, count):
    _numpy_store(value, array, _numpy_rows(blocks, at, stride), lanes_of(array.dtype), count)


def _numpy_load_picked(blocks, array, places, first, at):
    return _numpy_load(array, _numpy_picks(blocks, places, first, at), lanes_of(array.dtype))


def _numpy_add_picked(blocks, value, array, places, first, at, count):
    lanes = lanes_of(array.dtype)
    picks = _numpy_picks(blocks, places, first, at)
    for j, offset in enumerate(picks[: max(count, 0)]):
        array.reshape(-1)[offset : offset + lanes] += value[j * lanes : (j + 1) * lanes]


def _numpy_load_picked_first(blocks, array, places, first, at, width):
    return _numpy_load(array, _numpy_picks(blocks, places, first, at), width)


def _numpy_store_picked_first(blocks, value, array, places, first, at, width, count):
    _numpy_store(value, array, _numpy_picks(blocks, places, first, at), width, count)


def _numpy_fetch(blocks, array, *places):
    """Do nothing: there is no cache to prepare."""


if jit_disabled:
    group_of, load_rows = _numpy_group_of, _numpy_load_rows
    store_rows = stream_rows = _numpy_store_rows
    load_picked, add_picked = _numpy_load_picked, _numpy_add_picked
    load_picked_first = _numpy_load_picked_first
    store_picked_first = _numpy_store_picked_first
    prefetch_rows = fetch_rows = prefetch_picked = fetch_picked = _numpy_fetch
else:
    group_of, load_rows = _group_of, _load_rows
    store_rows, stream_rows = _storing(_Rows.store), _storing(_Rows.stream)
    load_picked, add_picked = _load_picked, _add_picked
    load_picked_first, store_picked_first = _load_picked_first, _store_picked_first
    prefetch_rows, fetch_rows = _prefetch_rows, _fetch_rows
    prefetch_picked, fetch_picked = _fetching_picked(write=True), _fetching_picked(write=False)
