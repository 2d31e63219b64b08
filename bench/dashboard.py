"""How fast is a page of the dashboard? First and later visits by 1, 10 and 50 readers, and in a browser.

On a lake that has results (`make run`): `PYTHONPATH=lib:tests python bench/dashboard.py`, about six minutes.
It stores `bench/results/dashboard.json` and writes the table of docs/dashboard.md anew. `--pages experiments
--readers 1 --seconds 1 --no-browser` is a quick look, which stores nothing.

A reader is a session of Streamlit's protocol (`assay.serving.dashboard.visit`) in another process than the
server's, on the same machine: connect, ask for the page, wait until its script has ended. *First*: all of
them at once in a server that has just begun to answer. *Again*: each opens the page in a new session as soon
as the last one stood. The floor is a page of Streamlit with a title and nothing else, asked in the same way.
What a browser draws is in none of that; so Debian's Chromium opens the first page, too, until it stands
whole.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from assay.cli import dashboard
from assay.errors import InputError
from assay.local import stack
from assay.serving.dashboard.app import PAGES
from assay.serving.dashboard.visit import ERROR, FIRST, Visit, visit

import record

PAGE = record.ROOT / "docs" / "dashboard.md"
BEGIN, END = "<!-- by bench/dashboard.py -->\n", "<!-- end -->\n"
READERS, SECONDS = (1, 10, 50), 5.0
ALONE = 3
"""Servers that are started for a reader who is alone: each gives one first visit."""
BROWSER_VISITS = 5
GOAL = 2.0
"""Seconds to the first page on the default data."""
BARE = "a bare page"
ABOUT = (
    "Seconds until a page's script has ended, by the 95th percentile of visits in Streamlit's protocol. "
    "First: all readers at once in a server that has just begun to answer; again: each as soon as its last "
    "page stood. Beside it a page of Streamlit with a title and nothing else, asked in the same way."
)
WARM_SECONDS = 10.0
Figures = dict[str, Any]


def main() -> None:
    """Measure, print, and store where everything was measured."""
    asked = _asked()
    environment = os.environ | stack.environment()
    with tempfile.TemporaryDirectory() as scratch:
        bare = Path(scratch) / "bare.py"
        bare.write_text('import streamlit as st\n\nst.title("bare")\n')
        pages = {BARE: _bare(bare)} | {PAGES[name]: dashboard.command for name in asked.pages}
        found = {
            title: _page(title, command, environment, asked.readers, asked.seconds)
            for title, command in pages.items()
        }
    browser = _browser(environment) if asked.browser else {}
    sys.stdout.write(table(found, browser))
    if (asked.pages, asked.readers, asked.seconds, asked.browser) == (list(PAGES), READERS, SECONDS, True):
        path = record.store(
            "dashboard", "Dashboard", __doc__, rows(found, browser),
            about=ABOUT, packages=["streamlit"], notes=[note(found)],
            more={"pages": found, "browser": browser},
        )  # fmt: skip
        result = json.loads(path.read_text(encoding="utf-8"))
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), result), encoding="utf-8")


def table(pages: Figures, browser: Figures) -> str:
    """What was measured, for people: a line per page, p50 and p95 of each kind of visit.

    Args:
        pages: Title → readers → kind of visit → quantiles.
        browser: `first` and `again` of Chromium; empty where it was not asked.
    """
    readers = list(next(iter(pages.values())))
    heads = [f"{kind}, {count}" for count in readers for kind in ("first", "again")]
    lines = [
        f"| page | {' | '.join(heads)} |",
        f"|---|{'--:|' * len(heads)}",
        *(
            f"| {title} | "
            + " | ".join(_cell(found[count][kind]) for count in readers for kind in ("first", "again"))
            + " |"
            for title, found in pages.items()
        ),
    ]
    if browser:
        first, again = f"{browser['first']:.2f}", _cell(browser["again"])
        lines += [
            "",
            f"In Chromium the first page stands whole after {first} s, opened again after {again} s.",
        ]
    return "\n".join(lines) + "\n"


def note(pages: Figures) -> str:
    """Where the time of a first page goes.

    Args:
        pages: As for `table`.
    """
    alone = next(iter(pages[next(iter(PAGES.values()))].values()))
    first, again = (alone[kind]["p50"] for kind in ("first", "again"))
    return (
        f"The first page's script takes {first:.2f} s for a server's first reader and {again:.2f} s for "
        "later ones (medians): the difference is what these find done. Done before the first reader comes, "
        "it would cost nobody."
    )


def written(page: str, result: Mapping[str, Any]) -> str:
    """The page of the documentation with the figures of a measurement.

    Args:
        page: Its text, with `BEGIN` and `END` around the figures of another.
        result: As it is stored.
    """
    machine = result["machine"]
    said = (
        f"Measured {result['date']} on {machine['cores']} cores ({machine['cpu']}) and {machine['memory']}: "
        "seconds, p50 / p95.\n\n"
    )
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{said}{table(result['pages'], result['browser'])}{END}{after}"


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pages", nargs="+", choices=list(PAGES), default=list(PAGES))
    parser.add_argument("--readers", nargs="+", type=int, default=READERS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--no-browser", dest="browser", action="store_false")
    asked = parser.parse_args()
    if asked.browser and (find_spec("playwright") is None or _chromium() is None):
        raise InputError("there is no playwright or no chromium; `make test-dashboard` needs both")
    return asked


def _bare(script: Path) -> Any:
    def command(port: int) -> list[str]:
        python, _, _, *options = dashboard.command(port)
        return [python, "-m", "streamlit", "run", str(script), *options]

    return command


def _page(
    title: str, command: Any, environment: Mapping[str, str], readers: Sequence[int], seconds: float
) -> Figures:
    """Seconds of each visit to one page by number of readers, as `first` and `again`."""
    path = next((name for name in list(PAGES)[1:] if PAGES[name] == title), FIRST)
    found: Figures = {}
    for count in readers:
        first: list[Visit] = []
        again: list[Visit] = []
        for _ in range(ALONE if count == 1 else 1):
            with served(command, environment) as server:
                one, more = asyncio.run(_visits(server, path, count, seconds))
            first, again = first + one, again + more
        _check(title, first + again)
        found[str(count)] = {"first": _spread(first), "again": _spread(again)}
        sys.stderr.write(f"{title}, {count}: {_cell(found[str(count)]['again'])}\n")
    return found


async def _visits(server: str, path: str, count: int, seconds: float) -> tuple[list[Visit], list[Visit]]:
    first = await asyncio.gather(*(visit(server, path) for _ in range(count)))
    end = time.monotonic() + seconds

    async def reader() -> list[Visit]:
        found = []
        while time.monotonic() < end:
            found.append(await visit(server, path))
        return found

    again = await asyncio.gather(*(reader() for _ in range(count)))
    return first, [each for one in again for each in one]


def _check(title: str, visits: Sequence[Visit]) -> None:
    """Refuse figures of pages that are not whole."""
    wrong = [each for each in visits if each.shown.get("exception") or each.shown.get(ERROR)]
    if wrong:
        raise InputError(f"{title}: {len(wrong)} of {len(visits)} visits were shown an error")
    passing = {"empty", "spinner"}  # they tell that something is read, and go
    whole = {tuple(sorted((k, n) for k, n in each.shown.items() if k not in passing)) for each in visits}
    if len(whole) > 1:
        raise InputError(f"{title}: not every visit was shown the same: {whole}")


@contextmanager
def served(command: Any, environment: Mapping[str, str]) -> Iterator[str]:
    """A server that has begun to answer: its host and port.

    Args:
        command: A port → the command line.
        environment: Of the process.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        command(int(server.partition(":")[2])),
        env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while process.poll() is None:
            try:
                if httpx.get(f"http://{server}/_stcore/health").text == "ok":
                    break
            except httpx.TransportError:
                time.sleep(0.02)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=60)


