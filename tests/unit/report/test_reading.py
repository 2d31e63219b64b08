"""What a report is made from: one state of all tables, the right blueprint, the right certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

import pytest
from tests.unit.report.conftest import EXPERIMENT, Lake, rows

from assay.errors import InputError, TransientError
from assay.serving.report import reading
from assay.serving.report.reading import Found


def test_all_looks_and_what_belongs_to_the_newest(found: Found) -> None:
    stored = rows("gold.experiment_results")
    assert len(found.results) == len(stored)
    assert found.as_of == max(row["as_of"] for row in stored)
    assert found.looks == sorted({row["as_of"] for row in stored})
    assert {row["as_of"] for row in found.newest} == {found.as_of}
    assert found.blueprint is not None
    assert found.blueprint.name == "small"
    assert found.document == max(row["version"] for row in rows("silver.blueprints"))
    assert set(found.states) == set(reading.TABLES)


def test_an_earlier_look_knows_nothing_of_the_later_ones(lake: Lake, found: Found) -> None:
    first = found.looks[0]
    earlier = lake.found(as_of=first)
    assert earlier.looks == [first]


def test_checks_and_certificates_are_of_these_looks(make_lake: Callable[..., Lake]) -> None:
    results = rows("gold.experiment_results")
    first, newest = results[0], results[-1]
    checks = [
        {"experiment": EXPERIMENT, "as_of": row["as_of"], "check": "srm", "status": "ok"}
        for row in (first, newest)
    ]
    measured = [{"certificate_id": row["certificate_id"], "metric": row["metric"]} for row in results]
    lake = make_lake(
        experiment_health=[*checks, checks[0] | {"experiment": "another"}], certificates=measured
    )
    found = lake.found()
    assert [row["as_of"] for row in found.health] == [first["as_of"], newest["as_of"]]
    assert set(found.certificates) == {row["certificate_id"] for row in found.newest}
    assert [row["as_of"] for row in lake.found(as_of=first["as_of"]).health] == [first["as_of"]]


def test_what_is_not_there_is_named(lake: Lake) -> None:
    with pytest.raises(InputError, match=f"did you mean '{EXPERIMENT}'"):
        lake.found("button")
    with pytest.raises(InputError, match="has no look as of"):
        lake.found(as_of=rows("gold.experiment_results")[0]["as_of"] - timedelta(days=1))
    with pytest.raises(InputError, match="no results of an experiment"):
        lake.found("' OR '1'='1")


def test_a_lake_without_a_blueprint_of_the_experiment(make_lake: Callable[..., Lake]) -> None:
    other = [
        row | {"document": row["document"].replace(EXPERIMENT, "another")}
        for row in rows("silver.blueprints")
    ]
    found = make_lake(blueprints=other).found()
    assert (found.blueprint, found.document) == (None, None)


def test_a_lake_that_has_results_only(tmp_path: object, make_lake: Callable[..., Lake]) -> None:
    del tmp_path
    lake = make_lake()
    for table in reading.TABLES[1:]:
        del lake.catalog.tables[tuple(table.split("."))]
    found = lake.found()
    assert (found.health, found.certificates, found.blueprint) == ((), {}, None)
    assert set(found.states) == {"gold.experiment_results"}


class Restless:
    """States that differ so many times."""

    def __init__(self, lake: Lake, changes: int) -> None:
        self.lake, self.changes = lake, changes

    def states(self, tables: Iterable[str]) -> Mapping[str, str]:
        self.changes -= 1
        found = dict(self.lake.states(tables))
        return found | ({"silver.loads": str(self.changes)} if self.changes >= 0 else {})


def test_tables_that_change_while_they_are_read_are_read_again(lake: Lake, found: Found) -> None:
    assert reading.read(lake.query, Restless(lake, 2).states, EXPERIMENT) == found
    with pytest.raises(TransientError, match="changed while they were read"):
        reading.read(lake.query, Restless(lake, 99).states, EXPERIMENT)
