"""Do events come at another rate, per unit or per exposure?"""

from __future__ import annotations

from assay.stats.counts.e_test import rate_e_test
from assay.stats.counts.exact import rate_exact, rate_exact_minimum_likelihood
from assay.stats.counts.mid_p import rate_mid_p
from assay.stats.counts.negative_binomial import negative_binomial, negative_binomial_ml
from assay.stats.counts.quasi import compound_poisson_gamma, quasi_poisson
from assay.stats.counts.score import rate_score

__all__ = [
    "compound_poisson_gamma",
    "negative_binomial",
    "negative_binomial_ml",
    "quasi_poisson",
    "rate_e_test",
    "rate_exact",
    "rate_exact_minimum_likelihood",
    "rate_mid_p",
    "rate_score",
]
