"""Macros against the library: the same p-values and intervals from the same moments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import special

from assay import configs
from assay.errors import InputError
from assay.serving import queries
from assay.serving.queries import macros
from assay.stats import METHODS, Moments
from assay.stats.proportions import wilson
from assay.stats.result import Effect

ALPHAS = (0.2, 0.05, 0.01, 0.001)
ENDS = ("estimate", "std_error", "statistic", "p_value", "lower", "upper")


def ask(macro: str, columns: str, rows: list[tuple[float, ...]]) -> list[dict[str, float]]:
    """What a macro says of rows; every number is written with all its digits."""
    values = ", ".join(f"({', '.join(_literal(cell) for cell in row)})" for row in rows)
    relation = f"WITH given AS (SELECT * FROM (VALUES {values}) AS v({columns}))"
    found: list[dict[str, float]] = queries.query(
        f"{relation} SELECT * FROM {{{{{macro}(given)}}}}"
    ).to_pylist()
    return found


def _literal(cell: float) -> str:
    return str(cell) if isinstance(cell, int) else f"{cell!r}e0" if "e" not in repr(cell) else repr(cell)


def effects(method: str, control: Moments, treatment: Moments, alpha: np.ndarray) -> Effect:
    return METHODS[method](control, treatment, alpha=alpha)


def agree(
    rows: list[dict[str, float]], effect: Effect, tolerance: float, names: tuple[str, ...] = ENDS
) -> None:
    for name in names:
        np.testing.assert_allclose(
            [row[name] for row in rows], getattr(effect, name), rtol=tolerance, err_msg=name
        )


@pytest.mark.parametrize(
    ("units", "tolerance"), [(20, 2e-6), (60, 2e-8), (200, 1e-9), (5_000, 1e-10), (2_000_000, 1e-9)]
)
def test_means_are_welchs(units: int, tolerance: float) -> None:
    """From 120 degrees of freedom on nine digits; the smallest arms have six."""
    random = np.random.default_rng(5)
    shifts = np.concatenate([[0.0], np.geomspace(0.01, 8, 20)])
    n_c, n_t = np.full(21, units), np.full(21, units + 3)
    m2_c, m2_t = units * random.uniform(0.5, 2, 21), units * random.uniform(0.5, 2, 21)
    means = 1 + shifts * np.sqrt(m2_c / units**2 + m2_t / units**2)
    alpha = np.resize(ALPHAS, 21)
    control, treatment = (
        Moments(n=n_c, mean_y=np.ones(21), m2_y=m2_c),
        Moments(n=n_t, mean_y=means, m2_y=m2_t),
    )
    rows = [
        tuple(map(_plain, row)) for row in zip(n_c, np.ones(21), m2_c, n_t, means, m2_t, alpha, strict=True)
    ]
    columns = "n_control, mean_control, m2_control, n_treatment, mean_treatment, m2_treatment, alpha"
    found = ask("difference_of_means", columns, rows)
    effect = effects("welch", control, treatment, alpha)
    agree(found, effect, 1e-12, ("estimate", "std_error"))
    agree(found, effect, 1e-9, ("df",)) if hasattr(effect, "df") else None
    agree(found, effect, tolerance, ("p_value",))
    widths = [(row["upper"] - row["lower"]) / 2 / row["std_error"] for row in found]
    np.testing.assert_allclose(widths, (effect.upper - effect.lower) / 2 / effect.std_error, rtol=tolerance)


def _plain(cell: float) -> float:
    return int(cell) if isinstance(cell, np.integer) else float(cell)


def test_an_arm_without_variance_leaves_the_estimate() -> None:
    columns = "n_control, mean_control, m2_control, n_treatment, mean_treatment, m2_treatment, alpha"
    one, none = ask(
        "difference_of_means", columns, [(1, 2.0, 0.0, 9, 3.0, 4.0, 0.05), (9, 2.0, 0.0, 9, 3.0, 0.0, 0.05)]
    )
    assert (one["estimate"], one["p_value"], one["lower"]) == (1.0, None, None)
    assert (none["estimate"], none["p_value"], none["upper"]) == (1.0, None, None)


def test_ratios_are_the_delta_methods() -> None:
    random = np.random.default_rng(6)
    arms = []
    for lift in (1.0, 1.02):
        d = random.poisson(4, size=(3, 4_000)) + 1.0
        y = d * random.gamma(2, 3 * lift, size=d.shape)
        arms.append(Moments.of(y, d=d))
    names = ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd")
    columns = ", ".join(f"{name}_{arm}" for arm in ("control", "treatment") for name in names) + ", alpha"
    rows = [
        (*(_plain(np.broadcast_to(getattr(arm, name), 3)[i]) for arm in arms for name in names), 0.05)
        for i in range(3)
    ]
    agree(ask("difference_of_ratios", columns, rows), effects("ratio_delta", *arms, np.full(3, 0.05)), 1e-9)


def test_proportions_are_agresti_and_caffos() -> None:
    cases = [
        (0, 10, 3, 12),
        (120, 1_000, 150, 1_010),
        (5, 100_000, 60, 100_000),
        (7, 7, 7, 7),
        (400, 900, 800, 900),
    ]
    x_c, n_c, x_t, n_t = np.array(cases).T
    found = ask(
        "difference_of_proportions", "successes_control, n_control, successes_treatment, n_treatment, alpha",
        [(*case, 0.05) for case in cases],
    )  # fmt: skip
    effect = effects(
        "agresti_caffo", Moments.of_counts(x_c, n_c), Moments.of_counts(x_t, n_t), np.full(5, 0.05)
    )
    for row, p, lower, upper, z in zip(
        found, effect.p_value, effect.lower, effect.upper, effect.statistic, strict=True
    ):
        assert row["p_value"] == pytest.approx(p, rel=1e-11)
        assert (row["lower"], row["upper"]) == pytest.approx((lower, upper), rel=1e-12, abs=1e-15)
        assert row["statistic"] == pytest.approx(z, rel=1e-12, abs=1e-15)


def test_a_share_has_wilsons_interval() -> None:
    cases = [(0, 10), (10, 10), (3, 40), (500, 1_000_000)]
    found = ask("share", "successes, n, alpha", [(*case, alpha) for case in cases for alpha in ALPHAS])
    x, n = (np.repeat(each, len(ALPHAS)) for each in np.array(cases).T)
    wanted = wilson(x, n, alpha=np.tile(ALPHAS, len(cases)))
    for name, values in (
        ("share", wanted.estimate),
        ("share_lower", wanted.lower),
        ("share_upper", wanted.upper),
    ):
        np.testing.assert_allclose([row[name] for row in found], values, rtol=1e-12, atol=1e-16)


def test_a_share_of_nothing_is_null() -> None:
    (row,) = ask("share", "successes, n, alpha", [(0, 0, 0.05)])
    assert (row["share"], row["share_lower"], row["share_upper"]) == (None, None, None)


def test_the_normal_tail_keeps_its_digits() -> None:
    z = np.concatenate([np.linspace(-6, 6, 121), [4.0, 4.0000001, 8.0, -20.0, 37.0]])
    found = ask("normal", "id, z", [(i, float(each)) for i, each in enumerate(z)])
    ordered = [row["p_value"] for row in sorted(found, key=lambda row: row["id"])]
    np.testing.assert_allclose(ordered, 2 * special.ndtr(-np.abs(z)), rtol=1e-12)


def test_a_text_without_macros_stays_as_it_is() -> None:
    assert macros.expand("SELECT '{' AS a") == "SELECT '{' AS a"


def test_macros_are_written_out_with_their_margin() -> None:
    written = macros.expand("SELECT share\n  FROM {{ share( counted ) }} AS s\n")
    assert written.startswith("SELECT share\n  FROM (\n      WITH wilson_parts AS (\n")
    assert "FROM counted" in written
    assert written.endswith("\n  ) AS s\n")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM {{shares(t)}}", "there is no macro 'shares'; did you mean 'share'?"),
        ("SELECT * FROM {{share}}", r"'\{\{share' names no macro; write \{\{name\(relation\)\}\}"),
        ("SELECT * FROM {{share(SELECT 1)}}", "names no macro"),
    ],
)
def test_what_is_no_macro_is_one_sentence(sql: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        macros.expand(sql)


def test_every_macro_says_what_it_reads_and_adds() -> None:
    files = {file.stem for file in Path(configs.path("glue_configs/athena/macros")).glob("*.sql")}
    known = macros.every()
    assert set(known) == files
    for each in known.values():
        assert all((each.what.endswith("."), each.reads, each.adds, each.how))
        assert each.sql.startswith("WITH ")
