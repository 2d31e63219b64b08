from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import METHODS, Reason, Samples

BEFORE, AFTER = [5.0, 6.1, 7.2, 4.4, 5.9], [5.6, 6.3, 8.0, 4.3, 6.6]
paired = METHODS["paired"]


def test_a_batch_is_its_elements_and_pairs_matter() -> None:
    batch = paired(Samples([BEFORE, AFTER]), Samples([AFTER, BEFORE]))
    alone = paired(Samples(BEFORE), Samples(AFTER))
    assert float(batch.p_value[0]) == float(alone.p_value)
    assert float(batch.lower[1]) == pytest.approx(-float(alone.upper))
    shuffled = paired(Samples(BEFORE), Samples(AFTER[::-1]))
    assert float(shuffled.estimate) == pytest.approx(float(alone.estimate))
    assert float(shuffled.p_value) > float(alone.p_value)


def test_a_constant_shift_has_no_variance() -> None:
    effect = paired(Samples(BEFORE), Samples([b + 1 for b in BEFORE]))
    assert int(effect.reason) & Reason.NO_VARIANCE
    assert float(effect.estimate) == pytest.approx(1.0)


def test_too_few_pairs_and_nan_are_explained() -> None:
    assert int(paired(Samples([1.0]), Samples([2.0])).reason) & Reason.TOO_FEW_UNITS
    assert int(paired(Samples([1.0, np.nan]), Samples([2.0, 3.0])).reason) & Reason.NOT_FINITE
    assert np.isnan(paired(Samples([]), Samples([])).estimate)


def test_arms_of_other_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="control has 2 units and treatment 3; pairs need one of each"):
        paired(Samples([1.0, 2.0]), Samples([1.0, 2.0, 3.0]))
