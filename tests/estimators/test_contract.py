"""What scikit-learn checks of an estimator without giving it an array, of those of strings.

All its other checks feed arrays of numbers, which are no sequences.  Classifier and regressor meet
them in `test_scikit_learn_checks.py`, where the numbers are written as letters.
"""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils import estimator_checks

import fastgru

ESTIMATORS = [
    "Seq2Seq",
    "SequenceClassifier",
    "SequenceEncoder",
    "SequenceLanguageModel",
    "SequenceRegressor",
    "SequenceTagger",
]
CHECKS = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


@pytest.mark.conformance("scikit-learn", "{kind}", "{name}")
@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_contract__is_kept(kind: str, name: str) -> None:
    check: Any = getattr(estimator_checks, name, None)
    if check is None:
        pytest.skip("this version of scikit-learn has no such check")
    check(kind, getattr(fastgru, kind)())
