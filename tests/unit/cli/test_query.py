"""`assay query` without a stack: what can be asked, refusals, and every format of an answer."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from assay.cli.main import app
from assay.local import stack
from assay.local.trino import server
from assay.serving import queries
from assay.serving.queries import athena, saved, trino

ANSWER = pa.table({"n": [1, None], "name": ["[gold]", "b"]})


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["query", *arguments])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "state"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """What each engine was asked; each gives the same answer."""
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def engine(name: str) -> Any:
        def ask(*given: Any, **options: Any) -> pa.Table:
            calls.append((name, given, options))
            return ANSWER

        return ask

    monkeypatch.setattr(stack, "environment", dict)
    monkeypatch.setattr(server, "url", lambda: "http://127.0.0.1:8080")
    monkeypatch.setattr(queries, "query", engine("duckdb"))
    monkeypatch.setattr(trino, "query", engine("trino"))
    monkeypatch.setattr(athena, "query", engine("athena"))
    return calls


def test_the_list_has_every_question_and_view() -> None:
    found = assay("--list").stdout
    assert all(name in found for name in (*saved.questions(), *saved.views()))


def test_macros_are_listed_with_what_they_read() -> None:
    found = assay("--macros")
    assert "difference_of_means" in found.stdout
    assert "m2_control" in found.stdout
    assert "{{macro(relation)}}" in found.stderr


def test_expanded_sql_is_plain() -> None:
    assert assay("canaries", "--expand").stdout.rstrip() == saved.questions()["canaries"].sql.rstrip()
    assert "gold.canary_rates" not in assay("SELECT method FROM gold.canary_rates", "--expand").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no question was given; name one of `assay query --list`"),
        (["decison"], "did you mean 'decisions'?"),
        (["SELECT 1", "--json", "-f", "csv"], "--json and --format exclude each other; leave one out"),
        (["SELECT 1", "--max-scan", "lots"], "--max-scan is 'lots'; write a size above 0"),
        (["SELECT 1", "-e", "athena", "--max-scan", "1GB"], "Athena's limit is its workgroup's"),
        (["SELECT 1", "--workgroup", "w"], "--workgroup is 'w'; it is for --engine athena only"),
        (["SELECT 1"], "the local stack is not running: start it with `assay up`"),
        (["DROP TABLE gold.runs"], "DROP is not a query"),
        (["SELECT * FROM {{shar(t)}}"], "there is no macro 'shar'; did you mean 'share'?"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(arguments: list[str], said: str) -> None:
    found = assay(*arguments)
    assert found.exit_code == 2
    assert said in found.stderr
    assert found.stdout == ""


def test_every_format_says_the_same(asked: list[Any]) -> None:
    rows = [{"n": 1, "name": "[gold]"}, {"n": None, "name": "b"}]
    assert json.loads(assay("SELECT 1", "-f", "json").stdout) == rows
    assert list(csv.DictReader(io.StringIO(assay("SELECT 1", "-f", "csv").stdout))) == [
        {"n": "1", "name": "[gold]"}, {"n": "", "name": "b"},
    ]  # fmt: skip
    assert pq.read_table(io.BytesIO(assay("SELECT 1", "-f", "parquet").stdout_bytes)) == ANSWER
    assert "[gold]" in assay("SELECT 1").stdout
    assert len(asked) == 4


def test_bytes_are_not_written_to_a_terminal(monkeypatch: pytest.MonkeyPatch, asked: list[Any]) -> None:
    from assay.cli import show_queries
    from assay.errors import InputError

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with pytest.raises(InputError, match=r"send them to a file: \.\.\. > answer\.parquet"):
        show_queries.check("parquet")
    show_queries.check("csv")
    assert asked == []


def test_each_engine_is_asked_with_its_own_limit(asked: list[Any]) -> None:
    assay("decisions", "--max-scan", "1MB")
    assay("decisions", "--engine", "trino")
    assay("decisions", "--engine", "athena", "--workgroup", "mine")
    sql = saved.questions()["decisions"].sql
    assert asked == [
        ("duckdb", (sql,), {"most": 1_000_000}),
        ("trino", (sql, "http://127.0.0.1:8080"), {"most": 10 * 2**30}),
        ("athena", (sql,), {"workgroup": "mine"}),
    ]


def test_a_trino_is_started_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    running = SimpleNamespace(parameters_url="http://127.0.0.1:1")
    monkeypatch.setattr(stack, "up", lambda: running)
    monkeypatch.setattr(stack, "status", list)
    monkeypatch.setattr(server, "up", started.append)
    assert CliRunner().invoke(app, ["up"]).exit_code == 0
    assert started == []
    found = CliRunner().invoke(app, ["up", "--trino"])
    assert "assay query decisions --engine trino" in found.stdout
    assert started == [running]
