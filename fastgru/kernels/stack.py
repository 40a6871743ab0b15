"""The stack, where vectors stay for which there is no register left.

LLVM puts such a vector in a slot of its own width, but takes the stack as the caller left it, on a
boundary of 16 bytes: most of the time each slot of 64 bytes lies on two cache lines then, and every
load of it takes two.  The gates of a GRU reload their constants so (measured: 64 units went forward
in 490 to 530 us in one half of the processes, and in 570 to 600 in the other).
"""

from fastgru._numba import intrinsic, jit_disabled, types
from fastgru.kernels.registers import VECTOR_BYTES


def align_function(builder):
    """Make the function that is being built put its stack on the boundary of a vector."""
    attributes = builder.function.attributes
    attributes.alignstack = VECTOR_BYTES
    attributes.add("nounwind")  # llvmlite writes no attribute where this set of names is empty


@intrinsic
def _compiled_align_stack(typing_context):
    def generate(context, builder, signature, arguments):
        align_function(builder)
        return context.get_dummy_value()

    return types.void(), generate


def _plain_align_stack():
    """Do nothing: NumPy has no stack of vectors."""


align_stack = _plain_align_stack if jit_disabled else _compiled_align_stack
"""``align_stack()``: in a part that is not compiled into its caller, puts its stack on a vector."""
