"""How the threads of a parallel kernel share its work.

:func:`run_workers` calls a kernel part once for each worker, in numba's parallel loop.  The part
takes one piece of work after the other with :func:`take_next` until none is left: numba itself
would hand each thread a fixed share, and with sequences of different lengths one thread would wait
for another.  Longest first, the workers end almost together.  A piece gives the same result whoever
takes it.

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
        _call(function, data, np.int64(worker))


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
def _compiled_run_workers(typing_context, part, n_workers, arguments):
    inner = part.get_call_type(typing_context, (types.int64, *arguments.types), {})
    launching = types.void(types.int64, types.int64, types.int64)

    def generate(context, builder, signature, values):
        compiled = part.dispatcher.overloads[inner.args]
        context.active_code_library.add_linking_library(compiled.library)
        packed = cgutils.alloca_once_value(builder, values[2])
        worker = _emit_worker(context, builder, compiled, inner, values[2].type)
        word = ir.IntType(64)
        addresses = [builder.ptrtoint(worker, word), builder.ptrtoint(packed, word)]
        launch_type = types.Dispatcher(_launch)
        launch_type.get_call_type(context.typing_context, launching.args, {})
        launch = _launch.overloads[launching.args]
        context.active_code_library.add_linking_library(launch.library)
        context.call_internal(builder, launch.fndesc, launching, [values[1], *addresses])
        return context.get_dummy_value()

    return types.void(part, types.int64, arguments), generate


@np.errstate(all="ignore")  # infinities and NaN go their way, as they do when compiled
def _plain_run_workers(part, n_workers, arguments):
    for worker in range(n_workers):
        part(worker, *arguments)


run_workers = _plain_run_workers if jit_disabled else _compiled_run_workers
"""``run_workers(part, n, arguments)``: call ``part(worker, *arguments)`` for n workers."""


@intrinsic
def _compiled_take_next(typing_context, counter):
    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.atomic_rmw("add", array.data, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(counter), generate


def _plain_take_next(counter):
    counter[0] += 1
    return counter[0] - 1


take_next = _plain_take_next if jit_disabled else _compiled_take_next
"""``take_next(counter)``: return ``counter[0]`` and add one to it, alone among all threads."""
