"""The API's questions as methods.

Example:
    >>> client = Client("http://127.0.0.1:8000", "assay_...")        # doctest: +SKIP
    >>> [each.experiment for each in client.experiments()]           # doctest: +SKIP
    ['button_colour', 'checkout']
    >>> client.results("checkout", final=True).to_pandas()           # doctest: +SKIP
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from assay.client.records import Asset, Certificate, Experiment, Price, Progress, Record, Result, Run
from assay.client.rows import Rows
from assay.client.web import Web
from assay.errors import TerminalError, TransientError

_EVERY_SECONDS = 5.0
T = TypeVar("T", bound=Record)
Given = str | bool | date | None


class Client:
    """The API at an address; `with Client(...)` gives its connections up in the end.

    Args:
        url: Where its paths begin, as `assay up` prints it or the stack `serving` exports it.
        token: As `assay api token NAME` made it; None signs with the credentials of AWS that the process has.
        transport: How requests travel; over the network when None.
        pause: Waits so many seconds.

    Raises:
        InputError: The address is none, or would give the token away.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._web = Web(url, token, transport, pause)
        self.runs = Runs(self._web)

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give up its connections."""
        self._web.close()

    def experiments(self, *, final: bool | None = None, canary: bool | None = None) -> Rows[Experiment]:
        """Every experiment at its newest look.

        Args:
            final: Only those that have ended, or only those that have not.
            canary: Only canaries, or only others.
        """
        return _rows(self._web, Experiment, "/v1/experiments", final=final, canary=canary)

    def experiment(self, experiment: str) -> Experiment:
        """One experiment.

        Raises:
            InputError: There is none of that id.
        """
        return _read(Experiment, self._web.get(f"/v1/experiments/{_word(experiment)}"))

    def results(
        self,
        experiment: str,
        *,
        metric: str | None = None,
        segment: str | None = None,
        contrast: str | None = None,
        method: str | None = None,
        as_of: date | None = None,
        final: bool | None = None,
    ) -> Rows[Result]:
        """Results of an experiment, in the order of look, metric, segment, contrast and method.

        Args:
            experiment: Its id.
            metric: Of this metric only.
            segment: Of this segment only; `all` is everybody.
            contrast: Of this contrast only.
            method: Of this method only.
            as_of: Of this look only.
            final: Only the look at the planned end, or only those before.

        Raises:
            InputError: There is none of that id; when one goes through the rows.
        """
        return _rows(
            self._web,
            Result,
            f"/v1/experiments/{_word(experiment)}/results",
            metric=metric,
            segment=segment,
            contrast=contrast,
            method=method,
            as_of=as_of,
            final=final,
        )

    def certificates(
        self,
        *,
        method: str | None = None,
        metric: str | None = None,
        verdict: str | None = None,
        kind: str | None = None,
    ) -> Rows[Certificate]:
        """Certificates, sorted by id.

        Args:
            method: Of this method only.
            metric: Measured on this metric only.
            verdict: `holds`, `liberal` or `conservative`.
            kind: `re-randomised` or `simulated`.
        """
        given = {"method": method, "metric": metric, "verdict": verdict, "kind": kind}
        return _rows(self._web, Certificate, "/v1/certificates", **given)

    def certificate(self, certificate_id: str) -> Certificate:
        """One certificate.

        Raises:
            InputError: There is none of that id.
        """
        return _read(Certificate, self._web.get(f"/v1/certificates/{_word(certificate_id)}"))

    def assets(self, *, exchange: str | None = None) -> Rows[Asset]:
        """Every asset.

        Args:
            exchange: Of this exchange only, by its market identifier code.
        """
        return _rows(self._web, Asset, "/v1/assets", exchange=exchange)

    def prices(self, asset: str, *, since: date | None = None, until: date | None = None) -> Rows[Price]:
        """An asset's days, in order.

        Args:
            asset: Its ticker symbol.
            since: First day.
            until: Last day.

        Raises:
            InputError: There is no such asset; when one goes through the rows.
        """
        return _rows(self._web, Price, f"/v1/assets/{_word(asset)}/prices", since=since, until=until)


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of the workflow.

    Attributes:
        web: The API.
    """

    web: Web = field(repr=False)

    def list(self, *, week: date | None = None, state: str | None = None) -> Rows[Run]:
        """Runs that gold knows, the newest first.

        Args:
            week: That worked on this week only, named by its Monday.
            state: SUCCEEDED, FAILED or STARTED.
        """
        return _rows(self.web, Run, "/v1/runs", week=week, state=state)

    def start(self, *, week: date | str | None = None) -> Progress:
        """Start a run of the workflow.

        Args:
            week: Monday of the week to work on; the last complete one if not given.

        Raises:
            InputError: The week is none.
            TransientError: A run is under way.
        """
        return _read(Progress, self.web.post("/v1/runs", {} if week is None else {"week": str(week)}))

    def get(self, run: str) -> Progress:
        """How a run stands.

        Raises:
            InputError: There is none of that id.
        """
        return _read(Progress, self.web.get(f"/v1/runs/{_word(run)}"))

    def follow(
        self, run: str, *, every: float = _EVERY_SECONDS, seconds: float | None = None
    ) -> Iterator[Progress]:
        """How a run stands, each time that a job begins or ends, until the end of all.

        Args:
            run: Its id.
            every: Seconds between two looks.
            seconds: How long to wait for its end; as long as it takes if not given.

        Raises:
            TransientError: It did not end in that time; it goes on.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        stood: object = None
        while not (found := self.get(run)).done:
            if (stands := _stands(found)) != stood:
                stood = stands
                yield found
            if deadline is not None and time.monotonic() > deadline:
                raise TransientError(f"run {run} did not end within {seconds:g} s; it goes on")
            self.web.pause(every)
        yield found


def _stands(progress: Progress) -> object:
    """What is new when a job begins or ends, and not from second to second."""
    return progress.state, [(job.job, job.state) for job in progress.jobs]


def _rows(web: Web, record: type[T], path: str, **given: Given) -> Rows[T]:
    """The rows that a path lists, with those of its filters that are given."""
    query = {name: _text(value) for name, value in given.items() if value is not None}

    def pages() -> Iterator[list[T]]:
        items, following = _page(web.get(path, query))
        yield [_read(record, each) for each in items]
        while following is not None:
            items, following = _page(web.get(following))
            yield [_read(record, each) for each in items]

    return Rows(record, pages)


def _page(document: Any) -> tuple[list[Any], str | None]:
    """The rows of a page, and where the next one is."""
    try:
        return document["items"], document["next"]
    except (KeyError, TypeError) as error:
        raise TerminalError("the API answers what is no page; is it the address of the API?") from error


def _text(value: Given) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _word(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def _read(record: type[T], document: Any) -> T:
    try:
        return TypeAdapter(record).validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TerminalError(
            f"the API answers what is no {record.__name__}: {where}: {first['msg']}; are both of one version?"
        ) from error
