"""The register-tiled product that all dense arithmetic of the engine runs through.

One function, :func:`tile`, computes::

    C[m, v*LANES + l] = (C if add else 0) + sum over o, k of  A[m, o, k] * B[o, k, v, l]

for ``m`` in 0..rows-1, ``v`` in 0..vectors-1 and ``l`` in 0..LANES-1 (columns), with ``k`` running
over ``inner`` steps in each of ``outer`` panels.  The ``rows x vectors`` accumulators stay in
vector registers through the whole sum, which is taken in ascending ``o, k``; so an element's value
depends neither on what is computed beside it nor on the number of rows.

A has three free strides, so that the one function serves all three products of a recurrent
step: ``h W^T`` (forward), ``dgates W`` (state gradient), ``h^T dgates`` (weight gradient).

LLVM turns each scalar of A, copied to all lanes, into an embedded broadcast.

Axes: m row of the tile, k summed index, v vector of a row, l lane of a vector.
"""

from typing import NamedTuple

from fastgru._numba import cgutils, intrinsic, ir, jit_disabled, np, types
from fastgru.kernels.blocks import block_rows
from fastgru.kernels.registers import ROWS, VECTOR_BYTES, VECTOR_REGISTER, lanes_of
from fastgru.kernels.vectors import emit_prefetch

_LOG_UNROLL = 2
"""Steps of k in one round of the loop, as a power of two: addresses are computed once a round."""

_AHEAD = 4
"""Steps of k that B is fetched ahead, where its weights come from the second cache."""

_LINE_BYTES = 64


class Ahead(NamedTuple):
    """Memory to be fetched while a tile computes: ``size`` elements of ``array`` for each panel.

    The first panel fetches those from ``at`` on, each further one those that follow.  The memory
    then works while the multiply-add units do; asked for all at once, what the gates of a step
    read would keep them waiting.
    """

    array: np.ndarray
    at: int
    size: int


def _data_pointer(context, builder, array_type, array, offset):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [offset])


def _fma(module, vector):
    """Declare ``llvm.fmuladd`` for a vector type, which llvmlite's own helper does not know.

    One instruction where the CPU has it; ``llvm.fma`` would call a library function elsewhere.
    """
    suffix = "f32" if isinstance(vector.element, ir.FloatType) else "f64"
    name = f"llvm.fmuladd.v{vector.count}{suffix}"
    known = module.globals.get(name)
    return known or ir.Function(module, ir.FunctionType(vector, [vector] * 3), name)


