"""Cross-validation that keeps homologous sequences together, as a scikit-learn splitter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import BaseCrossValidator

from fastgru._machine import usable_threads
from fastgru.data.alphabets import Alphabet, get_alphabet
from fastgru.data.homology import Threshold, divide_apart
from fastgru.data.random_splits import assign_folds
from fastgru.errors import ConfigurationError
from fastgru.estimators.inputs import encode_sequences, label_array, only_column


class HomologyGroupKFold(BaseCrossValidator):
    """K folds of sequences such that no sequence is homologous to one of another fold.

    Sequences are compared with MMseqs2 and grouped as ``fastgru split --method homology`` does.
    ``groups``, where scikit-learn hands them over, join these: sequences of one name (a gene, a
    genome) stay together, and so do all that are linked by names and homology in turn.  Groups
    are dealt out to the folds in the proportions of the classes, and a search across the
    folds then checks the result.

    Parameters
    ----------
    n_splits
        Folds, at least 2.
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``.
    identity
        Least share of identical letters in an alignment, in (0, 1]; None for 0.4 (proteins) or
        0.8 (nucleotides).
    coverage
        Least share of both sequences that the alignment covers, in (0, 1].
    random_state
        Seed of the order in which groups of one size are dealt out.
    threads
        Threads to use, never more; None for all CPUs that the process may use.

    Examples
    --------
    ::

        folds = HomologyGroupKFold(5, alphabet="protein")
        cross_val_score(SequenceClassifier("protein"), sequences, labels, cv=folds)
    """

    # what metadata routing is to bring to `split`
    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

    def __init__(
        self,
        n_splits: int = 5,
        *,
        alphabet: str = "dna",
        identity: float | None = None,
        coverage: float = 0.8,
        random_state: int = 0,
        threads: int | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.alphabet = alphabet
        self.identity = identity
        self.coverage = coverage
        self.random_state = random_state
        self.threads = threads

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups
            Not looked at; scikit-learn hands them over.
        """
        return self.n_splits

    def split(
        self, X: Sequence[str], y: Sequence[Any] | None = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the places of the training and of the test sequences of each fold.

        Parameters
        ----------
        X
            n sequences over the alphabet.
        y
            n class labels, whose proportions the folds keep; None for one class.
        groups
            n names of further groups, which are joined with those by homology and not divided
            either; None for none.

        Raises
        ------
        ConfigurationError
            For a parameter out of range.
        AlphabetError, LabelError
            For sequences, labels or groups that cannot be used, or too few groups.
        ToolError
            If MMseqs2 is missing or fails.
        """
        folds = self._assign(only_column(X), y, groups)
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)

    def _threshold(self, alphabet: Alphabet) -> Threshold:
        default = Threshold.default(alphabet)
        identity = default.identity if self.identity is None else self.identity
        for name, value in (("identity", identity), ("coverage", self.coverage)):
            # MMseqs2 takes 0 as well, which joins whatever can be aligned
            if not 0 < value <= 1:
                raise ConfigurationError(
                    f"{name} must be a number above 0 and up to 1, got {value!r}."
                )
        return Threshold(identity, self.coverage)

    def _assign(self, X: Sequence[str], y: Sequence[Any] | None, groups: Any) -> np.ndarray:
        """Return the fold of each sequence, int64 (n,)."""
        alphabet = get_alphabet(self.alphabet)
        encode_sequences(alphabet, X)  # which refuses what cannot be compared
        n_sequences = len(X)
        if not 2 <= self.n_splits <= n_sequences:
            raise ConfigurationError(
                f"n_splits must be at least 2 and at most the {n_sequences} sequences, "
                f"got {self.n_splits}."
            )
        labels = ["all"] * n_sequences if y is None else label_array(y, n_sequences).tolist()
        names = (
            None if groups is None else list(map(str, label_array(groups, n_sequences, "groups")))
        )
        threshold = self._threshold(alphabet)

        def draw(members: np.ndarray) -> list[list[str]]:
            folds = assign_folds(
                list(map(str, labels)),
                self.n_splits,
                groups=list(map(str, members)),
                seed=self.random_state,
            )
            return [list(map(str, folds))]

        _, (folds,) = divide_apart(
            [alphabet.normalise(letters) for letters in X],
            alphabet,
            threshold,
            draw,
            together=names,
            threads=usable_threads(self.threads),
        )
        return np.array(folds, np.int64)
