from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats.allocation import srm, srm_segments


def test_the_segment_that_carries_the_mismatch_is_named() -> None:
    found = srm_segments([[5000, 5040], [8000, 7100], [300, 311]], [0.5, 0.5])
    assert found.mismatch.tolist() == [False, True, False]
    assert found.p_value_uneven < 1e-4
    assert np.argmax(np.abs(found.residual)) in (2, 3)


def test_a_loss_alike_in_all_segments_is_not_uneven() -> None:
    found = srm_segments([[5000, 4700], [10_000, 9400], [2500, 2350]], [0.5, 0.5])
    assert found.p_value_total < 1e-6
    assert found.p_value_uneven > 0.9


def test_segments_are_single_checks_corrected_by_holm() -> None:
    units = [[52, 48], [30, 60], [11, 10]]
    found = srm_segments(units, [0.5, 0.5], alpha=0.05)
    raw = [float(srm(u, [0.5, 0.5])) for u in units]
    assert found.p_value.tolist() == raw
    assert found.p_corrected[1] == pytest.approx(3 * raw[1])
    assert found.mismatch.tolist() == [False, True, False]
    assert float(found.p_value_total) == float(srm(np.sum(units, axis=0), [0.5, 0.5]))


def test_batches_have_plans_of_their_own() -> None:
    units = np.random.default_rng(2).integers(50, 90, (2, 4, 2))
    shares = np.array([[0.5, 0.5], [0.4, 0.6]])
    whole = srm_segments(units, shares)
    assert whole.residual.shape == (2, 4, 2)
    for i in range(2):
        one = srm_segments(units[i], shares[i])
        assert one.p_value_uneven == whole.p_value_uneven[i]
        assert one.p_corrected.tolist() == whole.p_corrected[i].tolist()


def test_empty_segments_and_arms_without_a_share() -> None:
    found = srm_segments([[50, 50, 0], [0, 0, 0]], [0.5, 0.5, 0.0])
    assert found.p_value.tolist() == [1, 1]
    assert found.p_value_uneven == 1
    assert found.residual[0].tolist() == [0, 0, 0]
    stray = srm_segments([[50, 50, 1], [40, 40, 0]], [0.5, 0.5, 0.0])
    assert stray.mismatch.tolist() == [True, False]
    assert stray.residual[0, 2] == np.inf
    nobody = srm_segments([[0, 0], [0, 0]], [0.5, 0.5])
    assert nobody.p_value_uneven == 1


def test_refusals() -> None:
    with pytest.raises(InputError, match="it needs 2 axes"):
        srm_segments([5, 5], [0.5, 0.5])
    with pytest.raises(InputError, match=r"alpha is 1\.5"):
        srm_segments([[5, 5]], [0.5, 0.5], alpha=1.5)
    with pytest.raises(InputError, match="one element per arm"):
        srm_segments([[5, 5]], 1.0)
