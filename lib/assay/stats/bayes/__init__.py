"""What to believe after the data, given what was believed before."""

from __future__ import annotations

from assay.stats.bayes.conjugate import beta_binomial, gamma_poisson
from assay.stats.bayes.normal import normal_normal

__all__ = ["beta_binomial", "gamma_poisson", "normal_normal"]
