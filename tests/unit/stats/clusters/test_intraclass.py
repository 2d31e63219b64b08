from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import Reason, Samples
from assay.stats.clusters import design_effect, intraclass

# relations


def test_shift_and_scale_leave_the_correlation_and_each_arm_has_its_own_mean() -> None:
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(8.0), [2, 5, 3, 4, 6, 2, 3, 4])
    y = rng.normal(size=29) + rng.normal(size=8)[cluster.astype(int)]
    first = cluster < 4
    one, two = Samples(y[first], cluster=cluster[first]), Samples(y[~first], cluster=cluster[~first])
    moved = Samples(two.y * 1.0 + 100.0, cluster=two.cluster)
    plain = intraclass(one, two)
    assert float(intraclass(one, moved).icc) == pytest.approx(float(plain.icc), rel=1e-9)
    both = [Samples(arm.y * -3, cluster=arm.cluster) for arm in (one, two)]
    assert float(intraclass(*both).icc) == pytest.approx(float(plain.icc), rel=1e-12)
    assert (float(plain.n), float(plain.clusters)) == (29, 8)


def test_a_batch_gives_what_its_elements_give() -> None:
    rng = np.random.default_rng(2)
    y, cluster = rng.normal(size=(3, 2, 20)), rng.integers(0, 6, (3, 2, 20)).astype(np.float64)
    batch = intraclass(Samples(y, cluster=cluster))
    alone = intraclass(Samples(y[2, 1], cluster=cluster[2, 1]))
    assert batch.icc.shape == (3, 2)
    for field in ("icc", "design_effect", "effective_n", "clusters", "reason"):
        np.testing.assert_allclose(getattr(batch, field)[2, 1], getattr(alone, field), rtol=1e-12)


def test_units_that_repeat_within_a_cluster_are_worth_one() -> None:
    found = intraclass(Samples(np.repeat([1.0, 2.0, 4.0], 5), cluster=np.repeat([0, 1, 2], 5)))
    assert float(found.icc) == pytest.approx(1)
    assert float(found.effective_n) == pytest.approx(3)


def test_the_plan_inverts_what_the_data_say() -> None:
    rng = np.random.default_rng(3)
    sizes = np.array([3, 8, 5, 6])
    cluster = np.repeat(np.arange(4), sizes)
    found = intraclass(Samples(rng.normal(size=22) + 3 * cluster, cluster=cluster))
    planned = design_effect(found.icc, sizes.mean(), cv=sizes.std() / sizes.mean())
    assert float(planned) == pytest.approx(float(found.design_effect))


# edges


def test_a_negative_correlation_is_told_and_saves_nothing() -> None:
    found = intraclass(Samples(np.array([1.0, 9.0, 2.0, 8.0]), cluster=np.array([0, 0, 1, 1])))
    assert float(found.icc) < 0
    assert float(found.design_effect) == 1
    assert float(found.effective_n) == 4


@pytest.mark.parametrize(
    ("y", "cluster", "reason"),
    [
        ([1.0, 2.0], [0, 0], Reason.TOO_FEW_UNITS),
        ([1.0, 2.0], [0, 1], Reason.TOO_FEW_UNITS),
        ([], [], Reason.TOO_FEW_UNITS),
        ([3.0, 3.0, 3.0, 3.0], [0, 0, 1, 1], Reason.NO_VARIANCE),
        ([1.0, np.nan, 3.0], [0, 0, 1], Reason.NOT_FINITE),
        ([1.0, 2.0, 3.0, 4.0], [0, 0, 1, np.nan], Reason.NOT_FINITE),
    ],
)
def test_undefined_correlations_say_why(y: list[float], cluster: list[float], reason: Reason) -> None:
    found = intraclass(Samples(np.asarray(y), cluster=np.asarray(cluster)))
    assert int(found.reason) == reason
    assert np.isnan([found.icc, found.design_effect, found.effective_n]).all()


# refusals


def test_bad_arguments_are_refused() -> None:
    some = Samples(np.ones((2, 3)), cluster=np.array([0.0, 1.0, 2.0]))
    with pytest.raises(InputError, match="an arm has no series cluster"):
        intraclass(some, Samples(np.ones((2, 3))))
    with pytest.raises(InputError, match="must broadcast"):
        intraclass(some, Samples(np.ones((3, 3)), cluster=np.array([0.0, 1.0, 2.0])))
    with pytest.raises(InputError, match=r"icc is 1.2; it must lie between 0 and 1"):
        design_effect(1.2, 5)
    with pytest.raises(InputError, match=r"mean_size is 0.5; a cluster has 1 unit or more"):
        design_effect(0.1, 0.5)
    with pytest.raises(InputError, match="cv is -1"):
        design_effect(0.1, 5, cv=-1)
    with pytest.raises(InputError, match="must broadcast"):
        design_effect([0.1, 0.2], [2, 3, 4])
