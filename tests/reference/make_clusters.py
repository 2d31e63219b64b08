"""Golden numbers for assay.stats.clusters from matrices and from statsmodels.

`python tests/reference/make_clusters.py` writes books/clusters_twin.json. Nothing here imports Assay: the CR2
variance is that of the general theory, with matrix square roots and eigenvalues, on one dummy per arm; the
interval of a lift is found by bisection of its pivot.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Case = dict[str, object]


def cr2(y: Array, cluster: Array, treated: Array, icc: float = 0.0) -> tuple[Array, Array, float]:
    """Arm means, their CR2 covariance, and Satterthwaite's df of their difference, under a working ICC."""
    working = (1 - icc) * np.eye(len(y)) + icc * (cluster[:, None] == cluster)
    root = np.linalg.cholesky(working)
    x = np.column_stack([1 - treated, treated])
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    rest = np.eye(len(y)) - hat
    means = bread @ x.T @ y
    residuals = y - x @ means
    scores, columns = [], []
    for label in np.unique(cluster):
        at = cluster == label
        own = np.linalg.cholesky(working[np.ix_(at, at)]).T
        values, vectors = np.linalg.eigh(own @ rest[at] @ working @ rest[at].T @ own.T)
        adjust = own.T @ vectors @ np.diag(values**-0.5) @ vectors.T @ own
        scores.append(bread @ x[at].T @ adjust @ residuals[at])
        columns.append(root.T @ rest[:, at] @ adjust @ x[at] @ bread @ np.array([-1.0, 1.0]))
    gram = np.array(columns) @ np.array(columns).T
    roots = np.linalg.eigvalsh(gram)
    return means, np.array(scores).T @ np.array(scores), float(np.sum(roots) ** 2 / np.sum(roots**2))


def effect(means: Array, covariance: Array, df: float, alpha: float) -> Case:
    """Difference and lift, the ends of the lift by bisection."""
    q = float(stats.t.isf(alpha / 2, df))
    contrast = np.array([-1.0, 1.0])
    estimate, error = float(contrast @ means), float(np.sqrt(contrast @ covariance @ contrast))

    def beyond(x: float) -> float:
        line = np.array([-(1 + x), 1.0])
        return float(abs(line @ means) - q * np.sqrt(line @ covariance @ line))

    centre = float(means[1] / means[0] - 1)
    return {
        "estimate": estimate, "std_error": error, "df": df,
        "p_value": float(2 * stats.t.sf(abs(estimate / error), df)),
        "lower": estimate - q * error, "upper": estimate + q * error, "relative_estimate": centre,
        "relative_lower": root(beyond, centre, -1.0), "relative_upper": root(beyond, centre, 1.0),
    }  # fmt: skip


def root(beyond: Callable[[float], float], near: float, step: float) -> float:
    """The first place beyond `near` in the direction of `step` where the pivot reaches the quantile."""
    far = near + step
    while beyond(far) < 0:
        far += step
    for _ in range(200):
        middle = (near + far) / 2
        near, far = (near, middle) if beyond(middle) > 0 else (middle, far)
    return near


def arms(y: Array, cluster: Array, treated: Array, alpha: float) -> Case:
    """How the book says it."""

    def side(which: int) -> Case:
        at = treated == which
        return {"make": "Samples", "with": {"y": y[at].tolist(), "cluster": cluster[at].tolist()}}

    return {"control": side(0), "treatment": side(1), "alpha": alpha}


def robust_cases() -> list[Case]:
    """Clusters in one arm each, and clusters with units in both."""
    cases: list[Case] = []
    for seed, mixed in ((1, False), (2, True), (3, False), (4, True)):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(2, 9, 6 + 3 * seed)
        cluster = np.repeat(np.arange(len(sizes)), sizes).astype(float)
        treated = (rng.integers(0, 2, len(cluster)) if mixed else cluster % 2).astype(float)
        y = np.round(6 + rng.normal(size=len(cluster)) + rng.normal(size=len(sizes))[cluster.astype(int)], 6)
        expect = effect(*cr2(y, cluster, treated), 0.1)
        cases.append(
            {
                "call": "cluster_robust",
                "with": arms(y, cluster, treated, 0.1),
                "expect": expect,
            }
        )
    return cases


def icc_cases() -> list[Case]:
    """Clusters in one arm each, with a working correlation that is given."""
    cases: list[Case] = []
    for seed, icc in ((21, 0.0), (22, 0.1), (23, 0.4), (24, 0.95)):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(1, 15, 9)
        cluster = np.repeat(np.arange(9), sizes).astype(float)
        treated = (cluster >= 4).astype(float)
        y = np.round(6 + rng.normal(size=len(cluster)) + rng.normal(size=9)[cluster.astype(int)], 6)
        expect = effect(*cr2(y, cluster, treated, icc), 0.1)
        data = arms(y, cluster, treated, 0.1) | {"icc": icc}
        cases.append({"call": "cluster_robust_icc", "with": data, "expect": expect})
    return cases


def hac_cases() -> list[Case]:
    """Blocks in time by statsmodels, one dummy per arm."""
    cases: list[Case] = []
    for seed, blocks, lags in ((5, 24, 2), (6, 50, None), (7, 80, None), (8, 40, 0)):
        rng = np.random.default_rng(seed)
        noise = np.convolve(rng.normal(size=blocks + 2), [0.6, 0.5, 0.4], mode="valid")
        y, place, treated = (
            np.round(4 + noise, 6),
            np.arange(blocks, dtype=float),
            rng.integers(0, 2, blocks).astype(float),
        )
        x = np.column_stack([1 - treated, treated])
        width = lags if lags is not None else int(np.floor(4 * (blocks / 100) ** (2 / 9)))
        fit = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": width, "use_correction": True})
        expect = effect(fit.params, fit.cov_params(), blocks - 2, 0.05)
        data = arms(y, place, treated, 0.05) | ({} if lags is None else {"lags": lags})
        cases.append({"call": "switchback_hac", "with": data, "expect": expect})
    return cases


def main() -> None:
    """Write the book."""
    book = {
        "source": "general CR2 by matrix square roots; statsmodels OLS, HAC covariance; lifts by bisection",
        "versions": {
            "python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__,
            "statsmodels": version("statsmodels"),
        },
        "command": "python tests/reference/make_clusters.py",
        "date": "2026-11-23",
        "tolerance": 1e-12,
        "cases": robust_cases() + icc_cases() + hac_cases(),
    }  # fmt: skip
    (Path(__file__).parent / "books" / "clusters_twin.json").write_text(json.dumps(book, indent=1) + "\n")


if __name__ == "__main__":
    main()
