"""The stand-in market's web server: an API that answers JSON, and a page for people.

- `/v1/closes/<index>?from=&to=&page=`: closes of days from `from` on and before `to`, `PAGE` at a time.
- `/v1/rates?from=&to=`: dollars per unit of currencies.
- `/v1/splits?after=&to=`: splits of days after `after` and before `to`.
- `/kurse?bis=`: a page with the closes of the two weeks before `bis`, numbers as they are written on the
  continent.

It tells nothing of days that it is not asked for: what is later than the week of a run waits for its week.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from assay.local.market import planted, replay
from assay.local.market.planted import SPLIT, Said
from assay.local.market.replay import LISTINGS, Replay

PAGE = 250
_SHOWN = timedelta(days=14)
_TITLE = "Schlusskurse"

Query = Mapping[str, str]


class Market:
    """What can be asked.

    Attributes:
        replay: The series.
    """

    def __init__(self, found: Replay) -> None:
        """Prepare."""
        self.replay = found
        self._api, self._page = planted.api(found), planted.page(found)

    def answer(self, path: str, query: Query) -> tuple[str, str] | None:
        """The content type and body of a path; None where there is nothing.

        Raises:
            ValueError: A date or a number is none.
        """
        head, _, name = path.rpartition("/")
        if head == "/v1/closes" and name in LISTINGS:
            return _json(self.closes(name, query))
        asked: dict[str, Callable[[Query], Any]] = {"/v1/rates": self.rates, "/v1/splits": self.splits}
        if path in asked:
            return _json(asked[path](query))
        return ("text/html; charset=utf-8", self.page(query)) if path == "/kurse" else None

    def closes(self, asset: str, query: Query) -> dict[str, Any]:
        """A page of an index's closes."""
        listing = LISTINGS[asset]
        found = [
            {
                "symbol": asset,
                "date": str(day),
                "close": float(close),
                "currency": listing.currency,
                "mic": listing.exchange,
            }
            for day, close in self._api[asset].items()
            if _within(day, query)
        ]
        number = int(query.get("page", "1"))
        return {"closes": found[(number - 1) * PAGE : number * PAGE], "pages": -(-len(found) // PAGE)}

    def rates(self, query: Query) -> dict[str, Any]:
        """Dollars per unit of currencies."""
        return {
            "rates": [
                {"currency": currency, "date": str(day), "usd": float(rate)}
                for currency, series in self.replay.rates.items()
                for day, rate in series.items()
                if _within(day, query)
            ]
        }

    def splits(self, query: Query) -> dict[str, Any]:
        """Splits."""
        after, to = _date(query, "after", date.min), _date(query, "to", date.max)
        split = {"symbol": SPLIT.asset, "date": str(SPLIT.day), "ratio": float(SPLIT.ratio)}
        return {"splits": [split] if after < SPLIT.day < to else []}

    def page(self, query: Query) -> str:
        """The page."""
        to = _date(query, "bis", date.max)
        first = to - _SHOWN
        rows = "".join(
            f"<tr><td>{day}</td><td>{asset}</td><td>{_continental(close)}</td></tr>"
            for day, asset, close in _by_day(self._page)
            if first <= day < to
        )
        head = "<tr><th>Datum</th><th>Index</th><th>Schluss</th></tr>"
        return (
            f'<!DOCTYPE html><html lang="de"><title>{_TITLE}</title><h1>{_TITLE}</h1>'
            f'<table class="kurse">{head}{rows}</table></html>'
        )


def server(found: Replay, port: int) -> ThreadingHTTPServer:
    """The server, bound to 127.0.0.1.

    Args:
        found: The series.
        port: Where; 0 for any.
    """
    market = Market(found)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            try:
                answer = market.answer(parts.path, dict(parse_qsl(parts.query)))
            except (ValueError, OverflowError):
                self._send(HTTPStatus.BAD_REQUEST, "text/plain", "a date is written 2026-01-05, a page 1")
                return
            if answer is None:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", "there is nothing")
            else:
                self._send(HTTPStatus.OK, *answer)

        def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: who asked what stands in the journal."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM.

    Args:
        argv: `--replay FILE --port N`; the process's own arguments by default.
    """
    parser = argparse.ArgumentParser(prog="python -m assay.local.market.server")
    parser.add_argument("--replay", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args(argv)
    with server(replay.kept(arguments.replay), arguments.port) as found:
        found.serve_forever()


def _json(document: dict[str, Any]) -> tuple[str, str]:
    return "application/json", json.dumps(document)


def _within(day: date, query: Query) -> bool:
    return _date(query, "from", date.min) <= day < _date(query, "to", date.max)


def _date(query: Query, name: str, absent: date) -> date:
    return date.fromisoformat(query[name]) if name in query else absent


def _by_day(said: Said) -> list[tuple[date, str, Decimal]]:
    return sorted((day, asset, close) for asset, series in said.items() for day, close in series.items())


def _continental(price: Decimal) -> str:
    """1628.8 as 1.628,8."""
    return f"{price:,}".translate(str.maketrans(",.", ".,"))


if __name__ == "__main__":
    main()
