# ruff: noqa: E501 - tables of cases
"""What reads gold, over real Iceberg tables: answers, pages, states, refusals."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, get_type_hints
from urllib.parse import quote

import httpx
import pytest
from pydantic import TypeAdapter
from pyiceberg.catalog import Catalog

from assay.client import records
from assay.errors import InputError, TerminalError, TransientError
from assay.lake.contracts import Contract
from assay.serving import queries
from assay.serving.api import answers, engines, examples, tables, tokens, workflow
from assay.serving.api.app import app
from assay.serving.api.resources import CONDITIONS, EVERY, Statement

from . import lake
from .calling import asking, problem

LISTS = {
    "/v1/experiments": records.Experiment,
    "/v1/experiments/button_colour/results": records.Result,
    "/v1/certificates": records.Certificate,
    "/v1/assets": records.Asset,
    "/v1/assets/DAX/prices": records.Price,
    "/v1/runs": records.Run,
}
READ_TABLES = {records.Result: "experiment_results", records.Certificate: "certificates", records.Price: "asset_daily"}  # fmt: skip


@pytest.fixture(scope="module")
def made(emulator: str) -> Iterator[Catalog]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _environment(emulator).items():
            patch.setenv(name, value)
        place = lake.make()
        yield place
        for name in lake.TABLES:
            lake.drop(place, name)


@pytest.fixture
def place(made: Catalog, emulator: str, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    for name, value in _environment(emulator).items():
        monkeypatch.setenv(name, value)
    answers.forget()
    return made


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(tokens.VARIABLE, str(tmp_path / "tokens.json"))
    return tokens.make(tmp_path / "tokens.json", "test")


@pytest.fixture
def api(place: Catalog, token: str) -> Iterator[httpx.Client]:
    assert place
    with asking(token) as client:
        yield client


def _environment(emulator: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": emulator, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }  # fmt: skip


def every(api: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """All rows of all pages."""
    page = api.get(path, params=query).json()
    items = list(page["items"])
    while page["next"] is not None:
        page = api.get(page["next"]).json()
        items += page["items"]
    return items


# -- what it says -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", READ_TABLES, ids=lambda record: record.__name__)
def test_a_record_has_the_columns_of_its_contract(record: type[records.Record]) -> None:
    contract = Contract.load(f"gold.{READ_TABLES[record]}")
    names = ["run" if each.name == "_run_id" else each.name for each in contract.fields]
    hints = get_type_hints(record)
    assert [each.name for each in fields(record)] == names  # type: ignore[arg-type]
    optional = {
        name for name, hint in hints.items() if isinstance(hint, UnionType) or hint == tuple[str, ...]
    }
    assert optional == {name for name, each in zip(names, contract.fields, strict=True) if not each.required}


@pytest.mark.long
@pytest.mark.parametrize(("path", "record"), LISTS.items())
def test_a_list_has_every_row_once_in_order_whatever_the_page(
    api: httpx.Client, path: str, record: type[records.Record]
) -> None:
    at_once = every(api, path, limit=500)
    assert at_once
    for limit in (1, 3):
        assert every(api, path, limit=limit) == at_once
    read = TypeAdapter(list[record]).validate_python(at_once)  # type: ignore[valid-type]
    assert len(set(read)) == len(read)


def test_results_are_what_gold_holds(api: httpx.Client) -> None:
    sql = "SELECT * FROM gold.experiment_results WHERE experiment = 'button_colour' ORDER BY as_of, metric, method"
    rows = queries.query(sql).to_pylist()
    found = TypeAdapter(list[records.Result]).validate_python(
        every(api, "/v1/experiments/button_colour/results")
    )
    assert len(found) == len(rows) > 1
    for one, row in zip(found, rows, strict=True):
        told = {
            "_run_id" if name == "run" else name: getattr(one, name)
            for name in [each.name for each in fields(one)]
        }
        assert told == {name: value if _is_finite(value) else None for name, value in row.items()}


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def test_an_experiment_is_told_by_its_newest_look(api: httpx.Client) -> None:
    rows = [row for row in lake.results() if row["experiment"] == "button_colour"]
    found = api.get("/v1/experiments/button_colour").json()
    newest = max(row["as_of"] for row in rows)
    assert found == {
        "experiment": "button_colour",
        "as_of": newest.isoformat(),
        "first_as_of": min(row["as_of"] for row in rows).isoformat(),
        "looks": len({row["as_of"] for row in rows}),
        "final": any(row["final"] for row in rows if row["as_of"] == newest),
        "srm": any(row["srm"] for row in rows if row["as_of"] == newest),
        "metrics": sorted({row["metric"] for row in rows}),
        "contrasts": len({row["contrast"] for row in rows}),
    }
    assert found in every(api, "/v1/experiments")


def test_filters_leave_what_they_say(api: httpx.Client) -> None:
    path, rows = "/v1/experiments/button_colour/results", lake.results()
    mine = [row for row in rows if row["experiment"] == "button_colour"]
    day = mine[0]["as_of"]
    assert len(every(api, path, as_of=day)) == sum(row["as_of"] == day for row in mine) > 0
    for final in (True, False):
        assert len(every(api, path, final=final)) == sum(row["final"] is final for row in mine)
    metric = mine[0]["metric"]
    found = every(
        api, path, metric=metric, segment="all", method=mine[0]["method"], contrast=mine[0]["contrast"]
    )
    assert {each["metric"] for each in found} == {metric}
    canaries = {row["experiment"] for row in rows if row["experiment"].startswith("canary_")}
    assert {each["experiment"] for each in every(api, "/v1/experiments", canary=True)} == canaries
    assert not canaries & {each["experiment"] for each in every(api, "/v1/experiments", canary=False)}
    assert {each["verdict"] for each in every(api, "/v1/certificates", verdict="liberal")} == {"liberal"}
    assert [each["asset"] for each in every(api, "/v1/assets", exchange="XETR")] == ["DAX", "^GSPC"]
    prices = every(api, "/v1/assets/BTC/prices", since="2026-01-07", until="2026-01-08")
    assert [each["day"] for each in prices] == ["2026-01-07", "2026-01-08"]
    week = lake.runs()[0]["week"]
    assert {each["week"] for each in every(api, "/v1/runs", week=week)} == {week.isoformat()}
    assert {each["state"] for each in every(api, "/v1/runs", state="SUCCEEDED")} == {"SUCCEEDED"}


def test_no_filter_is_forgotten(api: httpx.Client) -> None:
    """Every parameter of the description but `limit` and `cursor` has a condition, and none is left over."""
    described = {
        each["name"]
        for path in app.openapi()["paths"].values()
        for method in path.values()
        for each in method.get("parameters", ())
        if {"read", "runs"} & set(method.get("tags", ()))
    }
    assert described - {"limit", "cursor"} == CONDITIONS.keys()
    assert api


def test_money_loses_no_digit_and_an_unknown_number_is_null(api: httpx.Client) -> None:
    (asset,) = [each for each in every(api, "/v1/assets") if each["asset"] == "DAX"]
    assert asset["traded_value"] == "123456789012345678901.20"
    assert asset["close"] == "19.2500"  # the last day has none
    (price, *_) = every(api, "/v1/assets/DAX/prices")
    assert (price["sources"], price["dissenting"]) == (["closes_legacy", "closes_api"], [])
    assert api.get("/v1/certificates/aa-0000000000000000").json()["power"] is None


@pytest.mark.parametrize("name", ["EXPERIMENT", "RESULT", "CERTIFICATE", "ASSET", "PRICE", "RUN", "PROGRESS"])
def test_an_example_is_one(name: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(getattr(records, name.capitalize()))
    example = getattr(examples, name)
    assert adapter.dump_python(adapter.validate_python(example), mode="json") == example


# -- states -----------------------------------------------------------------------------------------------


def test_pages_are_of_one_state_while_something_is_written(api: httpx.Client, place: Catalog) -> None:
    before = every(api, "/v1/certificates", limit=500)
    first = api.get("/v1/certificates", params={"limit": 5})
    # Rows that sort before, between and behind those of the first page.
    lake.append(
        place,
        "certificates",
        [row | {"certificate_id": f"{c}-new"} for c, row in zip("0az", lake.certificates(3), strict=True)],
    )
    items, page = first.json()["items"], first.json()
    while page["next"] is not None:
        answer = api.get(page["next"])
        assert answer.headers["etag"] == first.headers["etag"]
        page = answer.json()
        items += page["items"]
    assert items == before
    after = every(api, "/v1/certificates", limit=500)
    assert len(after) == len(before) + 3


def test_who_has_a_state_is_told_so_and_nothing_is_read(
    api: httpx.Client, place: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (*LISTS, "/v1/experiments/button_colour"):
        table = {"certificates": "certificates", "assets": "asset_daily", "runs": "runs"}.get(
            path.split("/")[2], "experiment_results"
        )
        tag = api.get(path).headers["etag"]
        answers.forget()
        with monkeypatch.context() as patch:
            patch.setattr(engines, "chosen", lambda: pytest.fail("the data were read"))
            for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
                answer = api.get(path, headers={"If-None-Match": known})
                assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert api.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
        place.load_table(f"gold.{table}").append(lake.pa.Table.from_pylist([], schema=lake.schema(table)))
        again = api.get(path, headers={"If-None-Match": tag})
        assert again.status_code == 200
        assert again.headers["etag"] != tag


def test_what_was_not_published_cannot_be_read(api: httpx.Client, place: Catalog) -> None:
    page = api.get("/v1/certificates", params={"limit": 1}).json()
    table = place.load_table("gold.certificates")
    main = table.current_snapshot()
    assert main is not None
    table.manage_snapshots().create_branch(snapshot_id=main.snapshot_id, branch_name="audit").commit()
    hidden = lake.pa.Table.from_pylist(lake.certificates(1), schema=lake.schema("certificates"))
    table.append(hidden, branch="audit")
    (branch,) = {each.snapshot_id for each in place.load_table("gold.certificates").snapshots()} - {
        each.snapshot_id for each in table.snapshots()
    } or {place.load_table("gold.certificates").refs()["audit"].snapshot_id}
    assert branch not in tables.state("certificates").kept
    forged = page["next"].replace(page["next"].split("cursor=")[1].split(".")[0], f"{branch:x}")
    assert problem(api.get(forged)) == (
        410,
        "the state that this cursor reads is gone; begin without a cursor",
    )


def test_a_lake_without_tables_is_empty(api: httpx.Client, place: Catalog) -> None:
    lake.drop(place, "runs")
    try:
        answer = api.get("/v1/runs")
        assert answer.json() == {"items": [], "next": None}
        assert api.get("/v1/runs", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
        lake.table(place, "runs")
        assert api.get("/v1/runs").json() == {"items": [], "next": None}
    finally:
        lake.table(place, "runs")
        lake.append(place, "runs", lake.runs())


def test_a_crowd_asks_an_engine_once(api: httpx.Client, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api
    asked, begun = [], threading.Event()

    def slow(statement: Statement, snapshot: int) -> list[engines.Row]:
        asked.append(statement)
        begun.wait(5)
        return engines.duckdb(statement, snapshot)

    monkeypatch.setattr(engines, "chosen", lambda: slow)

    def call(_: int) -> httpx.Response:
        with asking(token) as client:
            return client.get("/v1/assets")

    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(call, number) for number in range(8)]
        while not asked:
            pass
        begun.set()
        found = {each.result().content for each in calls}
    assert (len(asked), len(found)) == (1, 1)


# -- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/experiments/nobody", 404, "there is no experiment 'nobody'"),
        ("/v1/experiments/nobody/results", 404, "there is no experiment 'nobody'"),
        ("/v1/certificates/nobody", 404, "there is no certificate 'nobody'"),
        ("/v1/assets/NIL/prices", 404, "there is no asset 'NIL'"),
        ("/v1/experiments?limit=0", 422, "query.limit: Input should be greater than or equal to 1"),
        ("/v1/experiments?limit=501", 422, "query.limit: Input should be less than or equal to 500"),
        ("/v1/experiments?limit=many", 422, "query.limit: Input should be a valid integer"),
        ("/v1/experiments?canery=true", 422, "query.canery: Extra inputs are not permitted"),
        ("/v1/experiments?cursor=x", 422, "query.cursor: String should match pattern"),
        ("/v1/experiments?cursor=1.0.0000000000000000", 422, "query.cursor: it is of another question"),
        ("/v1/assets/DAX/prices?since=yesterday", 422, "query.since: Input should be a valid date"),
        ("/v1/certificates?verdict=fine", 422, "query.verdict: Input should be 'holds', 'liberal' or 'con"),
        ("/v1/experiments/a%20b", 422, "path.experiment: String should match pattern"),
        ("/v2/experiments", 404, "Not Found"),
    ],
)
def test_problems(api: httpx.Client, path: str, status: int, said: str) -> None:
    code, detail = problem(api.get(path))
    assert code == status
    assert detail.startswith(said)


def test_a_filter_that_leaves_nothing_is_an_empty_page(api: httpx.Client) -> None:
    answer = api.get("/v1/experiments/button_colour/results", params={"segment": "O'Brien; DROP TABLE x --"})
    assert answer.json() == {"items": [], "next": None}


def test_a_cursor_of_another_filter_is_refused(api: httpx.Client) -> None:
    following = api.get("/v1/certificates", params={"limit": 1}).json()["next"]
    assert problem(api.get(f"{following}&method=welch"))[0] == 422
    assert api.get(following).status_code == 200


@pytest.mark.parametrize(
    "name", ["'", '"', "';--", "a' OR '1'='1", "../x", "%00", "a\nb", "?", "{table}", "x" * 200]
)
def test_hostile_names_are_no_sql(api: httpx.Client, name: str) -> None:
    for path in (
        "/v1/experiments/{}",
        "/v1/experiments/{}/results",
        "/v1/assets/{}/prices",
        "/v1/certificates/{}",
    ):
        assert api.get(path.format(quote(name, safe=""))).status_code in {404, 422}
    for path, parameter in (("/v1/certificates", "method"), ("/v1/assets", "exchange")):
        assert api.get(path, params={parameter: name}).status_code in {200, 422}
    answer = api.get("/v1/experiments/button_colour/results", params={"contrast": name})
    assert answer.status_code == 422 or answer.json()["items"] == []


def test_nobody_who_is_not_known_is_answered(place: Catalog, token: str) -> None:
    assert place
    guarded = [
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method, told in methods.items()
        if "security" in told
    ]
    assert len(guarded) == 10
    for shown in (None, "", "wrong", token[:-1], token.upper(), "assay_ü"):
        with asking() as client:
            for method, path in guarded:
                headers = {} if shown is None else {"Authorization": f"Bearer {shown}".encode()}
                answer = client.request(method, path, headers=headers)  # type: ignore[arg-type]
                code, detail = problem(answer)
                assert (code, answer.headers["www-authenticate"]) == (401, "Bearer")
                assert "assay api token NAME" in detail
    with asking() as client:
        assert client.get("/v1/assets", headers={"Authorization": f"bearer {token}"}).status_code == 200
        assert client.get("/v1/status").status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [(TransientError("10.0.0.7 is down"), 503), (TerminalError("denied to role r"), 500)],
)
def test_what_goes_wrong_behind_is_not_told_and_not_kept(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail(*_: object) -> list[engines.Row]:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(engines, "chosen", lambda: fail)
        code, detail = problem(api.get("/v1/assets"))
    assert code == status
    assert str(error) not in detail
    assert api.get("/v1/assets").status_code == 200


def test_a_question_that_fails_is_the_operators_fault(place: Catalog) -> None:
    assert place
    statement = Statement("runs", "SELECT nothing FROM {table}", ())
    with pytest.raises(TerminalError, match="there is no column 'nothing'") as caught:
        engines.duckdb(statement, tables.state("runs").newest)
    assert not isinstance(caught.value, InputError)


def test_an_order_is_total(place: Catalog) -> None:
    """No two rows of a list are alike in what it is ordered by: else a page could miss one."""
    assert place
    for resource in EVERY:
        columns = resource.order.replace(" DESC", "")
        statement = resource.statement({}, most=10_000)
        sql = f"SELECT count(*) AS n, count(DISTINCT ROW({columns})) AS keys FROM ({statement.of(f'gold.{resource.table}')}) AS t"
        if resource.name == "jobs":
            sql = sql.replace(f"ROW({columns})", f"ROW(run, {columns})")
        (row,) = queries.query(sql).to_pylist()
        assert row["n"] == row["keys"] > 0, resource.name


def test_a_run_that_the_workflow_does_not_know_is_read_from_gold(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "find", lambda _: None)
    rows = [row for row in lake.runs() if row["run_id"] == lake.runs()[0]["run_id"]]
    found = TypeAdapter(records.Progress).validate_python(api.get(f"/v1/runs/{rows[0]['run_id']}").json())
    assert {(job.job, job.state, job.started_at) for job in found.jobs} == {
        (row["job"], row["state"], row["started_at"]) for row in rows
    }
    assert (found.started_at, found.state) == (min(row["started_at"] for row in rows), "SUCCEEDED")
    assert problem(api.get("/v1/runs/nobody")) == (404, "there is no run 'nobody'")


def test_the_oldest_answers_are_given_up() -> None:
    answers.forget()
    made: list[int] = []

    def ask(number: int) -> bytes:
        def make() -> bytes:
            made.append(number)
            return b"%d" % number

        return answers.kept(number, make)

    for number in range(answers.MOST):
        ask(number)
    assert (ask(0), len(made)) == (b"0", answers.MOST)
    ask(answers.MOST)  # there is no room but that of 1: 0 was asked for since
    assert (ask(0), ask(1), len(made)) == (b"0", b"1", answers.MOST + 2)
