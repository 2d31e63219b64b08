"""A certificate: its intervals, its verdict, and its columns in the lake."""

from __future__ import annotations

from dataclasses import fields

import pytest

from assay.certify.certificate import (
    CONSERVATIVE,
    HOLDS,
    LIBERAL,
    RE_RANDOMISED,
    SIMULATED,
    Certificate,
    clopper_pearson,
    verdict,
)
from assay.lake import Contract


# Known values.
def test_clopper_pearson_of_a_table() -> None:
    # Clopper and Pearson's interval of 10 of 100, as in R 4.3.1 binom.test(10, 100)$conf.int.
    lower, upper = clopper_pearson(10, 100)
    assert lower == pytest.approx(0.04900469, abs=1e-8)
    assert upper == pytest.approx(0.17622260, abs=1e-8)
    assert clopper_pearson(0, 10)[0] == 0.0
    assert clopper_pearson(10, 10)[1] == 1.0


# Relations.
def test_every_field_is_a_column_of_the_contract() -> None:
    contract = Contract.load("gold.certificates")
    assert {field.name for field in fields(Certificate)} | {"_run_id"} == set(contract.columns)
    optional = {field.name for field in contract.fields if not field.required}
    assert {field.name for field in fields(Certificate) if field.default is None} | {"kind"} == optional


def test_the_contract_knows_both_kinds() -> None:
    (rule,) = (r for r in Contract.load("gold.certificates").rules if r.expression.startswith("`kind` in"))
    assert all(kind in rule.expression for kind in (RE_RANDOMISED, SIMULATED))


# Edges.
def test_verdict_needs_the_whole_interval() -> None:
    assert verdict(0.054, 0.07, alpha=0.05, tolerance=0.005) == HOLDS
    assert verdict(0.056, 0.07, alpha=0.05, tolerance=0.005) == LIBERAL
    assert verdict(0.03, 0.044, alpha=0.05, tolerance=0.005) == CONSERVATIVE
