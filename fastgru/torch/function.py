"""Recurrent layers as a function of autograd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from fastgru.errors import FastgruError
from fastgru.torch.batches import Batch
from fastgru.torch.tapes import Tape, Tapes, held_tape


class Call(NamedTuple):
    """What a call is beside its tensors.

    Attributes
    ----------
    tapes
        Where its tape goes back to.
    tape
    batch
    weights
        Tensors by PyTorch's names.
    rng
        Source of the dropout masks; None for no dropout.
    """

    tapes: Tapes
    tape: Tape
    batch: Batch
    weights: Mapping[str, torch.Tensor]
    rng: np.random.Generator | None

    def run(
        self, x: torch.Tensor, states: Sequence[torch.Tensor], *, keep: bool
    ) -> tuple[torch.Tensor, ...]:
        """Run all layers.

        Parameters
        ----------
        x
        states
            Initial states, if any.
        keep
            Whether to keep what gradients need.

        Returns
        -------
        tuple of torch.Tensor
            As of :meth:`Tape.forward`.
        """
        return self.tape.forward(*(self.batch, x, states, self.weights), keep=keep, rng=self.rng)


class Recurrence(torch.autograd.Function):
    """``apply(call, x, *states, *weights)``: what :meth:`Call.run` computes, with gradients."""

    @staticmethod
    def forward(
        ctx: Any, call: Call, x: torch.Tensor, *tensors: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Run all layers; ``tensors`` are initial states, and the weights of the call."""
        ctx.set_materialize_grads(False)
        ctx.n_states = len(tensors) - len(call.weights)
        outputs = call.run(x, tensors[: ctx.n_states], keep=True)
        # The tape reads x and the weights again: autograd refuses to go back once they are changed.
        ctx.save_for_backward(call.tapes.hold(call.tape), x, *tensors[ctx.n_states :])
        return outputs

    @staticmethod
    def backward(
        ctx: Any, dy: torch.Tensor | None, *dfinal: torch.Tensor | None
    ) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of what ``apply`` was given.

        Raises
        ------
        FastgruError
            If gradients of these gradients are asked for.
        """
        # once_differentiable would refuse only what depends on dy, and take the rest as constant.
        if torch.is_grad_enabled():
            raise FastgruError(
                "fastgru.torch: gradients were asked for with create_graph=True, but the kernels "
                "have no second derivative. Use torch.nn for this layer."
            )
        ticket, *_ = ctx.saved_tensors
        dx, dstates, dweights = held_tape(ticket).backward(dy, dfinal)
        return (None, dx, *dstates[: ctx.n_states], *dweights)
