"""What chemistry knows of amino acids: where the learned vectors of residues begin.

The scales are those of Biopython's ``Bio.SeqUtils.ProtParamData``: hydropathy (Kyte and Doolittle
1982), flexibility (Vihinen et al. 1994), hydrophilicity (Hopp and Woods 1981), probability of being
on the surface (Emini et al. 1985), and the energy of getting there from inside (Janin 1979).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from Bio.Data import IUPACData
from numpy.typing import NDArray

__all__ = ["residue_properties"]

_NEUTRAL_PH = 7.0
_AROMATIC = "FHWY"


def residue_properties(letters: str) -> NDArray[np.float64]:
    """Return properties of amino acids.

    Parameters
    ----------
    letters
        V of them, in one-letter code.

    Returns
    -------
    np.ndarray
        float64 (V, 10), of mean 0 and variance 1 over the letters: hydropathy, mass, charge,
        whether it is aromatic, proline, cysteine; flexibility, hydrophilicity, probability of being
        on the surface, and energy of getting there.
    """
    # imported where it is used: 20 ms, which other trainings and predictions do without
    from Bio.SeqUtils import IsoelectricPoint, ProtParamData

    charges = _charges(letters, IsoelectricPoint.positive_pKs, IsoelectricPoint.negative_pKs)
    rows = [
        (
            ProtParamData.kd[letter],
            IUPACData.protein_weights[letter],
            charge,
            letter in _AROMATIC,
            letter == "P",
            letter == "C",
            ProtParamData.Flex[letter],
            ProtParamData.hw[letter],
            ProtParamData.em[letter],
            ProtParamData.ja[letter],
        )
        for letter, charge in zip(letters, charges, strict=True)
    ]
    table = np.array(rows, np.float64)
    standardised: NDArray[np.float64] = (table - table.mean(axis=0)) / table.std(axis=0)
    return standardised


def _charges(
    letters: str, positive: Mapping[str, float], negative: Mapping[str, float]
) -> Iterator[float]:
    """Yield the mean charge of side chains in neutral water (Henderson and Hasselbalch) by pK."""
    for letter in letters:
        charge = 0.0
        if letter in positive:
            charge += 1 / (1 + 10 ** (_NEUTRAL_PH - positive[letter]))
        if letter in negative:
            charge -= 1 / (1 + 10 ** (negative[letter] - _NEUTRAL_PH))
        yield charge
