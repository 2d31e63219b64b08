"""How fast is a page of results? p50 and p95 of the running API at 1, 10 and 50 clients.

On a lake that has results (`assay run --weeks 2`): `python bench/api.py`. Each client has an address
of its own, by which requests are limited, keeps its connection, and asks again as soon as the limit allows.
"""

from __future__ import annotations

import contextlib
import itertools
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from assay.errors import InputError
from assay.local import stack
from assay.serving.api import tokens

import record

CLIENTS, SECONDS, LIMIT = (1, 10, 50), 10.0, 100
PAUSE = 0.025  # a client may ask 50 times a second


def main() -> None:
    """Measure each kind of answer at each number of clients."""
    running = stack.require_running()
    shown = {"Authorization": f"Bearer {tokens.make(running.home.tokens, 'bench')}"}
    with httpx.Client(base_url=running.parameters_url, headers=shown) as client:
        path = _path(client)
        tag = client.get(path).headers["etag"]
    kinds: dict[str, Callable[[httpx.Client, int], httpx.Response]] = {
        "a page that is kept": lambda one, _: one.get(path),
        # More limits than answers are kept, in turn: none of them is.
        "a page that is not kept": lambda one, n: one.get(path.replace("=100", f"={100 + n % 400}")),
        "304: the caller has it": lambda one, _: one.get(path, headers={"If-None-Match": tag}),
    }
    print(f"GET {path}")
    print("| answer | clients | a second | p50, ms | p95, ms |\n|---|--:|--:|--:|--:|")
    rows = []
    for kind, ask in kinds.items():
        for count in CLIENTS:
            taken = _asked(running.parameters_url, shown, ask, count)
            p50, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[18]
            print(f"| {kind} | {count} | {len(taken) / SECONDS:,.0f} | {p50:,.0f} | {p95:,.0f} |")
            named = f"{kind}, {count} client{'s' * (count > 1)}"
            rows += [record.row(f"{named}: {share}", ms, "ms") for share, ms in (("p50", p50), ("p95", p95))]
    tokens.revoke(running.home.tokens, "bench")
    record.store("api", "API", __doc__, rows, packages=("fastapi", "duckdb"))


def _path(client: httpx.Client) -> str:
    """Results of the experiment with the most looks."""
    listed = client.get("/v1/experiments", params={"canary": False, "limit": 500}).json()["items"]
    if not listed:
        raise InputError("gold has no results yet; `assay run --weeks 2` makes some")
    most = max(listed, key=lambda each: each["looks"])["experiment"]
    return f"/v1/experiments/{most}/results?limit={LIMIT}"


def _asked(
    url: str, headers: dict[str, str], ask: Callable[[httpx.Client, int], httpx.Response], count: int
) -> list[float]:
    """Milliseconds of every answer to so many clients at once."""
    numbers, lock = itertools.count(), threading.Lock()
    clients = [_client(url, headers, number) for number in range(count)]
    end = time.monotonic() + SECONDS

    def one(client: httpx.Client) -> list[float]:
        taken = []
        with contextlib.closing(client):
            while time.monotonic() < end:
                with lock:
                    question = next(numbers)
                began = time.perf_counter()
                answer = ask(client, question)
                taken.append(1000 * (time.perf_counter() - began))
                if answer.status_code not in (httpx.codes.OK, httpx.codes.NOT_MODIFIED):
                    raise InputError(f"{answer.url} answered {answer.status_code}: {answer.text}")
                time.sleep(PAUSE)
        return taken

    with ThreadPoolExecutor(count) as pool:
        return [each for found in pool.map(one, clients) for each in found]


def _client(url: str, headers: dict[str, str], number: int) -> httpx.Client:
    """A client of an address of its own on this machine, connected."""
    transport = httpx.HTTPTransport(local_address=f"127.4.0.{number + 1}", verify=False)
    client = httpx.Client(base_url=url, headers=headers, transport=transport, timeout=60)
    client.get("/v1/status")
    return client


if __name__ == "__main__":
    main()
