"""Certificates are written and read without loss of what they can tell."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest

from assay.certify.lab.certificates import certificate, parsed, written
from assay.certify.lab.grid import chosen
from assay.certify.lab.run import measure

CELLS = [
    *chosen(method="welch", scenario="gamma-1:50:50/50", replicates=200),
    *chosen(method="log_rank", scenario="waiting:50:50/50", replicates=100),
]


def test_a_certificate_states_what_was_measured() -> None:
    welch, log_rank = (certificate(one) for one in measure(CELLS, seed=3))
    assert (welch.kind, welch.scenario, welch.seed) == ("simulated", "gamma-1:50:50/50", 3)
    assert (welch.n_control, welch.n_treatment, welch.replicates) == (50, 50, 200)
    assert welch.lower <= welch.type_i_error <= welch.upper
    assert welch.power is not None
    assert welch.power > welch.type_i_error
    assert welch.coverage == pytest.approx(1 - (welch.miss_left or 0) - (welch.miss_right or 0))
    assert log_rank.coverage is None, "what it estimates has no closed form here"
    assert log_rank.power is not None


def test_identities_differ_by_what_the_numbers_depend_on() -> None:
    ids = [certificate(one).certificate_id for seed in (3, 4) for one in measure(CELLS, seed=seed)]
    assert len(set(ids)) == 4


def test_csv_keeps_five_digits() -> None:
    found = [certificate(one) for one in measure(CELLS)]
    back = parsed(written(found))
    assert written(back) == written(found)
    for one, other in zip(found, back, strict=True):
        for name, value in asdict(one).items():
            again = getattr(other, name)
            if isinstance(value, float):
                assert math.isclose(value, again, rel_tol=1e-4), name
            else:
                assert value == again, name
