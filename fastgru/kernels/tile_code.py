"""The instructions of a tile: what :mod:`.microkernel` is compiled to.

A tile keeps its accumulators as vector values through two loops, over panels and over k.  Each step
of k loads the vectors of B and, one by one, the scalars of A, which LLVM turns into broadcasts.

Where A and B are pairs of bfloat16 (:mod:`.pairs`), a step of k takes a pair, and the instruction
of AVX512-BF16 stands in the place of the fused multiply-add; all offsets count words then.
"""

from fastgru._numba import cgutils, ir, types
from fastgru.kernels.memory_code import emit_prefetch
from fastgru.kernels.pairs import emit_dot
from fastgru.kernels.registers import LINE_BYTES, VECTOR_BYTES, VECTOR_REGISTER
from fastgru.kernels.stack import align_function

_LOG_UNROLL = 2
"""Steps of k in one round of the loop, as a power of two: addresses are computed once a round."""

_AHEAD = 4
"""Steps of k that B is fetched ahead, where its weights come from the second cache."""


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
    """Emits the instructions of one tile; ``element`` is the type of C, ``factor`` that of A."""

    def __init__(self, builder, element, factor, rows, vectors):
        self.builder = builder
        self.rows, self.vectors = rows, vectors
        self.lanes = VECTOR_BYTES // (8 if isinstance(element, ir.DoubleType) else 4)
        self.vector = ir.VectorType(element, self.lanes)
        self.factors = ir.VectorType(factor, self.lanes)
        self.itemsize = VECTOR_BYTES // self.lanes
        self.fma = _fma(builder.module, self.vector) if element == factor else None

    def multiply_add_vectors(self, a, b, c):
        """Return ``a * b + c``, or for pairs ``a_0 * b_0 + a_1 * b_1 + c``."""
        if self.fma is None:
            return emit_dot(self.builder, a, b, c)
        return self.builder.call(self.fma, [a, b, c])

    def load(self, kind, pointer, offset):
        at = self.builder.gep(pointer, [offset])
        value = self.builder.load(self.builder.bitcast(at, kind.as_pointer()))
        value.align = self.itemsize
        return value

    def store(self, value, pointer, offset):
        at = self.builder.gep(pointer, [offset])
        instruction = self.builder.store(value, self.builder.bitcast(at, self.vector.as_pointer()))
        instruction.align = self.itemsize

    def broadcast(self, pointer, offset):
        scalar = self.builder.load(self.builder.gep(pointer, [offset]))
        first = ir.Constant(ir.IntType(32), 0)
        undefined = ir.Constant(self.factors, ir.Undefined)
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
            held = [self.load(self.vector, c, offset) for offset in offsets]
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
        columns = [self.load(self.factors, b, offset) for offset in vector_offsets]
        result = []
        rows = len(row_offsets)
        for m in range(self.rows):
            scalar = self.broadcast(pointers[m // rows], row_offsets[m % rows])
            for v, column in enumerate(columns):
                accumulator = accumulators[m * self.vectors + v]
                result.append(self.multiply_add_vectors(scalar, column, accumulator))
        return result


def emit_tile(context, builder, signature, arguments, rows, vectors):
    """Emit: load accumulators; for o: fetch ahead, for k: multiply_add; store accumulators.

    ``rows`` is the range of the tile's rows that are meant.  What is fetched is so with the first.
    """
    align_function(builder)
    add = arguments[1]
    (c, c_offset, c_row), (a, a_offset, a_row, a_k, a_outer), (b, b_offset, b_k, b_vector) = (
        arguments[2:5],
        arguments[5:10],
        arguments[10:14],
    )
    inner, outer = arguments[14:16]
    kinds = signature.args
    intp = inner.type
    before = ir.Constant(intp, rows.start)
    c_offset = builder.add(c_offset, builder.mul(c_row, before))
    a_offset = builder.add(a_offset, builder.mul(a_row, before))
    c = _data_pointer(context, builder, kinds[2], c, c_offset)
    a = _data_pointer(context, builder, kinds[5], a, a_offset)
    b = _data_pointer(context, builder, kinds[10], b, b_offset)
    emit = _TileEmitter(builder, c.type.pointee, a.type.pointee, len(rows), vectors)
    vector_offsets = [builder.mul(b_vector, ir.Constant(intp, v)) for v in range(vectors)]
    c_offsets = emit.accumulator_offsets(c_row)

    pointers = emit.row_pointers(a, a_row)
    n = len(pointers)
    near = len(rows) if n == 1 else 3
    row_offsets = [builder.mul(a_row, ir.Constant(intp, m)) for m in range(near)]

    def forward(places, stride):
        return [builder.gep(place, [stride]) for place in places]

    def one_step(state):
        sums = emit.multiply_add(state[:n], row_offsets, state[n], vector_offsets, state[n + 1 :])
        return [*forward(state[:n], a_k), builder.gep(state[n], [b_k]), *sums]

    ahead = builder.mul(b_k, ir.Constant(intp, _AHEAD))

    def several_steps(state):
        for _ in range(1 << _LOG_UNROLL):
            for offset in vector_offsets if rows.start == 0 else ():
                there = builder.gep(state[n], [builder.add(ahead, offset)])
                emit_prefetch(builder, there, write=False)
            state = one_step(state)
            if vectors < 3:
                state = emit.in_order(state, n)
        return state

    fetch = _emit_fetch(context, builder, kinds[16], arguments[16], needed=rows.start == 0)

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


def _emit_fetch(context, builder, kind, ahead, *, needed):
    """Return what emits the fetches of one panel, and goes on; see :class:`Ahead`."""
    if not (needed and isinstance(kind, types.NamedTuple)):
        return lambda: None
    array, at, size = cgutils.unpack_tuple(builder, ahead)
    place = cgutils.alloca_once_value(
        builder, _data_pointer(context, builder, kind.types[0], array, at)
    )
    line = ir.Constant(size.type, LINE_BYTES * 8 // kind.types[0].dtype.bitwidth)
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
