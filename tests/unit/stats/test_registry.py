from __future__ import annotations

import importlib
import pickle
import pkgutil
from collections.abc import Iterator
from typing import Any, TypeVar, get_args

import numpy as np
import pytest

import assay.stats
from assay.errors import InputError
from assay.stats import (
    DEFAULT_METHOD,
    METHODS,
    Effect,
    Method,
    Moments,
    Posterior,
    Reason,
    explain,
    for_metric,
    method,
    named,
)
from assay.stats.registry import MetricType
from assay.stats.tails import ALTERNATIVES
from data import PAIRED, arms, empty


@pytest.fixture
def side() -> Moments:
    return Moments.of([1.0, 0.0, 1.0, 1.0], [2.0, 1.0, 3.0, 2.0], [0.0, 1.0, 4.0, 2.0])


@pytest.fixture
def scratch() -> Iterator[dict[str, Method]]:
    before = dict(METHODS)
    yield METHODS
    METHODS.clear()
    METHODS.update(before)


T = TypeVar("T")


def crossed(value: T) -> T:
    there_and_back: T = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    return there_and_back


# what every method must keep


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_is_documented_and_named(name: str) -> None:
    entry = METHODS[name]
    assert entry.name == name
    assert entry.version
    assert entry.summary.endswith(".")
    assert set(entry.metric_types) <= set(get_args(MetricType))
    assert {"alpha", "alternative"} <= set(entry.options)
    assert entry.family in {info.name for info in pkgutil.iter_modules(assay.stats.__path__)}
    assert set(entry.needs) <= arms(name)[0].series
    doc = entry.function.__doc__ or ""
    module_doc = importlib.import_module(entry.function.__module__).__doc__ or ""
    assert "Args:" in doc
    assert "Returns:" in doc
    assert "References:" in module_doc


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_broadcasts_a_level_per_test(name: str) -> None:
    levels = np.array([[0.05], [0.01]])
    effect = METHODS[name](*arms(name), alpha=levels)
    assert type(effect) is METHODS[name].result
    assert effect.alpha.tolist() == levels.tolist()
    for field in effect.names():
        assert getattr(effect, field).shape == (2, 1)
    alone = METHODS[name](*arms(name), alpha=0.01)
    for field in effect.names():
        np.testing.assert_array_equal(getattr(effect, field)[1, 0], getattr(alone, field), err_msg=field)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_has_three_alternatives_and_confidence_is_1_minus_alpha(name: str) -> None:
    pair = arms(name)
    two, greater, less = (METHODS[name](*pair, alpha=0.25, alternative=a) for a in ALTERNATIVES)
    assert (two.alternative, greater.alternative, less.alternative) == ALTERNATIVES
    for low, high in (("lower", "upper"), ("relative_lower", "relative_upper")):
        if np.isfinite(getattr(two, low)) and np.isfinite(getattr(two, high)):
            assert getattr(greater, high) >= getattr(two, high)
            assert getattr(less, low) <= getattr(two, low)
    again = METHODS[name](*pair, confidence=0.75)
    np.testing.assert_array_equal(again.lower, two.lower)
    if not np.isnan(two.p_value):
        assert min(float(greater.p_value), float(less.p_value)) <= float(two.p_value) + 1e-12
    with pytest.raises(ValueError, match="alternative is 'bigger'"):
        METHODS[name](*pair, alternative="bigger")


@pytest.mark.parametrize("name", sorted(METHODS))
@pytest.mark.parametrize("alpha", [np.nan, 0.0, 1.0, 1.2, -0.05, [0.05, np.nan]])
def test_alpha_outside_0_and_1_is_refused_nan_included(name: str, alpha: object) -> None:
    with pytest.raises(ValueError, match=r"alpha is .*; it must lie strictly between 0 and 1"):
        METHODS[name](*arms(name), alpha=alpha)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_explains_an_empty_arm(name: str) -> None:
    other = empty(name) if name in PAIRED else arms(name)[1]
    effect = METHODS[name](empty(name), other)
    if METHODS[name].result is Posterior:  # which falls back on what was believed before
        return
    assert int(effect.reason)
    assert explain(int(effect.reason))
    assert not effect.p_value < 0.05


@pytest.mark.parametrize("metric_type", ["mean", "proportion", "ratio"])
def test_every_metric_type_has_a_method(metric_type: MetricType) -> None:
    assert for_metric(metric_type)


# the door


