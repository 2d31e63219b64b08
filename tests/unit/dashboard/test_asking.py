"""Answers that readers share: each is read once for a state of gold, and anew after a publication."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd
import pytest
import streamlit
from streamlit.testing.v1 import AppTest
from tests.unit.api import lake
from tests.unit.dashboard.conftest import Rows, charts

from assay.errors import TransientError
from assay.serving.dashboard import asking
from assay.serving.dashboard.charts import experiments
from assay.serving.queries import catalog, states

pytestmark = pytest.mark.long

RUNS = "SELECT count(*) AS n FROM gold.runs"


@pytest.fixture
def gold(monkeypatch: pytest.MonkeyPatch, aws: str) -> Iterator[None]:
    """Gold of a real run in the emulator, in a process that has asked nothing yet."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    lake.make()
    forget()
    yield
    forget()


def forget() -> None:
    asking._state.clear()
    asking._answer.clear()


@pytest.mark.usefixtures("gold")
def test_an_answer_is_read_once_until_gold_is_published() -> None:
    first = asking.ask(RUNS)
    assert asking.ask(RUNS) is first
    asking._state.clear()  # as it goes by itself after two seconds
    assert asking.ask(RUNS) is first

    again = [row | {"run_id": "another"} for row in lake.runs()]
    lake.append(catalog.glue(), "runs", again)
    asking._state.clear()
    assert asking.ask(RUNS)["n"][0] == first["n"][0] + len(again)


@pytest.mark.usefixtures("gold")
def test_a_state_is_that_of_every_table_of_the_database() -> None:
    before = states.of_database("gold")
    assert states.of_database("gold") == before
    for name in lake.TABLES:
        lake.append(catalog.glue(), name, [])
        after = states.of_database("gold")
        assert after != before
        before = after


@pytest.mark.usefixtures("aws")
def test_a_database_that_is_not_there_is_in_a_state_as_well() -> None:
    assert states.of_database("nowhere") == "{}"


def test_a_catalog_that_does_not_answer_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    forget()
    with pytest.raises(TransientError, match=r"the catalog does not answer: .*is the stack up"):
        asking.ask(RUNS)


# --- what is shown ---------------------------------------------------------------------------------------


def drawn(rows: pd.DataFrame, metric: str) -> AppTest:
    """A page with one chart."""

    def script(rows: object, metric: str) -> None:
        from assay.serving.dashboard import page
        from assay.serving.dashboard.charts import experiments

        page.chart("said", experiments.forest, rows, metric)  # type: ignore[arg-type]

    return AppTest.from_function(script, args=(rows, metric), default_timeout=60).run()


def test_a_chart_of_the_same_rows_is_made_once(results: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    really = experiments.forest

    def forest(rows: pd.DataFrame, metric: str) -> object:
        made.append(metric)
        return really(rows, metric)

    monkeypatch.setattr(experiments, "forest", forest)
    rows = pd.DataFrame([row for row in results if row["final"]])
    rows["as_of"] += timedelta(days=len(made) + 7)  # no other test draws these
    seen = [charts(drawn(rows, "active_customers")) for _ in range(2)]
    assert made == ["active_customers"]
    assert seen[0] == seen[1]
    assert len(seen[0]) == 1

    moved = rows.assign(estimate=rows["estimate"] + 1)
    drawn(moved, "active_customers")
    drawn(rows, "value_per_trade")
    assert made == ["active_customers", "active_customers", "value_per_trade"]


def test_a_table_of_the_same_rows_is_made_once(results: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    really = streamlit.dataframe

    def dataframe(found: pd.DataFrame, **how: object) -> object:
        made.append(len(found))
        return really(found, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(streamlit, "dataframe", dataframe)
    rows = pd.DataFrame([{"metric": row["metric"], "estimate": row["estimate"]} for row in results])

    def script(rows: object, key: str) -> None:
        from assay.serving.dashboard import page

        page.table(rows, {"metric": "metric", "estimate": "estimate"}, key)  # type: ignore[arg-type]

    def shown(rows: pd.DataFrame) -> pd.DataFrame:
        app = AppTest.from_function(script, args=(rows, "a table of this test"), default_timeout=60).run()
        (found,) = app.dataframe
        value: pd.DataFrame = found.value
        return value

    first, again, fewer = shown(rows), shown(rows), shown(rows[1:])
    assert first.equals(again)
    assert made == [len(rows), len(rows) - 1] == [len(first), len(fewer)]
