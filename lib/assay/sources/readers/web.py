"""Requests to one site: at a bearable rate, repeated where that may help, and told in one sentence else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from dlt.sources.helpers.requests import Client
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from typing_extensions import override

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.sources.readers.base import Asked, Part, Reader
from assay.spec.source import Web, filled

_AGENT = "assay (reads declared sources; https://pypi.org/project/assay)"
_LONGEST_WAIT = 60.0
_SHOWN = 80
_TOO_MANY, _SERVER = 429, 500
_REFUSED = frozenset({401, 403})
_GONE = frozenset({404, 410})

W = TypeVar("W", bound=Web)


class Site:
    """The site of a source. Safe to share between threads."""

    def __init__(self, source: Web, asked: Asked) -> None:
        """Prepare, without a request.

        Args:
            source: As declared.
            asked: Its secret; requests are counted there.

        Raises:
            InputError: The secret lacks what the source needs.
        """
        self.source, self.asked = source, asked
        address = source.url or asked.of_secret(source, "url")[0]
        self.url = address.rstrip("/")
        host = urlsplit(self.url).netloc.rpartition("@")[2]
        self._adapter = _Paced(source, asked, host)
        limits = source.limits
        self._client = Client(
            request_timeout=limits.timeout,
            raise_for_status=False,
            request_max_attempts=limits.attempts,
            request_backoff_factor=limits.wait,
            request_max_retry_delay=_LONGEST_WAIT,
        )
        self.auth = _auth(source, asked)
        self.headers = {"User-Agent": _AGENT, **source.headers}

    @property
    def session(self) -> requests.Session:
        """This thread's session."""
        session: requests.Session = self._client.session
        session.mount("http://", self._adapter)
        session.mount("https://", self._adapter)
        return session

    def get(self, url: str, query: Mapping[str, str]) -> requests.Response:
        """Ask for a page.

        Raises:
            AssayError: As for `judged`, and `telling`.
        """
        request = requests.Request("GET", url, params=dict(query), headers=self.headers, auth=self.auth)
        prepared = self.session.prepare_request(request)
        return self.judged(self.telling(lambda: self.session.send(prepared)))

    def telling(self, ask: Callable[[], Any]) -> Any:
        """Call what sends requests, and say in a sentence why none was answered.

        Raises:
            TransientError: Nobody answered, or the connection was cut.
        """
        try:
            return ask()
        except AssayError:
            raise
        except requests.exceptions.InvalidURL as error:
            raise InputError(f"source {self.source.name}: its address is none; correct 'url'") from error
        except requests.exceptions.TooManyRedirects as error:
            raise TerminalError(
                f"source {self.source.name}: {self.url} leads in a circle; correct 'url' or 'path'"
            ) from error
        except requests.RequestException as error:
            raise TransientError(
                f"source {self.source.name}: {shown(self.url)} did not answer as a whole in "
                f"{self.source.limits.attempts} attempts ({_cause(error)}); is it up? Run the source again"
            ) from error

    def judged(self, answer: requests.Response) -> requests.Response:
        """Refuse an answer that is an error.

        Raises:
            TransientError: 429 or 5xx, after all attempts.
            TerminalError: Any other error.
        """
        status, where, name = answer.status_code, shown(answer.url), self.source.name
        if status in _REFUSED:
            remedy = (
                f"put what it accepts into secret {self.source.secret}"
                if self.source.auth
                else "declare 'auth' and a secret, if you may read it"
            )
            raise TerminalError(f"source {name}: {where} answers {status}, it does not let us in; {remedy}")
        if status in _GONE:
            raise TerminalError(
                f"source {name}: {where} answers {status}, there is nothing; correct 'path' or 'each'"
            )
        if status == _TOO_MANY:
            raise TransientError(
                f"source {name}: {where} answers 429, too many requests; lower 'limits.per_second' or run "
                "the source later"
            )
        if status >= _SERVER:
            raise TransientError(
                f"source {name}: {where} answers {status} after {self.source.limits.attempts} attempts; run "
                "the source again once it is well"
            )
        if not answer.ok or answer.is_redirect:
            raise TerminalError(
                f"source {name}: {where} answers {status}: {_begin(answer)}; correct 'path', 'query' or "
                "'headers'"
            )
        return answer

    def json(self, answer: requests.Response) -> Any:
        """The answer as JSON, with numbers exactly as written.

        Raises:
            TerminalError: It is no JSON.
        """
        try:
            return json.loads(answer.content, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            kind = answer.headers.get("Content-Type", "nothing that says what it is").partition(";")[0]
            raise TerminalError(
                f"source {self.source.name}: {shown(answer.url)} answers {kind}, not JSON: {_begin(answer)}; "
                "has the address changed, or does it want a login?"
            ) from error

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()


class WebReader(Reader, Generic[W]):
    """Reads a site: one part for each value of `each`."""

    def __init__(self, source: W, asked: Asked) -> None:
        """Prepare, without a request.

        Raises:
            InputError: The secret lacks what the source needs.
        """
        self._source, self._site = source, Site(source, asked)

    @override
    def parts(self, seen: Mapping[str, str]) -> list[Part]:
        """A part for each value of `each`; one without a name where there is none."""
        common = self._site.asked.values(self._source)
        for name, values in self._source.each.items():
            return [Part(str(value), {**common, name: value}) for value in values]
        return [Part("", common)]

    @override
    def close(self) -> None:
        """Close the connections."""
        self._site.close()

    def _query(self, part: Part) -> dict[str, str]:
        """The declared parameters, for a part."""
        return {name: filled(str(value), part.values) for name, value in self._source.query.items()}


class _Paced(HTTPAdapter):
    """Sends at most so many requests per second, and only to the declared host."""

    def __init__(self, source: Web, asked: Asked, host: str) -> None:
        super().__init__(pool_maxsize=source.limits.parallel)
        self._source, self._asked, self._host = source, asked, host
        self._hosts = {host, urlsplit(source.auth.url).netloc} if source.auth and source.auth.url else {host}
        self._lock = threading.Lock()
        self._next = 0.0

    def send(self, request: requests.PreparedRequest, *given: Any, **named: Any) -> requests.Response:
        host = urlsplit(request.url or "").netloc
        if host not in self._hosts:
            raise TerminalError(
                f"source {self._source.name}: {self._host} leads to another host, {host}; if that is right, "
                "declare it as the source's url"
            )
        with self._lock:
            start = max(self._next, time.monotonic())
            self._next = start + 1 / self._source.limits.per_second
        self._asked.count(again=getattr(request, "assay_sent", False))
        request.assay_sent = True  # type: ignore[attr-defined]  # the same object is sent again
        time.sleep(max(0.0, start - time.monotonic()))
        return super().send(request, *given, **named)


class _Header(AuthBase):
    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._name] = self._value
        return request


def _auth(source: Web, asked: Asked) -> AuthBase | None:
    auth = source.auth
    if auth is None:
        return None
    if auth.by == "basic":
        return HTTPBasicAuth(*asked.of_secret(source, "username", "password"))
    if auth.by == "oauth2":
        client_id, client_secret = asked.of_secret(source, "client_id", "client_secret")
        return OAuth2ClientCredentials(
            access_token_url=auth.url or "", client_id=client_id, client_secret=client_secret
        )
    token = asked.of_secret(source, "token")[0]
    return _Header(auth.header, token) if auth.header else _Header("Authorization", f"Bearer {token}")


def shown(url: str) -> str:
    """An address as it may be shown: without a password in it, and without its query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _begin(answer: requests.Response) -> str:
    return repr(" ".join(answer.text[: 4 * _SHOWN].split())[:_SHOWN])


def _cause(error: BaseException) -> str:
    """The innermost reason's class: its text may hold the whole address."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return type(error).__name__
