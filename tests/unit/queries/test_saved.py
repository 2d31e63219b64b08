"""Questions by name, views in place, and the plain SQL of both."""

from __future__ import annotations

import pytest

from assay.errors import InputError
from assay.serving.queries import plan, saved, statement, translation, views


def test_a_question_is_found_by_its_name() -> None:
    assert saved.text(" decisions ") == saved.questions()["decisions"].sql
    assert saved.text("SELECT 1") == "SELECT 1"
    with pytest.raises(
        InputError, match=r"no question 'decison'; did you mean 'decisions'\? \(`assay query --list`"
    ):
        saved.text("decison")


def test_every_question_is_plain_and_has_a_sentence() -> None:
    for each in (*saved.questions().values(), *saved.views().values()):
        assert each.question[0].isupper()
        assert each.question[-1] in "?."
        assert "{{" not in each.sql


def test_a_view_is_made_in_athena_by_one_statement() -> None:
    made = saved.creating(saved.views()["canary_rates"])
    comment, create, select, *_ = made.splitlines()
    assert comment.startswith("-- How often")
    assert (create, select) == ("CREATE OR REPLACE VIEW gold.canary_rates AS", "WITH counted AS (")


def test_views_are_put_in_where_they_are_named() -> None:
    query = statement.parse(
        "SELECT l.metric FROM gold.latest_results AS l "
        "JOIN gold.canary_rates ON canary_rates.metric = l.metric"
    )
    found = views.inline(query)
    assert set(translation.tables(found)) == {("gold", "certificates"), ("gold", "experiment_results")}
    assert ") AS l" in found.sql("athena")
    assert ") AS canary_rates" in found.sql("athena")
    assert "gold.latest_results" in query.sql("athena")  # the query itself is left as it was


def test_a_query_without_views_keeps_its_text() -> None:
    sql = "SELECT  1  AS one FROM gold.runs -- as typed"
    assert plan.plain(sql) == sql
    assert "gold.latest_results" not in plan.plain("SELECT metric FROM gold.latest_results")


def test_what_is_no_query_is_refused_before_anything_else() -> None:
    with pytest.raises(InputError, match="DROP is not a query"):
        plan.plain("DROP TABLE gold.runs")
    with pytest.raises(InputError, match="nests too deep"):
        plan.parsed("SELECT " + "(" * 5000 + "1" + ")" * 5000)
