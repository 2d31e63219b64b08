from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.seeds import stream
from assay.stats.multiplicity import ROLES, gatekeeping, holm


@pytest.mark.parametrize("gate", ["all", "any"])
def test_corrected_p_value_and_level_decide_alike(gate: str) -> None:
    rng = stream(1, f"test.gate.{gate}")
    for _ in range(60):
        roles = rng.choice(ROLES, 6).tolist()
        p = rng.random((5, 6)) ** 3
        found = gatekeeping(p, roles, gate=gate)  # type: ignore[arg-type]
        np.testing.assert_array_equal(found.p_value < 0.05, p < found.alpha)


def test_a_secondary_metric_waits_for_all_or_for_its_share() -> None:
    p, roles = [0.001, 0.2, 0.004], ["primary", "primary", "secondary"]
    strict, shared = gatekeeping(p, roles), gatekeeping(p, roles, gate="any")
    assert float(strict.alpha[2]) == 0.0
    assert float(strict.p_value[2]) == 0.2
    assert float(shared.alpha[2]) == pytest.approx(0.025)
    assert float(shared.p_value[2]) == pytest.approx(0.008)


def test_guardrails_pay_nothing_and_without_primaries_the_gate_is_open() -> None:
    found = gatekeeping([0.04, 0.04, 0.04], ["guardrail", "guardrail", "primary"])
    assert found.p_value.tolist() == [0.04] * 3
    alone = gatekeeping([0.01, 0.04], ["secondary", "secondary"], gate="any")
    assert alone.p_value.tolist() == holm([0.01, 0.04]).p_value.tolist()


def test_an_undefined_test_keeps_the_gate_shut() -> None:
    found = gatekeeping([np.nan, 0.001], ["primary", "secondary"])
    assert np.isnan(found.p_value[0])
    assert float(found.p_value[1]) == 1.0
    assert float(found.alpha[1]) == 0.0


def test_experiments_along_any_axis() -> None:
    p = np.array([[0.01, 0.5], [0.03, 0.001]])
    columns = gatekeeping(p, ["primary", "secondary"], axis=0)
    alone = gatekeeping(p[:, 1], ["primary", "secondary"])
    assert columns.p_value[:, 1].tolist() == alone.p_value.tolist()


def test_refusals() -> None:
    with pytest.raises(InputError, match="roles holds 'primry'; did you mean 'primary'"):
        gatekeeping([0.1], ["primry"])
    with pytest.raises(InputError, match="there are 1 roles and 2 p-values; give one role per metric"):
        gatekeeping([0.1, 0.2], ["primary"])
    with pytest.raises(InputError, match="gate is 'some'; allowed: 'all', 'any'"):
        gatekeeping([0.1], ["primary"], gate="some")  # type: ignore[arg-type]
