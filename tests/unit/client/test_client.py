# ruff: noqa: E501 - tables of cases
"""The client: pages, retries, refusals, notebooks. Against a running API: tests/stack/test_reading_api.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pytest

import assay.client
from assay.client import Client, Rows, records
from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.serving.api import examples

Answer = httpx.Response | Exception
URL, TOKEN = "http://127.0.0.1:8000", "assay_t"


class Server:
    """Answers as written down, and keeps what it was asked and how long one waited."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waited: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, *, token: str | None = TOKEN, url: str = URL) -> Client:
        return Client(url, token, transport=httpx.MockTransport(self), pause=self.waited.append)


def page(*items: object, following: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"items": items, "next": following})


def refusal(status: int, detail: str = "no", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "detail": detail}, headers=headers)


def test_pages_follow_one_another() -> None:
    server = Server(
        page(examples.RESULT, following="/v1/experiments/checkout/results?limit=1&cursor=a.b.c"),
        page(examples.RESULT | {"metric": "other"}),
    )
    found = server.client(url=f"{URL}/").results("checkout", metric="m", final=True, as_of=date(2026, 3, 2))
    assert isinstance(found, Rows)
    assert server.asked == []
    assert [row.metric for row in found] == ["traded_value", "other"]
    first, second = (str(each.url) for each in server.asked)
    assert first == f"{URL}/v1/experiments/checkout/results?metric=m&as_of=2026-03-02&final=true"
    assert second == f"{URL}/v1/experiments/checkout/results?limit=1&cursor=a.b.c"
    assert {each.headers["authorization"] for each in server.asked} == {"Bearer assay_t"}


@pytest.mark.parametrize(
    ("ask", "path", "answer", "kind"),
    [
        (lambda c: list(c.experiments(canary=False)), "/v1/experiments?canary=false", page(examples.EXPERIMENT), list),
        (lambda c: c.experiment("checkout"), "/v1/experiments/checkout", examples.EXPERIMENT, records.Experiment),
        (lambda c: list(c.certificates(verdict="holds")), "/v1/certificates?verdict=holds", page(examples.CERTIFICATE), list),
        (lambda c: c.certificate("aa-1"), "/v1/certificates/aa-1", examples.CERTIFICATE, records.Certificate),
        (lambda c: list(c.assets(exchange="XETR")), "/v1/assets?exchange=XETR", page(examples.ASSET), list),
        (lambda c: list(c.prices("^GSPC", since=date(2026, 1, 5))), "/v1/assets/%5EGSPC/prices?since=2026-01-05", page(examples.PRICE), list),
        (lambda c: list(c.runs.list(state="FAILED")), "/v1/runs?state=FAILED", page(examples.RUN), list),
        (lambda c: c.runs.get("wr_1"), "/v1/runs/wr_1", examples.PROGRESS, records.Progress),
        (lambda c: c.experiment("a/b?c"), "/v1/experiments/a%2Fb%3Fc", examples.EXPERIMENT, records.Experiment),
    ],
)  # fmt: skip
def test_a_question_is_a_path(ask: Callable[[Client], object], path: str, answer: Any, kind: type) -> None:
    server = Server(answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer))
    with server.client() as client:
        found = ask(client)
    assert isinstance(found, kind)
    assert server.asked[0].url.raw_path.decode() == path


def test_values_have_their_types() -> None:
    (asset,) = Server(page(examples.ASSET)).client().assets()
    assert (asset.close, asset.first_day, asset.exchange) == (Decimal("43120.5000"), date(2026, 1, 5), None)
    (run,) = Server(page(examples.RUN)).client().runs.list()
    assert run.started_at == datetime(2026, 3, 2, 3, 15, tzinfo=UTC)


def test_a_newer_server_may_tell_more() -> None:
    (asset,) = Server(page(examples.ASSET | {"colour": "green"})).client().assets()
    assert asset.asset == "BTC"


# -- frames and notebooks ---------------------------------------------------------------------------------


