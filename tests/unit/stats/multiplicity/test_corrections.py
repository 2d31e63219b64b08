from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from golden import deviation
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats import CORRECTIONS, bonferroni, holm

families = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@pytest.mark.parametrize("name", sorted(CORRECTIONS))
@given(p_values=families, alpha=st.sampled_from([0.01, 0.05, 0.3]))
def test_corrected_p_value_and_corrected_level_decide_alike(
    name: str, p_values: list[float], alpha: float
) -> None:
    corrected = CORRECTIONS[name](p_values, alpha=alpha)
    near = np.abs(corrected.p_value / alpha - 1) < 1e-12
    assert np.all(((np.array(p_values) < corrected.alpha) == (corrected.p_value < alpha)) | near)


@given(p_values=st.lists(st.floats(0, 1), min_size=1, max_size=8, unique=True), random=st.randoms())
def test_order_does_not_matter_and_holm_is_never_weaker(p_values: list[float], random: object) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    plain, shuffled = holm(p_values), holm([p_values[i] for i in order])
    assert shuffled.p_value.tolist() == plain.p_value[order].tolist()
    assert shuffled.alpha.tolist() == plain.alpha[order].tolist()
    assert np.all(plain.p_value <= bonferroni(p_values).p_value)


@given(p_values=families)
def test_the_corrections_are_ordered_by_power(p_values: list[float]) -> None:
    found = {name: CORRECTIONS[name](p_values).p_value for name in CORRECTIONS}
    chain = ("bonferroni", "holm", "hochberg", "hommel", "benjamini_hochberg")
    for weak, strong in pairwise(chain):
        assert np.all(found[strong] <= found[weak] * (1 + 1e-12)), (weak, strong)
    assert np.all(found["sidak"] <= found["bonferroni"] * (1 + 1e-12))
    assert np.all(found["benjamini_hochberg"] <= found["benjamini_yekutieli"] * (1 + 1e-12))


def test_holms_levels_stop_at_the_first_that_is_kept() -> None:
    corrected = holm([0.5, 0.001, 0.04, 0.02])
    # Ranks 0.001, 0.02 (0.02 >= 0.05/3: kept), so all from it on share 0.05/3.
    assert deviation(corrected.alpha, [0.05 / 3, 0.05 / 4, 0.05 / 3, 0.05 / 3]) < 1e-12


@pytest.mark.parametrize("name", sorted(CORRECTIONS))
def test_undefined_tests_count_and_stay_undefined(name: str) -> None:
    corrected, failed = CORRECTIONS[name]([0.02, np.nan]), CORRECTIONS[name]([0.02, 1.0])
    assert float(corrected.p_value[0]) == float(failed.p_value[0]) > 0.02
    assert np.isnan(corrected.p_value[1])
    assert float(corrected.alpha[0]) == float(failed.alpha[0]) <= 0.05


@pytest.mark.parametrize("name", sorted(CORRECTIONS))
def test_axis_is_the_family(name: str) -> None:
    table = np.array([[0.01, 0.02], [0.03, 0.5]])
    columns = CORRECTIONS[name](table, axis=0)
    alone = CORRECTIONS[name](table[:, 1])
    assert columns.p_value[:, 1].tolist() == alone.p_value.tolist()
    assert columns.alpha[:, 1].tolist() == alone.alpha.tolist()
    assert CORRECTIONS[name]([]).p_value.size == 0


@pytest.mark.parametrize("name", sorted(CORRECTIONS))
def test_refusals(name: str) -> None:
    with pytest.raises(InputError, match=r"p_values holds 1.2; a p-value lies between 0 and 1"):
        CORRECTIONS[name]([0.1, 1.2])
    with pytest.raises(InputError, match="alpha is nan"):
        CORRECTIONS[name]([0.1], alpha=float("nan"))
    with pytest.raises(InputError, match="axis is -1; p_values of shape"):
        CORRECTIONS[name](0.1)
