"""Closed forms of two gamma posteriors: of what their ratio tells, an incomplete beta function is enough.

Scaled by their rates, T / (T + C) has the beta law of both shapes. A parameter raised by 1 adds one term of
that law to a probability, which leaves the expected losses with two terms.

References:
    Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2 (beta).
"""

from __future__ import annotations

import numpy as np

from assay.stats.bayes.laws import BETA
from assay.stats.bayes.posterior import Array
from assay.stats.bayes.quadrature import Arm
from assay.stats.counts.exact import at_least, odds


def ratio_ends(c: Arm, t: Arm, tail: Array) -> tuple[Array, Array]:
    """Equal-tailed ends of T / C.

    Args:
        c: Shape and rate of the control's posterior, shape (tests,).
        t: The same of the treatment's.
        tail: Probability beyond each end, same shape.

    Returns:
        Lower and upper end.
    """
    scale = c[1] / t[1]
    return scale * odds(t[0], c[0], tail), scale / odds(c[0], t[0], tail)


def verdict(c: Arm, t: Arm) -> tuple[Array, Array, Array]:
    """P(T > C), E max(C - T, 0) and E max(T - C, 0).

    Args:
        c: Shape and rate of the control's posterior, shape (tests,).
        t: The same of the treatment's.

    Returns:
        The three, shape (tests,).
    """
    (a, b), (a_t, b_t) = c, t
    share, rest = b / (b + b_t), b_t / (b + b_t)
    better, worse = at_least(a, a_t - 1, share, rest), at_least(a_t, a - 1, rest, share)
    both = BETA.mass(a, a_t, share) * (1 / b + 1 / b_t)
    apart = a_t / b_t - a / b
    return better, np.maximum(both - apart * worse, 0.0), np.maximum(both + apart * better, 0.0)
