"""The rows that say of what a network is made, for ``info`` and ``train --dry-run``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fastgru.errors import counted
from fastgru.layers.convolution_sizes import matching_layers
from fastgru.models.architecture import Architecture, describe_recurrent

__all__ = ["describe_network"]


def describe_network(sizes: Architecture) -> Iterator[tuple[str, str]]:
    """Yield name and value of each row, from the recurrent layers to the pooling.

    Parameters
    ----------
    sizes
        The network.
    """
    yield "network", describe_recurrent(sizes)
    if sizes.letters_per_token:
        writing = describe_recurrent(replace(sizes, bidirectional=False, residual=False))
        yield "decoder", f"{writing}; {sizes.letters_per_token:g} letters for each token"
    yield from _describe_input(sizes)
    if sizes.pooling:
        yield "pooling", ", ".join(sizes.pooling)


def _describe_input(sizes: Architecture) -> Iterator[tuple[str, str]]:
    matching = matching_layers(sizes.input_size, sizes.convolutions)
    for layer, matches in zip(sizes.convolutions, matching, strict=True):
        parts = [f"{counted(layer.channels, 'feature')} of {counted(layer.width, 'step')}"]
        parts += [f"dilation {layer.dilation}"] if layer.dilation > 1 else []
        parts += [f"stride {layer.stride}"] if layer.stride > 1 else []
        parts += [f"{sizes.conv_norm} normalisation"] if sizes.conv_norm != "none" else []
        parts += [f"largest of {layer.pool}"] if layer.pool > 1 else []
        parts += ["residual"] if sizes.conv_residual and matches else []
        yield "convolution", ", ".join(parts)
    if sizes.n_features and not sizes.n_letters:
        timed = ", the first its time; states decay with it" if sizes.time_decay else ""
        yield "series", f"{counted(sizes.n_features, 'feature')} of each step{timed}"
    words = f"{counted(sizes.embedding_size, 'feature')} each"
    if sizes.kmer_size > 1:
        words += f", read as {sizes.word}s that start every {counted(sizes.kmer_stride, 'letter')}"
    if sizes.n_letters:
        yield "letters", words
    if sizes.n_features and sizes.n_letters:
        yield "features", f"{sizes.n_features} of each letter beside"
    if sizes.reverse_complement != "none":
        names = {
            "average": "both, averaged",
            "equivariant": "both, by weights that they share",
            "augment": "either at random in training",
        }
        yield "strands", names[sizes.reverse_complement]
    if sizes.n_positions:
        yield "positions", f"learned, for sequences of up to {sizes.max_letters} letters"
