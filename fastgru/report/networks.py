"""What a network is, in words: for the table of contenders and the answers to DOME."""

from __future__ import annotations

from fastgru.errors import counted
from fastgru.models.architecture import Architecture, describe_recurrent

__all__ = ["describe_algorithm", "describe_encoding", "describe_layers"]

_CELLS = {
    "gru": "a gated recurrent unit (GRU)",
    "lstm": "a long short-term memory (LSTM)",
    "rnn": "a plain recurrent network (RNN)",
}


def describe_layers(sizes: Architecture) -> str:
    """Name the layers from k-mers on: 1 convolutional layer, 2 LSTM layers of 8 units, ...

    Parameters
    ----------
    sizes
        The network.
    """
    recurrent = describe_recurrent(sizes)
    words = "" if sizes.kmer_size == 1 else _words(sizes)
    positions = "with positions" if sizes.n_positions else ""
    return ", ".join(filter(None, (words, _stem(sizes), recurrent, positions, _strands(sizes))))


def describe_algorithm(sizes: Architecture, options: str, output: str = "softmax") -> str:
    """Say what is computed: a gated recurrent unit (GRU) over the letters, a linear layer and ...

    Parameters
    ----------
    sizes
        The network.
    options
        Its options, in words.
    output
        What becomes of the linear layer.
    """
    stem, strands = _stem(sizes), _strands(sizes)
    words = f"the {_words(sizes)}"
    below = f"{stem} over {words}" if stem else words
    head = f"a linear layer ({strands})" if strands else "a linear layer"
    return f"{_CELLS[sizes.cell]} over {below} ({options}), {head} and {output}"


def describe_encoding(sizes: Architecture) -> str:
    """Say what the recurrent layers read: One learned vector per letter, ...

    Parameters
    ----------
    sizes
        The network.
    """
    features = counted(sizes.n_features, "feature")
    stride = f" (stride {sizes.kmer_stride})" if sizes.kmer_stride > 1 else ""
    vectors = f"{features} of each step, standardised"
    if sizes.n_letters:
        vectors = (
            f"One learned vector per {sizes.word}{stride}, of ambiguity codes the average of "
            f"the {_words(sizes)} they stand for"
        )
        if sizes.n_features:
            vectors += f", beside {features} of each letter, standardised"
    stem = _stem(sizes)
    return vectors + (f", then {stem}" if stem else "")


def _words(sizes: Architecture) -> str:
    return f"{sizes.word}s" if sizes.n_letters else "steps"


def _stem(sizes: Architecture) -> str:
    if not sizes.convolutions:
        return ""
    kinds = {"layer": "with layer normalisation", "batch": "with batch normalisation"}
    residual = "residual " if sizes.conv_residual else ""
    layers = counted(len(sizes.convolutions), f"{residual}convolutional layer")
    return " ".join(filter(None, (layers, kinds.get(sizes.conv_norm))))


def _strands(sizes: Architecture) -> str:
    words = {
        "average": "averaged over both strands",
        "equivariant": "with weights that both strands share",
        "augment": "trained on either strand",
    }
    return words.get(sizes.reverse_complement, "")