def test_rows_are_frames() -> None:
    rows = [examples.PRICE, examples.PRICE | {"day": "2026-01-06", "sources": ["a", "b"], "close": None}]
    prices = Server(page(*rows)).client().prices("BTC")
    found = prices.to_arrow()
    assert found.schema.field("close").type == pa.decimal128(38, 6)
    assert found.schema.field("exchange").type == pa.string()  # though every value is missing
    assert found.column("day").to_pylist() == [date(2026, 1, 5), date(2026, 1, 6)]
    assert found.column("sources").to_pylist() == [[], ["a", "b"]]
    assert list(prices.to_pandas()["trades"]) == [1204, 1204]
    for name in ("EXPERIMENT", "RESULT", "CERTIFICATE", "ASSET", "RUN"):
        record = getattr(records, name.capitalize())
        example = _read(record, getattr(examples, name))
        one = Rows(record, lambda rows=(example,): iter([list(rows)]))  # type: ignore[misc]
        assert one.to_arrow().num_rows == 1
    assert Server(page()).client().assets().to_arrow().num_rows == 0


def _read(record: Any, example: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(record).validate_python(example)


def test_a_notebook_shows_the_first_rows() -> None:
    many = [examples.ASSET | {"asset": f"<b>{number}"} for number in range(21)]
    shown = Server(page(*many)).client().assets()._repr_html_()
    assert shown.count("<tr>") == 1 + 20
    assert "&lt;b&gt;19" in shown
    assert "<b>" not in shown
    assert "exchange" not in shown  # empty in all of them
    assert shown.endswith("<p>The first 20 rows.</p>")
    assert "The first" not in Server(page(examples.ASSET)).client().assets()._repr_html_()


def test_a_notebook_shows_one_record() -> None:
    server = Server(httpx.Response(200, json=examples.PROGRESS))
    shown = server.client().runs.get("wr_1")._repr_html_()
    assert "<td>state</td><td>RUNNING</td>" in shown
    assert "<td>jobs</td><td>assay-ingest</td>" in shown
    assert "<td>ended_at</td><td></td>" in shown
    result = Server(page(examples.RESULT)).client().results("checkout")
    assert "<td>0.0012</td>" in result._repr_html_()


# -- again, and no more -----------------------------------------------------------------------------------


def test_a_busy_api_is_asked_again_when_it_says() -> None:
    busy = [refusal(429, **{"Retry-After": "7"}), refusal(503), refusal(503, **{"Retry-After": "Mon"})]
    server = Server(*busy, page(examples.ASSET))
    assert len(list(server.client().assets())) == 1
    assert server.waited[0] == 7.0
    assert 0.2 <= server.waited[1] <= 0.6
    assert 0.4 <= server.waited[2] <= 1.2


def test_no_wait_is_longer_than_a_minute() -> None:
    server = Server(refusal(429, **{"Retry-After": "86400"}), page())
    assert list(server.client().assets()) == []
    assert server.waited == [60.0]


@pytest.mark.parametrize(
    "answer", [refusal(503, "later"), refusal(502), httpx.ConnectError("refused"), httpx.ReadTimeout("slow")]
)
def test_a_question_is_given_up_after_five_attempts(answer: Answer) -> None:
    server = Server(answer)
    with pytest.raises(TransientError, match=f"the API at {URL}"):
        server.client().experiment("x")
    assert (len(server.asked), len(server.waited)) == (5, 4)


@pytest.mark.parametrize(
    ("answer", "times"),
    [(refusal(503), 5), (refusal(429), 5), (httpx.ConnectError("refused"), 5), (refusal(502), 1), (refusal(504), 1), (httpx.ReadTimeout("slow"), 1)],
)  # fmt: skip
def test_a_run_is_not_started_again_unless_it_surely_did_not_start(answer: Answer, times: int) -> None:
    server = Server(answer)
    with pytest.raises(TransientError):
        server.client().runs.start()
    assert len(server.asked) == times


# -- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (refusal(401), TerminalError, "refuses the caller: no; give a token of `assay api token NAME`"),
        (
            httpx.Response(403, json={"message": "Forbidden"}),
            TerminalError,
            "refuses the caller: Forbidden; give",
        ),
        (
            refusal(404, "there is no experiment 'x'"),
            InputError,
            f"the API at {URL}: there is no experiment 'x'",
        ),
        (refusal(422, "query.limit: too many"), InputError, "query.limit: too many"),
        (refusal(409, "a run is under way"), TransientError, "a run is under way"),
        (refusal(410, "gone"), TransientError, "gone"),
        (refusal(500, "broken."), TransientError, "broken"),
        (httpx.Response(405, text="<html>"), TerminalError, "status 405; check the address"),
        (
            httpx.Response(200, text="<html>"),
            TerminalError,
            "answers what is no JSON; is it the address of the API",
        ),
        (
            httpx.Response(200, json={"asset": 1}),
            TerminalError,
            "answers what is no Experiment: experiment: Field req",
        ),
    ],
)
def test_what_is_no_answer_is_one_of_our_errors(answer: Answer, kind: type[AssayError], said: str) -> None:
    with pytest.raises(kind) as caught:
        Server(answer).client().experiment("x")
    assert said in caught.value.message
    assert "assay_t" not in caught.value.message


