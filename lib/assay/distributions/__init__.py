"""Probability laws by name: draw, exact moments, cdf, support and Laplace transform.

A blueprint names them (`distribution: gamma`), generators draw from them, and the analytic truth reads their
moments. Only NumPy and SciPy are known here; statistics never import this package, so that a test cannot know
which law made its data.
"""

from __future__ import annotations

from assay.distributions.base import DISTRIBUTIONS, Distribution
from assay.distributions.bernoulli import Bernoulli
from assay.distributions.beta import Beta
from assay.distributions.compound_poisson import CompoundPoisson
from assay.distributions.constant import Constant
from assay.distributions.empirical import Empirical
from assay.distributions.gamma import Gamma
from assay.distributions.hurdle import Hurdle
from assay.distributions.lognormal import LogNormal
from assay.distributions.mixed_poisson import MixedPoisson
from assay.distributions.mixture import Mixture
from assay.distributions.negative_binomial import NegativeBinomial
from assay.distributions.normal import Normal
from assay.distributions.pareto import Pareto
from assay.distributions.poisson import Poisson
from assay.distributions.student_t import StudentT
from assay.distributions.weibull import Weibull
from assay.distributions.zero_inflated import ZeroInflated

__all__ = [
    "DISTRIBUTIONS",
    "Bernoulli",
    "Beta",
    "CompoundPoisson",
    "Constant",
    "Distribution",
    "Empirical",
    "Gamma",
    "Hurdle",
    "LogNormal",
    "MixedPoisson",
    "Mixture",
    "NegativeBinomial",
    "Normal",
    "Pareto",
    "Poisson",
    "StudentT",
    "Weibull",
    "ZeroInflated",
]
