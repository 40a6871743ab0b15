"""Which equations a recurrent layer follows: a cell with its functions and options."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fastgru.errors import ConfigurationError
from fastgru.layers.activation_functions import Activation, read_activations
from fastgru.layers.general_cells import GeneralCell


@dataclass(frozen=True)
class Variant:
    """A cell with its functions and options.  Each is described at :class:`fastgru.GRU`.

    Attributes
    ----------
    cell : type of GeneralCell
    activations : tuple of Activation
    recurrent_dropout, zoneout : float
    layer_norm : bool
    clip : float or None
    input_forget : bool
        The LSTM's.
    """

    cell: type[GeneralCell]
    activations: tuple[Activation, ...]
    recurrent_dropout: float = 0.0
    zoneout: float = 0.0
    layer_norm: bool = False
    clip: float | None = None
    input_forget: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.recurrent_dropout < 1:
            raise ConfigurationError(
                f"recurrent_dropout must be at least 0 and below 1, got {self.recurrent_dropout!r}."
            )
        if not 0 <= self.zoneout <= 1:
            raise ConfigurationError(f"zoneout must be from 0 to 1, got {self.zoneout!r}.")
        if self.clip is not None and not 0 < self.clip < math.inf:
            raise ConfigurationError(
                f"clip must be a finite number above 0, got {self.clip!r}. Pass None for no limit."
            )

    @property
    def is_compiled(self) -> bool:
        """Whether there are kernels for it."""
        options = self.recurrent_dropout, self.zoneout, self.layer_norm, self.input_forget
        functions = [tuple(map(Activation, names)) for names in self.cell.compiled]
        return self.clip is None and not any(options) and self.activations in functions


def read_variant(
    cell: type[GeneralCell],
    activations: object,
    *,
    recurrent_dropout: float,
    zoneout: float,
    layer_norm: bool,
    clip: float | None,
    input_forget: bool = False,
) -> Variant:
    """Return the variant that the arguments of a layer ask for.

    Raises
    ------
    ConfigurationError
        For an option outside its range.
    """
    return Variant(
        cell,
        read_activations(activations, cell.compiled[0], cell.roles),
        recurrent_dropout=recurrent_dropout,
        zoneout=zoneout,
        layer_norm=layer_norm,
        clip=clip,
        input_forget=input_forget,
    )
