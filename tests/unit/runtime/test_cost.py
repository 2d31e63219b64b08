"""Cost: AWS's own worked figures, the inverse, the refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.runtime import cost


def test_known_prices() -> None:
    # AWS Glue pricing page, example: 6 DPU for 15 minutes = 6 * 1/4 hour * $0.44 = $0.66.
    assert cost.dollars(cost.dpu_seconds(900, workers=6)) == pytest.approx(0.66)
    # Four G.1X for ten minutes: $0.293, with FLEX $0.193.
    four = cost.dpu_seconds(600, worker_type="G.1X", workers=4)
    assert round(cost.dollars(four), 3) == 0.293
    assert round(cost.dollars(four, execution_class="FLEX"), 3) == 0.193


def test_a_minute_is_the_least_that_is_billed() -> None:
    assert cost.dpu_seconds(3, workers=2) == cost.dpu_seconds(60, workers=2) == 120.0
    assert cost.dpu_seconds(61, worker_type="G.2X", workers=2) == 244.0


@given(
    st.integers(1, 10_000),
    st.sampled_from(sorted(cost.DPU_PER_WORKER)),
    st.integers(1, 100),
    st.sampled_from(sorted(cost.DOLLARS_PER_DPU_HOUR)),
)
def test_a_timeout_is_the_longest_that_its_cap_pays_for(
    minutes: int, worker_type: str, workers: int, execution_class: str
) -> None:
    def price(of: int) -> float:
        seconds = cost.dpu_seconds(of * 60, worker_type=worker_type, workers=workers)
        return cost.dollars(seconds, execution_class=execution_class)

    cap = price(minutes)
    found = cost.timeout_minutes(
        cap, worker_type=worker_type, workers=workers, execution_class=execution_class
    )
    assert found == minutes


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: cost.dpu_seconds(1, worker_type="G.3X"), "worker type is 'G.3X'; did you mean"),
        (lambda: cost.dpu_seconds(-1), "not -1 and 2"),
        (lambda: cost.dpu_seconds(float("nan")), "not nan and 2"),
        (lambda: cost.dpu_seconds(1, workers=0), "not 1 and 0"),
        (lambda: cost.dollars(1, execution_class="SPOT"), "execution class is 'SPOT'"),
        (lambda: cost.dollars(float("nan")), "DPU-seconds are nan"),
        (lambda: cost.timeout_minutes(0.01), "a cap of \\$0.01 does not pay for one minute"),
        (lambda: cost.timeout_minutes(float("nan")), "does not pay"),
    ],
)
def test_refusals(call: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        call()  # type: ignore[operator]
