"""A run of a source on a real S3 interface: landed as a whole or not at all, and nothing twice or never."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import boto3
import pytest

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.sources.fetch import Fetched
from assay.sources.landing import Landing

from .lab import Answer, Lab, Site

DAYS = [{"day": f"2026-01-{n:02}", "close": n + 0.25} for n in range(1, 31)]


def secret(name: str, **values: object) -> None:
    boto3.client("secretsmanager").create_secret(
        Name=f"assay/sources/{name}", SecretString=json.dumps(values)
    )


# -- what lands ----------------------------------------------------------------------------------
def test_rows_land_as_texts_with_what_else_came_and_where_from(lab: Lab, site: Site) -> None:
    site.put("/DAX", Answer(b'[{"day": "2026-01-05", "close": 1234567890123456.10, "Bid-Ask": {"a": [1]}}]'))
    lab.rest(site)
    assert lab.fetch() == Fetched("exchange", rows=1, parts=1, requests=1, again=0)
    (row,) = lab.rows()
    assert row["close"] == "1234567890123456.10"  # a float would have lost the cents
    assert (row["Op"], row["asset"], row["day"]) == ("I", "DAX", "2026-01-05")
    assert json.loads(row["_more"]) == {"bid_ask": '{"a":[1]}'}
    assert row["_from"] == f"{site.url}/DAX"
    assert len(row["change_seq"]) == 35


def test_columns_are_found_by_their_paths(lab: Lab, site: Site) -> None:
    records = [
        {"on": "2026-01-05", "price": {"close": 1.5, "open": 1}},
        {"on": "2026-01-06", "price": 2},
        {"on": "2026-01-07"},
    ]
    site.put("/DAX", Answer(records))
    lab.rest(site, columns={"day": "on", "close": "price.close"})
    lab.fetch()
    assert [(row["day"], row["close"]) for row in lab.rows()] == [
        ("2026-01-05", "1.5"),
        ("2026-01-06", None),
        ("2026-01-07", None),
    ]


def test_the_first_run_begins_where_it_is_declared(lab: Lab, site: Site) -> None:
    site.put("/DAX", Answer(DAYS))
    lab.rest(site, since={"column": "day", "query": "from", "first": "2026-01-01"})
    lab.fetch()
    assert site.asked[0][1] == {"from": "2026-01-01"}


def test_only_what_is_new_is_asked_for_by_each_part_of_its_own(lab: Lab, site: Site) -> None:
    site.put("/DAX", Answer(DAYS[:10]), Answer(DAYS[7:12]))
    site.put("/SMI", Answer([]), Answer(DAYS[:3]))
    since = {"column": "day", "query": "from", "lag": 3}
    lab.rest(site, each={"asset": ["DAX", "SMI"]}, since=since, limits={"per_second": 1000, "parallel": 2})
    lab.fetch()
    lab.fetch()
    asked = sorted((path, query.get("from", "")) for path, query, _ in site.asked)
    assert asked == [("/DAX", ""), ("/DAX", "2026-01-07"), ("/SMI", ""), ("/SMI", "")]
    rows = lab.rows()
    assert len(rows) == 10 + 5 + 3
    numbers = [row["change_seq"] for row in rows]
    assert numbers == sorted(set(numbers))  # a row that comes again is younger
    site.put("/DAX", Answer(DAYS))
    assert lab.fetch(full=True).rows == 33
    assert site.asked[-2][1] == site.asked[-1][1] == {}


def test_a_run_without_news_writes_nothing_that_grows(lab: Lab, site: Site) -> None:
    site.put("/DAX", Answer(DAYS), Answer([]))
    lab.rest(site, since={"column": "day", "query": "from"})
    lab.fetch()
    before = keys(lab.landing)
    assert lab.fetch().rows == 0
    assert keys(lab.landing) == before


def keys(landing: Landing) -> list[str]:
    found = landing.client.list_objects_v2(Bucket=landing.bucket).get("Contents", [])
    return sorted(each["Key"] for each in found)


# -- pages ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("pages", "answers", "asked"),
    [
        (
            {"by": "link", "at": "next"},
            [{"items": DAYS[:10], "next": "/DAX?p=2"}, {"items": DAYS[10:], "next": None}],
            [{}, {"p": "2"}],
        ),
        (
            {"by": "cursor", "query": "after", "at": "next.cursor"},
            [{"items": DAYS[:10], "next": {"cursor": "x"}}, {"items": DAYS[10:], "next": {}}],
            [{}, {"after": "x"}],
        ),
        (
            {"by": "number", "query": "page", "at": "pages"},
            [{"items": DAYS[:10], "pages": 2}, {"items": DAYS[10:], "pages": 2}],
            [{"page": "1"}, {"page": "2"}],
        ),
        (
            {"by": "offset", "query": "skip", "size": 10, "size_query": "n", "at": "total"},
            [{"items": DAYS[n : n + 10], "total": 30} for n in (0, 10, 20)],
            [{"skip": "0", "n": "10"}, {"skip": "10", "n": "10"}, {"skip": "20", "n": "10"}],
        ),
    ],
)
def test_pages_are_followed(
    lab: Lab, site: Site, pages: dict[str, object], answers: list[object], asked: list[dict[str, str]]
) -> None:
    site.put("/DAX", *map(Answer, answers))
    lab.rest(site, records="items", pages=pages)
    assert lab.fetch().rows == 30
    assert [query for _, query, _ in site.asked] == asked
    assert lab.days() == [("DAX", each["day"]) for each in DAYS]


def test_pages_are_followed_by_header(lab: Lab, site: Site) -> None:
    link = {"Link": f'<{site.url}/DAX?p=2>; rel="next"'}
    site.put("/DAX", Answer(DAYS[:10], headers=link), Answer(DAYS[10:]))
    lab.rest(site, pages={"by": "header"})
    assert lab.fetch().rows == 30


# -- who asks ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("auth", "values", "header", "shown"),
    [
        ({"by": "bearer"}, {"token": "t-1"}, "Authorization", "Bearer t-1"),
        ({"by": "header", "header": "X-Key"}, {"token": "t-1"}, "X-Key", "t-1"),
        ({"by": "basic"}, {"username": "u", "password": "p"}, "Authorization", "Basic dTpw"),
    ],
)
def test_the_secret_shows_who_asks(
    lab: Lab, site: Site, auth: dict[str, str], values: dict[str, str], header: str, shown: str
) -> None:
    name = f"exchange-{auth['by']}"
    secret(name, url=site.url, **values)
    site.put("/DAX", Answer(DAYS))
    lab.rest(site, url=None, secret=name, auth=auth)
    lab.fetch()
    assert site.asked[0][2][header] == shown


def test_a_token_is_fetched_first(lab: Lab, site: Site) -> None:
    secret("exchange-oauth2", client_id="me", client_secret="s3cret")
    site.put("/token", Answer({"access_token": "t-2", "expires_in": 60}))
    site.put("/DAX", Answer(DAYS))
    lab.rest(site, secret="exchange-oauth2", auth={"by": "oauth2", "url": f"{site.url}/token"})
    lab.fetch()
    assert site.asked[-1][2]["Authorization"] == "Bearer t-2"


def test_a_secret_that_lacks_something_is_told_without_showing_it(lab: Lab, site: Site) -> None:
    secret("exchange-empty", tokn="hush")
    lab.rest(site, secret="exchange-empty", auth={"by": "bearer"})
    with pytest.raises(InputError, match="secret exchange-empty has no text 'token'; put it there") as caught:
        lab.fetch()
    assert "hush" not in caught.value.message


# -- what goes wrong -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (Answer(status=401), TerminalError, "/DAX answers 401, it does not let us in; declare 'auth' and a"),
        (Answer(status=404), TerminalError, "/DAX answers 404, there is nothing; correct 'path' or 'each'"),
        (Answer("bad", status=400), TerminalError, "/DAX answers 400: 'bad'; correct 'path', 'query' or"),
        (Answer(status=429), TransientError, "/DAX answers 429, too many requests; lower"),
        (Answer(status=503), TransientError, "/DAX answers 503 after 3 attempts; run the source again"),
        (
            Answer("<html>Log in"),
            TerminalError,
            "answers text/html, not JSON: '<html>Log in'; has the",
        ),
        (Answer(DAYS, cut=True), TransientError, "did not answer as a whole in 3 attempts"),
        (Answer({"items": []}), TerminalError, "has nothing at 'data.days', it has items; correct 'records'"),
        (Answer({"data": {"days": ["x"]}}), TerminalError, "an item at 'data.days' is a str, not an object"),
        (
            Answer({"data": {"days": [{"day": "2026-01-05", "price": 1}]}}),
            TerminalError,
            "none of 1 records has 'close'; beside known columns they have price; correct 'columns'",
        ),
        (
            Answer(status=302, headers={"Location": "http://localhost:9/x"}),
            TerminalError,
            "leads to another host, localhost:9; if that is right, declare it as the source's url",
        ),
    ],
)
def test_what_came_is_said_and_nothing_is_landed(
    lab: Lab, site: Site, answer: Answer, kind: type[AssayError], sentence: str
) -> None:
    site.put("/DAX", answer)
    lab.rest(site, records="data.days")
    with pytest.raises(kind) as caught:
        lab.fetch()
    assert caught.value.message.startswith("source exchange: ")
    assert sentence in caught.value.message
    assert lab.rows() == []
    assert "\n" not in caught.value.message


def test_what_passes_is_asked_again(lab: Lab, site: Site) -> None:
    site.put("/DAX", Answer(status=503), Answer(DAYS, cut=True), Answer(DAYS))
    lab.rest(site)
    assert lab.fetch() == Fetched("exchange", rows=30, parts=1, requests=3, again=2)
    assert len(lab.days()) == len(set(lab.days())) == 30


def test_nobody_there(lab: Lab, site: Site) -> None:
    lab.rest(site, url="http://127.0.0.1:9", limits={"attempts": 1})
    with pytest.raises(TransientError, match=r"did not answer as a whole in 1 attempts .*; is it up\?"):
        lab.fetch()


def test_too_few_rows_are_an_error(lab: Lab, site: Site) -> None:
    site.put("/DAX", Answer([]))
    lab.rest(site, at_least=1)
    with pytest.raises(TerminalError, match="0 rows came, at_least is 1"):
        lab.fetch()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"columns": {"closs": "close"}},
            "columns: silver.closes has no column 'closs'; did you mean 'close'?",
        ),
        ({"since": {"column": "days", "query": "q"}}, "since.column: silver.closes has no column 'days'"),
        ({"table": "trades"}, "the contract of silver.trades does not say that sources fill it"),
        ({"table": "nothing"}, "no contract for table 'silver.nothing'"),
    ],
)
def test_a_source_must_fit_its_table(lab: Lab, site: Site, fields: dict[str, object], sentence: str) -> None:
    lab.rest(site, **fields)
    with pytest.raises(InputError) as caught:
        lab.fetch()
    assert sentence in caught.value.message
    assert site.asked == []


# -- killed --------------------------------------------------------------------------------------
_KILLED = """
import os, sys
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
from assay.sources.fetch import Place, fetch
from assay.spec.source import named

_, name, bucket = sys.argv
kept = getattr(FilesystemClient, name)
setattr(FilesystemClient, name, lambda *given: (kept(*given), os.kill(os.getpid(), 9)))
fetch(named("exchange"), Place(bucket, "assay/sources/"))
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("after", "counts"),
    [("prepare_load_table", 0), ("_store_current_state", 30), ("_store_load", 30)],
)
def test_killed_anywhere_and_run_again_there_is_every_row_once(
    lab: Lab, site: Site, after: str, counts: int
) -> None:
    """The state is written before the load is marked: what was killed in between counts as landed."""
    site.put("/DAX", Answer(DAYS))
    lab.rest(site, since={"column": "day", "query": "from"})
    command = [sys.executable, "-c", _KILLED, after, lab.landing.bucket]
    died = subprocess.run(command, env=os.environ, check=False, capture_output=True, text=True, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(lab.rows()) == counts
    site.put("/DAX", Answer(DAYS if counts == 0 else DAYS[-1:]))
    lab.fetch()
    assert set(lab.days()) == {("DAX", each["day"]) for each in DAYS}
    assert site.asked[-1][1] == ({} if counts == 0 else {"from": "2026-01-30"})
