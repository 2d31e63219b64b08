"""The market's server on a real socket: what it shows, and what it does not show yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from assay.local.market import server
from assay.local.market.replay import Replay


@pytest.fixture(scope="module")
def site(market: Replay) -> Iterator[httpx.Client]:
    found = server.server(market, 0)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{found.server_port}") as client:
        yield client
    found.shutdown()
    found.server_close()
    thread.join()


def test_it_listens_on_this_machine_only(market: Replay) -> None:
    with server.server(market, 0) as found:
        assert found.server_address[0] == "127.0.0.1"


def test_pages_hold_each_close_once(site: httpx.Client, market: Replay) -> None:
    pages = site.get("/v1/closes/SMI").json()["pages"]
    assert pages == 8
    days = [
        row["date"]
        for page in range(1, pages + 1)
        for row in site.get("/v1/closes/SMI", params={"page": page}).json()["closes"]
    ]
    assert days == [str(day) for day in market.closes["SMI"]]
    assert site.get("/v1/closes/SMI", params={"page": 9}).json()["closes"] == []


def test_nothing_after_the_asked_day_is_shown(site: httpx.Client) -> None:
    asked = {"from": "2026-01-15", "to": "2026-01-19"}
    closes = site.get("/v1/closes/FTSE", params=asked).json()["closes"]
    assert closes[-1] == {
        "symbol": "FTSE", "date": "2026-01-16", "close": 2497.4, "currency": "GBP", "mic": "XLON",
    }  # fmt: skip
    assert len(closes) == 2
    rates = site.get("/v1/rates", params={"from": "2026-01-16", "to": "2026-01-19"}).json()["rates"]
    assert [(row["currency"], row["date"]) for row in rates] == [
        (currency, "2026-01-16") for currency in ("DEM", "GBP", "CAD", "JPY", "CHF")
    ]
    for asked, count in (({"to": "2026-01-13"}, 0), ({"to": "2026-01-14"}, 1), ({"after": "2026-01-13"}, 0)):
        assert len(site.get("/v1/splits", params=asked).json()["splits"]) == count
    page = site.get("/kurse", params={"bis": "2026-01-12"}).text
    assert "<tr><td>2026-01-09</td><td>DAX</td><td>1.618,2</td></tr>" in page
    assert "2026-01-12" not in page


def test_what_it_does_not_have_or_understand(site: httpx.Client) -> None:
    assert site.get("/v1/closes/NIKKEI").status_code == 404
    assert site.get("/robots.txt").status_code == 404
    for path, asked in (
        ("/v1/rates", {"to": "tomorrow"}),
        ("/v1/closes/DAX", {"page": "x"}),
        ("/kurse", {"bis": "0001-01-02"}),
    ):
        answer = site.get(path, params=asked)
        assert (answer.status_code, answer.text) == (400, "a date is written 2026-01-05, a page 1")
