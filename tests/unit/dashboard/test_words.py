"""Every kind of error against the planted truth has its word; every look its sentence."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from assay.serving.dashboard import words


@pytest.mark.parametrize(
    ("srm", "truth", "kind", "decision", "word"),
    [
        (False, 0.0, "none", "no difference shown", "as planted"),
        (False, 0.0, "type I", "better", "false alarm"),
        (False, 1.0, "type II", "no difference shown", "missed"),
        (False, 1.0, "type S", "worse", "wrong sign"),
        (False, None, None, "better", "real data"),
        (False, 1.0, None, "better", "real data"),  # planted, and not yet calibrated
        (True, 0.0, "none", "invalid: sample ratio mismatch", "not judged: sample ratio mismatch"),
        (True, None, None, "invalid: sample ratio mismatch", "not judged: sample ratio mismatch"),
        (False, 0.0, "none", "running", "running"),
        (True, 0.0, "none", "running", "running"),
    ],
)
def test_the_word(srm: bool, truth: float | None, kind: str | None, decision: str, word: str) -> None:
    row = pd.DataFrame({"srm": [srm], "truth": [truth], "error_kind": [kind], "decision": [decision]})
    assert list(words.verdicts(row)) == [word]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (["real data"], "1 comparison; none with a planted truth"),
        (
            ["missed", "false alarm", "missed"],
            "3 comparisons; of 3 with a planted truth: 1 false alarm, 2 missed",
        ),
        (["running", "missed"], "1 comparison; of 1 with a planted truth: 1 missed; 1 running"),
        ([], "0 comparisons; none with a planted truth"),
    ],
)
def test_the_summary(verdicts: list[str], sentence: str) -> None:
    assert words.summary(pd.Series(verdicts, dtype=str)) == sentence


ROW: dict[str, Any] = {
    "metric": "spent", "contrast": "b vs a", "method": "welch", "decision": "better", "mean_control": 10.0,
    "mean_treatment": 11.0, "relative_estimate": 0.1, "relative_lower": 0.05, "relative_upper": 0.15,
    "p_value": 0.0004, "probability_greater": float("nan"), "type_i_error": 0.051, "type_i_lower": 0.04,
    "type_i_upper": 0.06, "truth": 1.2, "relative_truth": 0.12,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            (
                "spent, b vs a: better. 11 against 10, +10.0 % (5.0 % to 15.0 %), p = 0.0004 (welch). On "
                "units like these the method calls 5.1% of true nulls different (4.0% to 6.0%). Planted: 1.2 "
                "(+12 %)."
            ),
        ),
        (
            {"type_i_error": float("nan"), "truth": None, "p_value": None, "probability_greater": 0.993},
            (
                "spent, b vs a: better. 11 against 10, +10.0 % (5.0 % to 15.0 %), greater with a probability "
                "of 99.3% (welch). Not certified yet."
            ),
        ),
        (
            {"truth": 0.0, "relative_truth": float("nan"), "relative_estimate": None, "p_value": None},
            (
                "spent, b vs a: better. 11 against 10, no relative form: the control's mean is 0, p "
                "unknown (welch). On units like these the method calls 5.1% of true nulls different (4.0% to "
                "6.0%). "
                "Planted: 0."
            ),
        ),
    ],
)
def test_a_look_in_words(changes: dict[str, Any], sentence: str) -> None:
    assert words.sentence(ROW | changes) == sentence


@pytest.mark.parametrize(
    ("method", "p_values", "levels", "begins"),
    [
        ("welch", (0.1, 0.2), (None, 0.049), "Each interval is that of its look alone; a look that may"),
        ("confidence_sequence", (0.1, 0.2), (0.05, 0.05), "Intervals are a confidence sequence"),
        ("normal_normal", (None, None), (None, None), "Intervals hold the difference with the probability"),
    ],
)
def test_what_the_looks_promise(
    method: str, p_values: tuple[Any, Any], levels: tuple[Any, Any], begins: str
) -> None:
    looks = pd.DataFrame({
        "metric": "x", "contrast": "b vs a", "method": method, "p_value": p_values, "alpha_corrected": levels,
    })  # fmt: skip
    assert words.of_the_looks(looks).startswith(begins)
