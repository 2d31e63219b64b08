"""Makes books/planning_twin.json: `python tests/reference/make_planning.py`. Nothing imports Assay.

Normal powers of tests of rates, proportions and ratios written out case by case in mpmath; type S and M
errors by quadrature of the density of the estimate.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import mpmath as mp

BOOK = Path(__file__).parent / "books" / "planning_twin.json"
Case = dict[str, object]
mp.mp.dps = 30


def quantile(alpha: float) -> mp.mpf:
    """Upper quantile of the normal law."""
    return mp.sqrt(2) * mp.erfinv(1 - 2 * mp.mpf(alpha))


def both_tails(distance: mp.mpf) -> mp.mpf:
    """Power of the two-sided normal test at 5 %."""
    z = quantile(0.025)
    return mp.ncdf(distance - z) + mp.ncdf(-distance - z)


def outcome(kind: str, **given: object) -> Case:
    """A call that makes an outcome."""
    return {"make": f"planning.{kind}_outcome", "with": given}


def retrodesign(effect: float, error: float, df: float, alpha: float) -> Case:
    """Type S and M by quadrature."""

    def density(t: mp.mpf) -> mp.mpf:
        if mp.isinf(df):
            return mp.npdf(t)
        scale = mp.gamma((df + 1) / mp.mpf(2)) / mp.gamma(df / mp.mpf(2)) / mp.sqrt(df * mp.pi)
        return scale * (1 + t**2 / df) ** (-(df + 1) / mp.mpf(2))

    def integral(f: Callable[[mp.mpf], mp.mpf], low: mp.mpf, high: mp.mpf) -> mp.mpf:
        steps = [low, *(p for p in (-60, -8, -2, 0, 2, 8, 60) if low < p < high), high]
        return mp.quad(f, steps)

    def excess(q: mp.mpf) -> mp.mpf:
        return mp.betainc(df / mp.mpf(2), 0.5, 0, df / (df + q**2), regularized=True) - mp.mpf(alpha)

    normal = mp.isinf(df)
    q = quantile(alpha / 2) if normal else mp.findroot(excess, (1.0, 5.0), solver="anderson", tol=1e-24)
    at = mp.mpf(effect) / error
    right, wrong = integral(density, q - at, mp.inf), integral(density, q + at, mp.inf)
    size = integral(lambda t: abs(at + t) * density(t), q - at, mp.inf)
    size += integral(lambda t: abs(t - at) * density(t), q + at, mp.inf)
    return {
        "call": "planning.retrodesign",
        "with": {"effect": effect, "std_error": error, "df": "inf" if mp.isinf(df) else df, "alpha": alpha},
        "expect": {
            "power": float(right + wrong),
            "type_s": float(wrong / (right + wrong)),
            "type_m": float(size / (right + wrong) / at),
        },
    }


def powers() -> list[Case]:
    """Powers whose variance is written out by hand."""
    cases: list[Case] = []
    n_c, n_t = mp.mpf(3000), mp.mpf(1000)
    design = {"make": "planning.Design", "with": {"treated": 0.25}}
    rows = []
    p, q = mp.mpf("0.1"), mp.mpf("0.12")
    rows.append((outcome("proportion", baseline=0.1), 0.02, p * (1 - p) / n_c + q * (1 - q) / n_t))
    p, q = mp.mpf("1.5"), mp.mpf("1.6")
    rows.append((outcome("rate", rate=1.5, exposure=2), 0.1, p / 2 / n_c + q / 2 / n_t))
    given = {"rate": 1.5, "dispersion": 1.3, "heterogeneity": 0.4}
    noise = [(mp.mpf("1.3") * r + mp.mpf("0.4") * r**2) / n for r, n in ((p, n_c), (q, n_t))]
    rows.append((outcome("rate", **given), 0.1, mp.fsum(noise)))
    cases += [
        {
            "call": "planning.achieved_power",
            "with": {"outcome": made, "effect": effect, "n": 4000, "design": design},
            "expect": {
                "power": float(both_tails(mp.mpf(str(effect)) / mp.sqrt(v))),
                "std_error": float(mp.sqrt(v)),
            },
        }
        for made, effect, v in rows
    ]
    y, d = [1, 4, 2, 9, 5, 3], [1, 2, 2, 4, 3, 1]
    ratio = mp.mpf(sum(y)) / sum(d)
    rest = [(a - ratio * b) / (mp.mpf(sum(d)) / len(d)) for a, b in zip(y, d, strict=True)]
    made = outcome("ratio", history={"make": "Moments.of", "with": {"y": y, "d": d}})
    variance = mp.fsum(r**2 for r in rest) / (len(d) - 1)
    cases.append(
        {
            "call": "planning.ratio_outcome",
            "with": made["with"],
            "expect": {"mean": float(ratio), "variance": float(variance)},
        }
    )
    # Non-inferiority with clusters, a covariate and looks: n = 4·V·(z + z)² / margin², times the factors.
    z = quantile(0.025) + quantile(0.1)
    p = mp.mpf("0.3")
    factors = {"design_effect": 1.8, "inflation": 1.1, "correlation": 0.6}
    n = 4 * p * (1 - p) * z**2 / mp.mpf("0.02") ** 2 * mp.mpf("1.8") * mp.mpf("1.1") * (1 - mp.mpf("0.36"))
    cases.append(
        {
            "call": "planning.sample_size",
            "with": {
                "outcome": outcome("proportion", baseline=0.3),
                "effect": 0,
                "power": 0.9,
                "design": {
                    "make": "planning.Design",
                    "with": {"alpha": 0.025, "alternative": "greater", "margin": 0.02, **factors},
                },
            },
            "expect": {"n": float(n)},
        }
    )
    # 1.96 + 0.84 standard errors of √(4·V / n); V and n per duration.
    gap = quantile(0.025) + quantile(0.2)
    cases.append(
        {
            "call": "planning.duration",
            "with": {
                "outcome": outcome("mean", variance=[4, 5, 6], mean=[1, 2, 3]),
                "days": [7, 14, 21],
                "users": [1e6, 1.6e6, 2e6],
                "target": 0.0051,
                "relative": True,
            },
            "expect": {
                "days": 14,
                "plan.effect": [
                    float(gap * mp.sqrt(4 * v / mp.mpf(n))) for v, n in ((4, 1e6), (5, 1.6e6), (6, 2e6))
                ],
            },
            "tolerance": 1e-5,
            "note": "closed form without the wrong tail, and normal",
        }
    )
    return cases


def main() -> int:
    """Write the book."""
    cases = powers()
    for effect, error, df, alpha in (
        (0.1, 3.28, mp.inf, 0.05),
        (2.0, 8.1, mp.inf, 0.05),
        (3.0, 1.0, mp.inf, 1e-3),
        (0.5, 1.0, 10, 0.05),
        (2.0, 1.0, 4, 0.1),
    ):
        cases.append(retrodesign(effect, error, df, alpha))
    book = {
        "source": "formulas written out, and quadrature, in mpmath with 30 digits",
        "versions": {"python": platform.python_version(), "mpmath": mp.__version__},
        "command": "python tests/reference/make_planning.py",
        "date": datetime.now(tz=UTC).date().isoformat(),
        "tolerance": 1e-10,
        "cases": cases,
    }
    BOOK.write_text(json.dumps(book, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
