"""The tables of several machines are those of the simulation, and how that hands parts round."""

from __future__ import annotations

import pytest

from benchmarks import ranks
from benchmarks.accuracy_table import replace_table
from benchmarks.ranks import ETHERNET, Network, Step, ring


def test_page__shows_the_simulated_tables() -> None:
    page = ranks.PAGE.read_text(encoding="utf-8")
    assert replace_table(page, ranks.table_of_bytes(), "ranks-bytes") == page
    assert replace_table(page, ranks.table_of_gain(), "ranks-gain") == page


@pytest.mark.parametrize("n", [1, 2, 8])
def test_ring__takes_a_round_less_than_nodes(n: int) -> None:
    network = Network("", latency=0.5, bandwidth=10.0)
    assert ring([3.0] * n, [20] * n, network) == [pytest.approx(3 + (n - 1) * 2.5)] * n


def test_ring__waits_for_the_last() -> None:
    network = Network("", latency=0.0, bandwidth=1.0)
    assert max(ring([0.0, 7.0, 0.0], [1, 1, 1], network)) == 9.0


def test_step__takes_in_the_bytes_of_the_formula() -> None:
    step = Step(batch=128, length=10, hidden=64)
    _, spent, received = step.seconds(4, 2, ETHERNET)
    sums = 2 * 16 * 4 * (3 * 64**2 + 4 * 16 * 64)
    assert received == 3 / 4 * (sums + 128 * 4 * 2 * 64)
    assert spent == pytest.approx(received / ETHERNET.bandwidth + 9 * ETHERNET.latency)


def test_step__of_one_node_exchanges_nothing() -> None:
    seconds, spent, received = Step(128, 10, 64).seconds(1, 16, ETHERNET)
    assert (spent, received) == (0.0, 0)
    # two directions, one product ahead and two back, 16 blocks on 16 cores
    assert seconds == pytest.approx(2 * 3 * 6 * 64**2 * 8 * 10 / ranks.CORE)
