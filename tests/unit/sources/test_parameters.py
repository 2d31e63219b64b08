"""Posting parameters: what is repeated, what is not, what the caller is told."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from assay.errors import InputError, TerminalError, TransientError
from assay.sources import parameters
from assay.sources.parameters import Receipt

Answer = httpx.Response | Exception


class Api:
    """Answers with what it is given, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def register(self, url: str = "http://api/") -> Receipt:
        transport = httpx.MockTransport(self)
        return parameters.register(url, '{"name": "x"}', transport=transport, pause=self.pauses.append)


def created() -> httpx.Response:
    return httpx.Response(201, json={"number": 3})


def test_a_document_is_posted_as_it_is() -> None:
    api = Api(created())
    assert api.register() == Receipt(3, new=True)
    (request,) = api.requests
    assert (request.method, str(request.url)) == ("POST", "http://api/v1/parameters")
    assert json.loads(request.content) == {"name": "x"}
    assert request.headers["content-type"] == "application/json"
    assert api.pauses == []


def test_the_newest_version_again_is_not_new() -> None:
    assert Api(httpx.Response(200, json={"number": 3})).register() == Receipt(3, new=False)


@pytest.mark.parametrize(
    "hiccup",
    [
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.ReadTimeout("slow"),
        lambda: httpx.Response(503),
        lambda: httpx.Response(429, json={"detail": "too many"}),
    ],
)
def test_hiccups_are_waited_out_longer_each_time(hiccup: Callable[[], Answer]) -> None:
    api = Api(hiccup(), hiccup(), created())
    assert api.register().number == 3
    assert api.pauses == [0.2, 0.4]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            httpx.ConnectError("refused"),
            "parameters API http://api/: ConnectError: refused .5 attempts.; is it",
        ),
        (httpx.Response(500, json={"detail": "broken"}), "http://api/: broken"),
        (httpx.Response(502, text="<html>"), "http://api/: status 502"),
    ],
)
def test_what_lasts_is_given_up(answer: Answer, sentence: str) -> None:
    api = Api(answer)
    with pytest.raises(TransientError, match=sentence):
        api.register()
    assert len(api.requests) == parameters.ATTEMPTS


def test_a_refused_document_is_the_users_error_and_not_repeated() -> None:
    api = Api(httpx.Response(422, json={"detail": "alpha is 2"}))
    with pytest.raises(InputError, match="refused the blueprint: alpha is 2"):
        api.register()
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"detail": "Not Found"}),
        httpx.Response(200, json={"hello": "world"}),
        httpx.Response(200, json=[1]),
        httpx.Response(200, text="hello"),
    ],
)
def test_an_answer_of_something_else_is_refused(answer: httpx.Response) -> None:
    with pytest.raises(TerminalError, match=r"parameters API http://api/: .*; check the URL"):
        Api(answer).register()


def test_over_tls_every_attempt_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    api = Api(httpx.Response(503), created())
    api.register("https://a1.execute-api.eu-west-1.amazonaws.com")
    assert len(api.requests) == 2
    assert all("/eu-west-1/execute-api/" in each.headers["authorization"] for each in api.requests)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(403, json={"message": "Forbidden"}), "Forbidden"),
        (httpx.Response(403, json={"Message": "User: x is not authorized"}), "User: x is not authorized"),
        (httpx.Response(401), "status 401"),
    ],
)
def test_a_refused_caller_is_told_and_not_repeated(answer: httpx.Response, said: str) -> None:
    api = Api(answer)
    with pytest.raises(TerminalError, match=f"refused the caller: {said}; run with credentials"):
        api.register()
    assert len(api.requests) == 1


@pytest.mark.parametrize("url", ["ftp://api", "api", ""])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=f"parameters URL is '{url}'; it must begin with http"):
        parameters.register(url, "{}", pause=lambda _: None)
