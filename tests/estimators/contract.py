"""What scikit-learn checks of an estimator without giving it arrays."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils import estimator_checks

of_contract = pytest.mark.parametrize(
    "name",
    [
        "check_parameters_default_constructible",
        "check_get_params_invariance",
        "check_set_params",
        "check_estimator_repr",
        "check_mixin_order",
        "check_valid_tag_types",
        "check_no_attributes_set_in_init",
        "check_estimator_cloneable",
        "check_do_not_raise_errors_in_init_or_set_param",
        "check_estimators_unfitted",
    ],
)


def check_contract(name: str, estimator: Any) -> None:
    """Do one of these checks, where this version of scikit-learn has it."""
    check = getattr(estimator_checks, name, None)
    if check is None:
        pytest.skip("this version of scikit-learn has no such check")
    check(type(estimator).__name__, estimator)
