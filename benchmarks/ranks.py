"""What it costs that several processes share a batch: ``python -m benchmarks.ranks``.

Simulates a training step on some nodes, message by message, and writes the tables of
``docs/scaling.md``; all figures of machines are assumptions.  On a real machine

    mpirun -n 2 python -m benchmarks.ranks --measure --threads 1

measures it instead.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.accuracy_table import renew_table

PAGE = Path(__file__).parent.parent / "docs/scaling.md"
ROWS = 8
"""Sequences of a block."""


@dataclass(frozen=True)
class Network:
    """A link between nodes: seconds that a message takes, and bytes per second beside them."""

    name: str
    latency: float
    bandwidth: float


ETHERNET = Network("10 Gb/s, 20 µs", 20e-6, 1.25e9)
INFINIBAND = Network("100 Gb/s, 2 µs", 2e-6, 12.5e9)
CORE = 100e9
"""FLOP/s of one core in the products."""


@dataclass(frozen=True)
class Step:
    """A training step of a bidirectional GRU of one layer on tokens, pooled over the steps.

    Attributes
    ----------
    batch, length, hidden, symbols
        B, T, H and the rows of the table of letters.
    groups
        Most groups in which gradients are summed apart.
    """

    batch: int
    length: int
    hidden: int
    symbols: int = 16
    groups: int = 16

    @property
    def blocks(self) -> int:
        return -(-self.batch // ROWS)

    @property
    def n_groups(self) -> int:
        return min(self.groups, self.blocks)

    @property
    def block_seconds(self) -> float:
        """One of the three products of a block, on one core."""
        return 6 * self.hidden**2 * ROWS * self.length / CORE

    @property
    def bytes_of_group(self) -> int:
        """Sums of one direction: the recurrent weights, and the table of letters."""
        return 4 * (3 * self.hidden**2 + 4 * self.symbols * self.hidden)

    @property
    def bytes_of_sequence(self) -> int:
        """Pooled states of both directions."""
        return 4 * 2 * self.hidden

    def seconds(self, nodes: int, cores: int, network: Network) -> tuple[float, float, float]:
        """Simulate a step: seconds in all, those of the exchange, bytes that a node takes in.

        Nodes compute a pass, then hand their part round a ring (:func:`ring`).
        """
        bounds = [self.n_groups * node // nodes for node in range(nodes + 1)]
        groups = [last - first for first, last in pairwise(bounds)]
        blocks = [self.blocks * number // self.n_groups for number in groups]
        computing = [0.0] * nodes
        exchanged, received, now = 0.0, 0.0, [0.0] * nodes

        def work(seconds: list[float]) -> None:
            nonlocal now
            now = [at + spent for at, spent in zip(now, seconds, strict=True)]

        def hand_round(sizes: list[int]) -> None:
            nonlocal now, exchanged, received
            begin = max(now)
            now = ring(now, sizes, network)
            exchanged += max(now) - begin
            received += sum(sizes) - min(sizes)

        for _ in range(2):
            work([-(-own // cores) * self.block_seconds for own in blocks])
        hand_round([own * ROWS * self.bytes_of_sequence for own in blocks])
        for _ in range(2):
            busy = [max(1, min(cores, number)) for number in groups]
            computing = [
                -(-own // n) * self.block_seconds for own, n in zip(blocks, busy, strict=True)
            ]
            work([2 * spent for spent in computing])
            hand_round([number * self.bytes_of_group for number in groups])
        return max(now), exchanged, received


def ring(ready: list[float], sizes: list[int], network: Network) -> list[float]:
    """Return when each node has the parts of all, from when each has its own, and their bytes.

    In each round a node hands its neighbour what it got in the round before, when both are ready.
    """
    n, now = len(ready), list(ready)
    for turn in range(n - 1):
        sent = [
            max(now[node], now[node - 1])
            + network.latency
            + sizes[(node - 1 - turn) % n] / network.bandwidth
            for node in range(n)
        ]
        now = sent
    return now


def table_of_bytes() -> str:
    """Bytes that a node takes in during a step, and the seconds of that, on 8 nodes."""
    rows = [
        "| B | H | sums of a group | taken in by a node | "
        + " | ".join(f"{network.name}" for network in (ETHERNET, INFINIBAND))
        + " |",
        "| --: | --: | --: | --: | --: | --: |",
    ]
    for batch, hidden in [(128, 64), (128, 256), (1024, 64), (1024, 256), (1024, 512)]:
        step = Step(batch, 500, hidden)
        spent = [step.seconds(8, 64, network) for network in (ETHERNET, INFINIBAND)]
        rows.append(
            f"| {batch} | {hidden} | {2 * step.bytes_of_group / 1e6:.2g} MB "
            f"| {spent[0][2] / 1e6:.3g} MB | "
            + " | ".join(f"{s[1] * 1e3:.2g} ms" for s in spent)
            + " |"
        )
    return "\n".join(rows) + "\n"


def table_of_gain() -> str:
    """Times that some nodes are faster than one, by the cores of a node."""
    nodes = (2, 4, 8)
    head = [f"{n} nodes" for n in nodes]
    rows = [
        "| cores of a node | B | H | groups | one node | " + " | ".join(head) + " |",
        "| --: | --: | --: | --: | --: " + "| --: " * len(nodes) + "|",
    ]
    cases = [
        (cores, batch, hidden, groups)
        for groups, cores, batch in [(16, 2, 128), (16, 4, 128), (16, 16, 128), (16, 64, 1024),
                                     (512, 64, 1024), (512, 64, 4096)]
        for hidden in (64, 256)
    ]  # fmt: skip
    for cores, batch, hidden, groups in cases:
        step = Step(batch, 500, hidden, groups=groups)
        alone, *_ = step.seconds(1, cores, ETHERNET)
        gains = []
        for n in nodes:
            pair = [alone / step.seconds(n, cores, link)[0] for link in (ETHERNET, INFINIBAND)]
            gains.append(f"{pair[0]:.1f} / {pair[1]:.1f}")
        rows.append(
            f"| {cores} | {batch} | {hidden} | {groups} | {alone * 1e3:.3g} ms | "
            + " | ".join(gains)
            + " |"
        )
    return "\n".join(rows) + "\n"


def measure(threads: int, n_steps: int) -> None:
    """Time training steps by all ranks, and print the first rank's figures."""
    import numpy as np

    from fastgru._numba import threads_limited_to
    from fastgru.data.alphabets import get_alphabet
    from fastgru.models.architecture import Architecture
    from fastgru.models.network import SequenceNetwork
    from fastgru.training.batches import LabelledSet
    from fastgru.training.classification import Classification
    from fastgru.training.mpi import MPICommunicator

    class Timed(MPICommunicator):
        spent = 0.0

        def gather(self, part: np.ndarray, sizes: list[int]) -> np.ndarray:
            begin = time.perf_counter()
            joined = super().gather(part, sizes)
            self.spent += time.perf_counter() - begin
            return joined

    ranks = Timed()
    rng = np.random.default_rng(0)
    for hidden in (64, 256):
        sizes = Architecture(
            n_letters=4, n_outputs=2, n_positions=0, embedding_size=16, hidden_size=hidden,
            num_layers=1, bidirectional=True, pooling=("mean", "max"), dropout=0.0, dtype="float32",
        )  # fmt: skip
        network = SequenceNetwork(sizes, get_alphabet("dna").mixture, 0)
        network.communicator = ranks
        encoded = [rng.integers(0, 4, 200).astype(np.uint8) for _ in range(128)]
        data = LabelledSet(encoded, rng.integers(0, 2, 128), np.ones(128))
        with threads_limited_to(threads):
            times = []
            for _ in range(n_steps + 2):
                ranks.exchange(None)
                ranks.spent, begin = 0.0, time.perf_counter()
                Classification().write_gradients(network, data, np.arange(128))
                times.append((time.perf_counter() - begin, ranks.spent))
        whole, spent = np.median(times[2:], axis=0)
        if ranks.rank == 0:
            print(
                f"B 128, T 200, H {hidden}: {ranks.size} x {threads} threads, "
                f"{whole * 1e3:.1f} ms per step, {spent * 1e3:.1f} ms of it exchanging and waiting"
            )


def main() -> None:
    """Renew the tables, or measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="time real steps, under mpirun")
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--steps", type=int, default=30)
    args = parser.parse_args()
    if args.measure:
        measure(args.threads, args.steps)
        return
    renew_table(PAGE, table_of_bytes(), "ranks-bytes")
    renew_table(PAGE, table_of_gain(), "ranks-gain")


if __name__ == "__main__":
    main()