class _TileEmitter:
    """Emits the instructions of one :func:`tile` call."""

    def __init__(self, builder, element, rows, vectors):
        self.builder = builder
        self.rows, self.vectors = rows, vectors
        self.lanes = VECTOR_BYTES // (4 if isinstance(element, ir.FloatType) else 8)
        self.vector = ir.VectorType(element, self.lanes)
        self.itemsize = VECTOR_BYTES // self.lanes
        self.fma = _fma(builder.module, self.vector)

    def load(self, pointer, offset):
        at = self.builder.gep(pointer, [offset])
        value = self.builder.load(self.builder.bitcast(at, self.vector.as_pointer()))
        value.align = self.itemsize
        return value

    def store(self, value, pointer, offset):
        at = self.builder.gep(pointer, [offset])
        instruction = self.builder.store(value, self.builder.bitcast(at, self.vector.as_pointer()))
        instruction.align = self.itemsize

    def broadcast(self, pointer, offset):
        scalar = self.builder.load(self.builder.gep(pointer, [offset]))
        first = ir.Constant(ir.IntType(32), 0)
        undefined = ir.Constant(self.vector, ir.Undefined)
        every_lane = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        lane = self.builder.insert_element(undefined, scalar, first)
        return self.builder.shuffle_vector(lane, undefined, every_lane)

    def accumulator_offsets(self, row_stride):
        intp = row_stride.type
        return [
            self.builder.add(
                self.builder.mul(row_stride, ir.Constant(intp, m)),
                ir.Constant(intp, v * self.lanes),
            )
            for m in range(self.rows)
            for v in range(self.vectors)
        ]

    def start(self, add, c, offsets):
        """Return the accumulators' first values: those of ``c``, or zero unless ``add``."""
        builder, before = self.builder, self.builder.block
        with builder.if_then(add):
            held = [self.load(c, offset) for offset in offsets]
            loading = builder.block
        values = [builder.phi(self.vector) for _ in held]
        for value, given in zip(values, held, strict=True):
            value.add_incoming(ir.Constant(self.vector, None), before)
            value.add_incoming(given, loading)
        return values

    def row_pointers(self, a, row_stride):
        """Return pointers to rows 0, 3, 6, ...: an address is one of them, or one or two rows on.

        Addresses of all rows by themselves take more registers than there are, and the compiler
        then loads scalars long before they are needed, and puts them on the stack meanwhile.
        Where the stride is a constant, one pointer serves all rows.
        """
        if isinstance(row_stride, ir.Constant):
            return [a]
        kind = ir.FunctionType(a.type, [a.type])
        pointers = []
        for m in range(0, self.rows, 3):
            row = self.builder.mul(row_stride, ir.Constant(row_stride.type, m))
            # Hidden from the compiler, which would go back to addresses from the first row.
            pointers.append(self.builder.asm(kind, "", "=r,0", [self.builder.gep(a, [row])], True))
        return pointers

    def in_order(self, state, n):
        """Return the state of a sum with its ``n`` pointers known only after its products.

        Nothing is executed.  Where registers are left the compiler would load the scalars of all
        steps of a round first, and put them on the stack: unaligned, so that a third of the time
        hung on where the stack began.
        """
        sums = state[n + 1 :]
        kind = ir.FunctionType(state[0].type, [state[0].type, *(value.type for value in sums)])
        marks = ",".join(["=r", "0", *(VECTOR_REGISTER for _ in sums)])
        after = [self.builder.asm(kind, "", marks, [place, *sums], False) for place in state[:n]]
        return [*after, *state[n:]]

    def multiply_add(self, pointers, row_offsets, b, vector_offsets, accumulators):
        """Return ``accumulators[m, v] + a[m] * b[v]``, one step of k."""
        columns = [self.load(b, offset) for offset in vector_offsets]
        result = []
        rows = len(row_offsets)
        for m in range(self.rows):
            scalar = self.broadcast(pointers[m // rows], row_offsets[m % rows])
            for v, column in enumerate(columns):
                accumulator = accumulators[m * self.vectors + v]
                result.append(self.builder.call(self.fma, [scalar, column, accumulator]))
        return result


def _emit_tile(context, builder, signature, arguments, rows, vectors):
    """Emit: load accumulators; for o: fetch ahead, for k: multiply_add; store accumulators."""
    add = arguments[1]
    (c, c_offset, c_row), (a, a_offset, a_row, a_k, a_outer), (b, b_offset, b_k, b_vector) = (
        arguments[2:5],
        arguments[5:10],
        arguments[10:14],
    )
    inner, outer = arguments[14:16]
    kinds = signature.args
    c = _data_pointer(context, builder, kinds[2], c, c_offset)
    a = _data_pointer(context, builder, kinds[5], a, a_offset)
    b = _data_pointer(context, builder, kinds[10], b, b_offset)
    emit = _TileEmitter(builder, c.type.pointee, rows, vectors)
    intp = inner.type
    vector_offsets = [builder.mul(b_vector, ir.Constant(intp, v)) for v in range(vectors)]
    c_offsets = emit.accumulator_offsets(c_row)

    pointers = emit.row_pointers(a, a_row)
    n = len(pointers)
    near = rows if n == 1 else 3
    row_offsets = [builder.mul(a_row, ir.Constant(intp, m)) for m in range(near)]

    def forward(places, stride):
        return [builder.gep(place, [stride]) for place in places]

    def one_step(state):
        sums = emit.multiply_add(state[:n], row_offsets, state[n], vector_offsets, state[n + 1 :])
        return [*forward(state[:n], a_k), builder.gep(state[n], [b_k]), *sums]

    ahead = builder.mul(b_k, ir.Constant(intp, _AHEAD))

    def several_steps(state):
        for _ in range(1 << _LOG_UNROLL):
            for offset in vector_offsets:
                there = builder.gep(state[n], [builder.add(ahead, offset)])
                emit_prefetch(builder, there, write=False)
            state = one_step(state)
            if vectors < 3:
                state = emit.in_order(state, n)
        return state

    fetch = _emit_fetch(context, builder, kinds[16], arguments[16])

    def one_panel(state):
        begin = state[:n]
        fetch()
        shift, mask = ir.Constant(intp, _LOG_UNROLL), ir.Constant(intp, (1 << _LOG_UNROLL) - 1)
        state = _emit_loop(builder, builder.lshr(inner, shift), state, several_steps)
        state = _emit_loop(builder, builder.and_(inner, mask), state, one_step)
        return [*forward(begin, a_outer), *state[n:]]

    start = [*pointers, b, *emit.start(add, c, c_offsets)]
    sums = _emit_loop(builder, outer, start, one_panel)[n + 1 :]
    for value, offset in zip(sums, c_offsets, strict=True):
        emit.store(value, c, offset)
    return context.get_dummy_value()


def _emit_fetch(context, builder, kind, ahead):
    """Return what emits the fetches of one panel, and goes on; see :class:`Ahead`."""
    if not isinstance(kind, types.NamedTuple):
        return lambda: None
    array, at, size = cgutils.unpack_tuple(builder, ahead)
    place = cgutils.alloca_once_value(
        builder, _data_pointer(context, builder, kind.types[0], array, at)
    )
    line = ir.Constant(size.type, _LINE_BYTES * 8 // kind.types[0].dtype.bitwidth)
    lines = builder.sdiv(builder.add(size, builder.sub(line, size.type(1))), line)

    def one_line(state):
        emit_prefetch(builder, state[0], write=False, once=True)
        return [builder.gep(state[0], [line])]

    def emit():
        first = builder.load(place)
        _emit_loop(builder, lines, [first], one_line)
        builder.store(builder.gep(first, [size]), place)

    return emit


def _emit_loop(builder, trips, state, body):
    """Emit ``trips`` rounds of ``state = body(state)``; return the state after the last."""
    entry, zero = builder.block, ir.Constant(trips.type, 0)
    loop, done = (builder.function.append_basic_block(f"tile.{end}") for end in ("loop", "done"))
    builder.cbranch(builder.icmp_signed(">", trips, zero), loop, done)

    builder.position_at_end(loop)
    counter = builder.phi(trips.type)
    nodes = [builder.phi(value.type) for value in state]
    after = body(nodes)
    counted = builder.add(counter, ir.Constant(trips.type, 1))
    latch = builder.block
    for node, first, next_ in zip(
        [counter, *nodes], [zero, *state], [counted, *after], strict=True
    ):
        node.add_incoming(first, entry)
        node.add_incoming(next_, latch)
    builder.cbranch(builder.icmp_signed("<", counted, trips), loop, done)

    builder.position_at_end(done)
    finals = [builder.phi(value.type) for value in state]
    for node, untouched, last in zip(finals, state, after, strict=True):
        node.add_incoming(untouched, entry)
        node.add_incoming(last, latch)
    return finals


def _compiled_tile(vectors):
    @intrinsic
    def tile(
        typing_context,
        shape,
        add,
        c,
        c_offset,
        c_row,
        a,
        a_offset,
        a_row,
        a_k,
        a_outer,
        b,
        b_offset,
        b_k,
        b_vector,
        inner,
        outer,
        ahead=None,
    ):
        if not (c.layout == a.layout == b.layout == "C" and c.dtype == a.dtype == b.dtype):
            return None  # strides count elements of contiguous memory
        sizes = types.intp
        rows = ROWS if isinstance(shape, types.NoneType) else block_rows(shape.dtype)
        signature = types.void(
            *(shape, types.boolean, c, sizes, sizes), *(a, sizes, sizes, sizes, sizes),
            *(b, sizes, sizes, sizes), *(sizes, sizes),
            types.Omitted(None) if ahead is None else ahead,
        )  # fmt: skip

        def generate(context, builder, signature, arguments):
            return _emit_tile(context, builder, signature, arguments, rows, vectors)

        return signature, generate

    return tile


def _numpy_tile(vectors):
    """Return the definition of the tile in NumPy: used where compilation is switched off."""

    @np.errstate(over="ignore", invalid="ignore")  # padding may hold anything
    def tile(shape, add, c, c_offset, c_row, a, a_offset, a_row, a_k, a_outer,
             b, b_offset, b_k, b_vector, inner, outer, ahead=None):  # fmt: skip
        rows = ROWS if shape is None else block_rows(shape.dtype)
        lanes = lanes_of(c.dtype)
        columns = (np.arange(vectors)[:, None] * b_vector + np.arange(lanes)).ravel()
        c_at = c_offset + np.arange(rows)[:, None] * c_row + np.arange(vectors * lanes)
        total = c.reshape(-1)[c_at] if add else np.zeros(c_at.shape, c.dtype)
        for step in range(inner * outer):
            o, k = divmod(step, inner)
            a_at = a_offset + np.arange(rows) * a_row + o * a_outer + k * a_k
            total += a.reshape(-1)[a_at][:, None] * b.reshape(-1)[b_offset + step * b_k + columns]
        c.reshape(-1)[c_at] = total

    return tile


_make_tile = _numpy_tile if jit_disabled else _compiled_tile

tile_1 = _make_tile(1)
tile_2 = _make_tile(2)
tile_3 = _make_tile(3)
"""``tile_v(shape, add, c, c_offset, c_row, a, a_offset, a_row, a_k, a_outer, b, b_offset, b_k,
b_vector, inner, outer, ahead=None)``: add the product to a tile of rows x v vectors of ``c``.

``shape`` is the table of blocks whose type says how many rows the tile has, or None for ROWS.
Unless ``add``, what stands in ``c`` is overwritten instead.

``c``, ``a`` and ``b`` are contiguous arrays of one float type; offsets and strides count
elements.  The panels of ``b`` follow each other (``inner * b_k`` apart), those of ``a`` stand
``a_outer`` apart.  ``ahead`` is an :class:`Ahead`, or None.  The caller answers for every address
being inside its array; those of ``ahead`` may be outside.
"""