def test_confidence_is_refused_by_its_own_name_and_beside_alpha(side: Moments) -> None:
    with pytest.raises(ValueError, match=r"confidence is 95; it must lie strictly between 0 and 1"):
        METHODS["welch"](side, side, confidence=95)
    with pytest.raises(ValueError, match="alpha and confidence are both given; give one"):
        METHODS["welch"](side, side, alpha=0.05, confidence=0.95)


def test_wrong_data_series_shapes_and_options_are_refused(side: Moments) -> None:
    with pytest.raises(InputError, match="control is of type list; welch takes Moments"):
        METHODS["welch"]([1.0, 2.0], side)
    with pytest.raises(InputError, match="treatment has no series d; ratio_delta needs y, d"):
        METHODS["ratio_delta"](side, Moments.of([1.0, 2.0]))
    with pytest.raises(InputError, match=r"control has shape \(2,\), treatment has shape \(3,\)"):
        METHODS["welch"](Moments.of(np.ones((2, 4))), Moments.of(np.ones((3, 4))))
    with pytest.raises(InputError, match="welch has no option 'alfa'; did you mean 'alpha'"):
        METHODS["welch"](side, side, alfa=0.1)
    with pytest.raises(InputError, match="no method 'welsh'; did you mean 'welch'"):
        named("welsh")
    assert named("welch") is METHODS["welch"]


def test_a_new_method_is_one_entry_with_its_own_data_and_options(
    scratch: dict[str, Method], side: Moments
) -> None:
    class Two(list[float]):
        """A type of data that is no moments."""

        shape = ()
        series = frozenset({"y"})

    @method(name="twice", version="1", metric_types=("mean",), summary="For this test.", needs=(), data=Two)
    def twice(control: Two, treatment: Two, *, alpha: object, factor: float = 2.0) -> Effect:
        value = (sum(treatment) - sum(control)) * factor
        fields: dict[str, Any] = dict.fromkeys(Effect.names(), np.asarray(value))
        return Effect(**(fields | {"reason": np.uint8(0), "alpha": alpha}))

    assert scratch["twice"] is twice
    assert float(twice(Two([1.0]), Two([4.0]), factor=3.0).estimate) == 9
    assert twice in for_metric("mean")
    with pytest.raises(InputError, match="control is of type Moments; twice takes Two"):
        twice(side, side)
    with pytest.raises(InputError, match="registered already"):
        method(name="twice", version="2", metric_types=("mean",), summary=".", needs=())(twice.function)


def test_methods_moments_and_effects_cross_to_other_processes(side: Moments) -> None:
    for entry in METHODS.values():
        assert crossed(entry) is entry
    effect = METHODS["welch"](crossed(side), side)
    assert float(crossed(effect).upper) == float(effect.upper)


# results


def test_no_nan_goes_without_a_reason() -> None:
    arrays = dict.fromkeys(Effect.names(), np.array([1.0, np.nan])) | {"reason": np.zeros(2, dtype=np.uint8)}
    assert Effect(**arrays).reason.tolist() == [0, Reason.NOT_FINITE]


def test_every_type_of_metric_has_a_default_meant_for_it() -> None:
    assert set(DEFAULT_METHOD) == set(get_args(MetricType))
    assert all(kind in named(name).metric_types for kind, name in DEFAULT_METHOD.items())


def test_every_reason_has_a_sentence() -> None:
    sentences = [explain(flag) for flag in Reason if flag]
    assert all(sentences)
    assert len(set(sentences)) == len(sentences)
    assert explain(0) == ""
    assert explain(3).count(";") == 1
    for code in (-1, 2048):
        with pytest.raises(InputError, match=f"reason is {code}"):
            explain(code)


def test_numbers_only() -> None:
    with pytest.raises(InputError, match="alpha is 'small'; it must be a number"):
        METHODS["welch"](Moments.of([1.0, 2.0]), Moments.of([1.0, 2.0]), alpha="small")


def test_the_package_imports_numpy_and_scipy_only() -> None:
    for info in pkgutil.iter_modules(assay.stats.__path__):
        source = importlib.import_module(f"assay.stats.{info.name}").__dict__
        modules = {getattr(v, "__module__", None) or getattr(v, "__name__", "") for v in source.values()}
        assert not {
            m
            for m in modules
            if m and m.split(".")[0] in {"pandas", "pyspark", "pydantic", "assay.distributions"}
        }
