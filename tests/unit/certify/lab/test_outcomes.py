"""Every outcome tells the truth about itself, in both forms, and a lift does what it says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from assay import seeds
from assay.certify.lab.catalogue import OUTCOMES
from assay.certify.lab.covariates import Correlated
from assay.certify.lab.groups import Clustered, Pairs
from assay.certify.lab.independent import Independent
from assay.certify.lab.outcome import Change
from assay.certify.lab.ratios import Ratio, Sessions
from assay.certify.lab.waiting import Waiting
from assay.distributions import CompoundPoisson, Gamma, LogNormal, MixedPoisson, Normal, Pareto, Poisson
from assay.errors import InputError
from assay.stats import Moments, Samples

N, REPLICATES = 400, 2_000
BOTH_FORMS = [name for name in OUTCOMES if name not in {"clusters", "pairs", "pairs-0/1", "waiting"}]


def estimates(found: Moments) -> NDArray[np.float64]:
    ratio = found.mean_d is not None
    return found.mean_y / found.mean_d if ratio else found.mean_y  # type: ignore[operator]


@pytest.mark.parametrize("name", OUTCOMES)
def test_truth_and_variance_are_those_of_the_draws(name: str) -> None:
    """Within 5 standard errors; late values are meant to miss the truth, pairs state half of a difference."""
    outcome = OUTCOMES[name]()
    found = outcome.samples(seeds.stream(1, name), N, REPLICATES)
    means = estimates(found.moments())
    if name == "late-10%":
        assert means.mean() == pytest.approx(0.9 * outcome.truth, rel=0.01)
        return
    assert abs(means.mean() - outcome.truth) < 5 * means.std() / np.sqrt(REPLICATES) + 0.002 * outcome.truth
    if name in {"payers-5%", "pareto-2.5"} or name.startswith("pairs"):
        return  # the variance of a variance is beyond this many draws
    assert N * means.var() == pytest.approx(outcome.variance, rel=0.2)


@pytest.mark.parametrize("name", BOTH_FORMS)
def test_both_forms_have_one_law(name: str) -> None:
    """Kolmogorov-Smirnov at 1e-6 for estimates and for each moment that a method reads."""
    outcome = OUTCOMES[name]()
    short = outcome.moments(seeds.stream(2, name), 60, REPLICATES)
    units = outcome.samples(seeds.stream(3, name), 60, REPLICATES).moments()
    assert short.series <= units.series
    for field in ("mean_y", "m2_y", "mean_d", "m2_d", "c_yd", "m2_x", "c_yx", "c_dx"):
        one, other = getattr(short, field), getattr(units, field)
        if one is not None:
            assert stats.ks_2samp(np.round(one, 9), np.round(other, 9)).pvalue > 1e-6, field


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_lift_moves_the_truth_by_its_share(name: str) -> None:
    outcome, lift = OUTCOMES[name](), 0.2
    change = outcome.change(lift)
    rng = seeds.stream(4, name)
    if change is None:
        assert outcome.lifted(lift).truth == pytest.approx(1.2 * outcome.truth)
        found = outcome.lifted(lift).samples(rng, N, REPLICATES)
    else:
        found = change.of(outcome.samples(rng, N, REPLICATES))
    means = estimates(found.moments())
    wanted = 1.2 * outcome.truth * (0.9 if name == "late-10%" else 1)
    assert abs(means.mean() - wanted) < 5 * means.std() / np.sqrt(REPLICATES) + 0.002 * wanted


def test_a_change_of_moments_is_the_change_of_the_units() -> None:
    units = Ratio(0.8, 0.5).samples(seeds.stream(5, "change"), 30, 4)
    change = Change(scale=1.5, shift=2.0)
    one, other = change.of(units).moments(), change.of(units.moments())
    for field in ("mean_y", "m2_y", "mean_d", "m2_d", "c_yd", "mean_x", "m2_x", "c_yx", "c_dx"):
        np.testing.assert_allclose(getattr(one, field), getattr(other, field), rtol=1e-12, err_msg=field)


def test_pairs_are_correlated_and_others_are_not() -> None:
    for outcome, wanted in ((Pairs(10, 5, 0.6), 0.6), (Clustered(10, 5, 0.1), 0.0)):
        first = outcome.samples(seeds.stream(6, "a"), 1_000, 50)
        second = outcome.beside(first, seeds.stream(6, "b"), 1_000)
        assert np.corrcoef(first.y.ravel(), second.y.ravel())[0, 1] == pytest.approx(wanted, abs=0.05)


def test_the_variance_of_binary_pairs_is_sheppards() -> None:
    outcome = Pairs(0, 1, 0.6, success=0.5)
    first = outcome.samples(seeds.stream(7, "a"), 2_000, 200)
    second = outcome.beside(first, seeds.stream(7, "b"), 2_000)
    assert np.var(second.y - first.y) / 2 == pytest.approx(outcome.variance, rel=0.02)


def test_clusters_have_their_intraclass_correlation() -> None:
    found = Clustered(0, 1, 0.3, group=5).samples(seeds.stream(8, "icc"), 10_000, 5)
    groups = found.y.reshape(5, -1, 5)
    between = groups.mean(axis=2).var()
    assert between == pytest.approx(0.3 + 0.7 / 5, rel=0.1)


def test_kinds_follow_the_law() -> None:
    kinds = {name: OUTCOMES[name]().kind for name in OUTCOMES}
    assert kinds["bernoulli-0.1"] == "proportion"
    assert kinds["negative-binomial"] == "count"
    assert kinds["gamma-1"] == "mean"
    assert kinds["sessions"] == "ratio"
    assert kinds["waiting"] == "time"


def test_the_wishart_law_of_two_units_has_no_rest() -> None:
    found = Correlated(1, 2, 0.5).moments(seeds.stream(9, "two"), 2, 100)
    np.testing.assert_allclose(found.c_yx**2, found.m2_y * found.m2_x, rtol=1e-9)  # type: ignore[operator]


def test_refusals() -> None:
    with pytest.raises(InputError, match="has no finite mean"):
        Independent(Pareto(1, 1))
    with pytest.raises(InputError, match="has no rule for a lift"):
        Independent(MixedPoisson(LogNormal(0, 1))).lifted(0.1)
    with pytest.raises(InputError, match="Waiting is lifted by a change of its values"):
        Waiting(3).lifted(0.1)
    assert Independent(Normal(2, 1), late=0.1).lifted(0.5).law == Normal(3, 1)
    assert Independent(Normal(2, 1), late=0.1).change(0.5) is None
    assert Independent(CompoundPoisson(Poisson(1), Gamma(1, 1))).change(0.5) == Change(scale=1.5)
    assert isinstance(Sessions(2, 0.1, 0.2).samples(seeds.stream(1, "s"), 3, 2), Samples)


def test_arms_without_a_success_have_moments() -> None:
    """Rounding leaves a product of deviations where there is no deviation."""
    found = Sessions(2, 0.01, 0.2).moments(seeds.stream(10, "few"), 5, 500)
    silent = found.mean_y < 1e-12
    assert silent.any()
    assert np.all(found.c_yd[silent] ** 2 <= found.m2_y[silent] * found.m2_d[silent])  # type: ignore[index]


def test_clusters_of_one_arm_are_not_those_of_the_other() -> None:
    outcome = Clustered(10, 5, 0.1)
    control = outcome.samples(seeds.stream(11, "a"), 60, 2)
    treatment = outcome.beside(control, seeds.stream(11, "b"), 60)
    assert control.cluster is not None
    assert treatment.cluster is not None
    assert not set(control.cluster.ravel()) & set(treatment.cluster.ravel())
