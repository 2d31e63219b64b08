"""Every kind of error against the planted truth has its word."""

from __future__ import annotations

import pandas as pd
import pytest

from assay.serving.dashboard import words


@pytest.mark.parametrize(
    ("srm", "truth", "kind", "word"),
    [
        (False, 0.0, "none", "as planted"),
        (False, 0.0, "type I", "false alarm"),
        (False, 1.0, "type II", "missed"),
        (False, 1.0, "type S", "wrong sign"),
        (False, None, None, "real data"),
        (False, 1.0, None, "real data"),  # planted, and not yet calibrated
        (True, 0.0, "none", "not judged: sample ratio mismatch"),
        (True, None, None, "not judged: sample ratio mismatch"),
    ],
)
def test_the_word(srm: bool, truth: float | None, kind: str | None, word: str) -> None:
    row = pd.DataFrame({"srm": [srm], "truth": [truth], "error_kind": [kind]})
    assert list(words.verdicts(row)) == [word]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (["real data"], "1 comparison; none with a planted truth"),
        (
            ["missed", "false alarm", "missed"],
            "3 comparisons; of 3 with a planted truth: 1 false alarm, 2 missed",
        ),
        ([], "0 comparisons; none with a planted truth"),
    ],
)
def test_the_summary(verdicts: list[str], sentence: str) -> None:
    assert words.summary(pd.Series(verdicts, dtype=str)) == sentence
