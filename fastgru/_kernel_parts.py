"""How parts of kernels are compiled: to LLVM's language, from which kernels take them.

numba optimises each function that it compiles and makes machine code of it, and does both again in
each function that calls it.  Only a kernel's code ever runs, so a part is lowered alone: what a
kernel is made of is optimised once, there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from numba.core import codegen, compiler


class _PartLibrary(codegen.JITCodeLibrary):  # type: ignore[misc]
    """The code of a part, for linking."""

    _final_module: llvm.ModuleRef

    def _optimize_final_module(self) -> None:
        """Leave it to the kernels."""

    def _finalize_final_module(self) -> None:
        """Hand the engine no code, but the variables that numba sets for each function."""
        part = self._final_module
        variables = [str(x) for x in part.global_variables if x.name.startswith("_ZN08NumbaEnv")]
        self._final_module = llvm.parse_assembly("\n".join(variables))
        super()._finalize_final_module()
        self._final_module = part


class PartCompiler(compiler.Compiler):  # type: ignore[misc]
    """numba's compiler, which stops before machine code."""

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        self.state.library = _PartLibrary(self.state.targetctx.codegen(), func.__qualname__)
        return super().compile_extra(func)
