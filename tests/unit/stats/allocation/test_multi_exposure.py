from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats.allocation import multi_exposure, srm


def test_p_value_and_bound_change_side_together() -> None:
    for several in ([3, 5], [12, 15], [40, 22]):
        p = float(multi_exposure([900, 880], several, [1, 1]).p_value)
        for alpha in (0.05, *(p * f for f in (1 - 1e-9, 1 + 1e-9) if p < 0.99)):
            found = multi_exposure([900, 880], several, [1, 1], alpha=alpha)
            assert bool(found.p_value < alpha) == bool(found.lower > 0.01)


def test_the_shares_with_and_without_these_units() -> None:
    # All units that saw both arms were first recorded in the second one: with them there is a mismatch.
    found = multi_exposure([5000, 5400], [0, 400], [0.5, 0.5])
    assert float(found.p_value_with) == float(srm([5000, 5400], [1, 1])) < 1e-3
    assert found.p_value_without == 1
    assert found.p_value_by_arm < 1e-50
    assert float(found.share) == pytest.approx(400 / 10_400)


def test_order_of_arms_does_not_matter_and_batches_are_elementwise() -> None:
    units, several = np.array([[500, 480, 470], [90, 80, 70]]), np.array([[5, 9, 2], [0, 1, 0]])
    whole = multi_exposure(units, several, [1, 1, 1])
    for i in range(2):
        one = multi_exposure(units[i][::-1], several[i][::-1], [1, 1, 1])
        for field in ("share", "lower", "p_value", "p_value_by_arm", "p_value_with", "p_value_without"):
            assert float(getattr(one, field)) == pytest.approx(float(getattr(whole, field)[i]), rel=1e-12)


def test_none_all_and_nobody() -> None:
    none = multi_exposure([50, 50], [0, 0], [1, 1])
    assert [float(none.share), float(none.lower), float(none.p_value), float(none.p_value_by_arm)] == [
        0,
        0,
        1,
        1,
    ]
    everybody = multi_exposure([50, 50], [50, 50], [1, 1])
    assert everybody.share == 1
    assert 0.95 < everybody.lower < 1
    assert everybody.p_value_by_arm == 1
    nobody = multi_exposure([0, 0], [0, 0], [1, 1])
    assert np.isnan(nobody.share)
    assert nobody.p_value == 1
    one_arm = multi_exposure([50, 0], [5, 0], [1, 0])
    assert one_arm.p_value_by_arm == 1


@pytest.mark.parametrize(
    ("units", "several", "options", "message"),
    [
        ([5, 5], [6, 0], {}, "several is greater than units"),
        ([5, 5], [1, 0, 0], {}, "several has shape"),
        ([5, 5], 1, {}, "several has shape"),
        (np.ones((2, 2)), np.zeros((3, 2)), {}, "they must broadcast"),
        ([5, 5], [0.5, 0], {}, "several is 0.5; counts must be whole"),
        ([5.5, 5], [0, 0], {}, "units is 5.5; counts must be whole"),
        ([5, 5], [-1, 0], {}, "several is -1"),
        ([5, 5], [1, 0], {"tolerated": 0.0}, "tolerated is 0"),
        ([5, 5], [1, 0], {"alpha": 1.0}, "alpha is 1"),
    ],
)
def test_refusals(units: object, several: object, options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        multi_exposure(units, several, [0.5, 0.5], **options)  # type: ignore[arg-type]
