"""Tables that these tests share: many at once, with edges, so that one call checks a relation on all."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

Counts = NDArray[np.float64]


@pytest.fixture(scope="session")
def batch() -> Counts:
    """Columns (x_c, n_c, x_t, n_t): all tables of small arms, and 80 of arms up to 3,000 units."""
    small = [(a, n, b, m) for n, m in ((1, 1), (1, 3), (4, 3)) for a in range(n + 1) for b in range(m + 1)]
    rng = np.random.default_rng(20_261_123)
    sizes = rng.integers(5, 3000, (40, 2))
    shares = rng.beta(0.4, 0.4, (40, 2))
    large = [(round(s * n), n, round(u * m), m) for (n, m), (s, u) in zip(sizes, shares, strict=True)]
    near = [(round(s * n), n, round(s * m), m) for (n, m), (s, _) in zip(sizes, shares, strict=True)]
    return np.array(small + large + near, dtype=float).T
