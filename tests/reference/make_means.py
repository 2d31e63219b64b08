"""Makes books/means_twin.json: `python tests/reference/make_means.py`. Nothing here imports Assay.

Slow twins in 50-digit arithmetic that follow definitions: an interval is found by bisection of the test.
"""

from __future__ import annotations

import json
import platform
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import mpmath as mp

BOOK = Path(__file__).parent / "books" / "means_twin.json"
Case = dict[str, object]
mp.mp.dps = 50


def bisect(function: Callable[[mp.mpf], mp.mpf], low: mp.mpf, high: mp.mpf) -> mp.mpf:
    """The root between two ends of unlike signs."""
    low, high = mp.mpf(low), mp.mpf(high)
    rising = function(high) > 0
    for _ in range(150):
        middle = (low + high) / 2
        low, high = (low, middle) if (function(middle) > 0) == rising else (middle, high)
    return (low + high) / 2


def t_tail(df: mp.mpf, t: mp.mpf) -> mp.mpf:
    """P(|T| > t)."""
    return mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True)


def central(values: list[mp.mpf]) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
    """Mean, unbiased variance, unbiased third central moment."""
    n = len(values)
    mean = mp.fsum(values) / n
    second = mp.fsum((v - mean) ** 2 for v in values) / (n - 1)
    third = n * mp.fsum((v - mean) ** 3 for v in values) / ((n - 1) * (n - 2))
    return mean, second, third


def skew_case(control: list[float], treatment: list[float], alpha: float) -> Case:
    """Hall's cubic of Welch's t, each interval by bisection of the test that it inverts."""
    c, t = [mp.mpf(v) for v in control], [mp.mpf(v) for v in treatment]
    (m_c, s_c, k_c), (m_t, s_t, k_t) = central(c), central(t)
    v_c, v_t = s_c / len(c), s_t / len(t)
    df = (v_c + v_t) ** 2 / (v_c**2 / (len(c) - 1) + v_t**2 / (len(t) - 1))

    def hall(difference: mp.mpf, square: mp.mpf, third: mp.mpf) -> mp.mpf:
        error = mp.sqrt(square)
        x, a = difference / error, third / error**3
        return x + a * x**2 / 3 + a**2 * x**3 / 27 + a / 6

    def of_difference(shift: mp.mpf) -> mp.mpf:
        return hall(m_t - m_c - shift, v_c + v_t, k_t / len(t) ** 2 - k_c / len(c) ** 2)

    def of_lift(lift: mp.mpf) -> mp.mpf:
        r = 1 + lift
        return hall(m_t - r * m_c, v_t + r**2 * v_c, k_t / len(t) ** 2 - r**3 * k_c / len(c) ** 2)

    q = bisect(lambda x: t_tail(df, x) - alpha, 0, 10**4)
    d, lift, far = m_t - m_c, m_t / m_c - 1, mp.mpf(10) ** 6
    found = {
        "estimate": d, "std_error": mp.sqrt(v_c + v_t), "statistic": of_difference(mp.mpf(0)), "df": df,
        "p_value": t_tail(df, of_difference(mp.mpf(0))),
        "lower": bisect(lambda x: of_difference(x) - q, d - far, d),
        "upper": bisect(lambda x: of_difference(x) + q, d, d + far),
        "relative_estimate": lift,
        "relative_lower": bisect(lambda x: abs(of_lift(x)) - q, lift - far, lift),
        "relative_upper": bisect(lambda x: abs(of_lift(x)) - q, lift, lift + far),
    }  # fmt: skip
    return _case("skew_t", "Samples", control, treatment, alpha, found)


def delta_case(control: list[float], treatment: list[float], alpha: float) -> Case:
    """The lift's delta-method variance by differentiating the ratio of means numerically."""
    (m_c, s_c, _), (m_t, s_t, _) = (central([mp.mpf(v) for v in side]) for side in (control, treatment))
    by_t = mp.diff(lambda x: x / m_c, m_t)
    by_c = mp.diff(lambda x: m_t / x, m_c)
    error = mp.sqrt(by_t**2 * s_t / len(treatment) + by_c**2 * s_c / len(control))
    lift = m_t / m_c - 1
    z = mp.sqrt(2) * mp.erfinv(1 - mp.mpf(alpha))
    found = {
        "relative_estimate": lift, "statistic": lift / error,
        "p_value": mp.erfc(abs(lift / error) / mp.sqrt(2)),
        "relative_lower": lift - z * error, "relative_upper": lift + z * error,
    }  # fmt: skip
    return _case("lift_delta", "Moments.of", control, treatment, alpha, found)