def _browser(environment: Mapping[str, str]) -> Figures:
    """Seconds until the first page stands whole in Chromium: in a fresh one, and when it is opened again."""
    from playwright.sync_api import sync_playwright

    from browser import look  # of tests/

    taken = []
    with (
        served(dashboard.command, environment) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=_chromium(), args=["--no-sandbox", "--disable-gpu"]
        ) as chromium,
    ):
        time.sleep(WARM_SECONDS)  # nobody opens a page in the second in which the server starts
        page = chromium.new_page()
        for _ in range(1 + BROWSER_VISITS):
            began = time.perf_counter()
            page.goto(f"http://{server}/")
            look.settled(page, PAGES[next(iter(PAGES))])
            taken.append(time.perf_counter() - began)
    return {"first": taken[0], "again": _quantiles(taken[1:])}


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("google-chrome")


def rows(pages: Figures, browser: Figures) -> list[record.Row]:
    """The first page and the slowest one beside the bare page, each by p95; and what a browser takes.

    Args:
        pages: Title → readers → kind of visit → quantiles; the bare page first.
        browser: `first` and `again` of Chromium; empty where it was not asked.
    """
    bare, *others = pages
    found = []
    for count, kinds in pages[bare].items():
        for kind in kinds:
            ours = {title: pages[title][count][kind]["p95"] for title in others}
            slowest = max(ours, key=ours.__getitem__)
            for name, title in {"first page": others[0], f"slowest page ({slowest})": slowest}.items():
                readers = "1 reader" if count == "1" else f"{count} readers at once"
                what = f"{name}, {'opened first' if kind == 'first' else 'opened again'} by {readers}, p95"
                found.append(
                    record.row(what, ours[title], "s", peer=pages[bare][count][kind]["p95"], against=BARE)
                )
    if browser:
        for kind, taken in (("first", browser["first"]), ("again, p95", browser["again"]["p95"])):
            found.append(record.row(f"first page in Chromium, opened {kind}", taken, "s", most=GOAL))
    return found


def _spread(visits: Sequence[Visit]) -> Figures:
    return {"n": len(visits), **_quantiles([each.seconds for each in visits])}


def _quantiles(taken: Sequence[float]) -> Figures:
    """Of few values the 95th percentile is the largest."""
    p95 = max(taken) if len(taken) < 20 else statistics.quantiles(taken, n=20)[18]
    return {"p50": round(statistics.median(taken), 4), "p95": round(p95, 4)}


def _cell(found: Mapping[str, float]) -> str:
    return f"{found['p50']:.2f} / {found['p95']:.2f}"


if __name__ == "__main__":
    main()
