"""How the threads of a parallel kernel share its work.

:func:`run_workers` calls a kernel part once for each worker, in numba's parallel loop.  The part
takes one piece of work after the other with :func:`take_next` until none is left: those of its own
share, then what others have left of theirs, because with sequences of different lengths one thread
would wait for another.  A piece gives the same result whoever takes it.

Each worker has a *place* in memory that all share, which is its number (:data:`APART`).

Axes: W places of workers, ``len(shares)``.

There is one parallel loop in the whole package, which knows no more of the part than its address:
numba compiles the body of a parallel loop four times over, and with the arithmetic of a recurrent
cell in it that took half as long again as everything else.
"""

from fastgru._numba import (
    cgutils,
    intrinsic,
    ir,
    jit_disabled,
    kernel_part,
    np,
    prange,
    types,
)


@intrinsic
def _call(typing_context, function, data, worker):
    """Call ``function(data, worker)``, both given as addresses."""

    def generate(context, builder, signature, arguments):
        function, data, worker = arguments
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, ir.IntType(64)])
        callee = builder.inttoptr(function, kind.as_pointer())
        builder.call(callee, [builder.inttoptr(data, pointer), worker])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@kernel_part(parallel=True)
def _launch(n_workers, function, data):
    for worker in prange(n_workers):
        _call(function, data, np.int64(worker * APART))


def _emit_worker(context, builder, compiled, signature, packed):
    """Emit ``void worker(arguments*, int64)``, which calls a compiled part; return it."""
    name = builder.module.get_unique_name(f"worker.{compiled.fndesc.unique_name}")
    kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), ir.IntType(64)])
    function = ir.Function(builder.module, kind, name)
    function.linkage = "internal"
    inside = ir.IRBuilder(function.append_basic_block())
    data = inside.bitcast(function.args[0], packed.as_pointer())
    arguments = cgutils.unpack_tuple(inside, inside.load(data))
    context.call_internal_no_propagate(
        inside, compiled.fndesc, signature, [function.args[1], *arguments]
    )
    inside.ret_void()
    return function


@intrinsic
def _compiled_run_workers(typing_context, part, arguments):
    inner = part.get_call_type(typing_context, (types.int64, *arguments.types), {})
    shares = arguments.types[0]
    launching = types.void(types.int64, types.int64, types.int64)

    def generate(context, builder, signature, values):
        compiled = part.dispatcher.overloads[inner.args]
        context.active_code_library.add_linking_library(compiled.library)
        packed = cgutils.alloca_once_value(builder, values[1])
        worker = _emit_worker(context, builder, compiled, inner, values[1].type)
        word = ir.IntType(64)
        addresses = [builder.ptrtoint(worker, word), builder.ptrtoint(packed, word)]
        launch_type = types.Dispatcher(_launch)
        launch_type.get_call_type(context.typing_context, launching.args, {})
        launch = _launch.overloads[launching.args]
        context.active_code_library.add_linking_library(launch.library)
        dealt = context.make_array(shares)(context, builder, builder.extract_value(values[1], 0))
        n_workers = builder.udiv(builder.extract_value(dealt.shape, 0), word(APART))
        context.call_internal(builder, launch.fndesc, launching, [n_workers, *addresses])
        return context.get_dummy_value()

    return types.void(part, arguments), generate


@np.errstate(all="ignore")  # infinities and NaN go their way, as they do when compiled
def _plain_run_workers(part, arguments):
    for worker in range(0, len(arguments[0]), APART):
        part(worker, *arguments)


run_workers = _plain_run_workers if jit_disabled else _compiled_run_workers
"""``run_workers(part, (shares, ...))``: call ``part(worker, shares, ...)`` for each worker."""


# --- what each of them takes ------------------------------------------------------------

NEXT, END, FIRST = 0, 1, 2
"""Columns of shares: the next piece of a worker's share, where the share ends, and its first."""

APART = 2
"""Numbers from one worker to the next: 0, 2, 4, ...

Memory with a place for each number then has places between those of two workers that nobody
touches.  A core fetches ahead, past the end of what it reads; where another core writes there, the
two wait for each other, and all the longer where they do not share a cache.
"""

_LINE = 8
"""Columns of shares in all: a cache line."""


def deal(pieces, n_workers):
    """Return the shares of the workers, int64 (W, 8): none taken.

    A worker's pieces follow each other, so that what lies between two workers' is short; and as
    long as each takes its own, it finds in its cache what it left there in the pass before.
    """
    shares = np.zeros((APART * n_workers, _LINE), np.int64)
    bounds = pieces * np.arange(n_workers + 1) // max(n_workers, 1)
    shares[::APART, FIRST], shares[::APART, END] = bounds[:-1], bounds[1:]
    shares[:, NEXT] = shares[:, FIRST]
    return shares


@kernel_part
def deal_again(shares):
    """Make shares that were taken whole once more, for another pass."""
    for place in range(shares.shape[0]):
        shares[place, NEXT] = shares[place, FIRST]


@intrinsic
def _compiled_fetch_add(typing_context, array, at, addend):
    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.gep(data, [arguments[1]])
        return builder.atomic_rmw("add", place, arguments[2], "monotonic")

    return types.int64(array, types.intp, types.int64), generate


def _plain_fetch_add(array, at, addend):
    array.flat[at] += addend
    return array.flat[at] - addend


_fetch_add = _plain_fetch_add if jit_disabled else _compiled_fetch_add
"""Add to an element of a contiguous array, alone among all threads; return what it was."""


@kernel_part
def take_next(shares, worker):
    """Take the next piece of the worker's own share, or of another's where that is done.

    Returns the number of pieces that were dealt where none is left: the end of the caller's loop.
    """
    n_places = shares.shape[0]
    for other in range(0, n_places, APART):
        share = (worker + other) % n_places
        if shares[share, NEXT] < shares[share, END]:
            piece = _fetch_add(shares, share * shares.shape[1] + NEXT, 1)
            if piece < shares[share, END]:
                return piece
    return shares[n_places - APART, END]
