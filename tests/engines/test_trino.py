# ruff: noqa: E501 - SQL as it is written
"""Every question, view and macro on a real Trino and on DuckDB, over three weeks of the default blueprint."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa
import pytest

from assay.errors import InputError
from assay.local import stack
from assay.local.trino import artifacts, server
from assay.serving import queries
from assay.serving.api import resources, tables
from assay.serving.api.resources import Resource
from assay.serving.queries import macros, saved, trino
from engines.compare import differences
from engines.page import Asked, keep
from faults.harness import Place

pytestmark = pytest.mark.slow
WEEKS = 3
# Nothing failed, no segment was declared and nothing is final but canaries: these have nothing to say here.
EMPTY = frozenset({"breaks", "certificates", "failures", "segments"})
FILTERS = {
    "experiments": ("final", "canary"),
    "results": ("experiment", "metric", "segment", "contrast", "method", "as_of", "final"),
    "certificates": ("method", "metric", "verdict", "kind", "certificate_id"),
    "assets": ("exchange",),
    "prices": ("asset", "since", "until"),
    "runs": ("week", "state"),
    "jobs": ("run",),
}
MEANS = "n_control, mean_control, m2_control, n_treatment, mean_treatment, m2_treatment, alpha"
RATIO = ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd")
RELATIONS = {
    "difference_of_means": f"(VALUES (1000, 1e0, 900e0, 1100, 1.1e0, 990e0, 0.05e0), "
    f"(40, 2e0, 50e0, 41, 2.9e0, 44e0, 0.01e0), (500000, 7e0, 1e6, 500000, 7.05e0, 1e6, 0.05e0)) AS v({MEANS})",
    "difference_of_ratios": "(VALUES (1000, 9e0, 8e3, 3e0, 2e3, 3e3, 1010, 9.4e0, 8.1e3, 3.02e0, 2.1e3, 3.1e3, 0.05e0)) "
    f"AS v({', '.join(f'{name}_{arm}' for arm in ('control', 'treatment') for name in RATIO)}, alpha)",
    "difference_of_proportions": "(VALUES (0, 10, 3, 12, 0.05e0), (120, 1000, 180, 1010, 0.01e0)) "
    "AS v(successes_control, n_control, successes_treatment, n_treatment, alpha)",
    "normal": "(VALUES 0e0, 1.96e0, -3e0, 4.5e0, 8e0, -20e0) AS v(z)",
    "share": "(VALUES (0, 10, 0.05e0), (10, 10, 0.05e0), (3, 40, 0.01e0)) AS v(successes, n, alpha)",
    "student_t": "(VALUES (0e0, 25e0, 0.05e0), (2e0, 100e0, 0.01e0), (-7e0, 1e6, 0.001e0)) AS v(statistic, df, alpha)",
}  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Trino over a lake of its own; this process's engines read it, too."""
    place = Place(tmp_path_factory.mktemp("trino") / ".assay")
    place.assay("run", "--weeks", str(WEEKS))
    with place.used(), pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment().items():
            patch.setenv(name, value)
        yield server.up(stack.require_running())
    place.assay("reset", "--yes")


def timed(ask: Callable[[], pa.Table]) -> tuple[pa.Table, float]:
    """The second answer, and its seconds: the first reads what both engines keep from then on."""
    ask()
    began = time.perf_counter()
    answer = ask()
    return answer, time.perf_counter() - began


def asked(kind: str, name: str, question: str, sql: str, url: str) -> Asked:
    here, duck = timed(lambda: queries.query(sql))
    there, other = timed(lambda: trino.query(sql, url))
    return Asked(kind, name, question, here.num_rows, duck, other, differences(here, there))


