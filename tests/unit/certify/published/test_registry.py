"""Every published table is made, repeats to the last digit, and refuses what cannot be asked."""

from __future__ import annotations

from itertools import pairwise

import pytest

from assay.certify.published import PUBLICATIONS, SEED, Table, chosen, reproduce
from assay.certify.published import repeated_tests as amr
from assay.certify.published.registry import publication
from assay.errors import InputError

NAMES = (
    "repeated_tests",
    "group_sequential_bounds",
    "group_sequential_power",
    "peeking",
    "proportion_coverage",
    "cuped_variance",
    "ratio_variance",
    "skewness",
    "type_s_m",
    "false_discovery",
)


@pytest.fixture(scope="module")
def told() -> dict[str, list[float]]:
    return {}


@pytest.fixture(scope="module")
def tables(told: dict[str, list[float]]) -> tuple[Table, ...]:
    return reproduce(replicates=100, progress=lambda name, share: told.setdefault(name, []).append(share))


def test_all_are_made_in_order(tables: tuple[Table, ...]) -> None:
    assert tuple(table.name for table in tables) == NAMES == tuple(PUBLICATIONS)
    assert {table.replicates for table in tables} == {100}
    assert {table.seed for table in tables} == {SEED}


def test_every_table_names_its_source_and_every_row_is_held_against_something(
    tables: tuple[Table, ...],
) -> None:
    for table in tables:
        assert table.title
        assert any(letter.isdigit() for letter in table.source)
        assert len(table.compares) > 100
        labels = [row.label for row in table.rows]
        assert len(labels) == len(set(labels)) > 4
        for row in table.rows:
            assert (row.published is None) == (row.kind == "computed")
            assert row.published is not None or row.exact is not None
            assert row.std_error > 0
            assert row.rounding >= 0
            assert all("|" not in text for text in (row.label, *row.cells()))


def test_progress_rises_to_the_end(tables: tuple[Table, ...], told: dict[str, list[float]]) -> None:
    assert len(told) == len(tables)
    for shares in told.values():
        assert all(a < b for a, b in pairwise([0.0, *shares]))
        assert shares[-1] == 1.0


def test_equal_seeds_give_equal_digits_and_others_do_not(tables: tuple[Table, ...]) -> None:
    for name in ("cuped_variance", "false_discovery", "proportion_coverage"):
        assert reproduce(name, replicates=100) == (tables[NAMES.index(name)],)
        assert reproduce(name, replicates=100, seed=1) != (tables[NAMES.index(name)],)


def test_named_ones_are_made_once_in_the_order_asked_for() -> None:
    assert [each.name for each in chosen("peeking", "type_s_m", "peeking")] == ["peeking", "type_s_m"]
    assert [table.name for table in reproduce("type_s_m", "cuped_variance", replicates=100)] == [
        "type_s_m",
        "cuped_variance",
    ]


def test_a_wrong_printed_number_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {0.05: {**amr.PRINTED[0.05], 5: 0.143}, 0.01: amr.PRINTED[0.01]}
    monkeypatch.setattr(amr, "PRINTED", wrong)
    (table,) = reproduce("repeated_tests", replicates=200)
    assert [row.label for row in table.disagreements] == ["5 looks at level 0.05"]


def test_refusals() -> None:
    with pytest.raises(InputError, match="no published table 'peking'; did you mean 'peeking'"):
        reproduce("peking")
    with pytest.raises(InputError, match="replicates is 99; a published table needs 100 or more"):
        reproduce("peeking", replicates=99)
    with pytest.raises(InputError, match="seed is -1; it must be 0 or greater"):
        reproduce("peeking", seed=-1)
    with pytest.raises(InputError, match="'peeking' is registered already"):
        publication(name="peeking", title="", source="", compares="", replicates=100)(lambda _: ())
