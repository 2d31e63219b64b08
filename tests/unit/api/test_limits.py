"""How large, deep, often and long: what breaks a limit is refused in one sentence before it is parsed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.serving.api import app as application
from assay.serving.api.limits import Limited, Limits, Message, Rates, Receive, Send, depth
from assay.spec import reading

NESTED = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


async def echo(_: Any, receive: Receive, send: Send) -> None:
    body = (await receive()).get("body", b"")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def ask(app: Any, *, client: str = "127.0.0.1", **request: Any) -> httpx.Response:
    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as caller:
            return await caller.request("POST", "/v1/parameters", **request)

    return asyncio.run(call())


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["detail"]


def levels(document: object) -> int:
    if isinstance(document, dict):
        return 1 + max(map(levels, document.values()), default=0)
    return 1 + max(map(levels, document), default=0) if isinstance(document, list) else 0


@given(NESTED)
def test_the_depth_is_that_of_the_document(document: object) -> None:
    for ascii_only in (True, False):
        text = json.dumps(document, ensure_ascii=ascii_only)
        assert depth(text.encode("utf-8", "surrogatepass")) == levels(document)


@given(st.binary())
def test_whatever_the_bytes_there_is_a_depth(body: bytes) -> None:
    assert 0 <= depth(body) <= len(body)


def test_a_large_body_is_refused_before_it_is_read() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b"x" * 1_000

    app = Limited(echo, Limits(body_bytes=10_000))
    said = (413, "the body has more than 10,000 bytes; send a smaller blueprint")
    assert refusal(ask(app, content=b"x" * 10_001)) == said  # its length is stated
    assert refusal(ask(app, content=parts())) == said
    assert ask(app, content=b"x" * 10_000).content == b"x" * 10_000
    assert ask(app, content=b"{}", headers={"Content-Length": "two"}).status_code == 200


def test_a_deep_body_is_refused_before_it_is_parsed() -> None:
    deep = b"[" * 33 + b"]" * 33
    assert refusal(ask(Limited(echo), content=deep)) == (
        413,
        "the body nests deeper than 32 objects and lists; no blueprint needs that",
    )
    assert ask(Limited(echo), content=deep[1:-1]).status_code == 200


def test_a_client_that_asks_too_often_is_told_when_to_come_back() -> None:
    app = Limited(echo, Limits(per_second=0.5, burst=3))
    assert [ask(app).status_code for _ in range(3)] == [200] * 3
    answer = ask(app)
    assert refusal(answer) == (429, "a client may ask 0.5 times a second, 3 times at once; wait")
    assert answer.headers["retry-after"] == "2"
    assert ask(app, client="127.0.0.2").status_code == 200


def test_a_rate_is_kept_whatever_the_pattern() -> None:
    now = 0.0
    rates = Rates(Limits(per_second=10, burst=5), clock=lambda: now)
    passed = 0
    for _ in range(1_000):
        now += 0.01
        passed += rates.wait("a") == 0
    assert 100 <= passed <= 105
    wait = rates.wait("a")
    now += wait + 1e-9
    assert rates.wait("a") == 0


def test_clients_are_forgotten_when_there_are_too_many() -> None:
    now = 0.0
    rates = Rates(Limits(per_second=1, burst=2, clients=3), clock=lambda: now)
    for client in "abc":
        assert rates.wait(client) == 0
    now = 1.0
    assert rates.wait("d") == 0
    assert list(rates._buckets) == ["b", "c", "d"]  # nobody's bucket is full: the oldest goes
    now = 10.0
    assert rates.wait("e") == 0
    assert list(rates._buckets) == ["e"]


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def never() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [], "client": None}
    asyncio.run(Limited(echo, Limits(body_seconds=0.05))(scope, never, send))
    assert sent[0]["status"] == 408
    assert "did not arrive within 0.05 s" in json.loads(sent[1]["body"])["detail"]


def test_an_answer_that_takes_too_long_is_given_up_also_in_a_thread() -> None:
    async def slow(_: Any, __: Receive, ___: Send) -> None:
        await asyncio.to_thread(__import__("time").sleep, 0.5)

    answer = ask(Limited(slow, Limits(seconds=0.05)))
    assert refusal(answer) == (503, "there was no answer within 0.05 s; try again")


def test_a_defect_is_an_answer_too() -> None:
    async def broken(_: Any, __: Receive, ___: Send) -> None:
        raise ZeroDivisionError

    assert refusal(ask(Limited(broken))) == (500, "the request could not be served")


def test_a_defect_after_the_first_byte_ends_the_answer() -> None:
    async def broken(_: Any, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(Limited(broken)({"type": "http"}, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start"]  # the server cuts the connection


def test_start_and_end_of_the_server_pass() -> None:
    async def run() -> None:
        async with application.app.router.lifespan_context(application.app):
            pass

    seen: list[str] = []

    async def note(scope: Any, _: Receive, __: Send) -> None:
        seen.append(scope["type"])

    asyncio.run(Limited(note)({"type": "lifespan"}, None, None))  # type: ignore[arg-type] # it asks for nothing
    assert seen == ["lifespan"]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b'{"name": "\\ud800"}', 422, "U+D800"),
        (b'{"name": "a\\u0000"}', 422, "U+0000"),
        (b'{"\\ud800": 1}', 422, "U+D800"),
        (b'{"seed": ' + b"9" * 5_000 + b"}", 400, "error parsing the body"),
        (b'{"alpha": NaN}', 422, "the request"),
        (b'{"alpha": 1e999}', 422, "the request"),
        (b'{"' + b"k" * 100_000 + b'": 1}', 422, "the request"),
        (b"\xff\xfe{}", 422, "body"),
    ],
)
def test_a_hostile_body_is_refused_in_one_short_sentence(body: bytes, status: int, word: str) -> None:
    answer = ask(application.app, content=body, headers={"Content-Type": "application/json"})
    code, detail = refusal(answer)
    assert code == status, detail
    assert word in detail
    assert len(detail) <= 1_000
    assert "\n" not in detail


@pytest.mark.parametrize("text", ['{"a": ["x\\ud800"]}', "a: ['x\\0']\nb: \"\\0\"", '{"a": {"\\u0000": 1}}'])
def test_a_text_that_no_database_stores_is_refused_in_a_file_too(text: str) -> None:
    with pytest.raises(InputError, match=r"shop.yaml: the text '.*' holds U\+[0-9A-F]{4}, which no database"):
        reading.read(text, "shop.yaml")


@pytest.mark.parametrize("text", ['{"a": ' + "[" * 100_000, '{"a": ' + "9" * 5_000 + "}"])
def test_what_pythons_parser_cannot_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"shop.yaml: (not readable as JSON|nested too deep)"):
        reading.read(text, "shop.yaml")