def test_both_engines_give_the_same_answers(url: str) -> None:
    suite = [
        asked("question", name, each.question, each.sql, url) for name, each in saved.questions().items()
    ]
    suite += [
        asked("view", f"gold.{name}", each.question, f"SELECT * FROM gold.{name}", url)
        for name, each in saved.views().items()
    ]
    for name, each in macros.every().items():
        sql = f"WITH given AS (SELECT * FROM {RELATIONS[name]}) SELECT * FROM {{{{{name}(given)}}}}"
        suite.append(asked("macro", name, each.what, sql, url))
    keep(suite, setting())
    assert {each.name: each.differs for each in suite if each.differs} == {}
    assert {each.name for each in suite if each.rows == 0} <= EMPTY


def setting() -> str:
    lake = f"{WEEKS} weeks of the default blueprint"
    cores = os.cpu_count()
    return (
        f"DuckDB {duckdb.__version__} and Trino {artifacts.VERSION} on {lake}, {platform.machine()} with {cores} "
        f"cores; each text was asked twice, and the second time is shown."
    )


def test_functions_that_are_imitated_are_those_of_trino(url: str) -> None:
    sql = (
        "SELECT normal_cdf(0, 1, -1.5e0) AS a, normal_cdf(1, 2, 9e0) AS b, inverse_normal_cdf(0, 1, 0.025e0) AS c, "
        "max_by(x, y) AS d, min_by(x, y) AS e FROM (VALUES (CAST(NULL AS bigint), 2), (1, 1), (NULL, 0)) AS t(x, y)"
    )
    assert differences(queries.query(sql), trino.query(sql, url), 1e-14) == []


def test_times_and_money_come_through(url: str) -> None:
    sql = "SELECT trade_id, customer_id, asset, price, notional, traded_at FROM silver.trades WHERE trade_id % 50 = 0"
    assert differences(queries.query(sql), trino.query(sql, url)) == []


def test_bad_input_is_one_sentence(url: str) -> None:
    for sql, said in (
        ("SELECT 1 / (SELECT count(*) - count(*) FROM gold.runs)", "the query divides by zero"),
        ("SELECT * FROM gold.run", "there is no table 'gold.run'; did you mean 'gold.runs'"),
        ("SELECT no_such_function(week) FROM gold.runs", "Trino refuses the query: .*no_such_function"),
    ):
        with pytest.raises(InputError, match=said):
            trino.query(sql, url)
    with pytest.raises(InputError, match="would read about"):
        trino.query("SELECT * FROM silver.trades", url, most=1000)


@pytest.mark.parametrize("resource", resources.EVERY, ids=lambda resource: resource.name)
def test_the_api_asks_athena_what_it_asks_duckdb(url: str, resource: Resource) -> None:
    """A state by its snapshot, values bound: Athena binds `ExecutionParameters` as Trino does `USING`."""
    newest = tables.state(resource.table).newest
    given = {
        name: {"as_of": "2026-01-12", "week": "2026-01-05", "since": "2026-01-05", "until": "2026-01-09"}.get(
            name, "false" if name in ("final", "canary") else "o'clock"
        )
        for name in FILTERS[resource.name]
    }
    for filters in ({}, *({name: value} for name, value in given.items()), given):
        statement = resource.statement(filters, offset=1, most=7)
        sql = statement.of(f"gold.{resource.table} FOR VERSION AS OF {newest}").replace("'", "''")
        bound = ", ".join(f"'{value.replace(chr(39), 2 * chr(39))}'" for value in statement.values)
        there = trino.run(f"EXECUTE IMMEDIATE '{sql}'" + (f" USING {bound}" if bound else ""), url)
        here = queries.query(
            statement.of(f"gold.{resource.table}"),
            values=statement.values,
            at={("gold", resource.table): newest},
        )
        assert differences(here, there) == []
        assert here.num_rows > 0 or filters


def test_views_can_be_made_as_their_saved_queries_say(url: str) -> None:
    """The statement parses on Trino; this server may only read, which is what it says."""
    for view in saved.views().values():
        with pytest.raises(InputError, match="Access Denied"):
            trino.run(saved.creating(view), url)