def log_case(control: list[float], treatment: list[float], alpha: float) -> Case:
    """The log ratio's variance by numerical differentiation; Satterthwaite's df as defined."""
    (m_c, s_c, _), (m_t, s_t, _) = (central([mp.mpf(v) for v in side]) for side in (control, treatment))
    v_c = mp.diff(mp.log, m_c) ** 2 * s_c / len(control)
    v_t = mp.diff(mp.log, m_t) ** 2 * s_t / len(treatment)
    df = (v_c + v_t) ** 2 / (v_c**2 / (len(control) - 1) + v_t**2 / (len(treatment) - 1))
    x, error = mp.log(m_t / m_c), mp.sqrt(v_c + v_t)
    q = bisect(lambda t: t_tail(df, t) - alpha, 0, 10**4)
    found = {
        "statistic": x / error, "df": df, "p_value": t_tail(df, x / error),
        "relative_lower": mp.exp(x - q * error) - 1, "relative_upper": mp.exp(x + q * error) - 1,
    }  # fmt: skip
    return _case("lift_log", "Moments.of", control, treatment, alpha, found)


def paired_lift(control: list[float], treatment: list[float], alpha: float) -> Case:
    """The lift of pairs: where the one-sample t-test of t - (1 + L)·c reaches its quantile."""
    n = len(control)
    c, t = [mp.mpf(v) for v in control], [mp.mpf(v) for v in treatment]

    def pivot(lift: mp.mpf) -> mp.mpf:
        mean, square, _ = central([b - (1 + lift) * a for a, b in zip(c, t, strict=True)])
        return mean / mp.sqrt(square / n)

    q = bisect(lambda x: t_tail(mp.mpf(n - 1), x) - alpha, 0, 10**4)
    lift, far = mp.fsum(t) / mp.fsum(c) - 1, mp.mpf(10) ** 6
    found = {
        "p_value": t_tail(mp.mpf(n - 1), pivot(mp.mpf(0))),
        "relative_estimate": lift,
        "relative_lower": bisect(lambda x: pivot(x) - q, lift - far, lift),
        "relative_upper": bisect(lambda x: pivot(x) + q, lift, lift + far),
    }
    return _case("paired", "Samples", control, treatment, alpha, found)


def fieller_case(y: list[float], d: list[float], alpha: float) -> Case:
    """One arm's ratio: where the one-sample t-test of y - R·d reaches its quantile."""
    n = len(y)

    def pivot(ratio: mp.mpf) -> mp.mpf:
        mean, square, _ = central([mp.mpf(a) - ratio * mp.mpf(b) for a, b in zip(y, d, strict=True)])
        return mean / mp.sqrt(square / n)

    q = bisect(lambda x: t_tail(mp.mpf(n - 1), x) - alpha, 0, 10**4)
    ratio, far = mp.fsum(y) / mp.fsum(d), mp.mpf(10) ** 6
    found = {
        "estimate": ratio,
        "lower": bisect(lambda x: pivot(x) - q, ratio - far, ratio),
        "upper": bisect(lambda x: pivot(x) + q, ratio, ratio + far),
    }
    arm = {"make": "Moments.of", "with": {"y": y, "d": d}}
    expect = {key: float(value) for key, value in found.items()}
    return {"call": "ratios.fieller", "with": {"moments": arm, "alpha": alpha}, "expect": expect}


def _case(
    call: str, make: str, control: list[float], treatment: list[float], alpha: float, found: dict[str, mp.mpf]
) -> Case:
    arms = {
        name: {"make": make, "with": {"y": y}} for name, y in (("control", control), ("treatment", treatment))
    }
    return {
        "call": call,
        "with": {**arms, "alpha": alpha},
        "expect": {key: float(value) for key, value in found.items()},
    }


def main() -> int:
    """Write the book."""
    rng = random.Random(20_261_123)  # noqa: S311 - test data, no secret
    cases: list[Case] = []
    for n_c, n_t, alpha in ((12, 9, 0.05), (40, 15, 0.01), (7, 60, 0.2)):
        control = [round(rng.lognormvariate(1.0, 0.6), 3) for _ in range(n_c)]
        treatment = [round(rng.lognormvariate(1.2, 0.8), 3) for _ in range(n_t)]
        cases += [make(control, treatment, alpha) for make in (skew_case, delta_case, log_case)]
        n = min(n_c, n_t)
        cases.append(paired_lift(control[:n], treatment[:n], alpha))
        cases.append(fieller_case(treatment[:n], control[:n], alpha))
    cases.append(skew_case([-v for v in (4.1, 5.2, 9.9, 4.4, 6.0)], [-v for v in (3.9, 8.0, 5.1, 5.5)], 0.1))
    head = {
        "source": "50-digit twin: bisection of the test, numerical derivatives",
        "versions": {"python": platform.python_version(), "mpmath": version("mpmath")},
        "command": "python tests/reference/make_means.py",
        "date": datetime.now(UTC).date().isoformat(),
        "tolerance": 1e-11,
    }
    BOOK.write_text(json.dumps({**head, "cases": cases}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
