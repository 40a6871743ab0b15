"""Two small public data sets that come with the package, to learn with and to test by.

``README.md`` beside this file holds their origin, licences, citations and checksums;
``python -m fastgru.datasets.rebuild`` makes the files again from the packages they came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fastgru.data.alphabets import get_alphabet
from fastgru.data.duplicates import resolve_duplicates
from fastgru.data.labelled import LabelledSequences, read_labelled

__all__ = ["Dataset", "load_amp", "load_splice"]

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Dataset:
    """A bundled data set.

    Attributes
    ----------
    ids
        Name of each record.
    sequences
        Its letters, ambiguity codes included.
    labels
        Its class.
    alphabet
        ``"dna"`` or ``"protein"``.
    description
        What it is, in a few sentences.
    files
        The FASTA files it was read from, for use with the command line.
    """

    ids: list[str]
    sequences: list[str]
    labels: list[str]
    alphabet: str
    description: str
    files: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.ids)


def load_splice(*, resolve: bool = False) -> Dataset:
    """Load the primate splice-junction sequences: DNA, 3 classes, 60 nucleotides each.

    Parameters
    ----------
    resolve
        Drop repeated sequences, and those with more than one label, before returning
        (`fastgru.data.duplicates`).

    Returns
    -------
    Dataset
        3190 records, 3004 if resolved: EI (donor site in the middle), IE (acceptor site in the
        middle) and N (neither).

    Examples
    --------
    >>> len(load_splice().sequences)
    3190
    """
    path = _FOLDER / "splice.fasta.gz"
    data = read_labelled("dna", fasta=path, label_field="label")
    description = (
        "Primate splice-junction windows of 60 nt: EI (exon to intron, donor), IE (intron to "
        "exon, acceptor) or N (neither). UCI Machine Learning Repository, "
        "doi:10.24432/C5M888, CC BY 4.0."
    )
    return _make(data, "dna", description, (path,), resolve)


def load_amp(*, resolve: bool = False) -> Dataset:
    """Load antimicrobial peptides and UniProt peptides: protein, 2 classes, 7 to 174 residues.

    Parameters
    ----------
    resolve
        Drop repeated sequences, and those with more than one label, before returning
        (`fastgru.data.duplicates`).

    Returns
    -------
    Dataset
        5200 records, 4620 if resolved: AMP and UniProt.

    Examples
    --------
    >>> sorted(set(load_amp().labels))
    ['AMP', 'UniProt']
    """
    classes = {name: _FOLDER / f"amp_{name}.fasta.gz" for name in ("AMP", "UniProt")}
    data = read_labelled("protein", classes=classes)
    description = (
        "Antimicrobial peptides of the APD3 against peptides drawn from UniProt, as in modlAMP "
        "(AMPvsUniProt), doi:10.1093/bioinformatics/btx285, BSD-3-Clause."
    )
    return _make(data, "protein", description, tuple(classes.values()), resolve)


def _make(
    data: LabelledSequences,
    alphabet: str,
    description: str,
    files: tuple[Path, ...],
    resolve: bool,
) -> Dataset:
    if resolve:
        kept, _ = resolve_duplicates(data)
        data = data.subset(kept)
    name = get_alphabet(alphabet).name
    return Dataset(data.ids, data.sequences, data.labels, name, description, files)