@pytest.mark.parametrize("body", [[], {}, {"items": []}, "text", 1])
def test_what_is_no_page_is_told(body: object) -> None:
    with pytest.raises(TerminalError, match="answers what is no page; is it the address of the API"):
        list(Server(httpx.Response(200, json=body)).client().assets())


@pytest.mark.parametrize("url", ["api", "ftp://api", "http://", ""])
def test_an_address_is_one(url: str) -> None:
    with pytest.raises(InputError, match="it must begin with http:// or https://"):
        Client(url, "assay_t")


def test_a_token_does_not_travel_in_the_clear() -> None:
    with pytest.raises(InputError, match="a token travels by https:// only"):
        Client("http://api.example.com", "assay_t")
    for url in ("https://api.example.com", "http://localhost:8000", "http://[::1]:8000"):
        Client(url, "assay_t")
    assert "assay_t" not in repr(Client(URL, "assay_t").runs)
    assert "assay_t" not in repr(Client(URL, "assay_t")._web)


def test_without_a_token_requests_are_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ID", "AKIA"), ("ACCESS_KEY", "secret")):
        monkeypatch.setenv(f"AWS_{'ACCESS_KEY_ID' if name == 'ID' else 'SECRET_ACCESS_KEY'}", value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    url = "https://abc.execute-api.eu-west-1.amazonaws.com"
    server = Server(page(), httpx.Response(202, json=examples.PROGRESS))
    client = server.client(token=None, url=url)
    assert list(client.assets(exchange="XETR")) == []
    assert client.runs.start(week="2026-02-23").run
    for asked in server.asked:
        assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA/")
        assert "/eu-west-1/execute-api/" in asked.headers["authorization"]
    assert json.loads(server.asked[1].content) == {"week": "2026-02-23"}
    assert server.asked[1].headers["content-type"] == "application/json"


# -- runs -------------------------------------------------------------------------------------------------


def progress(state: str, **more: Any) -> httpx.Response:
    return httpx.Response(200, json=examples.PROGRESS | {"state": state, **more})


def test_a_run_is_started_and_followed() -> None:
    begun = httpx.Response(202, json=examples.PROGRESS)
    server = Server(
        begun, progress("RUNNING"), progress("RUNNING"), progress("RUNNING", jobs=[]), progress("FAILED")
    )
    client = server.client()
    run = client.runs.start(week=date(2026, 2, 23))
    assert json.loads(server.asked[0].content) == {"week": "2026-02-23"}
    states = [(each.state, len(each.jobs)) for each in client.runs.follow(run.run)]
    assert states == [("RUNNING", 1), ("RUNNING", 0), ("FAILED", 1)]
    assert server.waited == [5.0] * 3


def test_who_does_not_wait_forever_is_told() -> None:
    server = Server(progress("RUNNING"))
    with pytest.raises(TransientError, match="run wr_1 did not end within -1 s; it goes on"):
        list(server.client().runs.follow("wr_1", seconds=-1))


def test_there_is_nothing_else_in_the_package() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Server'"):
        _ = assay.client.Server  # type: ignore[attr-defined]
