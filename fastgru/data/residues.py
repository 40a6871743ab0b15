"""What chemistry knows of amino acids: where the learned vectors of residues begin.

The scales are those of Biopython's ``Bio.SeqUtils.ProtParamData``: hydropathy (Kyte and Doolittle
1982), flexibility (Vihinen et al. 1994), hydrophilicity (Hopp and Woods 1981), probability of being
on the surface (Emini et al. 1985), and the energy of getting there from inside (Janin 1979).
"""

from __future__ import annotations

import numpy as np
from Bio.Data import IUPACData
from Bio.SeqUtils import IsoelectricPoint, ProtParamData
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
    rows = [
        (
            ProtParamData.kd[letter],
            IUPACData.protein_weights[letter],
            _charge(letter),
            letter in _AROMATIC,
            letter == "P",
            letter == "C",
            ProtParamData.Flex[letter],
            ProtParamData.hw[letter],
            ProtParamData.em[letter],
            ProtParamData.ja[letter],
        )
        for letter in letters
    ]
    table = np.array(rows, np.float64)
    standardised: NDArray[np.float64] = (table - table.mean(axis=0)) / table.std(axis=0)
    return standardised


def _charge(letter: str) -> float:
    """Return the mean charge of a side chain in neutral water (Henderson and Hasselbalch)."""
    charge = 0.0
    if letter in IsoelectricPoint.positive_pKs:
        charge += 1 / (1 + 10 ** (_NEUTRAL_PH - IsoelectricPoint.positive_pKs[letter]))
    if letter in IsoelectricPoint.negative_pKs:
        charge -= 1 / (1 + 10 ** (IsoelectricPoint.negative_pKs[letter] - _NEUTRAL_PH))
    return charge
