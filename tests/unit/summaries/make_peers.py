"""Writes data/peers.json: summary statistics, and what the peers say of them.

Run after `make .venv-peers/.ready`: PYTHONPATH=lib .venv/bin/python tests/unit/summaries/make_peers.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from assay.serving.summaries import compare, peers

HERE = Path(__file__).parent
PYTHON = HERE.parents[2] / ".venv-peers" / "bin" / "python"
UNITS = 400


def table() -> dict[str, list[Any]]:
    """A mean with a covariate, a ratio and a proportion in two arms, as GrowthBook's queries give them."""
    rng = np.random.Generator(np.random.PCG64DXSM(3))
    rows: list[dict[str, Any]] = []
    for arm, lift in (("a", 1.0), ("b", 1.1)):
        x = rng.gamma(2.0, 3.0, UNITS)
        y, d = 0.8 * x + lift * rng.gamma(2.0, 2.0, UNITS), rng.poisson(4.0, UNITS) + 1.0
        main = {"main_sum": y.sum(), "main_sum_squares": (y * y).sum()}
        before = {"covariate_sum": x.sum(), "covariate_sum_squares": (x * x).sum()}
        below = {"denominator_sum": d.sum(), "denominator_sum_squares": (d * d).sum()}
        ones = float(np.count_nonzero(y > 9))
        named = [
            ("spent", main | before | {"main_covariate_sum_product": (x * y).sum()}),
            ("spent/visits", main | below | {"main_denominator_sum_product": (d * y).sum()}),
            ("bought", {"main_sum": ones, "main_sum_squares": ones}),
        ]
        rows += [{"metric": metric, "variation": arm, "users": UNITS, **sums} for metric, sums in named]
    return {name: [row.get(name) for row in rows] for name in sorted({n for row in rows for n in row})}


def main() -> None:
    """Ask, and write."""
    answers: dict[str, object] = {}
    run = peers._run

    def kept(python: Path, asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = run(python, asked)
        answers["last"] = found
        return found

    peers._run = kept
    given = table()
    for case, options in (("plain", {}), ("cuped", {"metrics": ["spent"], "method": "cuped"})):
        found = compare(given, control="a", **options)  # type: ignore[arg-type]
        peers.ask(found.analysis, found.pairs, PYTHON)
        answers[case] = answers.pop("last")
    document = {"table": given, **answers}
    (HERE / "data").mkdir(exist_ok=True)
    (HERE / "data" / "peers.json").write_text(json.dumps(document, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
