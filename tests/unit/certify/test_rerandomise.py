"""The re-randomisation: its moments are those of the halves, its rates those of known methods."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import seeds
from assay.certify.certificate import CONSERVATIVE, HOLDS, LIBERAL, Certificate
from assay.certify.rerandomise import certify, splits
from assay.errors import InputError
from assay.stats import METHODS, Effect, Moments

AS_OF = date(2026, 2, 2)


def normal(n: int, seed: int = 1) -> np.ndarray:
    return seeds.stream(seed, "test").normal(100.0, 5.0, n)


def measured(method: str, y: np.ndarray, d: np.ndarray | None = None, **options: object) -> Certificate:
    given = {"metric": "m", "as_of": AS_OF, "seed": 3, "week": 4} | options
    return certify(METHODS[method], y, np.ones_like(y) if d is None else d, **given)  # type: ignore[arg-type]


# Known values.
def test_welch_holds_on_normal_values() -> None:
    got = measured("welch", normal(500))
    assert got.lower <= 0.05 <= got.upper
    assert got.verdict == HOLDS
    assert (got.n_control, got.n_treatment, got.replicates) == (250, 250, 2000)


def test_welch_is_conservative_on_a_single_whale() -> None:
    # One unit carries all the variance: the half that holds it has t = 1, which is never significant.
    y = np.zeros(200)
    y[7] = 1e6
    got = measured("welch", y)
    assert got.type_i_error == 0.0
    assert got.verdict == CONSERVATIVE


def test_a_method_that_forgets_half_the_variance_is_found_liberal() -> None:
    honest = METHODS["welch"]

    def careless(control: Moments, treatment: Moments, *, alpha: np.ndarray) -> object:
        halved = [Moments(n=m.n, mean_y=m.mean_y, m2_y=m.m2_y / 2) for m in (control, treatment)]
        return honest(*halved, alpha=alpha)

    method = type(honest)("careless", "1", ("mean",), "", ("y",), Moments, Effect, careless)  # type: ignore[arg-type]
    got = certify(method, normal(400), np.ones(400), metric="m", as_of=AS_OF, seed=3, week=4)
    # P(|Z| > 1.96 / sqrt 2) = 0.166
    assert got.type_i_error == pytest.approx(0.166, abs=0.04)
    assert got.verdict == LIBERAL


@pytest.mark.parametrize("method", ["proportions_score", "ratio_delta"])
def test_other_methods_hold_too(method: str) -> None:
    rng = seeds.stream(5, "test")
    counts = rng.poisson(3.0, 1000).astype(float)
    y = (counts > 3).astype(float) if method == "proportions_score" else counts * rng.normal(10, 1, 1000)
    got = measured(method, y, None if method == "proportions_score" else counts)
    assert got.verdict == HOLDS


# Relations.
@given(st.integers(4, 60), st.integers(1, 40), st.booleans())
def test_the_halves_make_the_whole(units: int, replicates: int, ratio: bool) -> None:
    rng = np.random.default_rng(units)
    y = rng.gamma(0.5, 100.0, units)
    d = rng.poisson(2.0, units).astype(float) if ratio else np.ones(units)
    one, other = splits(y, d, generator=np.random.default_rng(1), replicates=replicates)
    whole, expected = one.merge(other), Moments.of(y, d)
    assert whole.n.tolist() == [float(units)] * replicates
    for name in ("mean_y", "m2_y", "mean_d", "m2_d", "c_yd"):
        np.testing.assert_allclose(
            getattr(whole, name), getattr(expected, name), rtol=1e-9, atol=1e-7 * float(expected.m2_y + 1)
        )


def test_each_half_has_the_moments_of_its_units() -> None:
    y, d = normal(37) + 1e9, np.arange(37.0)
    one, other = splits(y, d, generator=np.random.default_rng(2), replicates=5)
    octets = np.frombuffer(np.random.default_rng(2).bytes(5 * 5), dtype=np.uint8).reshape(5, 5)
    bits = np.unpackbits(octets, axis=1, count=37).astype(bool)
    for i in range(5):
        for half, chosen in ((one, bits[i]), (other, ~bits[i])):
            expected = Moments.of(y[chosen], d[chosen])
            for name in ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd"):
                assert getattr(half, name)[i] == pytest.approx(float(getattr(expected, name)), rel=1e-6)


def test_equal_arguments_give_an_equal_certificate_and_another_seed_another() -> None:
    y = normal(300)
    assert measured("welch", y) == measured("welch", y)
    assert measured("welch", y).certificate_id != measured("welch", y, seed=4).certificate_id
    assert measured("welch", y, replicates=50).replicates == 50


def test_a_recount_of_a_look_replaces_its_certificate() -> None:
    few, more = measured("welch", normal(300)), measured("welch", normal(301))
    assert few.certificate_id == more.certificate_id
    assert few.scenario != more.scenario


def test_chunks_do_not_matter_to_the_size_of_the_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.certify.rerandomise._CHUNK_BYTES", 8 * 64 * 3)
    one, other = splits(normal(64), np.ones(64), generator=np.random.default_rng(0), replicates=10)
    assert one.n.shape == (10,)
    assert (one.n + other.n).tolist() == [64.0] * 10


# Edges.
def test_a_cut_is_stated() -> None:
    assert measured("welch", normal(100), total=250_000).scenario.endswith("chosen by hash from 250,000")


# Refusals.
@pytest.mark.parametrize(
    ("y", "d", "replicates"),
    [(np.ones(3), np.ones(3), 10), (np.ones(5), np.ones(4), 10), (np.ones(5), np.ones(5), 0)],
)
def test_what_cannot_be_split_is_refused(y: np.ndarray, d: np.ndarray, replicates: int) -> None:
    with pytest.raises(InputError, match="re-randomisation needs 4 or more units"):
        measured("welch", y, d, replicates=replicates)
