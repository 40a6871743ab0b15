"""Random sequences of which it is known how far their letters can be predicted."""

from __future__ import annotations

import numpy as np


def draw_chains(n: int, seed: int, length: int = 40) -> tuple[list[str], float]:
    """DNA whose letters depend on the two before them, and its bits per letter, the end included.

    The end comes after each letter with the same probability, ``length`` letters being the mean.
    """
    tables = np.random.default_rng(0).dirichlet([0.3] * 4, size=(4, 4))
    rng = np.random.default_rng(seed)
    sequences, bits, n_letters = [], 0.0, 0
    for _ in range(n):
        codes = [0, 1]
        while len(codes) < 3 or rng.random() > 1 / length:
            chances = tables[codes[-2], codes[-1]]
            codes.append(int(rng.choice(4, p=chances)))
            bits -= np.log2(chances[codes[-1]])
        sequences.append("".join("ACGT"[code] for code in codes[2:]))
        steps = len(codes) - 2
        bits -= (steps - 1) * np.log2(1 - 1 / length) + np.log2(1 / length)
        n_letters += steps + 1
    return sequences, float(bits / n_letters)
