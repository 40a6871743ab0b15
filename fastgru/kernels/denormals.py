"""Denormal numbers: switched off around a kernel's arithmetic.

Gradients that fade through time become denormal numbers (below 1.2e-38 in single precision), which
Intel CPUs compute a hundred times slower.  Between :func:`flush_denormals` and
:func:`restore_denormals` they count as zero, which costs nothing and changes no digit that counts.
On CPUs without SSE both do nothing.
"""

from fastgru._numba import cgutils, cpu_features, intrinsic, ir, jit_disabled, types

_FLUSH_AND_ZERO = 0x8040  # bits 15 (results) and 6 (operands) of the SSE control register
_HAS_SSE = bool(cpu_features() & {"sse", "sse2", "avx"})


def _control_register(builder, instruction, slot):
    """Call ``stmxcsr`` or ``ldmxcsr``: copy the control register to or from ``slot``."""
    name = f"llvm.x86.sse.{instruction}"
    byte_pointer = ir.IntType(8).as_pointer()
    known = builder.module.globals.get(name)
    kind = ir.FunctionType(ir.VoidType(), [byte_pointer])
    function = known or ir.Function(builder.module, kind, name)
    builder.call(function, [builder.bitcast(slot, byte_pointer)])


@intrinsic
def _flush_denormals(typing_context):
    def generate(context, builder, signature, arguments):
        word = ir.IntType(32)
        if not _HAS_SSE:
            return ir.Constant(word, 0)
        slot = cgutils.alloca_once(builder, word)
        _control_register(builder, "stmxcsr", slot)
        before = builder.load(slot)
        builder.store(builder.or_(before, ir.Constant(word, _FLUSH_AND_ZERO)), slot)
        _control_register(builder, "ldmxcsr", slot)
        return before

    return types.uint32(), generate


@intrinsic
def _restore_denormals(typing_context, before):
    def generate(context, builder, signature, arguments):
        if _HAS_SSE:
            slot = cgutils.alloca_once_value(builder, arguments[0])
            _control_register(builder, "ldmxcsr", slot)
        return context.get_dummy_value()

    return types.void(types.uint32), generate


def _nothing(*_):
    return 0


flush_denormals = _nothing if jit_disabled else _flush_denormals
restore_denormals = _nothing if jit_disabled else _restore_denormals
